"""AWS::AutoScaling::AutoScalingGroup."""

from __future__ import annotations

from typing import Any

from udo.sandbox.strict.cloudformation.kind import Kind, Made, Place, Properties, fitted, flag, only

# Those that CreateAutoScalingGroup and UpdateAutoScalingGroup take under the same name.
_SAME = (
    "AvailabilityZoneDistribution",
    "AvailabilityZoneImpairmentPolicy",
    "AvailabilityZones",
    "CapacityRebalance",
    "CapacityReservationSpecification",
    "Context",
    "DefaultInstanceWarmup",
    "DesiredCapacity",
    "DesiredCapacityType",
    "HealthCheckGracePeriod",
    "HealthCheckType",
    "InstanceMaintenancePolicy",
    "LaunchConfigurationName",
    "LaunchTemplate",
    "MaxInstanceLifetime",
    "MaxSize",
    "MinSize",
    "MixedInstancesPolicy",
    "NewInstancesProtectedFromScaleIn",
    "PlacementGroup",
    "ServiceLinkedRoleARN",
    "TerminationPolicies",
)
_ONCE = ("LifecycleHookSpecificationList", "LoadBalancerNames", "TargetGroupARNs")
_KNOWN = (*_SAME, *_ONCE, "AutoScalingGroupName", "Cooldown", "MetricsCollection", "Tags", "VPCZoneIdentifier")


def _create(properties: Properties, place: Place) -> Made:
    only(properties, _KNOWN, place)
    autoscaling = place.client("autoscaling")
    name = properties.get("AutoScalingGroupName") or place.name(255)
    given = {**_given(properties), "AutoScalingGroupName": name, "Tags": _tags(name, properties, place)}
    given |= {key: properties[key] for key in _ONCE if key in properties}
    autoscaling.create_auto_scaling_group(**fitted(autoscaling, "CreateAutoScalingGroup", given))
    _collect(name, properties, autoscaling)
    return _made(name, autoscaling)


def _update(name: str, properties: Properties, before: Properties, place: Place) -> Made:
    only(properties, _KNOWN, place)
    autoscaling = place.client("autoscaling")
    given = {**_given(properties), "AutoScalingGroupName": name}
    # What stands in the template no longer stays; a size that is the same is not set again.
    if properties.get("DesiredCapacity") == before.get("DesiredCapacity"):
        given.pop("DesiredCapacity", None)
    autoscaling.update_auto_scaling_group(**fitted(autoscaling, "UpdateAutoScalingGroup", given))
    _attach(name, properties, before, autoscaling)
    wanted = _tags(name, properties, place)
    keys = {one["Key"] for one in wanted}
    had = autoscaling.describe_tags(Filters=[{"Name": "auto-scaling-group", "Values": [name]}])["Tags"]
    gone = [one for one in had if one["Key"] not in keys and one["Key"] in _keys(before)]
    if gone:
        named = ("ResourceId", "ResourceType", "Key")
        autoscaling.delete_tags(Tags=[{key: one[key] for key in named} for one in gone])
    if wanted:
        autoscaling.create_or_update_tags(Tags=wanted)
    _collect(name, properties, autoscaling)
    return _made(name, autoscaling)


def _given(properties: Properties) -> dict[str, Any]:
    given = {key: properties[key] for key in _SAME if key in properties}
    if "Cooldown" in properties:
        given["DefaultCooldown"] = properties["Cooldown"]
    if "VPCZoneIdentifier" in properties:
        given["VPCZoneIdentifier"] = ",".join(properties["VPCZoneIdentifier"])
    return given


def _attach(name: str, properties: Properties, before: Properties, autoscaling: Any) -> None:
    now, was = properties.get("TargetGroupARNs", []), before.get("TargetGroupARNs", [])
    if new := [one for one in now if one not in was]:
        autoscaling.attach_load_balancer_target_groups(AutoScalingGroupName=name, TargetGroupARNs=new)
    if old := [one for one in was if one not in now]:
        autoscaling.detach_load_balancer_target_groups(AutoScalingGroupName=name, TargetGroupARNs=old)


def _collect(name: str, properties: Properties, autoscaling: Any) -> None:
    for one in properties.get("MetricsCollection", []):
        autoscaling.enable_metrics_collection(AutoScalingGroupName=name, **one)


def _keys(properties: Properties) -> set[str]:
    return {one["Key"] for one in properties.get("Tags", [])}


def _tags(name: str, properties: Properties, place: Place) -> list[dict[str, Any]]:
    of_it = {"ResourceId": name, "ResourceType": "auto-scaling-group"}
    own = properties.get("Tags", [])
    named = {one["Key"] for one in own}
    stack = [(key, value, True) for key, value in place.tags.items() if key not in named]
    rows = [*stack, *((one["Key"], one["Value"], flag(one["PropagateAtLaunch"])) for one in own)]
    return [{**of_it, "Key": key, "Value": str(value), "PropagateAtLaunch": goes} for key, value, goes in rows]


def _delete(name: str, _properties: Properties, place: Place) -> None:
    place.client("autoscaling").delete_auto_scaling_group(AutoScalingGroupName=name, ForceDelete=True)


def _described(name: str, autoscaling: Any) -> list[Any]:
    found: list[Any] = autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
    return found


def _gone(name: str, place: Place) -> bool:
    return not _described(name, place.client("autoscaling"))


def _exists(name: str, place: Place) -> bool:
    return not _gone(name, place)


def _made(name: str, autoscaling: Any) -> Made:
    return Made(name, {"AutoScalingGroupARN": _described(name, autoscaling)[0]["AutoScalingGroupARN"]})


KINDS = (
    Kind(
        "AWS::AutoScaling::AutoScalingGroup",
        _create,
        _delete,
        _update,
        name="AutoScalingGroupName",
        exists=_exists,
        gone=_gone,
        seconds=10.0,
    ),
)
