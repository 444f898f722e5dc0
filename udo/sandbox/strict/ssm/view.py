"""Commands and invocations as Systems Manager shows them."""

from __future__ import annotations

from typing import Any

from udo.sandbox.strict import moment
from udo.sandbox.strict.ssm import output
from udo.sandbox.strict.ssm.command import Command, Invocation
from udo.sandbox.strict.ssm.documents import name_of
from udo.sandbox.strict.ssm.storage import address

PLUGIN = "aws:runShellScript"
_NO_NOTICE = {"NotificationArn": "", "NotificationEvents": [], "NotificationType": ""}
_NO_LOGS = {"CloudWatchLogGroupName": "", "CloudWatchOutputEnabled": False}


def command_shown(command: Command) -> dict[str, Any]:
    """A command as SendCommand and ListCommands show it."""
    params = command.params
    return {
        **_both(command),
        "ExpiresAfter": command.expires,
        "Parameters": params.get("Parameters") or {},
        "InstanceIds": params.get("InstanceIds") or [],
        "Targets": params.get("Targets") or [],
        "Status": command.status,
        "StatusDetails": command.details,
        "OutputS3Region": params.get("OutputS3Region") or "",
        "OutputS3BucketName": params.get("OutputS3BucketName") or "",
        "OutputS3KeyPrefix": params.get("OutputS3KeyPrefix") or "",
        "MaxConcurrency": params.get("MaxConcurrency") or "50",
        "MaxErrors": params.get("MaxErrors") or "0",
        "TargetCount": len(command.targets),
        "CompletedCount": sum(one.ended for one in command.targets),
        "ErrorCount": command.errors,
        "DeliveryTimedOutCount": command.count("DeliveryTimedOut"),
        "TimeoutSeconds": command.timeout,
        "AlarmConfiguration": params.get("AlarmConfiguration") or {"IgnorePollAlarmFailure": False, "Alarms": []},
        "TriggeredAlarms": [],
    }


def invocation_listed(command: Command, one: Invocation, details: bool) -> dict[str, Any]:
    """An invocation as ListCommandInvocations shows it; its plugin, and with it the output, only with `details`."""
    return {
        **_both(command),
        "InstanceId": one.instance_id,
        "InstanceName": one.instance_name,
        "Status": one.status,
        "StatusDetails": one.details,
        "TraceOutput": "",
        "StandardOutputUrl": address(command, one, "stdout"),
        "StandardErrorUrl": address(command, one, "stderr"),
        "CommandPlugins": [_plugin(command, one)] if details else [],
    }


def invocation_shown(command: Command, one: Invocation) -> dict[str, Any]:
    """An invocation as GetCommandInvocation shows it; its outputs are empty until it has ended."""
    return {
        "CommandId": command.id,
        "InstanceId": one.instance_id,
        "Comment": command.params.get("Comment") or "",
        "DocumentName": name_of(command.params),
        "DocumentVersion": command.params.get("DocumentVersion") or "$DEFAULT",
        "PluginName": PLUGIN,
        "ResponseCode": one.code,
        "ExecutionStartDateTime": _moment(one.began),
        "ExecutionElapsedTime": _elapsed(one),
        "ExecutionEndDateTime": _moment(one.finished if one.began is not None else None),
        "Status": one.status,
        "StatusDetails": one.details,
        "StandardOutputContent": output.out(one.out) if one.ended else "",
        "StandardOutputUrl": address(command, one, "stdout"),
        "StandardErrorContent": output.errors(one.errors) if one.ended else "",
        "StandardErrorUrl": address(command, one, "stderr"),
        "CloudWatchOutputConfig": command.params.get("CloudWatchOutputConfig") or _NO_LOGS,
    }


def _both(command: Command) -> dict[str, Any]:
    params = command.params
    return {
        "CommandId": command.id,
        "Comment": params.get("Comment") or "",
        "DocumentName": name_of(params),
        "DocumentVersion": params.get("DocumentVersion") or "$DEFAULT",
        "RequestedDateTime": command.requested,
        "ServiceRole": params.get("ServiceRoleArn") or "",
        "NotificationConfig": params.get("NotificationConfig") or _NO_NOTICE,
        "CloudWatchOutputConfig": params.get("CloudWatchOutputConfig") or _NO_LOGS,
    }


def _plugin(command: Command, one: Invocation) -> dict[str, Any]:
    # Plugins know fewer statuses than invocations.
    status = {"Cancelling": "InProgress", "Delayed": "Pending"}.get(one.status, one.status)
    return {
        "Name": PLUGIN,
        "Status": status,
        "StatusDetails": one.details if status == one.status else status,
        "ResponseCode": one.code,
        "ResponseStartDateTime": one.began,
        "ResponseFinishDateTime": one.finished,
        "Output": output.of_a_plugin(one.out, one.errors) if one.ended else "",
        "StandardOutputUrl": address(command, one, "stdout"),
        "StandardErrorUrl": address(command, one, "stderr"),
        "OutputS3Region": command.region,
        "OutputS3BucketName": command.params.get("OutputS3BucketName") or "",
        "OutputS3KeyPrefix": command.params.get("OutputS3KeyPrefix") or "",
    }


def _moment(seconds: float | None) -> str:
    return "" if seconds is None else moment.at(seconds).isoformat(timespec="milliseconds") + "Z"


def _elapsed(one: Invocation) -> str:
    if one.began is None or one.finished is None:
        return ""
    return f"PT{one.finished - one.began:.3f}S"
