"""Takes and gives back the lock of a group around a plan's writes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from udo import signals
from udo.change.events import Notice
from udo.change.holder import Holder, holder_from, parameter_name, stale, this_process
from udo.change.lock import lock_read, modified_read, plan_beat, plan_lock, plan_unlock
from udo.change.runner import carry_out
from udo.change.tools import Tools
from udo.errors import AwsError, Conflict, CredentialsError, Interrupted, LostAnswer, PermissionDenied, UdoError

if TYPE_CHECKING:
    from collections.abc import Callable

    from udo.change.events import Event
    from udo.change.plan import Plan, Read

WAIT_SECONDS = 600.0
_POLL = 5.0
# Well before a lock is taken for one left behind, see STALE_SECONDS.
BEAT_SECONDS = 600.0


def locked_by(read: Callable[[Read], Any], group_name: str) -> str | None:
    """One line that says who holds the lock of a group; None where nobody does that is alive, or it cannot be read."""
    try:
        value = read(lock_read(parameter_name(group_name)))
    except UdoError:
        return None
    holder = holder_from(value) if value else None
    return f"{group_name} is locked by {holder}" if holder and not holder.gone else None


class Locking:
    """The lock of one group for one run; `wait` lets it wait for another holder instead of stopping."""

    def __init__(self, tools: Tools, group_name: str, run_id: str, operator: str, *, wait: bool) -> None:
        self._emit = tools.emit
        # Its steps are not the plan's: only what is wrong with them is told.
        self._tools = replace(tools, emit=self._only_notices, record=lambda *_: None)
        self._group_name = group_name
        self._mine = this_process(run_id, operator)
        self._wait = wait
        self._held = False
        self._beaten = 0.0

    def take(self) -> None:
        """Takes the lock; where the operator may not, or there is no such service, that is a warning.

        Raises: Conflict when somebody else holds it.
        """
        until = self._tools.clock.monotonic() + WAIT_SECONDS
        told = False
        while not self._held:
            try:
                self._carry_out(plan_lock(self._group_name, self._mine))
                self._held, self._beaten = True, self._tools.clock.monotonic()
            except (Conflict, LostAnswer) as error:
                # A refusal whose answer was lost is one too: the lock that is there tells.
                if isinstance(error, LostAnswer) and not self._is_there():
                    self._emit(Notice(f"continuing without a lock: {error.message}", "warning"))
                    return
                if self._taken_over():
                    continue
                if not self._wait or self._tools.clock.monotonic() >= until:
                    raise self._locked() from error
                if not told:
                    self._emit(Notice(f"waiting: {self._locked().message}"))
                    told = True
                self._tools.clock.sleep(_POLL)
            except Interrupted:
                self._give_back_what_is_ours()
                raise
            except CredentialsError:
                raise
            except (PermissionDenied, AwsError) as error:
                self._emit(Notice(f"continuing without a lock: {error.message}", "warning"))
                return

    def beat(self) -> None:
        """Writes a lock that is held once more from time to time: what cannot be written is told, and tried again.

        Raises: Conflict where it is somebody else's by now.
        """
        now = self._tools.clock.monotonic()
        if not self._held or now - self._beaten < BEAT_SECONDS:
            return
        self._beaten = now
        try:
            self._carry_out(plan_beat(self._group_name, self._mine))
        except Conflict:
            self._held = False
            raise self._locked() from None
        except (PermissionDenied, AwsError) as error:
            self._emit(Notice(f"the lock of {self._group_name} could not be renewed: {error.message}", "warning"))

    def give_back(self) -> None:
        """Gives the lock back if it is held; where that fails it is told, with the remedy."""
        if not self._held:
            return
        self._held = False
        try:
            with signals.putting_back():
                self._carry_out(plan_unlock(self._group_name, self._mine.text))
        except Conflict:
            self._emit(Notice(self._lost(), "warning"))
        except (UdoError, Interrupted) as error:
            # A second signal is not raised on: every call from now on sees it.
            told = f"the lock of {self._group_name} was not given back: {error.message}; 'udo unlock' removes it"
            self._emit(Notice(told, "warning"))

    def _lost(self) -> str:
        """What became of a lock that is this run's no more; another run's is not to be taken away."""
        both = "another run may have been at work meanwhile"
        try:
            with signals.putting_back():
                value = self._tools.read(lock_read(parameter_name(self._group_name)))
        except (UdoError, Interrupted):
            value = None
        if not value:
            return f"the lock of {self._group_name} was taken away under this run: {both}"
        return f"{self._group_name} is locked by {holder_from(value)} now: {both}; that lock was left as it is"

    def _give_back_what_is_ours(self) -> None:
        # The first signal lets the call in hand end, the second does not: it may have taken the lock.
        try:
            with signals.putting_back():
                self._held = self._tools.read(lock_read(parameter_name(self._group_name))) == self._mine.text
        except (UdoError, Interrupted):
            self._held = True
        self.give_back()

    def _is_there(self) -> bool:
        """Raises: LostAnswer: without an answer it may be anybody's."""
        try:
            return self._tools.read(lock_read(parameter_name(self._group_name))) is not None
        except LostAnswer:
            raise
        except (PermissionDenied, AwsError):
            return False

    def _taken_over(self) -> bool:
        try:
            value = self._tools.read(lock_read(parameter_name(self._group_name)))
        except (PermissionDenied, AwsError):
            return False
        if value is None:
            return True
        holder = holder_from(value)
        if not holder.gone:
            return False
        self._emit(Notice(f"the run {holder.run} that held the lock is dead: its lock is taken over"))
        try:
            self._carry_out(plan_unlock(self._group_name, value))
        except Conflict:
            return False
        return True

    def _locked(self) -> Conflict:
        name = parameter_name(self._group_name)
        holder: Holder | str = "an unknown holder"
        hint = "wait for it, or use --wait-lock"
        try:
            if value := self._tools.read(lock_read(name)):
                holder = holder_from(value)
                if holder.pid < 0:
                    hint = "Udo did not write this lock; remove it with 'udo unlock'"
                elif not holder.pid:
                    hint = "it was locked by hand; 'udo unlock' removes it"
                elif stale(self._tools.read(modified_read(name)), self._tools.clock.time()):
                    hint = "it is older than an hour; 'udo unlock' removes it"
        except (PermissionDenied, AwsError):
            pass
        return Conflict(f"{self._group_name} is locked by {holder}", hint=hint)

    def _carry_out(self, plan: Plan) -> None:
        if error := carry_out(plan, self._tools).error:
            raise error

    def _only_notices(self, event: Event) -> None:
        if isinstance(event, Notice):
            self._emit(event)
