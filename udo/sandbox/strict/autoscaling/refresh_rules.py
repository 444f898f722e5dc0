"""What an instance refresh may be asked for, and what its group may not be asked for meanwhile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from udo.sandbox.strict.autoscaling.groups_known import known_group
from udo.sandbox.strict.autoscaling.launch_reference import template_references, template_version
from udo.sandbox.strict.autoscaling.refresh_alarms import names_of
from udo.sandbox.strict.autoscaling.refresh_state import active
from udo.sandbox.strict.autoscaling.refreshes import unnamed_preferences_have_defaults
from udo.sandbox.strict.cloudwatch.alarm import OK, state
from udo.sandbox.strict.rules import Refusal, Request, refuses

_MOST_ALARMS = 10
_LAUNCH_DATA = ("LaunchConfigurationName", "LaunchTemplate", "MixedInstancesPolicy")
_MOVING = ("$Latest", "$Default")


def _preferences(request: Request) -> dict[str, Any]:
    found: dict[str, Any] = request.params.get("Preferences") or {}
    return found


@refuses("autoscaling", "StartInstanceRefresh", moto="has no such operation")
def maximum_needs_a_minimum_within_a_hundred(request: Request) -> None:
    """MaxHealthyPercentage needs MinHealthyPercentage, at most 100 below it: ValidationError.

    Source: botocore autoscaling RefreshPreferences, member MaxHealthyPercentage (the words are not told by a source).
    """
    asked = _preferences(request)
    if asked.get("MaxHealthyPercentage") is not None and asked.get("MinHealthyPercentage") is None:
        raise Refusal(
            "ValidationError", "MinHealthyPercentage must be specified when MaxHealthyPercentage is specified."
        )
    preferences = unnamed_preferences_have_defaults(_group(request), asked)
    if int(preferences["MaxHealthyPercentage"] or 100) - int(preferences["MinHealthyPercentage"]) > 100:
        raise Refusal(
            "ValidationError",
            "The difference between MaxHealthyPercentage and MinHealthyPercentage must be less than or equal to 100.",
        )


@refuses("autoscaling", "StartInstanceRefresh", moto="has no such operation")
def checkpoints_ascend(request: Request) -> None:
    """CheckpointPercentages ascend, each named once, and CheckpointDelay is for them only: ValidationError.

    Source: botocore autoscaling RefreshPreferences, members CheckpointPercentages and CheckpointDelay (the words are
    not told by a source).
    """
    asked = _preferences(request)
    percentages = [int(one) for one in asked.get("CheckpointPercentages") or []]
    if percentages != sorted(set(percentages)):
        raise Refusal("ValidationError", "CheckpointPercentages must be unique and in ascending order.")
    if asked.get("CheckpointDelay") is not None and not percentages:
        raise Refusal("ValidationError", "CheckpointPercentages must be specified when CheckpointDelay is specified.")


@refuses("autoscaling", "StartInstanceRefresh", moto="has no such operation")
def automatic_rollbacks_need_a_desired_configuration(request: Request) -> None:
    """AutoRollback needs a DesiredConfiguration, and a group that can be rolled back: ValidationError.

    Source: github.com/hashicorp/terraform-provider-aws issues 29830 and 32428 (the words); botocore autoscaling
    RefreshPreferences, member AutoRollback ("A rollback is not supported in the following situations").
    """
    if not _preferences(request).get("AutoRollback"):
        return
    if not request.params.get("DesiredConfiguration"):
        raise Refusal(
            "ValidationError",
            "The request isn't valid. The AutoRollback parameter cannot be set to true when the DesiredConfiguration "
            "parameter is empty. Set AutoRollback to false or specify a desired configuration and try again.",
        )
    if why := _irreversible(request, _group(request)):
        raise Refusal("ValidationError", f"The AutoRollback parameter cannot be set to true: {why}")


@refuses("autoscaling", "StartInstanceRefresh", moto="has no such operation")
def alarms_are_ok_when_a_refresh_starts(request: Request) -> None:
    """A refresh names at most ten alarms, which exist and are in the state OK: ValidationError.

    Source: docs.aws.amazon.com/autoscaling/ec2/userguide/instance-refresh-rollback.html (considerations; the words are
    not told by a source).
    """
    names = names_of(_preferences(request))
    if len(names) > _MOST_ALARMS:
        raise Refusal("ValidationError", f"The number of alarms in AlarmSpecification is limited to {_MOST_ALARMS}.")
    if wrong := [name for name in names if state(request.account, request.region, name) != OK]:
        raise Refusal(
            "ValidationError", f"The specified CloudWatch alarms must be in the OK state: {', '.join(wrong)}."
        )


@refuses("autoscaling", "StartInstanceRefresh", moto="has no such operation")
def desired_configurations_name_one_source(request: Request) -> None:
    """A DesiredConfiguration names either a launch template or a mixed instances policy: ValidationError.

    Source: botocore autoscaling DesiredConfiguration (the words are those of other operations).
    """
    desired = request.params.get("DesiredConfiguration")
    if desired is not None and len([one for one in _LAUNCH_DATA if desired.get(one)]) != 1:
        raise Refusal(
            "ValidationError", "Valid requests must contain either LaunchTemplate or MixedInstancesPolicy parameter."
        )


@refuses("autoscaling", "RollbackInstanceRefresh", moto="has no such operation")
def some_refreshes_are_irreversible(request: Request) -> None:
    """A refresh without a desired configuration, or of a group whose template is $Latest, $Default or has an image of
    Systems Manager's, is not rolled back: IrreversibleInstanceRefresh.

    Source: botocore autoscaling RollbackInstanceRefresh and error IrreversibleInstanceRefreshFault.
    """
    group = _group(request)
    refresh = active(group)
    if refresh is None or refresh.status not in ("Pending", "InProgress", "Baking"):
        return
    why = _irreversible(request, group) if refresh.desired else "no desired configuration was specified for it."
    if why:
        raise Refusal("IrreversibleInstanceRefresh", f"The instance refresh cannot be rolled back: {why}")


def _irreversible(request: Request, group: Any) -> str:
    """Why what a group has now cannot be returned to; empty where it can."""
    for reference in _own_references(group):
        version = reference.get("Version") or "$Default"
        if version in _MOVING:
            return f"the launch template of the group uses the version {version}."
        image = template_version(request.backend("ec2"), reference).data.get("ImageId") or ""
        if image.startswith("resolve:ssm:"):
            return "the launch template of the group uses a Systems Manager parameter for the AMI ID."
    return ""


def _own_references(group: Any) -> Iterator[Mapping[str, Any]]:
    if group.mixed_instances_policy:
        for one in template_references({"MixedInstancesPolicy": group.mixed_instances_policy}):
            yield {
                key: value for key, value in one.items() if key != "LaunchTemplateName" or "LaunchTemplateId" not in one
            }
    elif group.ec2_launch_template is not None:
        yield {"LaunchTemplateId": group.ec2_launch_template.id, "Version": group.provided_launch_template_version}


@refuses("autoscaling", "UpdateAutoScalingGroup", moto="has no refreshes")
def launch_data_waits_for_the_refresh(request: Request) -> None:
    """While a refresh with a desired configuration is active the group's launch data cannot be updated:
    ValidationError.

    Source: docs.aws.amazon.com/autoscaling/ec2/userguide/instance-refresh-overview.html (update restriction).
    """
    refresh = active(_group(request))
    if refresh is not None and refresh.desired and any(request.params.get(one) for one in _LAUNCH_DATA):
        raise Refusal(
            "ValidationError",
            "An active instance refresh with a desired configuration exists. All configuration options derived from "
            "the desired configuration are not available for update while the instance refresh is active.",
        )


@refuses(
    "autoscaling",
    "AttachTrafficSources",
    "AttachLoadBalancers",
    "AttachLoadBalancerTargetGroups",
    "PutWarmPool",
    moto="has no refreshes",
)
def balancers_and_warm_pools_wait_for_the_refresh(request: Request) -> None:
    """While a refresh is active no traffic source is attached and no warm pool is put: InstanceRefreshInProgress.

    Source: botocore autoscaling AttachTrafficSources, AttachLoadBalancers, AttachLoadBalancerTargetGroups and
    PutWarmPool, error InstanceRefreshInProgressFault.
    """
    if active(_group(request)):
        raise Refusal(
            "InstanceRefreshInProgress", "An Instance Refresh is in progress and blocks the execution of this request."
        )


def _group(request: Request) -> Any:
    return known_group(request.backend("autoscaling"), request.params["AutoScalingGroupName"])
