"""Puts an object made of a folder into S3: packed aside, sent in parts, and nothing left behind where that breaks off.

An object of S3 appears whole or not at all; parts that were sent are kept, and paid for, until they are thrown away.
"""

from __future__ import annotations

import importlib
import os
import shlex
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

from udo import signals
from udo.change.events import Notice, Progress
from udo.change.plan import Read, Upload
from udo.change.tools import Tools
from udo.change.waiting import SLOWEST_POLL, jittered
from udo.errors import AwsError, Conflict, LostAnswer, NotSent, UdoError

# Source: S3 User Guide, "Multipart upload limits": each part but the last has at least 5 MiB. More would have to go
# out within the minute that one answer may take.
PART = 5 * 1024**2
# The name under which an object says of what it is made.
MARK = "udo-sha256"
# The size it must have, so that a copy that was cut off is noticed.
SIZE = "udo-bytes"
RESEND_SECONDS = 120.0
# Who makes it of a folder: `module:function`.
_PACKER = "udo.bundle.pack:pack"
_OFTEN = 0.2
# Somebody else put it there, or is about to.
_THERE, _AT_IT = "PreconditionFailed", ("ConditionalRequestConflict", "OperationAborted")
_GONE = "NoSuchUpload"
_MEANWHILE = "it was uploaded meanwhile"


def uploaded(step: Upload, tools: Tools) -> tuple[dict[str, Any], str]:
    """What the step saves, and what is worth noting of how it went; the object is read back.

    Raises: Conflict where the folder or the bucket does not hold what was seen; another UdoError; Interrupted.
    """
    folder, sending = _folder(), _Sending(step, tools)
    if sending.is_there():
        return sending.saved(_MEANWHILE)
    try:
        with tempfile.TemporaryFile(dir=folder, prefix="udo-") as file:
            size = _packed(step, tools, file)
            file.seek(0)
            return sending.saved(sending.sent(file, size))
    except OSError as error:
        hint = "nothing was uploaded; TMPDIR names another place"
        raise UdoError(f"the bundle cannot be written to {folder}: {error.strerror or error}", hint=hint) from error


def is_whole(sha256: str, size: int, marks: Mapping[str, str]) -> bool:
    """Whether an object of this size, marked like this, is one that was made of what has the sha256, all of it."""
    return marks.get(MARK) == sha256 and marks.get(SIZE) == str(size)


class _Bar:
    """The progress of one phase, told now and then."""

    def __init__(self, tools: Tools, says: str, whole: int) -> None:
        self._tools, self._says, self._whole = tools, says, whole
        self._done, self._told = 0, tools.clock.monotonic()
        self._began = self._told

    def add(self, count: int) -> None:
        """So many bytes more are done. Raises: Interrupted."""
        signals.look()
        self._done += count
        now = self._tools.clock.monotonic()
        if now - self._told >= _OFTEN:
            self._told = now
            fraction = min(1.0, self._done / self._whole) if self._whole else None
            self._tools.emit(Progress(self._says, fraction, now - self._began))


def _packed(step: Upload, tools: Tools, file: IO[bytes]) -> int:
    module, _, name = _PACKER.partition(":")
    pack: Callable[..., int] = getattr(importlib.import_module(module), name)
    bar = _Bar(tools, f"packing {step.folder}", step.size)
    return pack(Path(step.folder), step.sha256, file, bar.add)


class _Sending:
    """One archive on its way."""

    def __init__(self, step: Upload, tools: Tools) -> None:
        self._step, self._tools = step, tools
        self._where = {"Bucket": step.bucket, "Key": step.key, "ExpectedBucketOwner": step.owner}

    def sent(self, file: IO[bytes], size: int) -> str:
        """Sends the archive; what is worth noting of how it went."""
        marks = {MARK: self._step.sha256, SIZE: str(size)}
        new = {"ContentType": "application/zip", "Metadata": marks}
        try:
            if size > PART:
                self._parts(file, size, new)
            else:
                whole = {**new, "Body": file.read(), "IfNoneMatch": "*"}
                self._send("PutObject", whole, settled=self.is_there)
        except AwsError as error:
            # Of two who send the same, one is first.
            if error.aws_code != _THERE:
                raise
            return _MEANWHILE
        return ""

    def saved(self, note: str) -> tuple[dict[str, Any], str]:
        """What the step saves, read back, with the note. Raises: Conflict where something else is there."""
        found = self._found()
        if found is None or not self._is_ours(found):
            told = f"s3://{self._step.bucket}/{self._step.key} is not what was uploaded"
            raise Conflict(told, hint="somebody else writes there; nothing was deployed")
        version = found.get("VersionId")
        etag = str(found.get("ETag", "")).strip('"')
        return {"upload_etag": etag, "upload_version": version if version != "null" else None}, note

    def is_there(self) -> bool:
        """Whether the object is there, all of it."""
        found = self._found()
        return found is not None and self._is_ours(found)

    def _parts(self, file: IO[bytes], size: int, new: Mapping[str, Any]) -> None:
        upload_id = str(self._send("CreateMultipartUpload", new)["UploadId"])
        mine = {"UploadId": upload_id}
        try:
            sent: list[dict[str, Any]] = []
            bar = _Bar(self._tools, f"uploading {self._step.folder}", size)
            while part := file.read(PART):
                number = {"PartNumber": len(sent) + 1}
                answer = self._send("UploadPart", {**mine, **number, "Body": part})
                sent.append({**number, "ETag": answer["ETag"]})
                bar.add(len(part))
            whole = {**mine, "MultipartUpload": {"Parts": sent}, "IfNoneMatch": "*"}
            self._send("CompleteMultipartUpload", whole, settled=self.is_there)
        except BaseException:
            with signals.putting_back():
                self._throw_away(upload_id)
            raise

    def _throw_away(self, upload_id: str) -> None:
        try:
            self._tools.call("s3", "AbortMultipartUpload", {**self._where, "UploadId": upload_id})
        except UdoError as error:
            if isinstance(error, AwsError) and error.aws_code == _GONE:
                return
            where = ("--bucket", self._step.bucket, "--key", self._step.key, "--upload-id", upload_id)
            command = shlex.join(("aws", "s3api", "abort-multipart-upload", *where))
            told = f"the parts that were sent are still kept, {error.message}; '{command}' throws them away"
            self._tools.emit(Notice(told, "warning"))

    def _send(
        self, operation: str, params: Mapping[str, Any], settled: Callable[[], bool] | None = None
    ) -> Mapping[str, Any]:
        """The answer to a write that does the same when it is sent twice; `settled` finds that a lost one is done."""
        clock = self._tools.clock
        until, pause, lost = clock.monotonic() + RESEND_SECONDS, 1.0, False
        while True:
            signals.look()
            try:
                return self._tools.call("s3", operation, {**self._where, **params})
            except (NotSent, LostAnswer) as error:
                failed: AwsError = error
                lost = lost or isinstance(error, LostAnswer)
            except AwsError as error:
                if lost and settled and error.aws_code in (_THERE, _GONE) and settled():
                    return {}
                if error.aws_code not in _AT_IT:
                    raise
                failed = error
            if clock.monotonic() + pause > until:
                failed.hint = "nothing was deployed; run the same command again"
                raise failed
            self._tools.emit(Notice(f"{failed.message}; trying again in {pause:.0f} s", "warning"))
            clock.sleep(jittered(pause))
            pause = min(pause * 2, SLOWEST_POLL)

    def _is_ours(self, found: Mapping[str, Any]) -> bool:
        return is_whole(self._step.sha256, int(found.get("ContentLength", 0)), found.get("Metadata") or {})

    def _found(self) -> Mapping[str, Any] | None:
        try:
            found: Mapping[str, Any] = self._tools.read(Read("s3", "HeadObject", self._where, "@"))
        except AwsError as error:
            if error.aws_code not in ("404", "NoSuchKey", "NotFound"):
                raise
            return None
        return found


def _folder() -> str:
    """Where the archive lies meanwhile: a disk, which the usual place often is not."""
    named, large = os.environ.get("TMPDIR"), "/var/tmp"  # noqa: S108 - the file has no name there
    return named or (large if os.access(large, os.W_OK) else tempfile.gettempdir())
