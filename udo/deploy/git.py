"""Commits by the operator's own git: what a name means, in a clone or on GitHub, and which commits lie between two."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

from udo import programs
from udo.deploy.revision import COMMIT, Commit, GitName
from udo.errors import UsageError

GIT_SECONDS = 20.0
_SHORT = re.compile(r"[0-9a-fA-F]{4,39}")
_GITHUB = frozenset({"github.com", "www.github.com", "ssh.github.com"})
_SCP_LIKE = re.compile(r"(?:[^@/\s]+@)?(?P<host>[^@:/\s]+):(?P<path>[^:].*)")
# How many commits between two are listed; the others are counted.
_LISTED = 20
_FETCH = "fetch it first, or give all 40 digits"


def resolved(wanted: GitName, folder: Path) -> Commit:
    """The commit that the name means in the repository around `folder`, which GitHub is known to have.

    Where that is no clone of it, the remote itself is asked, which knows branches and tags.

    Raises: UsageError where there is no such name, or no remote branch contains the commit.
    """
    git = _Git(folder, wanted)
    remotes = git.remotes_of(wanted.repository)
    if not remotes:
        return Commit(wanted.repository, git.by_remote(), f"{wanted.name} as {wanted.repository} has it now")
    commit, there = git.here(remotes)
    if not any(git.contained(commit, remote) for remote in remotes):
        raise UsageError(
            f"{wanted.name} is {commit[:12]}, and no branch of {' or '.join(remotes)} contains it",
            hint=f"push it (and fetch), or give all 40 digits: {commit}",
        )
    elsewhere = next((found for found in there.values() if found != commit), None)
    note = f"{wanted.name} is {commit[:12]} here, but {elsewhere[:12]} on the remote" if elsewhere else ""
    return Commit(wanted.repository, commit, note)


def rehearsed(wanted: GitName, clone: Path) -> Commit:
    """The commit that the name means in the clone that the sandbox deploys from, pushed or not.

    Raises: UsageError where there is no such name.
    """
    commit, _ = _Git(clone, wanted).here(["origin"])
    return Commit(wanted.repository, commit, f"{wanted.name} is {commit[:12]} in {clone}")


def between(repository: str, running: str, new: str, folder: Path) -> tuple[list[str], bool]:
    """What a deployment brings or takes back, in lines, and whether it goes back to an older commit.

    Nothing, where the folder is no clone of the repository or does not know both commits.
    """
    git = _Git(folder, GitName(repository, new))
    try:
        if running == new or not git.remotes_of(repository) or not (git.knows(running) and git.knows(new)):
            return [], False
        older = git.is_ancestor(new, running)
        commits = git.log(new, running) if older else git.log(running, new)
    except UsageError:
        # It helps, and decides nothing that cannot be looked up otherwise.
        return [], False
    if not commits:
        return [], older
    head = f"takes back {_counted(commits)} of {running[:7]}" if older else f"{_counted(commits)} since {running[:7]}"
    more = [f"  and {len(commits) - _LISTED} more"] if len(commits) > _LISTED else []
    return [f"{head}:", *(f"  {line}" for line in commits[:_LISTED]), *more], older


def _counted(commits: Sequence[str]) -> str:
    return "1 commit" if len(commits) == 1 else f"{len(commits)} commits"


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

    def refusal(self, why: str, hint: str = "") -> UsageError:
        hint = hint or f"give all 40 digits, or run it in a clone of {self._wanted.repository}"
        return UsageError(f"{self._wanted.name!r} cannot be resolved in {self._folder}: {why}", hint=hint)

    def remotes_of(self, repository: str) -> list[str]:
        """The remotes that are this repository; none where the folder is no clone of it."""
        ours = (name for name, url in self.remotes() if repository_of(url, ssh_host) == repository.lower())
        return list(dict.fromkeys(ours))

    def by_remote(self) -> str:
        """The commit of a branch, a tag or HEAD as GitHub has it now. Raises: UsageError."""
        name, address = self._wanted.name, f"https://github.com/{self._wanted.repository}.git"
        # The tag before the branch, as in a clone; a tag with a text of its own is followed to its commit.
        asked = [
            f"refs/tags/{name}^{{}}",
            f"refs/tags/{name}",
            f"refs/heads/{name}",
            *([name] if name == "HEAD" else []),
        ]
        done = self._run("ls-remote", "--quiet", "--", address, *asked)
        if done.returncode:
            why = _first_line(done.stderr) or f"git ended with {done.returncode}"
            raise self.refusal(f"this is not a clone of {self._wanted.repository}, and it cannot be asked ({why})")
        rows = [line.partition("\t") for line in done.stdout.splitlines()]
        found = {ref: commit for commit, _, ref in rows}
        commit = next((found[ref] for ref in asked if COMMIT.fullmatch(found.get(ref, ""))), None)
        if commit is None:
            raise self.refusal(f"{self._wanted.repository} has no branch or tag of that name")
        return commit

    def here(self, remotes: Sequence[str]) -> tuple[str, Mapping[str, str]]:
        """The commit that the name means in this clone, and what these remotes have of it. Raises: UsageError."""
        name = self._wanted.name
        ours = self.refs(*(f"refs/{kind}/{name}" for kind in ("tags", "heads")))
        there = self.refs(*(f"refs/remotes/{remote}/{name}" for remote in remotes), f"refs/remotes/{name}")
        commit = self.one_of(ours) or self.one_of(there) or self.commit(name)
        if commit is None:
            raise self.refusal("there is no branch, tag or unambiguous short hash of that name here", _FETCH)
        return commit, there

    def is_ancestor(self, older: str, newer: str) -> bool:
        """Whether the one commit is in the history of the other, as far as this clone knows both."""
        return self._run("merge-base", "--is-ancestor", older, newer).returncode == 0

    def log(self, after: str, upto: str) -> list[str]:
        """One line a commit of those that `upto` has and `after` has not, newest first."""
        done = self._run("log", "--oneline", "--no-decorate", "--no-color", f"{after}..{upto}")
        return done.stdout.splitlines() if done.returncode == 0 else []

    def remotes(self) -> list[tuple[str, str]]:
        """Name and address of each remote to fetch from, both as it is written down and as git would use it.

        A mirror or proxy of `url.<base>.insteadOf` stands for the repository that is written down.
        """
        done = self._run("remote", "-v")
        if done.returncode:
            return []
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
            told = ", ".join(f"{name} {sha[:12]}" for name, sha in refs.items())
            raise self.refusal(f"it is ambiguous ({told})", "give all 40 digits")
        return next(iter(refs.values()), None)

    def commit(self, name: str) -> str | None:
        """The commit of a full ref, of HEAD or of a short hash."""
        if not name.startswith("refs/") and name != "HEAD" and not _SHORT.fullmatch(name):
            return None
        done = self._run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        found = done.stdout.strip()
        return found if done.returncode == 0 and COMMIT.fullmatch(found) else None

    def knows(self, commit: str) -> bool:
        """Whether this clone has the commit."""
        return self._run("cat-file", "-e", f"{commit}^{{commit}}").returncode == 0

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
