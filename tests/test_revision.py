"""What REV means: by its form, in real git repositories, and when two revisions are the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from udo.deploy.git import repository_of
from udo.deploy.revision import (
    Archive,
    Commit,
    GitName,
    Sources,
    brief,
    location,
    meaning,
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


def test_who_counts_commits_as_git_does_is_told_to_ask_git() -> None:
    for word in ("HEAD~1", "main^", "v1.2~3^2"):
        with pytest.raises(UsageError) as refused:
            meaning(word, Sources("prod webapp", repository="example/shop"))
        assert refused.value.hint == f"write what 'git rev-parse {word}' prints"


def test_in_few_letters_a_bundle_has_twelve_digits_and_any_other_archive_its_name() -> None:
    assert brief(f"s3://b/builds/{'0123456789ab' + 'f' * 52}.zip (eTag 1)") == "0123456789ab.zip"
    assert brief(f"s3://b/builds/{'f' * 63}.zip?versionId=abcdefghi") == f"{'f' * 63}.zip?abcdefg"
    assert brief(f"example/shop {'a' * 40}") == "aaaaaaa"


def test_a_revision_is_told_on_one_line() -> None:
    assert told(location(Commit("example/shop", SHA))) == f"example/shop {SHA}"
    assert told(location(Archive("b", "k.zip", "zip", "v1", "e"))) == "s3://b/k.zip?versionId=v1"
    assert told(location(Archive("b", "k.zip", "zip", None, "e"))) == "s3://b/k.zip (eTag e)"
