"""Reads of S3: which object a name stands for, and what it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from udo.aws.members import whole
from udo.aws.times import rfc3339
from udo.errors import Absent, AwsError
from udo.model.deployments import StoredObject, UnfinishedUpload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from udo.aws.connection import Connection

# What of an object is held at once.
_PIECE = 1 << 20


@whole
class S3:
    """What S3 holds, as one account sees it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def region(self, bucket: str, owner: str) -> str:
        """The region of a bucket, which must be of this account.

        Raises: Absent where there is none; PermissionDenied, also where it is another account's; another UdoError.
        """
        try:
            answer = self._connection.ask("s3", "HeadBucket", {"Bucket": bucket, "ExpectedBucketOwner": owner})
        except AwsError as error:
            if error.aws_code not in ("404", "NoSuchBucket"):
                raise
            raise Absent(f"there is no bucket {bucket}") from error
        return str(answer["BucketRegion"])

    def unfinished(self, bucket: str, key: str, owner: str) -> list[UnfinishedUpload]:
        """The uploads of parts under this key that were begun and not ended, the oldest first.

        Raises: UdoError.
        """
        asked = {"Bucket": bucket, "Prefix": key, "ExpectedBucketOwner": owner}
        rows = self._connection.ask("s3", "ListMultipartUploads", asked).get("Uploads", ())
        found = [UnfinishedUpload(row["UploadId"], rfc3339(row["Initiated"])) for row in rows if row["Key"] == key]
        return sorted(found, key=lambda one: one.begun_at)

    def stored(self, bucket: str, key: str, version: str | None = None, owner: str = "") -> StoredObject:
        """The object under this key now, or the given version of it; with `owner` in a bucket of that account.

        Raises: Absent where there is none; another UdoError.
        """
        asked = {"Bucket": bucket, "Key": key} | ({"VersionId": version} if version else {})
        asked |= {"ExpectedBucketOwner": owner} if owner else {}
        try:
            answer = self._connection.ask("s3", "HeadObject", asked)
        except AwsError as error:
            # HEAD has no body, so AWS's code is no more than the status.
            if error.aws_code not in ("404", "NoSuchKey", "NoSuchBucket", "NotFound"):
                raise
            told = f"version {version} of " if version else ""
            raise Absent(f"there is no {told}s3://{bucket}/{key}") from error
        found = answer.get("VersionId")
        # A bucket without versioning has the version "null", which names whatever is there.
        etag = str(answer["ETag"]).strip('"')
        if not etag:
            # An object without one could not be pinned.
            raise KeyError("ETag")
        known = found if found != "null" else None
        return StoredObject(bucket, key, known, etag, answer.get("ContentLength", 0), answer.get("Metadata") or {})

    def content(self, bucket: str, key: str) -> Iterator[bytes]:
        """What the object under this key holds, in pieces as they are used.

        Raises: Absent where there is none; another UdoError.
        """
        at, size = 0, 1
        while at < size:
            asked = {"Bucket": bucket, "Key": key, "Range": f"bytes={at}-{at + _PIECE - 1}"}
            try:
                answer = self._connection.ask("s3", "GetObject", asked)
            except AwsError as error:
                if error.aws_code == "InvalidRange":
                    # It is empty.
                    return
                if error.aws_code not in ("404", "NoSuchKey", "NoSuchBucket"):
                    raise
                raise Absent(f"there is no s3://{bucket}/{key}") from error
            size = int(answer["ContentRange"].rpartition("/")[2])
            at += len(answer["Body"])
            yield answer["Body"]
            if not answer["Body"]:
                return
