"""The rows of `udo.actions` about stacks: every operation that the verbs of `udo stack` ask for."""

from __future__ import annotations

_CALLER = frozenset({"sts:GetCallerIdentity"})
_ALARMS = frozenset({"monitoring:DescribeAlarms"})
_LOCK = frozenset({"ssm:DeleteParameter", "ssm:PutParameter"})
_STACKS = frozenset({"cloudformation:DescribeStacks"})
_EVENTS = _STACKS | {"cloudformation:DescribeStackEvents"}
# To see what a change comes to a change set is made, and removed again, and so is the stack that it needs.
_LOOKS = frozenset(
    {
        "cloudformation:CreateChangeSet",
        "cloudformation:DeleteChangeSet",
        "cloudformation:DeleteStack",
        "cloudformation:UpdateTerminationProtection",
    }
)
_LOOKED_AT = _EVENTS | {
    "cloudformation:DescribeChangeSet",
    "cloudformation:DescribeEvents",
    "cloudformation:ListChangeSets",
}
# A template that is too long to be sent goes through a bucket.
_BUCKET = frozenset({"s3:HeadBucket", "s3:HeadObject"})
_UPLOADS = frozenset({"s3:PutObject"})
_EXECUTES = frozenset({"cloudformation:ExecuteChangeSet"})

READS: dict[str, frozenset[str]] = {
    "stack create": _LOOKED_AT | _CALLER | _ALARMS | _BUCKET,
    "stack delete": _EVENTS
    | _CALLER
    | _ALARMS
    | {"cloudformation:ListChangeSets", "cloudformation:ListStackResources"},
    "stack events": _EVENTS,
    "stack list": _STACKS,
    "stack plan": _LOOKED_AT | _CALLER | _BUCKET,
    "stack state": _STACKS,
    "stack update": _LOOKED_AT | _CALLER | _ALARMS | _BUCKET,
}
WRITES: dict[str, frozenset[str]] = {
    "stack create": _LOCK | _LOOKS | _EXECUTES | _UPLOADS,
    "stack delete": _LOCK | {"cloudformation:DeleteStack"},
    "stack plan": _LOOKS | _UPLOADS,
    "stack update": (_LOCK | _LOOKS | _EXECUTES | _UPLOADS) - {"cloudformation:DeleteStack"},
}
# What is asked for all stacks needs more, and templates in a bucket are asked for without a version.
# Source: API_DescribeStacks, StackName.
_ALL_STACKS = ("cloudformation:DescribeStacks", "cloudformation:ListStacks")
OTHERWISE: dict[tuple[str, str], tuple[str, ...]] = {
    **{(f"stack {verb}", "cloudformation:DescribeStacks"): _ALL_STACKS for verb in ("list", "state")},
    **{(f"stack {verb}", "s3:HeadObject"): ("s3:GetObject",) for verb in ("create", "plan", "update")},
}
# What AWS looks at beside the operation itself.
# Source: Service Authorization Reference, CloudFormation: tags are given with an action of their own, and the role that
# CloudFormation works by is passed on.
BESIDE: dict[str, tuple[str, ...]] = {
    "cloudformation:CreateChangeSet": ("cloudformation:TagResource", "iam:PassRole"),
}
