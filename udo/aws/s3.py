"""Reads of S3: which object a name stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from udo.aws.members import whole
from udo.errors import Absent, AwsError
from udo.model.deployments import StoredObject

if TYPE_CHECKING:
    from udo.aws.connection import Connection


@whole
class S3:
    """What S3 holds, as one account sees it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def stored(self, bucket: str, key: str, version: str | None = None) -> StoredObject:
        """The object under this key now, or the given version of it.

        Raises: Absent where there is none; another UdoError.
        """
        asked = {"Bucket": bucket, "Key": key} | ({"VersionId": version} if version else {})
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
        return StoredObject(bucket, key, found if found != "null" else None, etag)
