"""The condition keys of single services: what of a request each of them is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from udo.sandbox.iam.requests import Ask

Look = Callable[[Any], Sequence[str] | None]


def _parameter(*names: str) -> Look:
    return lambda ask: ask.named(*names) or None


def _boolean(name: str, default: str | None = None) -> Look:
    def look(ask: Ask) -> Sequence[str] | None:
        found = ask.named(name)
        return [found[0].lower()] if found else default and [default]

    return look


def _of(name: str, member: str) -> Look:
    def look(ask: Ask) -> Sequence[str] | None:
        found = (ask.params.get(name) or {}).get(member)
        return None if found is None else [str(found)]

    return look


def _query(name: str) -> Look:
    def look(ask: Ask) -> Sequence[str] | None:
        found = ask.asked.params.get(name)
        return None if found is None else [str(found)]

    return look


def _header(name: str) -> Look:
    def look(ask: Ask) -> Sequence[str] | None:
        found = ask.environ.get(f"HTTP_{name.upper().replace('-', '_')}")
        return None if found is None else [str(found)]

    return look


def _templates(ask: Ask) -> Iterator[Mapping[str, Any]]:
    mixed = (ask.params.get("MixedInstancesPolicy") or {}).get("LaunchTemplate") or {}
    yield from filter(None, [ask.params.get("LaunchTemplate"), mixed.get("LaunchTemplateSpecification")])


def _has_version(ask: Ask) -> Sequence[str] | None:
    """Source: Auto Scaling User Guide, "Require a launch template and a version number": $Latest is no number."""
    found = [str(one.get("Version") or "$Default") for one in _templates(ask)]
    return [str(all(not one.startswith("$") for one in found)).lower()] if found else None


def _types(ask: Ask) -> Sequence[str] | None:
    mixed = (ask.params.get("MixedInstancesPolicy") or {}).get("LaunchTemplate") or {}
    return [one["InstanceType"] for one in mixed.get("Overrides") or () if one.get("InstanceType")] or None


def _subnets(ask: Ask) -> Sequence[str] | None:
    return [one.strip() for said in ask.named("VPCZoneIdentifier") for one in said.split(",") if one.strip()] or None


def _traffic(ask: Ask) -> Sequence[str] | None:
    return [str(one.get("Identifier")) for one in ask.params.get("TrafficSources") or ()] or None


def _actions(ask: Ask) -> Sequence[str] | None:
    return ask.named("AlarmActions", "OKActions", "InsufficientDataActions") or None


# By key in lower case.
KEYS: Mapping[str, Look] = {
    "autoscaling:forcedelete": _boolean("ForceDelete", "false"),
    "autoscaling:imageid": _parameter("ImageId"),
    "autoscaling:instancetype": _parameter("InstanceType"),
    "autoscaling:instancetypes": _types,
    "autoscaling:launchconfigurationname": _parameter("LaunchConfigurationName"),
    "autoscaling:launchtemplateversionspecified": _has_version,
    "autoscaling:loadbalancernames": _parameter("LoadBalancerNames"),
    "autoscaling:maxsize": _parameter("MaxSize"),
    "autoscaling:metadatahttpendpoint": _of("MetadataOptions", "HttpEndpoint"),
    "autoscaling:metadatahttpputresponsehoplimit": _of("MetadataOptions", "HttpPutResponseHopLimit"),
    "autoscaling:metadatahttptokens": _of("MetadataOptions", "HttpTokens"),
    "autoscaling:minsize": _parameter("MinSize"),
    "autoscaling:operatorprincipal": _of("Operator", "Principal"),
    "autoscaling:spotprice": _parameter("SpotPrice"),
    "autoscaling:targetgrouparns": _parameter("TargetGroupARNs"),
    "autoscaling:trafficsourceidentifiers": _traffic,
    "autoscaling:vpczoneidentifiers": _subnets,
    "cloudformation:changesetname": _parameter("ChangeSetName"),
    "cloudformation:resourcetypes": _parameter("ResourceTypes"),
    "cloudformation:rolearn": _parameter("RoleARN"),
    "cloudformation:stackpolicyurl": _parameter("StackPolicyURL"),
    "cloudformation:templateurl": _parameter("TemplateURL"),
    "cloudwatch:alarmactions": _actions,
    "cloudwatch:namespace": _parameter("Namespace"),
    "ec2:instanceprofile": _of("IamInstanceProfile", "Arn"),
    "ec2:instancetype": _parameter("InstanceType"),
    "ec2:metadatahttptokens": _of("MetadataOptions", "HttpTokens"),
    "ec2:osuser": _parameter("InstanceOSUser"),
    "ec2:region": lambda ask: [ask.region],
    "iam:permissionsboundary": _parameter("PermissionsBoundary"),
    "iam:policyarn": _parameter("PolicyArn"),
    "s3:authtype": lambda _ask: ["REST-HEADER"],
    "s3:delimiter": _query("delimiter"),
    "s3:if-match": _header("if-match"),
    "s3:if-none-match": _header("if-none-match"),
    "s3:max-keys": _query("max-keys"),
    "s3:prefix": _query("prefix"),
    "s3:resourceaccount": lambda ask: [ask.account],
    "s3:signatureversion": lambda _ask: ["AWS4-HMAC-SHA256"],
    "s3:versionid": _query("versionId"),
    **{
        f"s3:{name}": _header(name)
        for name in (
            "x-amz-acl",
            "x-amz-content-sha256",
            "x-amz-copy-source",
            "x-amz-metadata-directive",
            "x-amz-server-side-encryption",
            "x-amz-server-side-encryption-aws-kms-key-id",
            "x-amz-storage-class",
        )
    },
    "ssm:overwrite": _boolean("Overwrite", "false"),
    "ssm:policies": _parameter("Policies"),
    "ssm:recursive": _boolean("Recursive", "false"),
    "sts:externalid": _parameter("ExternalId"),
    "sts:rolesessionname": _parameter("RoleSessionName"),
    "sts:sourceidentity": _parameter("SourceIdentity"),
}
