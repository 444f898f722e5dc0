"""Names of commits in real git repositories: in a clone, by the remote, and what lies between two."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from udo.deploy import git as git_module
from udo.deploy.git import between, resolved
from udo.deploy.revision import Commit, GitName
from udo.errors import UsageError

GIT_NAMES = (
    *("main", "feature/cart", "v1.4.2", "fix/#12", "feat(cart)/x", "fix!now", "it's", "a&b", "x{1}", "a$b", "a;b|c"),
    *("dependabot/npm/@types/node-18.0.0", 'say"hi"', "<new>", "`id`", "größe", "a@b", "x.lock2"),
)
Git = Callable[..., str]
NAME = "example/shop"


@pytest.fixture(autouse=True)
def _github(tmp_path: Path) -> None:
    """GitHub is a folder, which is not there unless a test makes it."""
    Path.home().joinpath(".gitconfig").write_text(f'[url "{tmp_path}/github/"]\n\tinsteadOf = https://github.com/\n')


@pytest.fixture
def git(tmp_path: Path) -> Git:
    """A clone of example/shop with two commits, both on origin/main; runs git in it."""
    clone = tmp_path / "clone"
    clone.mkdir()
    who = {f"GIT_{role}_{what}": "tester@example.com" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}

    def run(*words: str) -> str:
        env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "GIT_CONFIG_NOSYSTEM": "1", **who}
        return subprocess.run(
            ["git", *words], cwd=clone, env=env, capture_output=True, text=True, check=True
        ).stdout.strip()

    run("init", "-q", "-b", "main")
    run("remote", "add", "origin", f"https://github.com/{NAME}.git")
    run("commit", "-q", "--allow-empty", "-m", "one")
    run("commit", "-q", "--allow-empty", "-m", "two")
    push(run, "main")
    return run


def push(git: Git, branch: str, remote: str = "origin") -> None:
    """What a push leaves here: a remote-tracking branch."""
    git("update-ref", f"refs/remotes/{remote}/{branch}", branch)


def found(name: str, tmp_path: Path) -> Commit:
    return resolved(GitName(NAME, name), tmp_path / "clone")


def test_branches_tags_and_short_hashes_become_commits(git: Git, tmp_path: Path) -> None:
    git("tag", "light")
    git("tag", "-a", "-m", "noted", "v1.0")
    head = git("rev-parse", "HEAD")
    for name in ("main", "light", "v1.0", "HEAD", head[:7], "origin/main"):
        assert found(name, tmp_path) == Commit(NAME, head), name
    assert found(git("rev-parse", "HEAD~1")[:10], tmp_path).commit == git("rev-parse", "HEAD~1")


def test_a_branch_that_only_the_remote_has_is_found(git: Git, tmp_path: Path) -> None:
    git("branch", "theirs")
    push(git, "theirs")
    git("branch", "-D", "theirs")
    assert found("theirs", tmp_path).commit == git("rev-parse", "HEAD")


def test_a_commit_that_was_not_pushed_is_refused(git: Git, tmp_path: Path) -> None:
    git("commit", "-q", "--allow-empty", "-m", "three")
    git("tag", "v2")
    for name in ("main", "v2", "HEAD", git("rev-parse", "HEAD")[:8]):
        with pytest.raises(UsageError) as refused:
            found(name, tmp_path)
        # What is to be given instead can be copied.
        assert refused.value.hint == f"push it (and fetch), or give all 40 digits: {git('rev-parse', 'HEAD')}"


def test_a_push_to_another_repository_does_not_count(git: Git, tmp_path: Path) -> None:
    git("remote", "add", "fork", "git@github.com:somebody/shop.git")
    git("commit", "-q", "--allow-empty", "-m", "three")
    push(git, "main", "fork")
    with pytest.raises(UsageError, match="no branch of origin contains it"):
        found("main", tmp_path)


@pytest.mark.parametrize("url", ["git@github.com:example/shop2.git", "https://gitlab.com/example/shop", "../shop"])
def test_a_clone_of_something_else_is_refused(git: Git, tmp_path: Path, url: str) -> None:
    git("remote", "set-url", "origin", url)
    with pytest.raises(UsageError, match="not a clone of example/shop"):
        found("main", tmp_path)


def test_an_abbreviated_address_is_read_as_git_reads_it(git: Git, tmp_path: Path) -> None:
    git("config", "url.https://github.com/.insteadOf", "gh:")
    git("remote", "set-url", "origin", "gh:example/shop")
    assert found("main", tmp_path).commit == git("rev-parse", "HEAD")


def test_a_mirror_stands_for_the_repository_that_is_written_down(git: Git, tmp_path: Path) -> None:
    git("config", "url.https://mirror.example.com/.insteadOf", "https://github.com/")
    assert found("main", tmp_path).commit == git("rev-parse", "HEAD")


@pytest.mark.parametrize("name", GIT_NAMES)
def test_every_name_that_git_gives_a_branch_is_found(git: Git, tmp_path: Path, name: str) -> None:
    git("checkout", "-q", "-B", name, "HEAD~1")
    push(git, name)
    assert found(name, tmp_path).commit == git("rev-parse", "HEAD")


def test_every_remote_that_is_the_repository_is_asked_for_the_commit(git: Git, tmp_path: Path) -> None:
    git("remote", "add", "upstream", "git@github.com:Example/shop.git")
    git("checkout", "-q", "-b", "side")
    git("commit", "-q", "--allow-empty", "-m", "three")
    push(git, "side", "upstream")
    assert found("side", tmp_path).commit == git("rev-parse", "HEAD")


@pytest.mark.parametrize("url", ["git@github.com-work:example/shop.git", "ssh://git@github.com-work/example/shop"])
def test_a_remote_under_a_name_of_ssh_config_is_the_host_that_ssh_goes_to(
    git: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    git("remote", "set-url", "origin", url)
    with pytest.raises(UsageError, match="not a clone"):
        found("main", tmp_path)
    configured_ssh(tmp_path, monkeypatch, "Host github.com-work\n  HostName ssh.github.com\n  Port 443\n")
    assert found("main", tmp_path).commit == git("rev-parse", "HEAD")
    git("remote", "set-url", "origin", url.replace("github.com-work", "elsewhere"))
    with pytest.raises(UsageError, match="not a clone"):
        found("main", tmp_path)


def test_no_other_way_to_a_host_goes_by_ssh_config(git: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configured_ssh(tmp_path, monkeypatch, "Host *\n  HostName github.com\n")
    git("remote", "set-url", "origin", "https://github.com-work/example/shop")
    with pytest.raises(UsageError, match="not a clone"):
        found("main", tmp_path)


def configured_ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Puts the real ssh with this configuration first, which otherwise reads that of the account's home."""
    ssh, folder = shutil.which("ssh"), tmp_path / "bin"
    folder.mkdir()
    (folder / "config").write_text(text)
    (folder / "ssh").write_text(f'#!/bin/sh\nexec {ssh} -F {folder}/config "$@"\n')
    (folder / "ssh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


def test_a_name_with_two_meanings_is_refused(git: Git, tmp_path: Path) -> None:
    git("tag", "main", "HEAD~1")
    with pytest.raises(UsageError, match="ambiguous"):
        found("main", tmp_path)


def test_a_branch_that_is_behind_is_deployed_as_it_is_here_and_said_so(git: Git, tmp_path: Path) -> None:
    ahead = git("rev-parse", "HEAD")
    git("reset", "-q", "--hard", "HEAD~1")
    here = found("main", tmp_path)
    assert here.commit == git("rev-parse", "HEAD")
    assert here.note == f"main is {here.commit[:12]} here, but {ahead[:12]} on the remote"


def test_a_name_nobody_knows_is_refused(git: Git, tmp_path: Path) -> None:
    for name in ("mian", "deadbeef", "main/x"):
        with pytest.raises(UsageError, match="no branch, tag or unambiguous short hash") as refused:
            found(name, tmp_path)
        # It stands in a clone already.
        assert refused.value.hint == "fetch it first, or give all 40 digits"


def test_outside_of_a_repository_the_forty_digits_are_asked_for(tmp_path: Path) -> None:
    (tmp_path / "clone").mkdir()
    with pytest.raises(UsageError, match=r"not a clone of example/shop, and it cannot be asked.*give all 40 digits"):
        found("main", tmp_path)


def test_without_a_clone_the_remote_is_asked_for_branches_tags_and_its_head(git: Git, tmp_path: Path) -> None:
    git("tag", "light")
    git("tag", "-a", "-m", "noted", "v1.0", "HEAD~1")
    git("clone", "-q", "--bare", ".", str(tmp_path / "github" / f"{NAME}.git"))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    head, older = git("rev-parse", "HEAD"), git("rev-parse", "HEAD~1")
    for name, commit in (("main", head), ("light", head), ("HEAD", head), ("v1.0", older)):
        assert resolved(GitName(NAME, name), elsewhere).commit == commit, name
    assert "as example/shop has it now" in resolved(GitName(NAME, "main"), elsewhere).note
    with pytest.raises(UsageError, match=r"example/shop has no branch or tag of that name: give all 40 digits"):
        resolved(GitName(NAME, head[:7]), elsewhere)


def test_what_lies_between_two_commits_is_told_and_which_way(git: Git, tmp_path: Path) -> None:
    clone, older, newer = tmp_path / "clone", git("rev-parse", "HEAD~1"), git("rev-parse", "HEAD")
    assert between(NAME, older, newer, clone) == ([f"1 commit since {older[:7]}:", f"  {newer[:7]} two"], False)
    assert between(NAME, newer, older, clone) == ([f"takes back 1 commit of {newer[:7]}:", f"  {newer[:7]} two"], True)
    assert between(NAME, newer, newer, clone) == ([], False)
    assert between(NAME, "1" * 40, newer, clone) == ([], False)
    assert between(NAME, older, newer, tmp_path) == ([], False)


def test_the_environment_does_not_point_git_elsewhere(git: Git, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
    monkeypatch.setenv("GIT_WORK_TREE", str(tmp_path))
    assert found("main", tmp_path).commit == git("rev-parse", "HEAD")


def test_a_replacement_of_a_commit_does_not_make_it_look_pushed(git: Git, tmp_path: Path) -> None:
    git("checkout", "-q", "-b", "side", "HEAD~1")
    git("commit", "-q", "--allow-empty", "-m", "never pushed")
    git("replace", "--graft", "main", "side")
    assert git("for-each-ref", "--contains=side", "refs/remotes")
    with pytest.raises(UsageError, match="push it"):
        found("side", tmp_path)


@pytest.fixture
def slow_git(tmp_path: Path, monkeypatch: Any) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "git").write_text("#!/bin/sh\nexec sleep 30\n")
    (folder / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setattr(git_module, "GIT_SECONDS", 0.2)


@pytest.mark.usefixtures("slow_git")
def test_a_git_that_hangs_is_given_up(tmp_path: Path) -> None:
    (tmp_path / "clone").mkdir()
    with pytest.raises(UsageError, match="did not answer"):
        found("main", tmp_path)


def test_without_git_that_is_what_is_said(tmp_path: Path, monkeypatch: Any) -> None:
    (tmp_path / "clone").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="git cannot be started"):
        found("main", tmp_path)


def test_an_address_with_a_password_is_never_shown(git: Git, tmp_path: Path) -> None:
    git("remote", "set-url", "origin", "https://me:canary@github.com/example/other")
    with pytest.raises(UsageError) as refusal:
        found("main", tmp_path)
    assert "canary" not in str(refusal.value)
