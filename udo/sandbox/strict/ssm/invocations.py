"""What is under way: commands and invocations as they are listed, looked at and cancelled."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from udo.sandbox.strict import moment
from udo.sandbox.strict.pages import limit, page
from udo.sandbox.strict.rules import Refusal, Request, answers, rule
from udo.sandbox.strict.ssm.command import Command, Invocation, commands_of
from udo.sandbox.strict.ssm.documents import name_of
from udo.sandbox.strict.ssm.parameters import INVALID_TOKEN
from udo.sandbox.strict.ssm.view import PLUGIN, command_shown, invocation_listed, invocation_shown

_NO_COMMAND = ("InvalidCommandId", "The specified command ID is not valid. Verify the ID and try again.")


@answers("ssm", "ListCommands", moto="ignores filters and gives everything at once")
def commands_are_listed_newest_first(request: Request) -> dict[str, Any]:
    """ListCommands gives the newest first, 50 a page at most, by id, instance and filters (InvokedAfter, InvokedBefore,
    Status, ExecutionStage, DocumentName).

    Source: botocore ssm ListCommandsRequest, CommandFilter and CommandMaxResults.
    """
    params = request.params
    found = [
        one
        for one in _commands(request)
        if params.get("InstanceId") in (None, *(each.instance_id for each in one.targets))
        and all(_passes(one, one, filter) for filter in params.get("Filters") or [])
    ]
    shown, token = _page(params, found)
    return {"Commands": [command_shown(one) for one in shown], "NextToken": token}


@answers("ssm", "ListCommandInvocations", moto="has no such operation")
def invocations_are_listed_in_pages(request: Request) -> dict[str, Any]:
    """ListCommandInvocations gives the invocations that exist, 50 a page at most; with Details each has its plugin,
    whose Output is both outputs cut to 2,500 characters.

    Source: botocore ssm ListCommandInvocationsRequest, CommandPluginOutput (2500); amazon-ssm-agent 1c217c8,
    iohandler.go (TruncateOutput).
    """
    params = request.params
    filters = params.get("Filters") or []
    if any(one["key"] == "ExecutionStage" for one in filters):
        raise Refusal("InvalidFilterKey", "The filter ExecutionStage is not valid for ListCommandInvocations.")
    found = [
        (command, one)
        for command in _commands(request)
        for one in command.invocations
        if params.get("InstanceId") in (None, one.instance_id)
        and all(_passes(command, one, filter) for filter in filters)
    ]
    shown, token = _page(params, found)
    details = bool(params.get("Details"))
    return {
        "CommandInvocations": [invocation_listed(command, one, details) for command, one in shown],
        "NextToken": token,
    }


@answers("ssm", "GetCommandInvocation", moto="shows a success without output at once")
def outputs_are_cut(request: Request) -> dict[str, Any]:
    """GetCommandInvocation shows the first 24,000 characters of the output, with a mark where it was cut, and the first
    8,000 of the errors; both are empty until the invocation has ended.

    Source: botocore ssm GetCommandInvocationResult (StandardOutputContent, StandardErrorContent); amazon-ssm-agent
    1c217c8, iohandler.go and pluginutil.go (StringPrefix).
    """
    params = request.params
    if params.get("PluginName") not in (None, PLUGIN):
        raise Refusal("InvalidPluginName", "The plugin name is not valid.")
    command = commands_of(request.backend("ssm")).all.get(params["CommandId"])
    return invocation_shown(*invocations_come_later(command, params["InstanceId"]))


@rule("ssm", "GetCommandInvocation", moto="has them at once")
def invocations_come_later(command: Command | None, instance_id: str) -> tuple[Command, Invocation]:
    """An invocation does not exist at once after its command was sent: InvocationDoesNotExist, as for one that is none.

    Source: botocore ssm GetCommandInvocation, error InvocationDoesNotExist; guardian/ssm-scala 4298fea (it asks again).
    """
    found = [] if command is None else command.invocations
    one = next((one for one in found if one.instance_id == instance_id), None)
    if command is None or one is None:
        raise Refusal(
            "InvocationDoesNotExist", "The command ID and managed node ID you specified didn't match any invocations."
        )
    return command, one


@answers("ssm", "CancelCommand", moto="has no such operation")
def commands_are_cancelled(request: Request) -> dict[str, Any]:
    """CancelCommand ends what has not begun, and has the agents end the scripts that run: those that they reach.

    Source: botocore ssm CancelCommand; amazon-ssm-agent 1c217c8, executers.go (ExecuteCommand, cancelFlag).
    """
    params = request.params
    command = commands_of(request.backend("ssm")).all.get(params["CommandId"])
    if command is None:
        raise Refusal(*_NO_COMMAND)
    ids = params.get("InstanceIds") or [one.instance_id for one in command.targets]
    if unknown := set(ids) - {one.instance_id for one in command.targets}:
        raise Refusal("InvalidInstanceId", f"Instances {sorted(unknown)} are not part of the command.")
    if command.over:
        return {}
    command.cancelled = command.cancelled or not params.get("InstanceIds")
    for one in command.targets:
        if one.instance_id in ids and not one.ended:
            _cancel(one)
    command.add_up()
    return {}


def _cancel(one: Invocation) -> None:
    if one.status in ("Pending", "Delayed"):
        one.end("Cancelled", "Canceled")
        return
    one.status = one.details = "Cancelling"
    one.cancelling = True
    if one.work is not None:
        one.work.end()


def _commands(request: Request) -> list[Command]:
    every = commands_of(request.backend("ssm")).all
    wanted = request.params.get("CommandId")
    if wanted is None:
        return list(every.values())[::-1]
    if wanted not in every:
        raise Refusal(*_NO_COMMAND)
    return [every[wanted]]


def _page(params: Mapping[str, Any], found: list[Any]) -> tuple[Any, str | None]:
    size = limit(params, "MaxResults", default=50, maximum=50, code="ValidationException")
    return page(found, size, params.get("NextToken"), refusal=INVALID_TOKEN)


def _passes(command: Command, one: Command | Invocation, filter: Mapping[str, str]) -> bool:
    value = filter["value"]
    tests: dict[str, Callable[[], bool]] = {
        "InvokedAfter": lambda: command.requested >= (moment.seconds(value) or 0),
        "InvokedBefore": lambda: command.requested < (moment.seconds(value) or 0),
        "Status": lambda: value in (one.status, one.details),
        "ExecutionStage": lambda: command.over == (value == "Complete"),
        "DocumentName": lambda: name_of(command.params) == value,
    }
    if filter["key"] not in tests:
        raise Refusal("InvalidFilterKey", f"The filter {filter['key']} is not valid.")
    return tests[filter["key"]]()
