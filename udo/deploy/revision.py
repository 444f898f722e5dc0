"""What the word REV means: a commit, an archive in S3, or a git name that has to be resolved."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from udo.errors import UsageError
from udo.frozen import frozen

COMMIT = re.compile(r"[0-9a-fA-F]{40}")
# Git's own rules for a name of a ref (git check-ref-format), which leave nothing of its revision syntax or of a glob.
_NAME = re.compile(r"(?!@$|[./-]|.*(?:\.\.|@\{|//|/\.|\.lock(?:/|$)|[/.]$))[^\x00-\x20\x7f~^:?*\[\\]+")
# Commits as git alone counts them: main~1, v2^.
_OF_GIT = re.compile(r"[\w][\w./-]*[~^][0-9~^]*")
_BARE = re.compile(r"[\w][\w.+@=,-]*(/[\w.+@=,-]+)*")
_CONTROL = re.compile("[\x00-\x1f\x7f]")
# The name of a bundle that `deploy --bundle` has uploaded.
_BUNDLE = re.compile(r"([0-9a-f]{12})[0-9a-f]{52}(\.zip)")
# Source: API_S3Location, bundleType: tar, tgz or zip hold an application for instances.
_ENDINGS = {".zip": "zip", ".tgz": "tgz", ".tar.gz": "tgz", ".tar": "tar"}

_FORMS = "write 40 hex digits, a branch, a tag or a short hash, or s3://bucket/key for an archive in S3"


@frozen
class Commit:
    """A commit of a repository on GitHub; `note` says what a person should know about how it was found."""

    repository: str
    commit: str
    note: str = ""


@frozen
class GitName:
    """A branch, tag or short hash of a repository on GitHub, not resolved yet."""

    repository: str
    name: str


@frozen
class Archive:
    """An archive in S3; `kind` is zip, tgz or tar; `version` and `etag` where they are known."""

    bucket: str
    key: str
    kind: str
    version: str | None = None
    etag: str = ""


@frozen
class Sources:
    """Where a role's revisions come from; `kind` is what an archive is where its name does not say."""

    label: str
    repository: str | None = None
    bucket: str | None = None
    prefix: str | None = None
    kind: str | None = None


def meaning(word: str, sources: Sources) -> Commit | GitName | Archive:
    """What the word stands for, by its form alone.

    Raises: UsageError.
    """
    if word.startswith("-"):
        raise UsageError(f"{word!r} is not a revision", hint="a revision does not begin with '-'")
    if word.startswith("s3://"):
        return _archive(word, sources)
    if sources.repository:
        if COMMIT.fullmatch(word):
            return Commit(sources.repository, word.lower())
        if not _NAME.fullmatch(word):
            hint = f"write what 'git rev-parse {word}' prints" if _OF_GIT.fullmatch(word) else _FORMS
            raise UsageError(f"{word!r} is not a revision", hint=hint)
        return GitName(sources.repository, word)
    if sources.bucket:
        return _bare(word, sources, sources.bucket)
    raise UsageError(
        f"{sources.label} has neither deploy.github.repo nor deploy.s3.bucket",
        hint="set one of them, or name the archive as s3://bucket/key",
    )


def location(revision: Commit | Archive) -> dict[str, Any]:
    """The revision in CodeDeploy's own words."""
    if isinstance(revision, Commit):
        found = {"repository": revision.repository, "commitId": revision.commit}
        return {"revisionType": "GitHub", "gitHubLocation": found}
    pins = {"version": revision.version, "eTag": revision.etag}
    stored = {"bucket": revision.bucket, "key": revision.key, "bundleType": revision.kind}
    return {"revisionType": "S3", "s3Location": stored | {name: value for name, value in pins.items() if value}}


def told(place: Mapping[str, Any]) -> str:
    """A revision of CodeDeploy's on one line."""
    if commit := place.get("gitHubLocation"):
        return f"{commit.get('repository')} {commit.get('commitId')}"
    if stored := place.get("s3Location"):
        name = f"s3://{stored.get('bucket')}/{stored.get('key')}"
        if stored.get("version"):
            return f"{name}?versionId={stored['version']}"
        return f"{name} (eTag {stored['eTag']})" if stored.get("eTag") else name
    return str(place.get("revisionType") or "no revision")


def brief(text: str) -> str:
    """What `told` made, in fewer letters: seven digits of a commit, the name of an archive, twelve of a bundle's."""
    if text.startswith("s3://"):
        name, _, version = text.partition("?versionId=")
        name = _BUNDLE.sub(r"\1\2", name.partition(" (eTag ")[0].rpartition("/")[2])
        return f"{name}?{version[:7]}" if version else name
    word = text.rpartition(" ")[2]
    return word[:7] if COMMIT.fullmatch(word) else text


def same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two revisions of CodeDeploy's are certainly the same bytes."""
    if "gitHubLocation" in one and "gitHubLocation" in other:
        commits = (one["gitHubLocation"], other["gitHubLocation"])
        return len({(str(at.get("repository")).lower(), str(at.get("commitId")).lower()) for at in commits}) == 1
    here, there = one.get("s3Location") or {}, other.get("s3Location") or {}
    if any(here.get(name) is None or here[name] != there.get(name) for name in ("bucket", "key")):
        return False
    pin = "version" if here.get("version") and there.get("version") else "eTag"
    pins = [str(at.get(pin) or "").strip('"') for at in (here, there)]
    return pins[0] == pins[1] != ""


def _archive(word: str, sources: Sources) -> Archive:
    # Nothing is decoded: what a key or a version id holds is written as it is, and printed so.
    path, asked, version = word.removeprefix("s3://").rpartition("?versionId=")
    bucket, _, key = (path if asked else version).partition("/")
    if not bucket or not key or (asked and not version) or _CONTROL.search(word):
        raise UsageError(
            f"{word!r} is not an object in S3", hint="write s3://bucket/key or s3://bucket/key?versionId=ID"
        )
    kind = next((kind for ending, kind in _ENDINGS.items() if key.lower().endswith(ending)), sources.kind)
    if kind is None:
        raise UsageError(f"what kind of archive is {word!r}?", hint="set deploy.s3.type to zip, tgz or tar")
    return Archive(bucket, key, kind, version if asked else None)


def _bare(word: str, sources: Sources, bucket: str) -> Archive:
    if not _BARE.fullmatch(word) or ".." in word:
        raise UsageError(f"{word!r} is not a revision", hint="the name of an archive, or s3://bucket/key")
    kind = sources.kind or "zip"
    prefix = f"{sources.prefix.strip('/')}/" if sources.prefix and sources.prefix.strip("/") else ""
    return Archive(bucket, f"{prefix}{word}.{kind}", kind)
