"""What has made a group and looks after it, beside Udo, by the group's tags."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from udo.model.groups import AutoScalingGroup

_STACK = "aws:cloudformation:stack-name"


def owner(group: AutoScalingGroup) -> str | None:
    """What has made the group and looks after it, in words; None where the tags do not say."""
    if stack := stack_of(group):
        return f"the CloudFormation stack {stack}"
    for key, text in group.tags.items():
        if "terraform" in f"{key} {text}".lower():
            return f"Terraform (tag {key}: {text})"
    return None


def stack_of(group: AutoScalingGroup) -> str | None:
    """The name of the CloudFormation stack that the group belongs to; None for none."""
    return group.tags.get(_STACK)
