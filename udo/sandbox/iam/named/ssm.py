"""The parameters, documents, hosts and sessions that a request to Systems Manager is about."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from udo.sandbox.iam.requests import Ask

# What AWS itself keeps is of no account.
_OF_AWS = ("AWS-", "AWSEC2-", "AmazonCloudWatch-", "SSM-")
_PUBLIC = "aws/service/"
_VERSION = re.compile(r":[\w.-]+$")


def _parameters(ask: Ask) -> Iterator[str]:
    for said in ask.named("Name", "Names", "Path"):
        if said.startswith("arn:"):
            yield said
            continue
        name = _VERSION.sub("", said).removeprefix("/")
        yield ask.arn(f"parameter/{name}", account="" if name.startswith(_PUBLIC) else None)


def document(ask: Ask, name: str) -> str:
    """The ARN of a document; those of AWS are of no account.

    Source: errors of SendCommand name arn:aws:ssm:REGION::document/AWS-...; Systems Manager User Guide, "Sample IAM
    policies for Session Manager": SSM-SessionManagerRunShell is of the account.
    """
    if name.startswith("arn:"):
        return name
    is_aws = name.startswith(_OF_AWS) and name != "SSM-SessionManagerRunShell"
    return ask.arn(f"document/{name}", account="" if is_aws else None)


def _documents(ask: Ask) -> Iterator[str]:
    named = ask.named("DocumentName") or (ask.named("Name") if ask.asked.operation.endswith("Document") else [])
    yield from (document(ask, name) for name in named)


def _hosts(ask: Ask) -> list[str]:
    listed = [
        one
        for target in ask.params.get("Targets") or ()
        if str(target.get("Key", "")).lower() == "instanceids"
        for one in target.get("Values") or ()
    ]
    return [*ask.named("InstanceId", "InstanceIds", "Target"), *listed]


def _instances(ask: Ask) -> Iterator[str]:
    hosts = _hosts(ask)
    # Source: Systems Manager User Guide, "Restricting Run Command access based on tags": hosts that are picked by
    # their tags are all of the account's.
    if not hosts and ask.params.get("Targets"):
        hosts = ["*"]
    yield from (ask.arn(f"instance/{one}", service="ec2") for one in hosts if not one.startswith("mi-"))


def _managed_instances(ask: Ask) -> Iterator[str]:
    yield from (ask.arn(f"managed-instance/{one}") for one in _hosts(ask) if one.startswith("mi-"))


def _buckets(ask: Ask) -> Iterator[str]:
    yield from (ask.arn(one, service="s3", region="", account="") for one in ask.named("OutputS3BucketName"))


NAMERS = {
    "bucket": _buckets,
    "document": _documents,
    "instance": _instances,
    "managed-instance": _managed_instances,
    "parameter": _parameters,
}
