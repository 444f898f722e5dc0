"""AWS::EC2::SecurityGroup."""

from __future__ import annotations

from typing import Any

from udo.sandbox.strict.cloudformation.kind import Kind, Made, Place, Properties, pairs

_ANY = {"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}


def _create(properties: Properties, place: Place) -> Made:
    ec2 = place.client("ec2")
    name = properties.get("GroupName") or place.name(255)
    vpc = properties.get("VpcId") or _default(ec2)
    tags = place.tagged(properties)
    given = {"TagSpecifications": [{"ResourceType": "security-group", "Tags": pairs(tags)}]} if tags else {}
    made = ec2.create_security_group(GroupName=name, Description=properties["GroupDescription"], VpcId=vpc, **given)
    _allow(made["GroupId"], properties, {}, ec2)
    return _made(made["GroupId"], vpc)


def _default(ec2: Any) -> str:
    return str(ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]["VpcId"])


def _update(group_id: str, properties: Properties, before: Properties, place: Place) -> Made:
    ec2 = place.client("ec2")
    _allow(group_id, properties, before, ec2)
    told = ec2.describe_security_groups(GroupIds=[group_id])["SecurityGroups"][0]
    wanted = place.tagged(properties)
    if gone := [one["Key"] for one in told.get("Tags", []) if one["Key"] not in wanted]:
        ec2.delete_tags(Resources=[group_id], Tags=[{"Key": key} for key in gone])
    ec2.create_tags(Resources=[group_id], Tags=pairs(wanted))
    return _made(group_id, told["VpcId"])


def _allow(group_id: str, properties: Properties, before: Properties, ec2: Any) -> None:
    """Opens what is to be open and shuts what was; without rules for what leaves, everything may."""
    for way, key, default in (("ingress", "SecurityGroupIngress", []), ("egress", "SecurityGroupEgress", [_ANY])):
        now = [_permission(one) for one in properties.get(key) or default]
        # A new group lets everything out.
        was = [_permission(one) for one in before.get(key) or default]
        if old := [one for one in was if one not in now]:
            getattr(ec2, f"revoke_security_group_{way}")(GroupId=group_id, IpPermissions=old)
        if new := [one for one in now if one not in was]:
            getattr(ec2, f"authorize_security_group_{way}")(GroupId=group_id, IpPermissions=new)


def _permission(rule: Properties) -> dict[str, Any]:
    said = {"Description": rule["Description"]} if "Description" in rule else {}
    made: dict[str, Any] = {"IpProtocol": str(rule["IpProtocol"])}
    made |= {key: int(rule[key]) for key in ("FromPort", "ToPort") if key in rule}
    group = rule.get("SourceSecurityGroupId") or rule.get("DestinationSecurityGroupId")
    lists = rule.get("SourcePrefixListId") or rule.get("DestinationPrefixListId")
    if "CidrIp" in rule:
        made["IpRanges"] = [{"CidrIp": rule["CidrIp"], **said}]
    if "CidrIpv6" in rule:
        made["Ipv6Ranges"] = [{"CidrIpv6": rule["CidrIpv6"], **said}]
    if group:
        made["UserIdGroupPairs"] = [{"GroupId": group, **said}]
    if lists:
        made["PrefixListIds"] = [{"PrefixListId": lists, **said}]
    return made


def _delete(group_id: str, _properties: Properties, place: Place) -> None:
    place.client("ec2").delete_security_group(GroupId=group_id)


def _exists(name: str, place: Place) -> bool:
    named = [{"Name": "group-name", "Values": [name]}]
    return bool(place.client("ec2").describe_security_groups(Filters=named)["SecurityGroups"])


def _made(group_id: str, vpc: str) -> Made:
    return Made(group_id, {"GroupId": group_id, "Id": group_id, "VpcId": vpc})


KINDS = (
    Kind("AWS::EC2::SecurityGroup", _create, _delete, _update, name="GroupName", exists=_exists, reads=("VpcId",)),
)
