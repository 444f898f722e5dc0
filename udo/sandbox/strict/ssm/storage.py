"""Outputs of commands in S3, whole, where a command names a bucket."""

from __future__ import annotations

import logging

from udo.sandbox.strict.rules import rule
from udo.sandbox.strict.ssm.command import Command, Invocation

log = logging.getLogger("udo.sandbox")
_PLUGIN = "awsrunShellScript/0.awsrunShellScript"


def wants_storage(command: Command) -> bool:
    """Whether a command names a bucket."""
    return bool(command.params.get("OutputS3BucketName"))


@rule("ssm", "SendCommand", moto="stores nothing")
def outputs_are_stored_whole(command: Command, one: Invocation) -> None:
    """An agent stores each output that is not empty in the bucket named, whole, under prefix/command/instance; where
    the bucket is missing nobody is told.

    Source: aws/amazon-ssm-agent 1c217c8, fileS3.go (Read).
    """
    from moto.s3.models import s3_backends

    backend = s3_backends[command.account]["aws"]
    bucket = str(command.params["OutputS3BucketName"])
    if bucket not in backend.buckets:
        log.warning("the output of %s on %s is not stored: no bucket %s", command.id, one.instance_id, bucket)
        return
    for name, written in (("stdout", one.out), ("stderr", one.errors)):
        if written:
            backend.put_object(bucket, key(command, one, name), written)


def key(command: Command, one: Invocation, name: str) -> str:
    """The key of an output."""
    prefix = str(command.params.get("OutputS3KeyPrefix") or "").strip("/")
    return f"{prefix}/{command.id}/{one.instance_id}/{_PLUGIN}/{name}".lstrip("/")


def address(command: Command, one: Invocation, name: str) -> str:
    """Where an output is said to be; empty where no bucket is named."""
    if not wants_storage(command):
        return ""
    return f"https://s3.{command.region}.amazonaws.com/{command.params['OutputS3BucketName']}/{key(command, one, name)}"
