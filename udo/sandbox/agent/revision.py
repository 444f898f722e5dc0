"""Bundles from where a revision says they are: the sandbox's own S3, or a local clone in place of GitHub."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from udo.bundle.failure import Failed


def from_s3(account: str, location: Mapping[str, Any], place: Path) -> None:
    """Writes an object of the sandbox's S3, of the version and eTag that the revision names, to a file.

    Raises: Failed.
    """
    found = stored(account, location)
    if found is None:
        raise Failed("The specified key does not exist.")
    wanted = location.get("eTag")
    if wanted and wanted.strip('"') != found.etag.strip('"'):
        raise Failed(f"Expected deployment artifact bundle etag {wanted} but was actually {found.etag}")
    place.write_bytes(found.value)


def stored(account: str, location: Mapping[str, Any]) -> Any:
    """moto's own object of a location, None where it is not there."""
    # Loaded late: moto's S3 is a third of a second that most worlds never need.
    from moto.core.exceptions import ServiceException
    from moto.s3.exceptions import S3ClientError
    from moto.s3.models import s3_backends

    try:
        return s3_backends[account]["aws"].get_object(
            location["bucket"], location["key"], version_id=location.get("version")
        )
    except (S3ClientError, ServiceException):
        return None


def from_clone(clone: Path, repository: str, commit: str, place: Path) -> None:
    """Writes the archive of a commit as GitHub makes it: everything in one folder named after the repository.

    Raises: Failed where the clone has no such commit.
    """
    top = f"{repository.replace('/', '-')}-{commit[:7]}/"
    words = ["git", "-C", str(clone), "archive", "--format=tar.gz", f"--prefix={top}", f"--output={place}", commit]
    ended = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if ended.returncode:
        url = f"https://api.github.com/repos/{repository}/tarball/{commit}"
        raise Failed(
            f"Could not download bundle at '{url}' after 3 retries. Server returned codes: "
            + "; ".join(["404 'Not Found'"] * 4)
            + "."
        )
