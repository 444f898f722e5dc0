"""What the word REV means: a commit, an archive in S3, or a git name that the operator's own git resolves."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from udo import programs
from udo.errors import UsageError

GIT_SECONDS = 20.0
_COMMIT = re.compile(r"[0-9a-fA-F]{40}")
_SHORT = re.compile(r"[0-9a-fA-F]{4,39}")
# Git's own rules for a name of a ref (git check-ref-format), which leave nothing of its revision syntax or of a glob.
_NAME = re.compile(r"(?!@$|[./-]|.*(?:\.\.|@\{|//|/\.|\.lock(?:/|$)|[/.]$))[^\x00-\x20\x7f~^:?*\[\\]+")
_BARE = re.compile(r"[\w][\w.+@=,-]*(/[\w.+@=,-]+)*")
# Source: API_S3Location, bundleType: tar, tgz or zip hold an application for instances.
_ENDINGS = {".zip": "zip", ".tgz": "tgz", ".tar.gz": "tgz", ".tar": "tar"}
_GITHUB = frozenset({"github.com", "www.github.com", "ssh.github.com"})
_SCP_LIKE = re.compile(r"(?:[^@/\s]+@)?(?P<host>[^@:/\s]+):(?P<path>[^:].*)")


@dataclass(frozen=True)
class Commit:
    """A commit of a repository on GitHub; `note` says what a person should know about how it was found."""

    repository: str
    commit: str
    note: str = ""


@dataclass(frozen=True)
class GitName:
    """A branch, tag or short hash of a repository on GitHub, not resolved yet."""

    repository: str
    name: str


@dataclass(frozen=True)
class Archive:
    """An archive in S3; `kind` is zip, tgz or tar; `version` and `etag` where they are known."""

    bucket: str
    key: str
    kind: str
    version: str | None = None
    etag: str = ""


@dataclass(frozen=True)
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
        if _COMMIT.fullmatch(word):
            return Commit(sources.repository, word.lower())
        if not _NAME.fullmatch(word):
            raise UsageError(f"{word!r} is not a revision", hint="40 hex digits, a branch, a tag or a short hash")
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
    """What `told` made, in fewer letters: seven digits of a commit, or the name of an archive alone."""
    if text.startswith("s3://"):
        name, _, version = text.partition("?versionId=")
        name = name.partition(" (eTag ")[0].rpartition("/")[2]
        return f"{name}?{version[:7]}" if version else name
    word = text.rpartition(" ")[2]
    return word[:7] if _COMMIT.fullmatch(word) else text


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
    if not bucket or not key or (asked and not version):
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


def resolved(wanted: GitName, folder: Path) -> Commit:
    """The commit that the name means in the repository around `folder`, which GitHub is known to have.

    Raises: UsageError where this is no clone of it, there is no such name, or no remote branch contains the commit.
    """
    git = _Git(folder, wanted)
    ours = (name for name, url in git.remotes() if repository_of(url, ssh_host) == wanted.repository.lower())
    remotes = list(dict.fromkeys(ours))
    if not remotes:
        raise git.refusal(f"this is not a clone of {wanted.repository} (no remote of it is that repository)")
    names = git.refs(*(f"refs/{kind}/{wanted.name}" for kind in ("tags", "heads")))
    there = git.refs(*(f"refs/remotes/{remote}/{wanted.name}" for remote in remotes), f"refs/remotes/{wanted.name}")
    commit = git.one_of(names) or git.one_of(there) or git.commit(wanted.name)
    if commit is None:
        raise git.refusal("there is no branch, tag or unambiguous short hash of that name here")
    if not any(git.contained(commit, remote) for remote in remotes):
        raise UsageError(
            f"{wanted.name} is {commit[:12]}, and no branch of {' or '.join(remotes)} contains it",
            hint="push it (and fetch), or give all 40 digits",
        )
    elsewhere = next((found for found in there.values() if found != commit), None)
    note = f"{wanted.name} is {commit[:12]} here, but {elsewhere[:12]} on the remote" if elsewhere else ""
    return Commit(wanted.repository, commit, note)


def repository_of(url: str, named: Callable[[str], str] = str) -> str | None:
    """`owner/name` in lower case for the address of a repository on GitHub, None for any other.

    `named` gives the host that ssh connects to where it is given a name of the operator's own.
    """
    over_ssh = True
    if "://" in url:
        parts = urlsplit(url)
        host, path = parts.hostname or "", unquote(parts.path)
        over_ssh = parts.scheme in ("ssh", "git+ssh")
        if not over_ssh and parts.scheme not in ("https", "http", "git"):
            return None
    elif found := _SCP_LIKE.fullmatch(url):
        host, path = found["host"], found["path"]
    else:
        return None
    words = path.strip("/").removesuffix(".git").split("/")
    if len(words) != 2 or not all(words):
        return None
    there = host.lower() in _GITHUB or (over_ssh and named(host).lower() in _GITHUB)
    return "/".join(words).lower() if there else None


def ssh_host(name: str) -> str:
    """The host that ssh connects to for this name, by the operator's configuration; the name where it does not say."""
    words = ["ssh", "-G", "--", name]
    try:
        done = programs.asked(words, seconds=GIT_SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return name
    found = re.search(rb"^hostname (\S+)$", done.stdout, re.MULTILINE)
    return found[1].decode(errors="replace") if found and not done.returncode else name


class _Git:
    """The operator's git in one folder, asked without a shell, a prompt or the network."""

    def __init__(self, folder: Path, wanted: GitName) -> None:
        self._folder = folder
        self._wanted = wanted

    def refusal(self, why: str) -> UsageError:
        hint = f"give all 40 digits, or run it in a clone of {self._wanted.repository}"
        return UsageError(f"{self._wanted.name!r} cannot be resolved in {self._folder}: {why}", hint=hint)

    def remotes(self) -> list[tuple[str, str]]:
        """Name and address of each remote to fetch from, both as it is written down and as git would use it.

        A mirror or proxy of `url.<base>.insteadOf` stands for the repository that is written down.
        """
        done = self._run("remote", "-v")
        if done.returncode:
            raise self.refusal(_first_line(done.stderr) or "git does not work here")
        lines = (re.fullmatch(r"(\S+)\t(.*?) \(fetch\)(?: \[.*\])?", line) for line in done.stdout.splitlines())
        used = [(line[1], line[2]) for line in lines if line]
        written = self._run("config", "--null", "--get-regexp", r"^remote\..*\.url$").stdout.split("\0")
        rows = (row.partition("\n") for row in written if row)
        return used + [(key.removeprefix("remote.").removesuffix(".url"), url) for key, _, url in rows]

    def refs(self, *names: str) -> dict[str, str]:
        """The commits of those of these refs that exist, by the full names."""
        found = self._run("for-each-ref", "--format=%(refname)", *names).stdout.splitlines()
        commits = {name: self.commit(name) for name in names if name in found}
        return {name: commit for name, commit in commits.items() if commit}

    def one_of(self, refs: Mapping[str, str]) -> str | None:
        """The commit all these refs agree on, None for no refs."""
        if len(set(refs.values())) > 1:
            raise self.refusal(f"it is ambiguous ({', '.join(f'{name} {sha[:12]}' for name, sha in refs.items())})")
        return next(iter(refs.values()), None)

    def commit(self, name: str) -> str | None:
        """The commit of a full ref, of HEAD or of a short hash."""
        if not name.startswith("refs/") and name != "HEAD" and not _SHORT.fullmatch(name):
            return None
        done = self._run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        found = done.stdout.strip()
        return found if done.returncode == 0 and _COMMIT.fullmatch(found) else None

    def contained(self, commit: str, remote: str) -> bool:
        """Whether a branch of the remote, as it was last fetched, contains the commit."""
        return bool(self._run("for-each-ref", "--count=1", f"--contains={commit}", f"refs/remotes/{remote}/").stdout)

    def _run(self, *words: str) -> subprocess.CompletedProcess[str]:
        try:
            line = ["git", "--no-pager", "--no-replace-objects", *words]
            done = programs.asked(line, folder=self._folder, env=_environment(), seconds=GIT_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise self.refusal(f"git did not answer within {GIT_SECONDS:.0f} s") from error
        except OSError as error:
            raise self.refusal(f"git cannot be started ({error.strerror})") from error
        said, errors = (stream.decode(errors="replace") for stream in (done.stdout, done.stderr))
        return subprocess.CompletedProcess(line, done.returncode, said, errors)


def _environment() -> dict[str, str]:
    """The environment without what would point git at another repository, with prompts and fetching turned off."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return kept | {"GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}


def _first_line(text: str) -> str:
    lines: Sequence[str] = text.strip().splitlines()
    return lines[0].removeprefix("fatal: ") if lines else ""
