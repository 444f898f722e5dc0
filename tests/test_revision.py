"""What REV means: by its form, in real git repositories, and when two revisions are the same."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from udo.deploy import revision
from udo.deploy.revision import (
    Archive,
    Commit,
    GitName,
    Sources,
    location,
    meaning,
    repository_of,
    resolved,
    same,
    told,
)
from udo.errors import UsageError

SHA = "740800d7f3a1b2c4d5e6f708192a3b4c5d6e7f80"
GITHUB = Sources("prod webapp", repository="example/shop")
GIT_NAMES = (
    *("main", "feature/cart", "v1.4.2", "fix/#12", "feat(cart)/x", "fix!now", "it's", "a&b", "x{1}", "a$b", "a;b|c"),
    *("dependabot/npm/@types/node-18.0.0", 'say"hi"', "<new>", "`id`", "größe", "a@b", "x.lock2"),
)
BUCKET = Sources("prod webapp", bucket="releases", prefix="webapp/", kind="tgz")


def test_forty_hex_digits_are_taken_as_they_are() -> None:
    assert meaning(SHA, GITHUB) == Commit("example/shop", SHA)
    assert meaning(SHA.upper(), GITHUB) == Commit("example/shop", SHA)


@pytest.mark.parametrize("word", [*GIT_NAMES, "HEAD", "740800d", SHA[:39], SHA + "0"])
def test_other_words_are_git_names(word: str) -> None:
    assert meaning(word, GITHUB) == GitName("example/shop", word)


@pytest.mark.parametrize(
    "word",
    [
        *("-x", "--upload-pack=x", "", "a b", "main~1", "main^", "@{u}", "a..b", ":/text", "a\nb", "x.lock", "a//b"),
        *("a@{1}", "@", ".x", "a/.b", "a.lock/b", "/a", "a/", "a.", "a*", "a?", "[a]", "a\\b", "a\x7f"),
    ],
)
def test_nothing_that_git_would_read_as_more_than_a_name_is_taken(word: str) -> None:
    with pytest.raises(UsageError):
        meaning(word, GITHUB)


@pytest.mark.parametrize(
    ("word", "archive"),
    [
        ("s3://b/k/app.zip", Archive("b", "k/app.zip", "zip")),
        ("s3://b/app.tar.gz?versionId=abc.-_", Archive("b", "app.tar.gz", "tgz", "abc.-_")),
        ("s3://b/app.TAR", Archive("b", "app.TAR", "tar")),
        ("s3://b/app", Archive("b", "app", "tgz")),
        ("s3://b/k?x=1&y+z", Archive("b", "k?x=1&y+z", "tgz")),
        ("s3://b/what?.zip?versionId=a", Archive("b", "what?.zip", "zip", "a")),
        ("s3://b/100%25 off.zip?versionId=%2B", Archive("b", "100%25 off.zip", "zip", "%2B")),
        ("s3://b/k?versionId=a.tar?versionId=b", Archive("b", "k?versionId=a.tar", "tar", "b")),
        ("1.4.2", Archive("releases", "webapp/1.4.2.tgz", "tgz")),
        (SHA, Archive("releases", f"webapp/{SHA}.tgz", "tgz")),
    ],
)
def test_archives(word: str, archive: Archive) -> None:
    assert meaning(word, BUCKET) == archive


@pytest.mark.parametrize(
    "word", ["s3://", "s3://b", "s3://b/", "s3:///k", "s3://b/k?versionId=", "s3://b?versionId=x", "../x"]
)
def test_what_is_no_archive_is_refused(word: str) -> None:
    with pytest.raises(UsageError):
        meaning(word, BUCKET)


def test_an_archive_of_unknown_kind_is_refused_where_nothing_says_which() -> None:
    with pytest.raises(UsageError, match=r"deploy\.s3\.type"):
        meaning("s3://b/app", GITHUB)


def test_a_role_without_any_source_is_told_which_keys_to_set() -> None:
    with pytest.raises(UsageError, match=r"neither deploy\.github\.repo nor deploy\.s3\.bucket"):
        meaning(SHA, Sources("prod webapp"))


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/Example/Shop",
        "https://github.com/example/shop.git/",
        "https://user:secret@github.com:443/example/shop.git",
        "ssh://git@github.com/example/shop.git",
        "ssh://git@ssh.github.com:443/example/shop",
        "git@github.com:example/SHOP.git",
        "github.com:/example/shop",
        "git://github.com/example/shop",
    ],
)
def test_every_way_to_write_a_repository_of_github(url: str) -> None:
    assert repository_of(url) == "example/shop"


@pytest.mark.parametrize(
    "url",
    [
        "https://gitlab.com/example/shop",
        "https://github.com.evil.example/example/shop",
        "https://evil.example/github.com/example/shop",
        "https://evil.example?github.com/example/shop",
        "https://github.com@evil.example/example/shop",
        "git@evil.example:github.com/example/shop",
        "https://github.com/example/shop/extra",
        "https://github.com/shop",
        "file:///github.com/example/shop",
        "/srv/github.com/example/shop",
        "ext::sh -c github.com/example/shop",
    ],
)
def test_other_addresses_are_not_repositories_of_github(url: str) -> None:
    assert repository_of(url) != "example/shop"


@given(st.text(max_size=40))
def test_any_word_is_either_understood_or_a_usage_error(word: str) -> None:
    for sources in (GITHUB, BUCKET):
        try:
            found = meaning(word, sources)
        except UsageError:
            continue
        assert not word.startswith("-")
        assert not isinstance(found, Archive) or (found.bucket and found.key)


def test_the_same_commit_is_the_same_revision_however_it_is_written() -> None:
    one = location(Commit("Example/shop", SHA))
    assert same(one, location(Commit("example/Shop", SHA)))
    assert not same(one, location(Commit("example/shop2", SHA)))
    assert not same(one, location(Commit("example/shop", "0" * 40)))
    assert not same({}, {})


def test_archives_are_the_same_only_by_version_or_etag() -> None:
    pinned = location(Archive("b", "k", "zip", "v1", "e1"))
    assert same(pinned, location(Archive("b", "k", "zip", "v1", "")))
    assert same(pinned, location(Archive("b", "k", "zip", None, '"e1"')))
    assert not same(pinned, location(Archive("b", "k", "zip", "v2", "e1")))
    assert not same(pinned, location(Archive("b", "other", "zip", "v1", "e1")))
    unpinned = location(Archive("b", "k", "zip"))
    assert not same(unpinned, unpinned)
    assert not same(pinned, location(Commit("example/shop", SHA)))


@pytest.mark.parametrize("version", ["a+b", "a&b", "a=b", "3/L4kq+J", "%2B", "null", "x?y", "a b"])
@pytest.mark.parametrize("key", ["1.4.2.zip", "a+b&c.zip", "what?.zip", "100%.zip", "k?versionId=v.zip"])
def test_an_archive_that_is_told_can_be_given_back(key: str, version: str) -> None:
    there = location(Archive("b", key, "zip", version, "e"))
    assert meaning(told(there), BUCKET) == Archive("b", key, "zip", version)


def test_a_revision_is_told_on_one_line() -> None:
    assert told(location(Commit("example/shop", SHA))) == f"example/shop {SHA}"
    assert told(location(Archive("b", "k.zip", "zip", "v1", "e"))) == "s3://b/k.zip?versionId=v1"
    assert told(location(Archive("b", "k.zip", "zip", None, "e"))) == "s3://b/k.zip (eTag e)"


Git = Callable[..., str]
NAME = "example/shop"


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
        with pytest.raises(UsageError, match="push it"):
            found(name, tmp_path)


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
        with pytest.raises(UsageError, match="no branch, tag or unambiguous short hash"):
            found(name, tmp_path)


def test_outside_of_a_repository_the_forty_digits_are_asked_for(tmp_path: Path) -> None:
    (tmp_path / "clone").mkdir()
    with pytest.raises(UsageError, match=r"not a git repository.*give all 40 digits"):
        found("main", tmp_path)


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
    monkeypatch.setattr(revision, "GIT_SECONDS", 0.2)


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
