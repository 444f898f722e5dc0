"""Why deployments fail or are stopped: CodeDeploy's codes with its words."""

from __future__ import annotations

Why = tuple[str, str]

HEALTH_CONSTRAINTS = (
    "HEALTH_CONSTRAINTS",
    "The overall deployment failed because too many individual instances failed deployment, too few healthy instances "
    "are available for deployment, or some instances in your deployment group are experiencing problems.",
)
HEALTH_CONSTRAINTS_INVALID = (
    "HEALTH_CONSTRAINTS_INVALID",
    "The deployment can't start because the minimum number of healthy instances is not available.",
)
NO_INSTANCES = (
    "NO_INSTANCES",
    "The deployment failed because no instances were found for your deployment group. Check your deployment group "
    "settings to make sure the tags for your Amazon EC2 instances or Auto Scaling groups correctly identify the "
    "instances you want to deploy to, and then try again.",
)
REVISION_MISSING = (
    "REVISION_MISSING",
    "The deployment failed because the revision's bundle could not be found where its location says.",
)
MANUAL_STOP = ("MANUAL_STOP", "The deployment was stopped by a user request.")
READY_TIMEOUT = (
    "MANUAL_STOP",
    "The deployment was stopped because it was not continued within its wait time.",
)
TIMEOUT = ("TIMEOUT", "The deployment has timed out.")
APPLICATION_MISSING = ("APPLICATION_MISSING", "The deployment failed because its application does not exist any more.")
DEPLOYMENT_GROUP_MISSING = (
    "DEPLOYMENT_GROUP_MISSING",
    "The deployment failed because its deployment group does not exist any more.",
)


def alarms_active(names: list[str]) -> Why:
    """The words for alarms that went off. Source: texts of stopped deployments in public repositories."""
    return (
        "ALARM_ACTIVE",
        "One or more alarms have been activated according to the Amazon CloudWatch metrics you selected, and the "
        f"affected deployments have been stopped. Activated alarms: <{', '.join(names)}>",
    )


def alarms_unknown(names: list[str]) -> Why:
    """The words for alarms that CloudWatch does not have; no source tells CodeDeploy's own."""
    return (
        "ALARM_ACTIVE",
        f"The state of one or more alarms could not be retrieved from Amazon CloudWatch: <{', '.join(names)}>",
    )


def processes_denied(operation: str, group: str) -> Why:
    """The words for processes of a group that could not be suspended or resumed; no source tells CodeDeploy's own."""
    return (
        "AUTO_SCALING_IAM_ROLE_PERMISSIONS",
        f"The service role of the deployment group is not allowed autoscaling:{operation} on {group}.",
    )


def group_gone(group: str) -> Why:
    """The words for a group that was deleted while its processes were suspended; no source tells CodeDeploy's own."""
    return ("AUTO_SCALING_CONFIGURATION", f"The processes of {group} cannot be resumed: the group does not exist.")
