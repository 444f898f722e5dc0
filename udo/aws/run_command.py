"""Reads of Run Command: whose agents are online, how commands stand, what they have said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from udo.aws.autoscaling import batched
from udo.aws.members import whole
from udo.aws.times import rfc3339
from udo.model.commands import Agent, Content, Invocation

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from udo.aws.connection import Connection

# Source: botocore ssm DescribeInstanceInformation and ListCommandInvocations: at most 50 a page.
_PAGE = 50


@whole
class RunCommand:
    """What Run Command holds in one account and region."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def agents(self, instance_ids: Iterable[str]) -> dict[str, Agent]:
        """The agents of those of these instances that have registered one, by instance id.

        Raises: UdoError.
        """
        found: dict[str, Agent] = {}
        for batch in batched(instance_ids, _PAGE):
            asked = {"Filters": [{"Key": "InstanceIds", "Values": batch}], "MaxResults": _PAGE}
            for page in self._connection.pages("ssm", "DescribeInstanceInformation", asked):
                for row in page.get("InstanceInformationList", ()):
                    heard = rfc3339(row.get("LastPingDateTime"))
                    found[row["InstanceId"]] = Agent(row["InstanceId"], row["PingStatus"], heard)
        return found

    def invocations(self, command_id: str) -> list[Invocation]:
        """The invocations of a command that there are by now.

        Raises: UdoError.
        """
        asked = {"CommandId": command_id, "Details": True, "MaxResults": _PAGE}
        pages = self._connection.pages("ssm", "ListCommandInvocations", asked)
        return [_invocation(row) for page in pages for row in page.get("CommandInvocations", ())]

    def content(self, command_id: str, instance_id: str) -> Content:
        """What a command has said on an instance.

        Raises: UdoError.
        """
        asked = {"CommandId": command_id, "InstanceId": instance_id}
        answer = self._connection.ask("ssm", "GetCommandInvocation", asked)
        names = ("StandardOutputContent", "StandardErrorContent", "StandardOutputUrl", "StandardErrorUrl")
        return Content(*(answer.get(name) or "" for name in names))

    def details(self, command_id: str) -> str:
        """How a command as a whole stands, in AWS's word; empty where AWS does not list it.

        Raises: UdoError.
        """
        answer = self._connection.ask("ssm", "ListCommands", {"CommandId": command_id})
        return next((row.get("StatusDetails") or "" for row in answer.get("Commands", ())), "")

    def commands(self, since: str) -> Iterator[tuple[str, str]]:
        """The id and the comment of each command since a time in RFC 3339, in pages as they are used.

        Raises: UdoError.
        """
        asked = {"Filters": [{"key": "InvokedAfter", "value": since}], "MaxResults": _PAGE}
        for page in self._connection.pages("ssm", "ListCommands", asked):
            for row in page.get("Commands", ()):
                yield row["CommandId"], row.get("Comment") or ""


def _invocation(row: Mapping[str, Any]) -> Invocation:
    plugin: Mapping[str, Any] = next(iter(row.get("CommandPlugins") or ()), {})
    times = [plugin.get(name) for name in ("ResponseStartDateTime", "ResponseFinishDateTime")]
    return Invocation(
        row["InstanceId"],
        row.get("StatusDetails") or row["Status"],
        plugin.get("ResponseCode", -1),
        plugin.get("Output") or "",
        *(when.timestamp() if when else None for when in times),
    )
