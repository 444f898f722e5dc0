"""The boot script: every byte of it, and that no value can break out of its place."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from whole import examples

from udo.config import Role, load
from udo.errors import ConfigError
from udo.launch.user_data import LIMIT, boot_script

GOLDEN = Path(__file__).parents[1] / "golden" / "boot"
CASES = sorted(path.stem for path in GOLDEN.glob("*.yml"))


def role_of(folder: Path, text: str) -> Role:
    (folder / "udo.yml").write_text(text, encoding="utf-8")
    return load(folder / "udo.yml", {}).roles("*", None)[0]


def script_of(folder: Path, keys: str) -> str:
    script = boot_script(role_of(folder, f"{keys}\nclusters: {{prod: {{roles: {{webapp: {{}}}}}}}}\n"))
    assert script is not None
    return script.decode()


@pytest.mark.parametrize("case", CASES)
def test_the_boot_script_is_this_to_the_byte(case: str) -> None:
    role = load(GOLDEN / f"{case}.yml", {}).roles("*", None)[0]
    assert boot_script(role) == (GOLDEN / f"{case}.sh").read_bytes()


@pytest.mark.parametrize("case", CASES)
def test_bash_understands_the_boot_script(case: str) -> None:
    subprocess.run(["bash", "-n", str(GOLDEN / f"{case}.sh")], check=True, timeout=10)


def test_a_role_that_sets_nothing_for_it_has_none(tmp_path: Path) -> None:
    role = role_of(tmp_path, "clusters: {prod: {roles: {webapp: {instance_type: t3.small, packages: []}}}}")
    assert boot_script(role) is None


@pytest.mark.parametrize(
    "keys",
    [
        "packages: [shop]",
        "repo: {plugin_url: 'https://example.com/a.rpm'}",
        "repo_url: https://example.com/repo",
        "cloud_init: echo",
        "cloud_init_pre: echo",
        "cloud_init_extra: echo",
        "cloud_init_post: echo",
    ],
)
def test_each_of_its_keys_alone_makes_one(tmp_path: Path, keys: str) -> None:
    assert script_of(tmp_path, keys).startswith("#!/bin/bash\n")


def test_packages_are_always_checked_for_their_signature(tmp_path: Path) -> None:
    script = script_of(tmp_path, "repo_url: https://example.com/r\nrepo: {plugin_url: 'https://example.com/a.rpm'}")
    assert "gpgcheck=1" in script
    assert "localpkg_gpgcheck=1" in script
    assert "gpgcheck=0" not in script


def test_scripts_are_left_as_they_are(tmp_path: Path) -> None:
    script = script_of(tmp_path, "cloud_init_post: 'echo ${cluster} ${env:HOME} $(id) @role_name'")
    assert "\necho ${cluster} ${env:HOME} $(id) @role_name\n" in script


@settings(max_examples=examples(25), deadline=None)
@given(name=st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF, exclude_categories=["Cc"]), min_size=1))
def test_no_value_breaks_out_of_its_quotes(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    quoted = name.replace("'", "''").replace("${", "$${")
    script = script_of(tmp_path_factory.mktemp("boot"), f"app_name: '{quoted}'\ncloud_init_pre: echo")
    variables = script[: script.index("mkdir")]
    told = subprocess.run(
        ["bash"], check=True, input=variables + 'printf %s "$UDO_APP"', capture_output=True, text=True, timeout=10
    )
    assert told.stdout == name
    assert told.stderr == ""


@pytest.mark.parametrize("name", ["--nogpgcheck", "a b", "-y"])
def test_an_option_is_not_a_package(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="packages wants the name of a package"):
        role_of(tmp_path, f"packages: ['{name}']\nclusters: {{a: {{roles: {{b: }}}}}}")


def test_a_file_is_used_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "boot.gz").write_bytes(b"\x1f\x8b\x00\xff")
    role = role_of(tmp_path, "packages: [x]\nuser_data: {file: boot.gz}\nclusters: {prod: {roles: {webapp: }}}")
    assert boot_script(role) == b"\x1f\x8b\x00\xff"


def test_a_missing_file_is_told_where_it_is_named(tmp_path: Path) -> None:
    role = role_of(tmp_path, "user_data:\n  file: gone.sh\nclusters: {prod: {roles: {webapp: }}}")
    with pytest.raises(ConfigError, match=r"^udo.yml:2:3: user_data.file .*gone.sh: there is no such file$"):
        boot_script(role)


def test_more_than_aws_takes_is_refused(tmp_path: Path) -> None:
    (tmp_path / "boot.sh").write_bytes(b"x" * LIMIT)
    text = "user_data: {file: boot.sh}\nclusters: {prod: {roles: {webapp: }}}"
    assert boot_script(role_of(tmp_path, text))
    (tmp_path / "boot.sh").write_bytes(b"x" * (LIMIT + 1))
    with pytest.raises(ConfigError, match=r"prod webapp is 16,385 bytes, and AWS takes at most 16,384"):
        boot_script(role_of(tmp_path, text))


def test_cloud_init_wins_over_cloud_init_pre(tmp_path: Path) -> None:
    script = script_of(tmp_path, "cloud_init: echo one\ncloud_init_pre: echo two")
    assert "echo one" in script
    assert "echo two" not in script
