"""AWS::IAM::Role and AWS::IAM::InstanceProfile."""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import ClientError

from udo.sandbox.strict.cloudformation.kind import Kind, Made, Place, Properties, pairs

_MOST = 64


def _create(properties: Properties, place: Place) -> Made:
    name = properties.get("RoleName") or place.name(_MOST)
    optional = {key: properties[key] for key in ("Path", "Description", "PermissionsBoundary") if key in properties}
    if "MaxSessionDuration" in properties:
        optional["MaxSessionDuration"] = int(properties["MaxSessionDuration"])
    iam = place.client("iam")
    document = json.dumps(properties["AssumeRolePolicyDocument"])
    tags = pairs(place.tagged(properties))
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document, Tags=tags, **optional)["Role"]
    _grant(name, properties, {}, iam)
    return _role(made)


def _update(name: str, properties: Properties, before: Properties, place: Place) -> Made:
    iam = place.client("iam")
    document = json.dumps(properties["AssumeRolePolicyDocument"])
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=document)
    seconds = int(properties.get("MaxSessionDuration", 3600))
    iam.update_role(RoleName=name, Description=properties.get("Description", ""), MaxSessionDuration=seconds)
    _grant(name, properties, before, iam)
    wanted = place.tagged(properties)
    had = {one["Key"] for one in iam.list_role_tags(RoleName=name)["Tags"]}
    if gone := sorted(had - set(wanted)):
        iam.untag_role(RoleName=name, TagKeys=gone)
    if wanted:
        iam.tag_role(RoleName=name, Tags=pairs(wanted))
    return _role(iam.get_role(RoleName=name)["Role"])


def _grant(name: str, properties: Properties, before: Properties, iam: Any) -> None:
    """Gives a role the policies that it is to have, and takes those away that it had."""
    managed, had = properties.get("ManagedPolicyArns", []), before.get("ManagedPolicyArns", [])
    for arn in managed:
        if arn not in had:
            iam.attach_role_policy(RoleName=name, PolicyArn=arn)
    for arn in had:
        if arn not in managed:
            iam.detach_role_policy(RoleName=name, PolicyArn=arn)
    inline = {one["PolicyName"]: one["PolicyDocument"] for one in properties.get("Policies", [])}
    for policy, document in inline.items():
        iam.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=json.dumps(document))
    for one in before.get("Policies", []):
        if one["PolicyName"] not in inline:
            iam.delete_role_policy(RoleName=name, PolicyName=one["PolicyName"])


def _delete(name: str, _properties: Properties, place: Place) -> None:
    iam = place.client("iam")
    for one in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=name, PolicyArn=one["PolicyArn"])
    for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        iam.delete_role_policy(RoleName=name, PolicyName=policy)
    iam.delete_role(RoleName=name)


def _exists(name: str, place: Place) -> bool:
    try:
        place.client("iam").get_role(RoleName=name)
    except ClientError:
        return False
    return True


def _role(told: Any) -> Made:
    return Made(told["RoleName"], {"Arn": told["Arn"], "RoleId": told["RoleId"]})


def _create_profile(properties: Properties, place: Place) -> Made:
    name = properties.get("InstanceProfileName") or place.name(128)
    iam = place.client("iam")
    path = {"Path": properties["Path"]} if "Path" in properties else {}
    told = iam.create_instance_profile(InstanceProfileName=name, **path)["InstanceProfile"]
    for role in properties["Roles"]:
        iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=role)
    return Made(name, {"Arn": told["Arn"]})


def _update_profile(name: str, properties: Properties, before: Properties, place: Place) -> Made:
    iam = place.client("iam")
    for role in before["Roles"]:
        if role not in properties["Roles"]:
            iam.remove_role_from_instance_profile(InstanceProfileName=name, RoleName=role)
    for role in properties["Roles"]:
        if role not in before["Roles"]:
            iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=role)
    return Made(name, {"Arn": iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]["Arn"]})


def _delete_profile(name: str, _properties: Properties, place: Place) -> None:
    iam = place.client("iam")
    for role in iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]["Roles"]:
        iam.remove_role_from_instance_profile(InstanceProfileName=name, RoleName=role["RoleName"])
    iam.delete_instance_profile(InstanceProfileName=name)


def _profile_exists(name: str, place: Place) -> bool:
    try:
        place.client("iam").get_instance_profile(InstanceProfileName=name)
    except ClientError:
        return False
    return True


KINDS = (
    Kind("AWS::IAM::Role", _create, _delete, _update, name="RoleName", exists=_exists),
    Kind(
        "AWS::IAM::InstanceProfile",
        _create_profile,
        _delete_profile,
        _update_profile,
        name="InstanceProfileName",
        exists=_profile_exists,
    ),
)
