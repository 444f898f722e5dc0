"""What IAM has to allow for the operations that verbs ask for, in its own words."""

from __future__ import annotations

from udo import stack_actions
from udo.actions import operations

# Source: Service Authorization Reference, Amazon S3; API_HeadObject: it needs s3:GetObject, and s3:GetObjectVersion
# where a version is named.
# Source: API_GetCallerIdentity: no permission is needed.
_IN_IAM: dict[str, tuple[str, ...]] = {
    "s3:CompleteMultipartUpload": ("s3:PutObject",),
    "s3:CreateMultipartUpload": ("s3:PutObject",),
    "s3:HeadBucket": ("s3:ListBucket",),
    "monitoring:DeleteAlarms": ("cloudwatch:DeleteAlarms",),
    "monitoring:DeleteDashboards": ("cloudwatch:DeleteDashboards",),
    "monitoring:DescribeAlarms": ("cloudwatch:DescribeAlarms",),
    "monitoring:GetDashboard": ("cloudwatch:GetDashboard",),
    "monitoring:GetMetricData": ("cloudwatch:GetMetricData",),
    "monitoring:ListTagsForResource": ("cloudwatch:ListTagsForResource",),
    "monitoring:PutCompositeAlarm": ("cloudwatch:PutCompositeAlarm", "cloudwatch:TagResource"),
    "monitoring:PutDashboard": ("cloudwatch:PutDashboard",),
    "monitoring:PutMetricAlarm": ("cloudwatch:PutMetricAlarm", "cloudwatch:TagResource"),
    "s3:HeadObject": ("s3:GetObject", "s3:GetObjectVersion"),
    "s3:ListMultipartUploads": ("s3:ListBucketMultipartUploads",),
    "s3:UploadPart": ("s3:PutObject",),
    "sts:GetCallerIdentity": (),
}
# What AWS looks at beside the operation where launch data is sent, and the verbs that send some by it: a request of
# sizes alone needs no more than the group, and a template that Udo makes tags nothing.
# Source: docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-launch-template-permissions.html.
_OF_LAUNCHES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "autoscaling:CreateAutoScalingGroup": (("create",), ("ec2:RunInstances", "iam:PassRole")),
    "autoscaling:StartInstanceRefresh": (("updatelc",), ("ec2:CreateTags", "ec2:RunInstances", "iam:PassRole")),
    "autoscaling:UpdateAutoScalingGroup": (
        ("apply", "rollback", "update", "updatelc"),
        ("ec2:CreateTags", "ec2:RunInstances", "iam:PassRole"),
    ),
}
# What it looks at beside every such operation.
# Source: Service Authorization Reference, CodeDeploy: a deployment reads its configuration and registers its revision.
_BESIDE: dict[str, tuple[str, ...]] = {
    **stack_actions.BESIDE,
    "autoscaling:CreateLaunchConfiguration": ("iam:PassRole",),
    "codedeploy:CreateDeploymentGroup": ("iam:PassRole",),
    "codedeploy:CreateDeployment": (
        "codedeploy:GetApplicationRevision",
        "codedeploy:GetDeploymentConfig",
        "codedeploy:RegisterApplicationRevision",
    ),
}


def permissions(verb: str) -> frozenset[str]:
    """The actions that somebody needs for everything the verb does."""
    return frozenset(name for one in operations(verb) for name in asks(verb, one))


def asks(verb: str, operation: str) -> tuple[str, ...]:
    """The actions that AWS looks at when a verb asks it for an operation."""
    if found := stack_actions.OTHERWISE.get((verb, operation)):
        return found
    verbs, launched = _OF_LAUNCHES.get(operation, ((), ()))
    more = launched if verb in verbs else ()
    return (*_IN_IAM.get(operation, (operation,)), *_BESIDE.get(operation, ()), *more)
