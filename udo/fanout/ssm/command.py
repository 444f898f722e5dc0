"""One command on its way on up to 50 hosts: sent, looked at, and what is seen of each host."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from udo.change.events import Cut, Event, HostBegan, HostDone, Line, Notice
from udo.errors import AwsError, LostAnswer, UdoError
from udo.fanout.ssm.agents import not_online
from udo.fanout.ssm.ending import Ending, cancelled, ending
from udo.fanout.ssm.said import Said
from udo.model.commands import UNDER_WAY, WAITING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from udo.aws import Aws
    from udo.fanout.ssm.content import Contents
    from udo.fanout.ssm.options import Options
    from udo.fanout.ssm.send import Sender
    from udo.model.commands import Invocation
    from udo.session import Session

# Seconds in which AWS may not know yet what it has just been sent, or whom it was sent to.
_UNKNOWN = 60.0
# Seconds that an agent has to say that it has ended a command.
_PATIENCE = 60.0
_AWAY = ("unreachable", None)
# Why those are cancelled that another command is sent to.
_AGAIN = "again"
_NOT_YET = frozenset({"InvalidCommandId", "InvocationDoesNotExist"})
_CANCELLED = frozenset({"Cancelled", "Canceled"})
# What becomes of a host that is terminated under one's hands.
_DOUBTFUL = frozenset({"unreachable", "dropped", "timeout"})


@dataclass
class Command:
    """A command under way: its share of the hosts at a time, who is left of its hosts, and when each began.

    `held` says why those are cancelled that have not begun; `closing` is how all end that are cancelled: those that
    have begun, and those that have not. `again` are those that another command has to be sent to; `details` what AWS
    says of one that somebody else has cancelled.
    """

    share: int
    id: str = ""
    sent: float = 0.0
    left: set[str] = field(default_factory=set)
    began: dict[str, float] = field(default_factory=dict)
    held: str = ""
    closing: tuple[Ending, Ending] | None = None
    again: list[str] = field(default_factory=list)
    details: str | None = None


class Watch:
    """Sends the commands of a run, and sees how their hosts do."""

    def __init__(self, session: Session, aws: Aws, sender: Sender, contents: Contents, options: Options) -> None:
        self._clock = session.clock
        self._aws = aws
        self._sender = sender
        self._contents = contents
        self._options = options
        self._doubts: list[HostDone] = []

    def send(self, command: Command, ids: Sequence[str], errors: int | None) -> Iterator[Event]:
        """Sends it to those of the instances that AWS takes it for; how the others end.

        After so many `errors` no other host of it begins, None for any number. Raises: UdoError.
        """
        left, told = list(ids), ""
        for pause in (0.0, 2.0, 4.0):
            if pause and left:
                self._clock.sleep(pause)
            if not left:
                break
            try:
                command.id = self._sender.send(left, min(command.share, len(left)), errors)
            except LostAnswer as error:
                yield from (self._done(command, one, Ending("dropped", None, error.message)) for one in left)
                return
            except AwsError as error:
                # One that is not there any more fails the call for all.
                if error.aws_code != "InvalidInstanceId":
                    raise
                told = error.message
                lost = not_online(self._aws, left)
                self._doubts += [self._done(command, one, Ending(*_AWAY, why)) for one, why in lost.items()]
                left = [one for one in left if one not in lost]
            else:
                command.left, command.sent = set(left), self._clock.monotonic()
                yield Notice(f"command {command.id} on {len(left)} instances", "debug")
                break
        else:
            yield from (self._done(command, one, Ending(*_AWAY, told)) for one in left)
        yield from self.settled()

    def look(self, command: Command) -> Iterator[Event]:
        """What is new of its hosts. Raises: UdoError."""
        try:
            found = self._aws.run_command.invocations(command.id)
        except AwsError as error:
            if error.aws_code not in _NOT_YET or not self._is_young(command):
                raise
            found = []
        for invocation in found:
            if invocation.instance_id in command.left:
                yield from self._seen(command, invocation)
        missing = command.left - {one.instance_id for one in found}
        if missing and not self._is_young(command):
            self._sender.cancel(command.id, sorted(missing))
            for one in sorted(missing):
                yield from self._ended(command, one, Ending(*_AWAY, "AWS has not sent it the command"))

    def hold(self, command: Command, why: str) -> None:
        """Lets none of its hosts begin that has not."""
        waiting = sorted(command.left - command.began.keys())
        if waiting and not command.held:
            command.held = why
            self._sender.cancel(command.id, waiting)

    def lost(self, commands: Sequence[Command]) -> Iterator[Event]:
        """How those of the hosts end whose agents are gone; the command is to do nothing when they come back.

        AWS lets nobody else begin in their place: those that wait are taken out of it, for another command.
        """
        lost = not_online(self._aws, sorted({one for command in commands for one in command.left}))
        for command in commands:
            mine = sorted(command.left & lost.keys())
            if mine:
                self._sender.cancel(command.id, mine)
            for one in mine:
                outcome = "dropped" if one in command.began else "unreachable"
                yield from self._ended(command, one, Ending(outcome, None, lost[one]))
            if mine:
                self.hold(command, _AGAIN)
        yield from self.settled()

    def settled(self) -> Iterator[Event]:
        """How the hosts have ended of which it was in doubt whether they are no more."""
        doubts, self._doubts = self._doubts, []
        try:
            gone = self._aws.ec2.terminated([done.instance_id for done in doubts]) if doubts else ()
        except UdoError:
            gone = ()
        for done in doubts:
            if done.instance_id in gone:
                yield replace(done, outcome="gone", reason=f"terminated meanwhile ({done.reason})")
            else:
                yield done

    def end(self, command: Command) -> Iterator[Event]:
        """Ends what is left of one that was cancelled."""
        for one in sorted(command.left):
            how = self._closed(command, has_begun=one in command.began)
            if one not in command.began and how.outcome != "not started":
                yield HostBegan(one)
            yield self._done(command, one, how)

    def _seen(self, command: Command, invocation: Invocation) -> Iterator[Event]:
        one, details = invocation.instance_id, invocation.details.replace(" ", "")
        has_begun = one in command.began or invocation.began is not None
        if details in _CANCELLED and not has_begun:
            if command.held == _AGAIN and not command.closing:
                command.left.discard(one)
                command.again.append(one)
                return
            if command.held or command.closing:
                yield from self._ended(command, one, self._closed(command, has_begun=False))
                return
        elif details not in WAITING and one not in command.began:
            command.began[one] = self._clock.monotonic()
            yield HostBegan(one)
        if details not in UNDER_WAY:
            yield from self._finished(command, invocation)
        elif self._is_overdue(command, one):
            self._sender.cancel(command.id, [one])
            told = f"no end of the command within {self._options.timeout:g} s, and its agent does not say so"
            yield from self._ended(command, one, Ending("timeout", None, told))

    def _finished(self, command: Command, invocation: Invocation) -> Iterator[Event]:
        one = invocation.instance_id
        said, content = self._contents.said(command.id, invocation)
        cut = []
        for line in self._contents.lines(command.id, one, said, content):
            if isinstance(line, Line):
                yield line
            else:
                cut.append(line)
        yield from (Cut(one, stream) for stream in cut)
        yield from self._ended(command, one, self._ending(command, invocation, said), invocation)

    def _ending(self, command: Command, invocation: Invocation, said: Said) -> Ending:
        if invocation.details in _CANCELLED and (command.closing or command.held):
            return self._closed(command, has_begun=True)
        if invocation.details.replace(" ", "") in _CANCELLED:
            return cancelled(self._details(command), has_begun=invocation.began is not None)
        limit = f"{self._options.timeout:g} s" if self._options.timeout else "the 48 h that AWS gives it"
        return ending(invocation, said, None if self._options.sudo else self._options.user, limit)

    def _details(self, command: Command) -> str:
        """How a command stands as a whole that this run has not cancelled; empty where nobody says so."""
        if command.details is None:
            try:
                command.details = self._aws.run_command.details(command.id)
            except UdoError:
                command.details = ""
        return command.details

    def _closed(self, command: Command, *, has_begun: bool) -> Ending:
        """How a host ends whose command was cancelled by this run."""
        if command.closing:
            return command.closing[0 if has_begun else 1]
        if has_begun:
            # Where the run goes on with the others, this one is as one that was not reached: nobody runs it twice.
            outcome = "dropped" if command.held == _AGAIN else "interrupted"
            return Ending(outcome, None, "it was cancelled just as it began")
        return Ending("not started", None, command.held)

    def _ended(self, command: Command, one: str, how: Ending, invocation: Invocation | None = None) -> Iterator[Event]:
        done = self._done(command, one, how)
        if invocation and invocation.began is not None and invocation.ended is not None:
            done = replace(done, seconds=max(0.0, invocation.ended - invocation.began))
        command.left.discard(one)
        if done.outcome in _DOUBTFUL:
            self._doubts.append(done)
        else:
            yield done

    def _done(self, command: Command, one: str, how: Ending) -> HostDone:
        seconds = self._clock.monotonic() - command.sent if command.sent and how.outcome != "not started" else 0.0
        return HostDone(one, how.outcome, how.status, how.reason, seconds)

    def _is_young(self, command: Command) -> bool:
        age: float = self._clock.monotonic() - command.sent
        return age < _UNKNOWN

    def _is_overdue(self, command: Command, one: str) -> bool:
        if not self._options.timeout or one not in command.began:
            return False
        ran: float = self._clock.monotonic() - command.began[one]
        return ran > self._options.timeout + _PATIENCE
