"""Buckets and uploads of S3."""

from __future__ import annotations

from typing import Any

from account import Account, holds, refused


def _bucket(aws: Account) -> Any:
    aws.s3.create_bucket(Bucket="releases", CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    return aws.s3


def buckets_are_of_who_is_expected(aws: Account) -> None:
    s3 = _bucket(aws)
    s3.put_object(Bucket="releases", Key="a", Body=b"x", ExpectedBucketOwner="123456789012")
    other = {"Bucket": "releases", "ExpectedBucketOwner": "999999999999"}
    refused(s3.put_object, "AccessDenied", Key="b", Body=b"x", **other)
    refused(s3.get_object, "AccessDenied", Key="a", **other)
    refused(s3.head_bucket, "403", **other)


def buckets_are_in_their_region(aws: Account) -> None:
    _bucket(aws)
    s3 = aws.elsewhere("s3", "eu-west-1")
    # botocore goes where it is sent, and signs for that region.
    regions: list[str] = []
    s3.meta.events.register("before-sign.s3", lambda request, **_: regions.append(request.context["signing"]["region"]))
    told = s3.head_bucket(Bucket="releases")
    holds(told["BucketRegion"] == "us-west-2")
    holds((regions[0], regions[-1]) == ("eu-west-1", "us-west-2"))


def ended_uploads_are_unknown(aws: Account) -> None:
    s3 = _bucket(aws)
    where = {"Bucket": "releases", "Key": "a"}
    mine = {**where, "UploadId": s3.create_multipart_upload(**where)["UploadId"]}
    tag = s3.upload_part(**mine, PartNumber=1, Body=b"x")["ETag"]
    whole = {"MultipartUpload": {"Parts": [{"PartNumber": 1, "ETag": tag}]}}
    holds(s3.complete_multipart_upload(**mine, **whole)["Key"] == "a")
    again = {**where, "UploadId": s3.create_multipart_upload(**where)["UploadId"]}
    s3.abort_multipart_upload(**again)
    refused(s3.upload_part, "NoSuchUpload", **again, PartNumber=1, Body=b"x")
    refused(s3.complete_multipart_upload, "NoSuchUpload", **again, **whole)


def unfinished_uploads_tell_when_they_began(aws: Account) -> None:
    s3 = _bucket(aws)
    for key in ("a", "b"):
        s3.create_multipart_upload(Bucket="releases", Key=key)
        aws.step(600)
    began = [one["Initiated"].timestamp() for one in s3.list_multipart_uploads(Bucket="releases")["Uploads"]]
    holds(round(began[1] - began[0]) == 600)
