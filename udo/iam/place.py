"""Where resources live: partitions, accounts and regions, as ARNs and principals name them."""

from __future__ import annotations

from udo.frozen import frozen

# Source: botocore's partitions.json, regionRegex.
_PARTITIONS = {
    "cn-": "aws-cn",
    "us-gov-": "aws-us-gov",
    "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b",
    "eu-isoe-": "aws-iso-e",
    "us-isof-": "aws-iso-f",
    "eusc-": "aws-eusc",
}
ANY = "*"


def partition(region: str) -> str:
    """The partition that a region is of."""
    return next((name for begins, name in _PARTITIONS.items() if region.startswith(begins)), "aws")


@frozen
class Place:
    """An account and a region; the account is `*` where nobody knows it."""

    region: str
    account: str

    @property
    def partition(self) -> str:
        """The partition of the region."""
        return partition(self.region)

    def arn(self, service: str, rest: str, account: str | None = None) -> str:
        """The ARN of something that lives here; `account` is another one, empty for what belongs to AWS."""
        owner = self.account if account is None else account
        return f"arn:{self.partition}:{service}:{self.region}:{owner}:{rest}"

    def iam(self, rest: str) -> str:
        """The ARN of something of IAM's, which has no region."""
        return f"arn:{self.partition}:iam::{self.account}:{rest}"

    def s3(self, rest: str) -> str:
        """The ARN of a bucket or an object, which tells neither region nor account."""
        return f"arn:{self.partition}:s3:::{rest}"

    def services(self, service: str) -> tuple[str, ...]:
        """The names that a service has here where a role is passed to it.

        Source: docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-launch-template-permissions.html;
        docs.aws.amazon.com/codedeploy/latest/userguide/getting-started-create-service-role.html, regions of China.
        """
        usual = f"{service}.amazonaws.com"
        if self.partition != "aws-cn":
            return (usual,)
        if service == "codedeploy":
            return (usual, f"{service}.{self.region}.amazonaws.com.cn")
        return (usual, f"{usual}.cn")
