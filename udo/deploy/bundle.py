"""The revision that a folder of this machine becomes: looked through, named after what it holds, uploaded once."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from udo import signals
from udo.bundle.check import check_bundle
from udo.bundle.included import IGNORE
from udo.bundle.listing import Listing, listing
from udo.change.events import Progress
from udo.change.plan import Call, Upload
from udo.change.upload import PART, is_whole
from udo.deploy.revision import Archive, location
from udo.errors import Absent, Conflict, PermissionDenied, Refused, UdoError, UsageError
from udo.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from udo.aws import Aws
    from udo.config import Role
    from udo.model.deployments import StoredObject
    from udo.session import Session

# A run that uploads for longer than this is taken for one that was killed.
_LEFT_BEHIND = 3600.0
_SOON, _OFTEN = 1.0, 0.2
_NOTHING = "nothing was uploaded"


@frozen
class Bundle:
    """A bundle of a folder, looked through; `notes` are what may surprise."""

    listing: Listing
    notes: tuple[str, ...] = ()

    @property
    def told(self) -> str:
        """How much it is, for people."""
        count = "1 file" if self.listing.files == 1 else f"{self.listing.files:,} files"
        return f"{self.listing.folder}: {count}, {_size(self.listing.size)}"


def bundle_of(session: Session, role: Role, folder: Path, *, anyway: bool) -> Bundle:
    """The bundle of a folder, before AWS is asked anything; `anyway` takes what is sure to fail.

    Raises: UsageError where there is no folder or bucket; Refused for a bundle that cannot or should not be sent.
    """
    if not role.get("deploy.s3.bucket"):
        raise UsageError(f"{role.label} has no deploy.s3.bucket ({role.mark})", hint="--bundle uploads to it: set it")
    if not folder.is_dir():
        what = "is no folder" if folder.exists() else "does not exist"
        raise UsageError(f"--bundle {folder} {what}", hint="name the folder that the bundle is made of")
    notes: list[str] = []
    try:
        found = listing(folder, _progress(session, folder), anyway=anyway)
        checked = check_bundle(folder)
    except (Refused, UsageError, Conflict):
        raise
    except UdoError as error:
        raise Refused(error.message, hint=error.hint or _NOTHING) from error
    if checked.errors and not anyway:
        more = f" (and {len(checked.errors) - 1} more: udo check --bundle {folder})" if checked.errors[1:] else ""
        told = f"{checked.problem(checked.errors[0])}{more}"
        raise Refused(told, hint=f"{_NOTHING}; --anyway deploys it all the same")
    notes += [f"{checked.problem(one)} (warning)" for one in checked.findings]
    return Bundle(found, tuple(notes))


def observe_bundle(
    session: Session, aws: Aws, role: Role, bundle: Bundle
) -> tuple[Mapping[str, Any], tuple[Call | Upload, ...], tuple[str, ...]]:
    """The revision in CodeDeploy's words, what uploads it where it is not there yet, and what is worth knowing.

    Raises: Absent, PermissionDenied, Refused or another UdoError for a bucket that it cannot go to.
    """
    bucket, sha256 = str(role.get("deploy.s3.bucket")), bundle.listing.sha256
    prefix = str(role.get("deploy.s3.prefix") or "").strip("/")
    archive = Archive(bucket, f"{prefix}/{sha256}.zip" if prefix else f"{sha256}.zip", "zip")
    owner = str(role.get("deploy.s3.owner") or aws.identity()[0])
    _check_bucket(aws, role, bucket, owner)
    name = f"s3://{archive.bucket}/{archive.key}"
    there = _stored(aws, archive, owner)
    if there is not None:
        if not is_whole(sha256, there.size, there.marks):
            told = f"{name} is there, and Udo has not uploaded it, or not all of it"
            raise Refused(told, hint="nothing was deployed; look who did, and delete it")
        pinned = Archive(bucket, archive.key, "zip", there.version, there.etag)
        return location(pinned), (), (*bundle.notes, f"{bundle.told}, uploaded before: {name} is reused")
    ignore = bundle.listing.folder / IGNORE
    notes = (*bundle.notes, f"{bundle.told}, all but what {ignore} names") if ignore.exists() else bundle.notes
    aborts, left = _leftovers(session, aws, archive, owner, bundle.listing.size)
    upload = Upload(
        f"upload {bundle.told}, as {name}",
        str(bundle.listing.folder),
        bundle.listing.size,
        sha256,
        bucket,
        archive.key,
        owner,
    )
    return location(archive), (*aborts, upload), (*notes, *left)


def _check_bucket(aws: Aws, role: Role, bucket: str, owner: str) -> None:
    where = role.where("deploy.s3.bucket")
    try:
        region = aws.s3.region(bucket, owner)
    except Absent as error:
        raise Absent(f"{error.message} ({where})", hint=_NOTHING) from error
    except PermissionDenied as error:
        told = f"bucket {bucket} ({where}) is not of account {owner}, or the IAM action s3:ListBucket is missing"
        raise PermissionDenied(told, hint=f"{_NOTHING}; deploy.s3.owner names another account") from error
    if aws.region and region != aws.region:
        told = f"bucket {bucket} ({where}) is in {region}, and {role.label} in {aws.region}"
        raise Refused(told, hint="CodeDeploy takes a revision from a bucket of its own region")


def _stored(aws: Aws, archive: Archive, owner: str) -> StoredObject | None:
    try:
        return aws.s3.stored(archive.bucket, archive.key, owner=owner)
    except Absent:
        return None


def _leftovers(
    session: Session, aws: Aws, archive: Archive, owner: str, size: int
) -> tuple[tuple[Call, ...], tuple[str, ...]]:
    """Calls that throw away the parts that killed runs have left of this bundle, and what is said of others."""
    if size <= PART:
        return (), ()
    try:
        found = aws.s3.unfinished(archive.bucket, archive.key, owner)
    except PermissionDenied as error:
        return (), (f"warning: whether a killed run has left parts of it is unknown: {error.message}",)
    aborts, notes = [], []
    for one in found:
        if session.clock.time() - datetime.fromisoformat(one.begun_at).timestamp() < _LEFT_BEHIND:
            notes.append(f"an upload of the same bundle was begun at {one.begun_at}, and has not ended yet")
            continue
        params = {
            "Bucket": archive.bucket,
            "Key": archive.key,
            "UploadId": one.upload_id,
            "ExpectedBucketOwner": owner,
        }
        says = f"throw away the parts of an upload that was broken off, begun at {one.begun_at}"
        aborts.append(Call(says, "s3", "AbortMultipartUpload", params, optional=True))
    return tuple(aborts), tuple(notes)


def _progress(session: Session, folder: Path) -> Any:
    began = told = session.clock.monotonic()

    def tell(_count: int) -> None:
        nonlocal told
        signals.look()
        now = session.clock.monotonic()
        if now - began >= _SOON and now - told >= _OFTEN:
            told = now
            session.emit(Progress(f"reading {folder}", waited=now - began))

    return tell


def _size(count: int) -> str:
    for unit, one in (("MB", 1_000_000), ("kB", 1000)):
        if count >= one:
            amount = count / one
            return f"{amount:.1f} {unit}" if amount < 10 else f"{amount:,.0f} {unit}"
    return f"{count} bytes"
