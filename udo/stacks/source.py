"""How CloudFormation is given a template: in the request, from S3, or from S3 once it is put there."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote

from udo.change.plan import Call, Pair, Read
from udo.change.upload import MARK, SIZE, is_whole
from udo.errors import Absent, PermissionDenied, Refused, UsageError
from udo.frozen import frozen
from udo.stacks.template import MOST_SENT

if TYPE_CHECKING:
    from udo.aws import Aws
    from udo.config.stack import Stack
    from udo.stacks.template import Template

_FOLDER = "udo-templates"
_NOTHING = "nothing was made"


@frozen
class Source:
    """Where CloudFormation takes a template from: members of its request, and what has to be sent before.

    `note` says in one line what is worth knowing of it.
    """

    params: Mapping[str, str]
    uploads: tuple[Call, ...] = ()
    note: str = ""


def observe_source(aws: Aws, stack: Stack, template: Template | None) -> Source:
    """Where CloudFormation takes the template of a stack from; None stands for one that is an object in S3.

    One that is too long to be sent goes through `stack_bucket`, under the hash of what it holds: once.

    Raises: UsageError where there is no such bucket in udo.yml; Absent, PermissionDenied or Refused for one that it
    cannot go through; another UdoError.
    """
    if template is None:
        return Source({"TemplateURL": template_url(stack.template, aws.region or "us-east-1")})
    if template.size <= MOST_SENT:
        return Source({"TemplateBody": template.text})
    bucket = stack.bucket
    if not bucket:
        told = (
            f"template {template.label} has {template.size:,} bytes, and CloudFormation is sent {MOST_SENT:,} at most"
        )
        raise UsageError(told, hint="name a bucket for it, with stack_bucket in udo.yml")
    return _through(aws, stack, template, bucket)


def template_url(said: str, region: str) -> str:
    """A URL of S3 as CloudFormation takes it, of what udo.yml says: that itself, or s3://BUCKET/KEY.

    Source: S3 user guide, "Virtual hosting of general purpose buckets": no certificate fits a bucket with dots.
    """
    if not said.lower().startswith("s3://"):
        return said
    bucket, _, key = said[len("s3://") :].partition("/")
    domain = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    host = f"s3.{region}.{domain}"
    return f"https://{host}/{bucket}/{quote(key)}" if "." in bucket else f"https://{bucket}.{host}/{quote(key)}"


def _through(aws: Aws, stack: Stack, template: Template, bucket: str) -> Source:
    owner = aws.identity()[0]
    region = _region(aws, stack, bucket, owner)
    body = template.text.encode()
    sha256 = hashlib.sha256(body).hexdigest()
    key = f"{_FOLDER}/{sha256}"
    url = {"TemplateURL": template_url(f"s3://{bucket}/{key}", region)}
    name = f"s3://{bucket}/{key}"
    try:
        there = aws.s3.stored(bucket, key, owner=owner)
    except Absent:
        there = None
    if there is not None:
        if not is_whole(sha256, there.size, there.marks):
            raise Refused(
                f"{name} is there, and Udo has not put it there", hint=f"{_NOTHING}; look who did, and delete it"
            )
        return Source(url, note=f"{template.label}, uploaded before: {name} is reused")
    where = {"Bucket": bucket, "Key": key, "ExpectedBucketOwner": owner}
    marks = {MARK: sha256, SIZE: str(len(body))}
    proof = Pair(Read("s3", "HeadObject", where, f'Metadata."{MARK}"'), sha256)
    says = f"upload {template.label}, {template.size:,} bytes, as {name}"
    params = {**where, "Body": body, "Metadata": marks}
    return Source(url, (Call(says, "s3", "PutObject", params, proof=(proof,)),))


def _region(aws: Aws, stack: Stack, bucket: str, owner: str) -> str:
    where = stack.base.where("stack_bucket")
    try:
        region = aws.s3.region(bucket, owner)
    except Absent as error:
        raise Absent(f"{error.message} ({where})", hint=_NOTHING) from error
    except PermissionDenied as error:
        told = f"bucket {bucket} ({where}) is not of account {owner}, or the IAM action s3:ListBucket is missing"
        raise PermissionDenied(told, hint=_NOTHING) from error
    return region
