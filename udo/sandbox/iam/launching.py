"""What a group that takes a launch template asks of its caller: the launch of all that the template names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from moto.autoscaling.models import autoscaling_backends

from udo.sandbox.iam import beside
from udo.sandbox.iam.named.ec2 import resource
from udo.sandbox.iam.named.iam import role_of_profile
from udo.sandbox.iam.tagging import tag_values
from udo.sandbox.strict.rules import rule

if TYPE_CHECKING:
    from udo.sandbox.iam.beside import Beside
    from udo.sandbox.iam.requests import Ask

Values = Mapping[str, tuple[str, ...]]


@rule(
    "autoscaling",
    *("CreateAutoScalingGroup", "StartInstanceRefresh", "UpdateAutoScalingGroup"),
    moto="asks for no permission to launch",
)
def templates_are_launched_by_who_names_them(ask: Ask) -> Iterator[Beside]:
    """With `--iam` whoever names a launch template needs ec2:RunInstances on all that it names, ec2:CreateTags for its
    tags and iam:PassRole for its instance profile; otherwise it is AccessDenied, "You are not authorized to use launch
    template".

    Source: docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-launch-template-permissions.html.
    """
    for named in _templates(ask):
        version = str(named.get("Version") or "$Default")
        said = {name: named[name] for name in ("LaunchTemplateId", "LaunchTemplateName") if named.get(name)}
        try:
            rows = ask.lookup("ec2").describe_launch_template_versions(**said, Versions=[version])
        except ClientError:
            # What is not there is told by Auto Scaling itself.
            continue
        name = next(iter(said.values()))
        for row in rows["LaunchTemplateVersions"]:
            yield from _launch(ask, row, told=f"You are not authorized to use launch template: {name}")


def _templates(ask: Ask) -> Iterator[Mapping[str, Any]]:
    for owner in (ask.params, ask.params.get("DesiredConfiguration") or {}):
        mixed = (owner.get("MixedInstancesPolicy") or {}).get("LaunchTemplate") or {}
        overrides = [one.get("LaunchTemplateSpecification") for one in mixed.get("Overrides") or ()]
        yield from filter(None, [owner.get("LaunchTemplate"), mixed.get("LaunchTemplateSpecification"), *overrides])


def _launch(ask: Ask, row: Mapping[str, Any], told: str) -> Iterator[Beside]:
    data = row["LaunchTemplateData"]
    template = resource(ask, "launch-template", row["LaunchTemplateId"])
    common = {"ec2:launchtemplate": (template,), "ec2:islaunchtemplateresource": ("true",)}
    for kind, name in _resources(ask, data):
        values = {**common, **_of_kind(ask, data, kind, name)}
        yield beside.Beside("ec2:RunInstances", resource(ask, kind, name), kind, values, told)
    yield beside.Beside("ec2:RunInstances", template, "launch-template", common, told)
    for one in data.get("TagSpecifications") or ():
        kind, tags = one.get("ResourceType", ""), one.get("Tags") or ()
        values = {"ec2:createaction": ("RunInstances",), **tag_values(_dict(tags))}
        yield beside.Beside("ec2:CreateTags", resource(ask, kind, "*"), kind, values, told)
    profile = data.get("IamInstanceProfile") or {}
    if role := role_of_profile(ask, str(profile.get("Arn") or profile.get("Name") or "")):
        yield beside.roles_are_passed_by_permission(role, "ec2", told)


def _resources(ask: Ask, data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The kinds and names of what is launched.

    Source: Service Authorization Reference, Amazon EC2, RunInstances: what an instance with a volume in a subnet needs.
    """
    cards = data.get("NetworkInterfaces") or ()
    groups = [*(data.get("SecurityGroupIds") or ()), *(one for card in cards for one in card.get("Groups") or ())]
    yield "image", str(data["ImageId"]) if str(data.get("ImageId", "")).startswith("ami-") else "*"
    yield from ((kind, "*") for kind in ("instance", "network-interface", "volume"))
    yield from (("security-group", one) for one in groups or ["*"])
    yield from (("subnet", one) for one in _subnets(ask) or ["*"])
    if name := data.get("KeyName"):
        yield "key-pair", name


def _subnets(ask: Ask) -> list[str]:
    said = "".join(ask.named("VPCZoneIdentifier"))
    if not said:
        known = ask.backend(autoscaling_backends).autoscaling_groups
        group = known.get("".join(ask.named("AutoScalingGroupName")))
        said = getattr(group, "vpc_zone_identifier", None) or ""
    return [one.strip() for one in said.split(",") if one.strip()]


def _of_kind(ask: Ask, data: Mapping[str, Any], kind: str, name: str) -> Values:
    """The values of conditions that a kind of what is launched has of its own."""
    if kind == "instance":
        metadata = data.get("MetadataOptions") or {}
        said = {
            "ec2:instancetype": data.get("InstanceType"),
            "ec2:instanceprofile": (data.get("IamInstanceProfile") or {}).get("Arn"),
            "ec2:ebsoptimized": str(data["EbsOptimized"]).lower() if "EbsOptimized" in data else None,
            "ec2:tenancy": (data.get("Placement") or {}).get("Tenancy"),
            "ec2:metadatahttptokens": metadata.get("HttpTokens"),
            "ec2:metadatahttpendpoint": metadata.get("HttpEndpoint"),
            "ec2:metadatahttpputresponsehoplimit": metadata.get("HttpPutResponseHopLimit"),
        }
        tags = [
            tag for one in data.get("TagSpecifications") or () if one["ResourceType"] == kind for tag in one["Tags"]
        ]
        return {**{key: (str(value),) for key, value in said.items() if value is not None}, **tag_values(_dict(tags))}
    keys = {"image": "ec2:imageid", "subnet": "ec2:subnetid", "security-group": "ec2:securitygroupid"}
    found = {keys[kind]: (name,)} if kind in keys else {}
    return {**found, "ec2:keypairname": (name,)} if kind == "key-pair" else found


def _dict(tags: Any) -> dict[str, str]:
    return {str(one["Key"]): str(one.get("Value", "")) for one in tags}
