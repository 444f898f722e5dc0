"""Whose a bucket is, where it is, and what is under way in it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote

from udo.sandbox.strict import moment
from udo.sandbox.strict.rules import rule
from udo.sandbox.wire import Answer, refusal

if TYPE_CHECKING:
    from udo.sandbox.wire import Environ, Request

_HOST = re.compile(r"(.+)\.s3[.-].*")
_OF_OBJECTS = (
    "AbortMultipartUpload",
    "CompleteMultipartUpload",
    "CreateMultipartUpload",
    "GetObject",
    "HeadBucket",
    "HeadObject",
    "ListMultipartUploads",
    "ListObjectsV2",
    "PutObject",
    "UploadPart",
)


def refused(asked: Request, environ: Environ) -> Answer | None:
    """What S3 says to a request that moto would carry out, or crash at; None where moto says the same."""
    bucket = _bucket(asked, environ)
    if bucket is None or asked.operation not in _OF_OBJECTS:
        return None
    checks = (buckets_are_of_who_is_expected, buckets_are_in_their_region, ended_uploads_are_unknown)
    return next(filter(None, (check(asked, environ, bucket) for check in checks)), None)


def corrected(asked: Request, environ: Environ, answer: Answer) -> Answer:
    """moto's answer, with what S3 says otherwise."""
    bucket = _bucket(asked, environ)
    return answer if bucket is None else unfinished_uploads_tell_when_they_began(asked, bucket, answer)


@rule("s3", "ListMultipartUploads", moto="says of all that they began on 10 November 2010")
def unfinished_uploads_tell_when_they_began(asked: Request, bucket: Any, answer: Answer) -> Answer:
    """The uploads that are listed say when each was begun.

    Source: API_MultipartUpload, member Initiated.
    """
    if asked.operation == "CreateMultipartUpload":
        for one in bucket.multiparts.values():
            vars(one).setdefault("udo_begun", moment.text())
    if asked.operation != "ListMultipartUploads":
        return answer
    body = answer.body
    for upload, one in bucket.multiparts.items():
        pattern = rb"(<UploadId>%s</UploadId>(?:(?!</Upload>).)*<Initiated>)[^<]*" % re.escape(upload.encode())
        body = re.sub(pattern, rb"\g<1>" + vars(one).get("udo_begun", moment.text()).encode(), body, flags=re.DOTALL)
    headers = tuple(pair for pair in answer.headers if pair[0].lower() != "content-length")
    return Answer(answer.status, (*headers, ("Content-Length", str(len(body)))), body)


@rule("s3", *_OF_OBJECTS, moto="ignores ExpectedBucketOwner")
def buckets_are_of_who_is_expected(asked: Request, environ: Environ, bucket: Any) -> Answer | None:
    """A request that expects a bucket to be another account's is refused: AccessDenied.

    Source: docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html.
    """
    owner = environ.get("HTTP_X_AMZ_EXPECTED_BUCKET_OWNER")
    if owner in (None, bucket.account_id):
        return None
    return refusal(asked, 403, "AccessDenied", "Access Denied")


@rule("s3", *_OF_OBJECTS, moto="answers for every region")
def buckets_are_in_their_region(asked: Request, _environ: Environ, bucket: Any) -> Answer | None:
    """A request for another region than the bucket's is sent there: PermanentRedirect, its header names the region.

    Source: docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html (PermanentRedirect, 301); API_HeadBucket.
    """
    if asked.region in ("", bucket.region_name):
        return None
    told = "The bucket you are attempting to access must be addressed using the specified endpoint."
    answer = refusal(asked, 301, "PermanentRedirect", told)
    headers = (*answer.headers, ("x-amz-bucket-region", str(bucket.region_name)))
    return Answer(answer.status, headers, answer.body)


@rule("s3", "CompleteMultipartUpload", "UploadPart", moto="crashes (HTTP 500) where an upload is completed")
def ended_uploads_are_unknown(asked: Request, environ: Environ, bucket: Any) -> Answer | None:
    """An upload that was thrown away, or never begun, takes no part and is not completed: NoSuchUpload.

    Source: API_CompleteMultipartUpload, special errors.
    """
    if asked.operation not in ("CompleteMultipartUpload", "UploadPart"):
        return None
    upload = parse_qs(environ.get("QUERY_STRING", "")).get("uploadId", [""])[0]
    ended = any(getattr(key.multipart, "id", None) == upload for _, key in bucket.keys.items())
    if upload in bucket.multiparts or ended:
        return None
    told = (
        "The specified upload does not exist. The upload ID may be invalid, or it may have been aborted or completed."
    )
    return refusal(asked, 404, "NoSuchUpload", told)


def _bucket(asked: Request, environ: Environ) -> Any:
    """moto's own bucket that is asked for; None where there is none."""
    from moto.s3.models import s3_backends

    host = _HOST.fullmatch(environ.get("HTTP_HOST", ""))
    name = host[1] if host else unquote(environ.get("PATH_INFO", "")).lstrip("/").partition("/")[0]
    for backend in list(s3_backends.values()):
        if found := backend["aws"].buckets.get(name):
            return found
    return None
