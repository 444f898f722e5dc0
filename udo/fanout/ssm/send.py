"""Sends commands to instances through Systems Manager, cancels them, and finds one again whose answer was lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from udo.change.events import Notice
from udo.change.runner import RESEND_SECONDS
from udo.change.waiting import SETTLE_SECONDS, SLOWEST_POLL, jittered
from udo.errors import LostAnswer, NotSent, UdoError
from udo.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from udo.aws import Aws
    from udo.session import Session

DOCUMENT = "AWS-RunShellScript"
# Source: the document AWS-RunShellScript, executionTimeout; aws/amazon-ssm-agent, pluginutil.go
# (ValidateExecutionTimeout): an hour takes the place of anything shorter.
LEAST, LONGEST = 5, 172_800
# Source: API_SendCommand, TimeoutSeconds; and what a busy agent may take to take a command up.
_DELIVERY, _MOST_DELIVERY = 600, 2_592_000
# How far this machine's clock may be ahead of AWS's.
_ASKEW = 900


@frozen
class Order:
    """What is sent with every command: the script, how many seconds it may take, and where outputs go in S3."""

    script: str
    seconds: int
    bucket: str = ""
    prefix: str = ""

    def params(self, ids: Sequence[str], most_at_once: int, errors: int | None, comment: str) -> dict[str, Any]:
        """The parameters of SendCommand; in how many turns the instances come is counted in.

        Whoever sends counts failures over all commands; AWS itself starts nobody after so many `errors` of this one.
        """
        turns = -(-len(ids) // most_at_once)
        delivery = min(_MOST_DELIVERY, _DELIVERY + (turns - 1) * self.seconds)
        where = {"OutputS3BucketName": self.bucket} if self.bucket else {}
        where |= {"OutputS3KeyPrefix": self.prefix} if self.bucket and self.prefix else {}
        return {
            "InstanceIds": list(ids),
            "DocumentName": DOCUMENT,
            "Parameters": {"commands": [self.script], "executionTimeout": [str(self.seconds)]},
            "TimeoutSeconds": delivery,
            "MaxConcurrency": str(most_at_once),
            "MaxErrors": "100%" if errors is None else str(errors - 1),
            "Comment": comment,
            **where,
        }


class Sender:
    """Sends the commands of one run, each under a comment of its own, and in one attempt."""

    def __init__(self, session: Session, aws: Aws, order: Order) -> None:
        self._session = session
        self._aws = aws
        self._order = order
        self._count = 0

    def send(self, ids: Sequence[str], most_at_once: int, errors: int | None = None) -> str:
        """The id of the command that these instances are sent. Raises: UdoError; LostAnswer where nobody knows."""
        self._count += 1
        comment = f"udo:{self._session.run_id} {self._count}"
        params = self._order.params(ids, most_at_once, errors, comment)
        try:
            answer = self._repeated("SendCommand", params)
            if command_id := answer.get("Command", {}).get("CommandId"):
                return str(command_id)
            raise LostAnswer("ssm:SendCommand: the answer holds no command")
        except LostAnswer as error:
            if found := self._found(comment):
                return found
            raise LostAnswer(f"{error.message}; it is unknown whether the command was sent") from error

    def cancel(self, command_id: str, ids: Sequence[str] = ()) -> None:
        """Has a command end on these instances, or on all; where AWS refuses, it is told with what does it."""
        params: dict[str, Any] = {"CommandId": command_id} | ({"InstanceIds": list(ids)} if ids else {})
        try:
            self._repeated("CancelCommand", params)
        except UdoError as error:
            remedy = f"aws ssm cancel-command --command-id {command_id}"
            self._session.emit(Notice(f"{error.message}: the command continues in AWS; '{remedy}'", "warning"))

    def _repeated(self, operation: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        """The answer to a write, sent again where it certainly did not take effect."""
        clock, pause = self._session.clock, 1.0
        until = clock.monotonic() + RESEND_SECONDS
        while True:
            try:
                return self._aws.call("ssm", operation, params)
            except NotSent as error:
                if clock.monotonic() + pause > until:
                    raise
                self._session.emit(Notice(f"{error.message}; trying again in {pause:.0f} s", "warning"))
                clock.sleep(jittered(pause))
                pause = min(pause * 2, SLOWEST_POLL)

    def _found(self, comment: str) -> str:
        """The id of the command with this comment, which no other run's has; empty where AWS shows none in time."""
        import time

        clock = self._session.clock
        since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(clock.time() - _ASKEW))
        until = clock.monotonic() + SETTLE_SECONDS
        while True:
            try:
                ids = [one for one, said in self._aws.run_command.commands(since) if said == comment]
            except UdoError as error:
                self._session.emit(Notice(f"{error.message}: it is unknown whether the command was sent", "warning"))
                return ""
            if ids or clock.monotonic() >= until:
                return next(iter(ids), "")
            clock.sleep(jittered(5.0))
