"""Reads of what a configuration names, in as few requests as AWS has batches for: what exists, and where."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from udo.aws.autoscaling import batched
from udo.aws.members import whole
from udo.errors import AwsError
from udo.model.instances import SecurityGroup, Subnet

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from udo.aws.connection import Connection

# Source: docs.aws.amazon.com/AWSEC2/latest/APIReference/Query-Requests.html: at most 200 values in one filter.
_FILTER_VALUES = 200
# Source: botocore's models, DescribeTargetGroups and DescribeLoadBalancers, PageSize.
_PAGE = 400
_IAM_PAGE = 1000


@whole
class Named:
    """What of the names in a configuration there is in one account and region."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def architectures(self, instance_types: Iterable[str]) -> dict[str, frozenset[str]]:
        """The architectures of those of these instance types that the region has, by type.

        Raises: UdoError.
        """
        rows = self._filtered("DescribeInstanceTypes", "InstanceTypes", "instance-type", instance_types)
        return {
            row["InstanceType"]: frozenset(row.get("ProcessorInfo", {}).get("SupportedArchitectures", ()))
            for row in rows
        }

    def key_pairs(self, names: Iterable[str]) -> frozenset[str]:
        """Those of these key pairs that exist.

        Raises: UdoError.
        """
        return frozenset(row["KeyName"] for row in self._filtered("DescribeKeyPairs", "KeyPairs", "key-name", names))

    def subnets(
        self, ids: Iterable[str], blocks: Iterable[str] = (), tags: Iterable[Mapping[str, str]] = ()
    ) -> tuple[Subnet, ...]:
        """The subnets of these ids, and all that have one of these CIDR blocks or all tags of one of these, in any VPC.

        Raises: UdoError.
        """
        blocks = list(blocks)
        asked = {
            "subnet-id": list(ids),
            "cidr-block": [block for block in blocks if ":" not in block],
            "ipv6-cidr-block-association.ipv6-cidr-block": [block for block in blocks if ":" in block],
        }
        rows = [
            row for name, values in asked.items() for row in self._filtered("DescribeSubnets", "Subnets", name, values)
        ]
        for every in dict.fromkeys(tuple(sorted(one.items())) for one in tags):
            filters = [{"Name": f"tag:{name}", "Values": [value]} for name, value in every]
            for page in self._connection.pages("ec2", "DescribeSubnets", {"Filters": filters}):
                rows += page.get("Subnets", ())
        return tuple({row["SubnetId"]: _subnet(row) for row in rows}.values())

    def default_vpc(self) -> str:
        """The id of the region's default VPC, empty where there is none.

        Raises: UdoError.
        """
        rows = self._filtered("DescribeVpcs", "Vpcs", "is-default", ["true"])
        return next((str(row["VpcId"]) for row in rows), "")

    def security_groups(self, ids: Iterable[str], names: Iterable[str] = ()) -> tuple[SecurityGroup, ...]:
        """The security groups of these ids, and all of these names, in whatever VPC.

        Raises: UdoError.
        """
        asked = {"group-id": list(ids), "group-name": list(names)}
        return tuple(
            SecurityGroup(row["GroupId"], row.get("GroupName", ""), row.get("VpcId", ""))
            for name, values in asked.items()
            for row in self._filtered("DescribeSecurityGroups", "SecurityGroups", name, values)
        )

    def vpcs(self, ids: Iterable[str]) -> frozenset[str]:
        """Those of these VPCs that exist.

        Raises: UdoError.
        """
        return frozenset(row["VpcId"] for row in self._filtered("DescribeVpcs", "Vpcs", "vpc-id", ids))

    def availability_zones(self) -> frozenset[str]:
        """The availability zones of the region.

        Raises: UdoError.
        """
        pages = self._connection.pages("ec2", "DescribeAvailabilityZones", {})
        return frozenset(row["ZoneName"] for page in pages for row in page.get("AvailabilityZones", ()))

    def instance_profiles(self) -> frozenset[str]:
        """The names of all instance profiles: IAM has no batch for some of them.

        Raises: UdoError.
        """
        return frozenset(self.roles_by_profile())

    def roles_by_profile(self) -> dict[str, tuple[str, ...]]:
        """The ARNs of the roles in every instance profile, one or none, by its name.

        Raises: UdoError.
        """
        pages = self._connection.pages("iam", "ListInstanceProfiles", {"MaxItems": _IAM_PAGE})
        rows = (row for page in pages for row in page.get("InstanceProfiles", ()))
        return {row["InstanceProfileName"]: tuple(role["Arn"] for role in row.get("Roles", ())) for row in rows}

    def profile_roles(self, name: str) -> tuple[str, ...]:
        """The ARNs of the roles of an instance profile, one at most; none where there is no such profile.

        Raises: UdoError.
        """
        try:
            answer = self._connection.ask("iam", "GetInstanceProfile", {"InstanceProfileName": name})
        except AwsError as error:
            if error.aws_code != "NoSuchEntity":
                raise
            return ()
        return tuple(str(row["Arn"]) for row in answer["InstanceProfile"].get("Roles", ()))

    def topics(self) -> frozenset[str]:
        """The names of all topics.

        Raises: UdoError.
        """
        pages = self._connection.pages("sns", "ListTopics", {})
        return frozenset(row["TopicArn"].rpartition(":")[2] for page in pages for row in page.get("Topics", ()))

    def target_groups(self) -> dict[str, Mapping[str, Any]]:
        """All target groups as AWS tells of them, each by its name and by its ARN: asked by name, one that is missing
        fails the whole request.

        Raises: UdoError.
        """
        pages = self._connection.pages("elbv2", "DescribeTargetGroups", {"PageSize": _PAGE})
        rows = [row for page in pages for row in page.get("TargetGroups", ())]
        return {row[key]: row for row in rows for key in ("TargetGroupName", "TargetGroupArn")}

    def load_balancers(self) -> frozenset[str]:
        """The names of all classic load balancers.

        Raises: UdoError.
        """
        pages = self._connection.pages("elb", "DescribeLoadBalancers", {"PageSize": _PAGE})
        return frozenset(row["LoadBalancerName"] for page in pages for row in page.get("LoadBalancerDescriptions", ()))

    def applications(self) -> frozenset[str]:
        """The names of all CodeDeploy applications.

        Raises: UdoError.
        """
        pages = self._connection.pages("codedeploy", "ListApplications", {})
        return frozenset(name for page in pages for name in page.get("applications", ()))

    def deployment_configurations(self) -> frozenset[str]:
        """The names of all CodeDeploy deployment configurations.

        Raises: UdoError.
        """
        pages = self._connection.pages("codedeploy", "ListDeploymentConfigs", {})
        return frozenset(name for page in pages for name in page.get("deploymentConfigsList", ()))

    def _filtered(self, operation: str, key: str, name: str, values: Iterable[str]) -> Iterator[Mapping[str, Any]]:
        """Asked by filter, so that one that is gone drops out where a list of names would fail as a whole."""
        for batch in batched(dict.fromkeys(values), _FILTER_VALUES):
            for page in self._connection.pages("ec2", operation, {"Filters": [{"Name": name, "Values": batch}]}):
                yield from page.get(key, ())


def _subnet(row: Mapping[str, Any]) -> Subnet:
    blocks = (block["Ipv6CidrBlock"] for block in row.get("Ipv6CidrBlockAssociationSet", ()))
    tags = {tag["Key"]: tag["Value"] for tag in row.get("Tags", ())}
    zone = row.get("AvailabilityZone", "")
    free = row.get("AvailableIpAddressCount")
    return Subnet(row["SubnetId"], row.get("VpcId", ""), row.get("CidrBlock", ""), tuple(blocks), zone, tags, free)
