"""CloudWatch alarms of deployment groups: which a deployment looks at, and when they stop it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from udo.sandbox.strict.cloudwatch.alarm import ALARM, state
from udo.sandbox.strict.codedeploy.errors import Why, alarms_active, alarms_unknown
from udo.sandbox.strict.rules import Refusal, Request, refuses, rule

_MOST = 10


@refuses(
    "codedeploy", "CreateDeployment", "CreateDeploymentGroup", "UpdateDeploymentGroup", moto="accepts any list of them"
)
def alarm_configs_are_whole(request: Request) -> None:
    """An alarm configuration has at most ten alarms, each named once and within 255 characters, and one at least where
    it is enabled; a deployment may bring one of its own.

    Source: botocore codedeploy AlarmConfiguration, errors AlarmsLimitExceededException and InvalidAlarmConfigException.
    """
    asked = request.params.get("alarmConfiguration") or request.params.get("overrideAlarmConfiguration") or {}
    names = [one.get("name") or "" for one in asked.get("alarms") or []]
    if len(names) > _MOST:
        raise Refusal("AlarmsLimitExceededException", f"The maximum number of alarms ({_MOST}) was exceeded")
    wrong = len(set(names)) < len(names) or any(not 0 < len(name) <= 255 for name in names)
    if wrong or (asked.get("enabled") and not names):
        raise Refusal("InvalidAlarmConfigException", "The format of the alarm configuration is invalid")


def settings_of(deployment: Any) -> Mapping[str, Any]:
    """The alarm configuration a deployment goes by: its own before its group's."""
    settings = deployment.override_alarm_configuration
    found: Mapping[str, Any] = (deployment.deployment_group.alarm_configuration if settings is None else settings) or {}
    return found


@rule("codedeploy", "CreateDeployment", "GetDeployment", moto="looks at no alarm")
def alarms_stop_deployments(backend: Any, deployment: Any) -> Why | None:
    """A deployment is stopped with ALARM_ACTIVE while an alarm of its group, or of its own configuration in place of
    that, is in ALARM; rollbacks go on.

    Source: docs.aws.amazon.com/codedeploy/latest/userguide/monitoring-create-alarms.html; botocore codedeploy
    CreateDeploymentInput, member overrideAlarmConfiguration.
    """
    settings = settings_of(deployment)
    if not settings.get("enabled") or deployment.creator == "codeDeployRollback":
        return None
    states = {
        one["name"]: state(backend.account_id, backend.region_name, one["name"]) for one in settings.get("alarms") or []
    }
    if active := [name for name, found in states.items() if found == ALARM]:
        return alarms_active(active)
    return missing_alarms_stop_deployments(settings, [name for name, found in states.items() if found is None])


@rule("codedeploy", "CreateDeployment", "GetDeployment", moto="looks at no alarm")
def missing_alarms_stop_deployments(settings: Mapping[str, Any], missing: list[str]) -> Why | None:
    """An alarm whose state CloudWatch cannot tell, for it does not exist, stops a deployment too, unless
    ignorePollAlarmFailure is set.

    Source: botocore codedeploy AlarmConfiguration, member ignorePollAlarmFailure (that a missing alarm is such a
    failure is read from it; no source tells the words).
    """
    return alarms_unknown(missing) if missing and not settings.get("ignorePollAlarmFailure") else None
