"""The stacks that a request to CloudFormation is about."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from udo.sandbox.iam.requests import Ask


def _stacks(ask: Ask) -> Iterator[str]:
    """Source: Service Authorization Reference, AWS CloudFormation: change sets are allowed by their stack."""
    for name in ask.named("StackName"):
        yield name if name.startswith("arn:") else _known(ask, name)
    for change_set in () if ask.named("StackName") else ask.named("ChangeSetName"):
        yield from (row["StackId"] for row in _looked_up(ask, change_set))


def _known(ask: Ask, name: str) -> str:
    try:
        return str(ask.lookup("cloudformation").describe_stacks(StackName=name)["Stacks"][0]["StackId"])
    except ClientError:
        # It is made by this request, or not there.
        return ask.arn(f"stack/{name}/*")


def _looked_up(ask: Ask, change_set: str) -> Iterator[dict[str, str]]:
    try:
        yield ask.lookup("cloudformation").describe_change_set(ChangeSetName=change_set)
    except ClientError:
        return


NAMERS = {"stack": _stacks}
