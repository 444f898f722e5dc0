"""AWS::EC2::LaunchTemplate: a change of its data is a new version of it."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from udo.sandbox.strict.cloudformation.kind import Kind, Made, Place, Properties, fitted, pairs


def _create(properties: Properties, place: Place) -> Made:
    ec2 = place.client("ec2")
    given = {
        "LaunchTemplateName": properties.get("LaunchTemplateName") or place.name(125),
        "LaunchTemplateData": properties["LaunchTemplateData"],
        **_described(properties),
    }
    if tags := _tags(properties, place):
        given["TagSpecifications"] = [{"ResourceType": "launch-template", "Tags": pairs(tags)}]
    made = ec2.create_launch_template(**fitted(ec2, "CreateLaunchTemplate", given))["LaunchTemplate"]
    return _made(made)


def _update(template_id: str, properties: Properties, before: Properties, place: Place) -> Made:
    ec2 = place.client("ec2")
    changed = ("LaunchTemplateData", "VersionDescription")
    if any(properties.get(key) != before.get(key) for key in changed):
        given = {"LaunchTemplateId": template_id, "LaunchTemplateData": properties["LaunchTemplateData"]}
        given |= _described(properties)
        ec2.create_launch_template_version(**fitted(ec2, "CreateLaunchTemplateVersion", given))
    if wanted := _tags(properties, place):
        ec2.create_tags(Resources=[template_id], Tags=pairs(wanted))
    return _made(ec2.describe_launch_templates(LaunchTemplateIds=[template_id])["LaunchTemplates"][0])


def _described(properties: Properties) -> dict[str, Any]:
    return {"VersionDescription": properties["VersionDescription"]} if "VersionDescription" in properties else {}


def _tags(properties: Properties, place: Place) -> dict[str, str]:
    own = [one for each in properties.get("TagSpecifications", []) for one in each.get("Tags", [])]
    return place.tagged({"Tags": own})


def _delete(template_id: str, _properties: Properties, place: Place) -> None:
    place.client("ec2").delete_launch_template(LaunchTemplateId=template_id)


def _exists(name: str, place: Place) -> bool:
    try:
        return bool(place.client("ec2").describe_launch_templates(LaunchTemplateNames=[name])["LaunchTemplates"])
    except ClientError:
        return False


def _made(told: Any) -> Made:
    latest, default = str(told["LatestVersionNumber"]), str(told["DefaultVersionNumber"])
    attributes = {"LaunchTemplateId": told["LaunchTemplateId"], "LatestVersionNumber": latest}
    return Made(told["LaunchTemplateId"], {**attributes, "DefaultVersionNumber": default})


KINDS = (
    Kind("AWS::EC2::LaunchTemplate", _create, _delete, _update, name="LaunchTemplateName", exists=_exists, seconds=1.0),
)
