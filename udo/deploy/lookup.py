"""What REV means: looked up in git and in AWS, told, and compared with what runs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from udo.deploy.git import between, rehearsed, resolved
from udo.deploy.revision import Archive, Commit, GitName, Sources, location, meaning, told
from udo.deploy.source import PREVIOUS, previous, promoted, running
from udo.errors import AwsError, PermissionDenied, Refused
from udo.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from udo.aws import Aws
    from udo.config import Role
    from udo.deploy.bundle import Bundle
    from udo.deploy.plan import Wanted
    from udo.session import Session


# What of udo.yml is looked up for a deployment.
KEYS = (
    "deploy.application",
    "deploy.deployment_group",
    "deploy.github.repo",
    "deploy.s3.bucket",
    "deploy.s3.prefix",
    "deploy.s3.owner",
    "deploy.config",
    "deploy.file_exists",
    "deploy.suspend",
    "pre_deploy_hook",
    "post_deploy_hook",
)


@frozen
class Asked:
    """Where the revision comes from: a word that is resolved already, or what AWS has to be asked for."""

    word: str = ""
    found: Commit | Archive | None = None
    cluster: str | None = None
    follow: bool = False
    allow_older: bool = False
    queue: float | None = None
    back: bool = False
    bundle: Bundle | None = None


def meant(session: Session, role: Role, aws: Aws, asked: Asked, wanted: Wanted) -> Wanted:
    """What is wanted, with the revision that was asked for. Raises: UdoError."""
    if asked.bundle:
        from udo.deploy.bundle import observe_bundle

        revision, uploads, notes = observe_bundle(session, aws, role, asked.bundle)
        return replace(wanted, revision=revision, uploads=uploads, notes=notes)
    revision, notes = _revision(session, role, aws, asked)
    return replace(wanted, revision=revision, notes=notes)


def _revision(session: Session, role: Role, aws: Aws, asked: Asked) -> tuple[Mapping[str, Any], tuple[str, ...]]:
    """The revision in CodeDeploy's words, and what was found to be it.

    Raises: UdoError.
    """
    if asked.cluster:
        source = session.config.role(asked.cluster, role.name)
        source = session.resolve(source, *KEYS) if source.lookups(*KEYS) else source
        found = promoted(session.aws(source), source)
        return found, (f"{source.label} runs {told(found)}",)
    if asked.found is None:
        found = previous(aws, role)
        return found, (f"{PREVIOUS} is {told(found)}",)
    return location(_pinned(aws, asked.found)), _notes(asked.found)


def compared(aws: Aws, role: Role, revision: Mapping[str, Any], asked: Asked, folder: Path) -> tuple[str, ...]:
    """The commits between what runs and what is to be deployed, where the clone around a folder knows both.

    Raises: Refused for an older commit that nobody allowed.
    """
    new = revision.get("gitHubLocation")
    if not new:
        return ()
    try:
        now = running(aws, role)
    except (AwsError, PermissionDenied):
        return ()
    before = now.revision.get("gitHubLocation") if now else None
    if not before or str(before.get("repository")).lower() != str(new["repository"]).lower():
        return ()
    lines, older = between(new["repository"], str(before.get("commitId")), new["commitId"], folder)
    if older and not (asked.allow_older or asked.word == PREVIOUS):
        raise Refused(
            f"{new['commitId'][:12]} is older than {str(before.get('commitId'))[:12]}, which {role.label} runs",
            hint="nothing was deployed; --allow-older goes back",
        )
    return tuple(lines)


def looked_up(session: Session, word: str, role: Role, known: dict[GitName, Commit], folder: Path) -> Commit | Archive:
    """What REV means in the clone around a folder, before AWS is asked for anything."""
    kind = role.get("deploy.s3.type") if role.has("deploy.s3.type") else None
    repository, bucket, prefix = (role.get(f"deploy.{key}") for key in ("github.repo", "s3.bucket", "s3.prefix"))
    found = meaning(word, Sources(role.label, repository, bucket, prefix, kind))
    if not isinstance(found, GitName):
        return found
    if found not in known:
        clone = session.clone(found.repository)
        known[found] = rehearsed(found, clone) if clone else resolved(found, folder)
    return known[found]


def _pinned(aws: Aws, revision: Commit | Archive) -> Commit | Archive:
    if isinstance(revision, Commit):
        return revision
    stored = aws.s3.stored(revision.bucket, revision.key, revision.version)
    return replace(revision, version=stored.version, etag=stored.etag)


def _notes(revision: Commit | Archive) -> tuple[str, ...]:
    return (revision.note,) if isinstance(revision, Commit) and revision.note else ()
