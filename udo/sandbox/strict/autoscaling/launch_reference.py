"""What a group launches from: a launch configuration, a launch template or a mixed instances policy, never two."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from moto.autoscaling.models import FakeAutoScalingGroup
from moto.core.exceptions import ServiceException
from moto.ec2.exceptions import EC2ClientError

from udo.sandbox.strict.rules import Refusal, Request, refuses, replaces, rule

_SOURCES = ("LaunchConfigurationName", "LaunchTemplate", "MixedInstancesPolicy", "InstanceId")
_DISTRIBUTION = {
    "OnDemandAllocationStrategy": "prioritized",
    "OnDemandBaseCapacity": 0,
    "OnDemandPercentageAboveBaseCapacity": 100,
    "SpotAllocationStrategy": "lowest-price",
    "SpotInstancePools": 2,
}


@refuses("autoscaling", "UpdateAutoScalingGroup", moto="accepts a mixed instances policy beside either of the others")
def one_launch_source_at_a_time(request: Request) -> None:
    """A request names a launch configuration, a launch template or a mixed instances policy, and only one of them.

    Source: botocore autoscaling UpdateAutoScalingGroupType, members LaunchConfigurationName and LaunchTemplate.
    """
    if sum(1 for source in _SOURCES if request.params.get(source)) > 1:
        raise Refusal(
            "ValidationError",
            "Valid requests must contain either LaunchTemplate, LaunchConfigurationName or MixedInstancesPolicy "
            "parameter.",
        )


@refuses("autoscaling", "CreateAutoScalingGroup", "UpdateAutoScalingGroup", moto="crashes (HTTP 500)")
def unknown_launch_configurations_are_refused(request: Request) -> None:
    """A group cannot be put on a launch configuration that does not exist: ValidationError.

    Source: docs.aws.amazon.com/autoscaling/ec2/APIReference/API_UpdateAutoScalingGroup.html.
    """
    name = request.params.get("LaunchConfigurationName")
    if name and name not in request.backend("autoscaling").launch_configurations:
        raise Refusal("ValidationError", f"Launch configuration name not found - Launch configuration {name} not found")


@refuses(
    "autoscaling",
    "CreateAutoScalingGroup",
    "StartInstanceRefresh",
    "UpdateAutoScalingGroup",
    moto="answers with EC2's error code, and looks at the version only when it launches",
)
def unknown_launch_templates_are_refused(request: Request) -> None:
    """A group cannot be put on, nor refreshed to, a launch template or version that does not exist or has no image:
    ValidationError.

    Source: docs.aws.amazon.com/autoscaling/ec2/userguide/ts-as-launch-template.html.
    """
    for template in template_references(request.params):
        version = template_version(request.backend("ec2"), template)
        if not version.data.get("ImageId"):
            raise Refusal(
                "ValidationError",
                "You must use a valid fully-formed launch template. The request must contain the parameter ImageId",
            )


def template_version(ec2: Any, reference: Mapping[str, Any]) -> Any:
    """The version a launch template specification points at, or a ValidationError in AWS's words."""
    template_id, name = reference.get("LaunchTemplateId"), reference.get("LaunchTemplateName")
    if bool(template_id) == bool(name):
        raise Refusal("ValidationError", "Valid requests must contain either launchTemplateId or LaunchTemplateName")
    try:
        template = ec2.get_launch_template(template_id) if template_id else ec2.get_launch_template_by_name(name)
        return template.get_version(reference.get("Version") or "$Default")
    except (EC2ClientError, ServiceException) as error:
        raise Refusal(
            "ValidationError", f"You must use a valid fully-formed launch template. {error.message}"
        ) from error


def template_references(params: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Every launch template specification a request names, those of a mixed instances policy too."""
    named = params.get("DesiredConfiguration") or params
    found = [named["LaunchTemplate"]] if named.get("LaunchTemplate") else []
    mixed = (named.get("MixedInstancesPolicy") or {}).get("LaunchTemplate") or {}
    if mixed.get("LaunchTemplateSpecification"):
        found.append(mixed["LaunchTemplateSpecification"])
    overrides = mixed.get("Overrides") or []
    return found + [one["LaunchTemplateSpecification"] for one in overrides if one.get("LaunchTemplateSpecification")]


@replaces(FakeAutoScalingGroup, "_set_launch_configuration")
def set_launch_source(
    group: Any,
    launch_config_name: str | None,
    launch_template: Mapping[str, Any] | None,
    mixed_instances_policy: dict[str, Any] | None,
) -> None:
    """Puts a group on what the request names; what it does not name stays."""
    if launch_config_name:
        a_switch_leaves_exactly_one(group)
        group.launch_configuration_name = launch_config_name
        group.launch_config = group.autoscaling_backend.launch_configurations[launch_config_name]
    elif launch_template:
        a_switch_leaves_exactly_one(group)
        _use_template(group, launch_template)
    elif mixed_instances_policy:
        policy = the_mixed_policy_stays_unless_named(group, mixed_instances_policy)
        a_switch_leaves_exactly_one(group)
        group.mixed_instances_policy = policy
        named = dict(policy["LaunchTemplate"]["LaunchTemplateSpecification"])
        # What is kept from before holds both, as AWS shows it; the id is the one that lasts.
        if named.get("LaunchTemplateId"):
            named.pop("LaunchTemplateName", None)
        _use_template(group, named)


@rule("autoscaling", "UpdateAutoScalingGroup", moto="keeps the old one beside the new one, and launches from either")
def a_switch_leaves_exactly_one(group: Any) -> None:
    """A group moved from one launch source to another no longer shows or uses the old one.

    Source: botocore autoscaling UpdateAutoScalingGroupType (`LaunchTemplate`: mutually exclusive).
    """
    group.launch_configuration_name = None
    group.launch_config = None
    group.ec2_launch_template = None
    group.mixed_instances_policy = None


@rule("autoscaling", "UpdateAutoScalingGroup", moto="any update that does not name the policy deletes it")
def the_mixed_policy_stays_unless_named(group: Any, named: Mapping[str, Any]) -> dict[str, Any]:
    """Parts of a mixed instances policy that an update does not name stay as they are.

    Source: botocore autoscaling UpdateAutoScalingGroup (properties not specified are not changed).
    """
    before = getattr(group, "udo_mixed", None) or {}
    template = {**before.get("LaunchTemplate", {}), **named.get("LaunchTemplate", {})}
    template.setdefault("Overrides", [])
    if "LaunchTemplateSpecification" not in template:
        raise Refusal("ValidationError", "Valid requests must contain either launchTemplateId or LaunchTemplateName")
    distribution = {
        **_DISTRIBUTION,
        **before.get("InstancesDistribution", {}),
        **named.get("InstancesDistribution", {}),
    }
    group.udo_mixed = {"LaunchTemplate": template, "InstancesDistribution": distribution}
    return dict(group.udo_mixed)


def _use_template(group: Any, reference: Mapping[str, Any]) -> None:
    version = template_version(group.ec2_backend, reference)
    group.ec2_launch_template = version.template
    group.launch_template_version = reference.get("Version") or "$Default"
    group.provided_launch_template_version = reference.get("Version")
    if group.mixed_instances_policy:
        mixed = group.mixed_instances_policy["LaunchTemplate"]
        mixed["LaunchTemplateSpecification"] = {**_named(version), "Version": group.launch_template_version}
        mixed["Overrides"] = [templates_are_shown_by_id_and_name(group, row) for row in mixed["Overrides"]]


@rule("autoscaling", "DescribeAutoScalingGroups", moto="shows of an override's own template what was said, id or name")
def templates_are_shown_by_id_and_name(group: Any, override: Mapping[str, Any]) -> dict[str, Any]:
    """An override that names a template of its own shows its id and its name, whichever was given.

    Source: botocore autoscaling shape LaunchTemplateSpecification.
    """
    own = override.get("LaunchTemplateSpecification")
    if not own:
        return dict(override)
    by_id = {key: value for key, value in own.items() if key != "LaunchTemplateName" or not own.get("LaunchTemplateId")}
    return {**override, "LaunchTemplateSpecification": {**own, **_named(template_version(group.ec2_backend, by_id))}}


def desired_source(group: Any, configuration: Mapping[str, Any]) -> Any:
    """What a group would launch from with a desired configuration, under the names a group has for it."""
    shadow = copy.copy(group)
    set_launch_source(shadow, None, configuration.get("LaunchTemplate"), configuration.get("MixedInstancesPolicy"))
    return LaunchSource({name: getattr(shadow, name, None) for name in _SOURCE_OF_A_GROUP})


class LaunchSource:
    """What a group launches from, kept apart from the group; `put` makes it the group's own."""

    ec2_launch_template: Any
    launch_template_version: str
    mixed_instances_policy: dict[str, Any] | None

    def __init__(self, held: Mapping[str, Any]) -> None:
        self.__dict__.update(held)

    def put(self, group: Any) -> None:
        """Makes it what the group launches from."""
        group.__dict__.update(self.__dict__)


_SOURCE_OF_A_GROUP = (
    "ec2_launch_template",
    "launch_config",
    "launch_configuration_name",
    "launch_template_version",
    "mixed_instances_policy",
    "provided_launch_template_version",
    "udo_mixed",
)


def _named(version: Any) -> dict[str, str]:
    return {"LaunchTemplateId": version.template.id, "LaunchTemplateName": version.template.name}


def shown_launch_template(group: Any) -> dict[str, Any] | None:
    """The launch template a group shows; one inside a mixed instances policy is shown there only."""
    if group.ec2_launch_template is None or group.mixed_instances_policy:
        return None
    return {
        "LaunchTemplateId": group.ec2_launch_template.id,
        "LaunchTemplateName": group.ec2_launch_template.name,
        "Version": group.provided_launch_template_version,
    }


replaces(FakeAutoScalingGroup, "launch_template")(property(shown_launch_template))
