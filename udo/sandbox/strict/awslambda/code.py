"""The code of a function: where it comes from, and whether it is a package that Lambda can unpack."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from typing import Any, NoReturn

from udo.sandbox.strict.rules import Refusal, Request, rule

_OPERATIONS = ("CreateFunction", "UpdateFunctionCode")
# Source: docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html, deployment package.
_MOST_UNPACKED = 262_144_000
_MOST_SENT = 50 * 1024 * 1024


def code(request: Request, where: Mapping[str, Any]) -> bytes:
    """The package that a request names or brings along. Raises: Refusal."""
    if where.get("ImageUri"):
        raise NotImplementedError("a function in a container image")
    found = where.get("ZipFile")
    if found is None:
        if not where.get("S3Bucket") or not where.get("S3Key"):
            raise Refusal("InvalidParameterValueException", "Please provide a source for function code.")
        found = code_is_taken_from_a_bucket_of_its_region(request, where)
    packages_can_be_unpacked(found)
    return bytes(found)


@rule("lambda", *_OPERATIONS, moto="takes code from a bucket of any region")
def code_is_taken_from_a_bucket_of_its_region(request: Request, where: Mapping[str, Any]) -> bytes:
    """Code in S3 is there when the function is made, in a bucket of the function's region.

    Source: API_FunctionCode ("An Amazon S3 bucket in the same AWS Region as your function"); AWS's answer
    "Error occurred while GetObject. S3 Error Code: ..".
    """
    from moto.s3.models import s3_backends

    backend = s3_backends[request.account]["aws"]
    bucket = backend.buckets.get(where["S3Bucket"])
    if bucket is None:
        _not_got("NoSuchBucket", "The specified bucket does not exist")
    if bucket.region_name != request.region:
        told = f"The bucket is in this region: {bucket.region_name}. Please use this region to retry the request"
        _not_got("PermanentRedirect", told)
    key = backend.get_object(where["S3Bucket"], where["S3Key"], version_id=where.get("S3ObjectVersion"))
    if key is None:
        _not_got("NoSuchKey", "The specified key does not exist.")
    return bytes(key.value)


@rule("lambda", *_OPERATIONS, moto="takes any bytes")
def packages_can_be_unpacked(content: bytes) -> None:
    """A package is a zip file that can be unpacked, of 250 MB at most when it is; sent along, it has 50 MB at most.

    Source: docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html (deployment package); AWS's answers
    "Could not unzip uploaded file." and "Unzipped size must be smaller than 262144000 bytes".
    """
    if len(content) > _MOST_SENT:
        raise Refusal("RequestEntityTooLargeException", "Request must be smaller than 69905067 bytes")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            size = sum(one.file_size for one in package.infolist())
            is_whole = package.testzip() is None if size <= _MOST_UNPACKED else True
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError):
        is_whole, size = False, 0
    if not is_whole:
        told = "Could not unzip uploaded file. Please check your file, then try to upload again."
        raise Refusal("InvalidParameterValueException", told)
    if size > _MOST_UNPACKED:
        told = f"Unzipped size must be smaller than {_MOST_UNPACKED} bytes"
        raise Refusal("InvalidParameterValueException", told)


def _not_got(code: str, message: str) -> NoReturn:
    told = f"Error occurred while GetObject. S3 Error Code: {code}. S3 Error Message: {message}"
    raise Refusal("InvalidParameterValueException", told)
