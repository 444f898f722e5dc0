"""Includes: files read first, laid under the file that includes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from udo.config import Config, load
from udo.errors import ConfigError

MAIN = "include: INCLUDE\npackages: [main]\nclusters: {prod: {roles: {webapp: {keypair_name: main}}}}\n"


def config(folder: Path, include: str, **files: str) -> Config:
    for name, text in files.items():
        path = folder / f"{name.replace('__', '/')}.yml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (folder / "udo.yml").write_text(MAIN.replace("INCLUDE", include), encoding="utf-8")
    return load(folder / "udo.yml", {})


def problems(folder: Path, include: str, **files: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        config(folder, include, **files)
    return [str(problem) for problem in caught.value.problems]


def test_what_is_included_lies_under_the_file(tmp_path: Path) -> None:
    other = (
        "region: us-west-2\npackages: [other]\n"
        "clusters:\n  prod:\n    ami: ami-1\n    roles:\n"
        "      webapp: {keypair_name: other, iam_profile: other}\n      more: \n  dev: {roles: {one: }}\n"
    )
    found = config(tmp_path, "other.yml", other=other)
    assert [role.label for role in found.roles("*", None)] == ["prod webapp", "prod more", "dev one"]
    role = found.role("prod", "webapp")
    assert role.get("packages") == ["other", "main"]
    assert (role.get("keypair_name"), role.get("iam_profile"), role.get("ami")) == ("main", "other", "ami-1")
    assert role.where("iam_profile") == "other.yml:7"
    assert [str(entry.mark) for entry in role.history("packages")] == ["other.yml:2", "udo.yml:2"]


def test_stars_match_in_the_order_of_names_and_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    found = config(
        tmp_path,
        "teams/*.yml",
        teams__b="packages: [b]",
        teams__a="packages: [a]\ninclude: [../deep/c.yml]",
        deep__c="packages: [c]\nuser_data: {file: boot.sh}",
    )
    role = found.role("prod", "webapp")
    assert role.get("packages") == ["c", "a", "b", "main"]
    assert role.where("user_data.file") == "deep/c.yml:2"
    assert role.path("user_data.file") == tmp_path / "deep" / "boot.sh"


def test_stars_leave_out_the_file_that_says_them(tmp_path: Path) -> None:
    assert config(tmp_path, "'*.yml'", other="packages: [other]").role("prod", "webapp").get("packages") == [
        "other",
        "main",
    ]


def test_a_profile_of_the_file_itself_counts_where_an_included_one_has_its_name(tmp_path: Path) -> None:
    (tmp_path / "p.yml").write_text("profiles: {web: {ami: ami-9, keypair_name: theirs}}\n")
    path = tmp_path / "udo.yml"
    path.write_text("include: p.yml\nprofiles: {web: {ami: ami-1}}\nclusters: {prod: {use: [web], roles: {web: {}}}}\n")
    role = load(path, {}).role("prod", "web")
    assert (role.get("ami"), role.get("keypair_name")) == ("ami-1", None)


def test_a_file_included_twice_is_read_once(tmp_path: Path) -> None:
    found = config(tmp_path, "[a.yml, b.yml]", a="include: c.yml", b="include: c.yml", c="subnets: [one]\nelbs: [x]")
    assert found.role("prod", "webapp").get("subnets") == ["one"]


def test_profiles_come_along(tmp_path: Path) -> None:
    files = {"p": "profiles: {web: {ami: ami-9}}", "c": "clusters: {prod: {use: [web]}}"}
    assert config(tmp_path, "[p.yml, c.yml]", **files).role("prod", "webapp").get("ami") == "ami-9"


@pytest.mark.parametrize(
    ("include", "files", "told"),
    [
        ("other.yml", {}, "udo.yml:1:10: there is no file 'other.yml'"),
        ("teams/*.yml", {}, "udo.yml:1:10: no file matches 'teams/*.yml'"),
        ("[udo.yml]", {}, "udo.yml:1:11: files that include each other: udo.yml -> udo.yml"),
        (
            "a.yml",
            {"a": "include: b.yml", "b": "include: [a.yml]"},
            "b.yml:1:11: files that include each other: a.yml -> b.yml -> a.yml",
        ),
        ("a.yml", {"a": "regoin: x"}, "a.yml:1:1: unknown key 'regoin': did you mean 'region'?"),
        ("a.yml", {"a": "a: ["}, "a.yml:2:1: not YAML: a value is missing"),
        ("{a: b}", {}, "udo.yml:1:10: include wants a list like [a, b], not a mapping"),
        (".", {}, "udo.yml:1:10: '.' is a directory, not a regular file"),
        (
            "a${env:X}.yml",
            {},
            "udo.yml:1:10: there is no file 'a${env:X}.yml': nothing is looked up in an include",
        ),
    ],
)
def test_what_is_wrong_with_an_include_is_told(tmp_path: Path, include: str, files: dict[str, str], told: str) -> None:
    assert problems(tmp_path, include, **files) == [told]


def test_mistakes_of_all_files_come_in_one_go(tmp_path: Path) -> None:
    assert len(problems(tmp_path, "[a.yml, b.yml]", a="one: 1", b="two: 2\nthree: 3")) == 3


def test_what_a_missing_file_may_have_held_is_not_missed_elsewhere(tmp_path: Path) -> None:
    files = {"a": "one: 1\nclusters: {prod: {use: [web]}}", "b": "a: ["}
    assert problems(tmp_path, "[a.yml, b.yml, profiles.yml]", **files) == [
        "a.yml:1:1: unknown key 'one': keys of your own begin with 'x-'",
        "b.yml:2:1: not YAML: a value is missing",
        "udo.yml:1:25: there is no file 'profiles.yml'",
    ]
