"""A value that Systems Manager keeps encrypted never shows: not on a screen, not in a document, not in a file."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from whole import some

from tests.commands.deploy_worlds import SHA
from tests.commands.deploy_worlds import config as deploy_config
from tests.commands.launch_worlds import NEW_IMAGE, WORLDS, launch_data
from udo.output.hidden import Hidden
from udo.result import Secret
from udo.sandbox.faults import Fault

Udo = Callable[..., Any]

CANARY = "c4n'ry-8f2e!x"
CONFIG = f"""\
region: us-west-2
repo_url: https://packages.example.com/${{ssm:/shop/secret}}/shop
slack: {{url: "https://127.0.0.1:9/${{ssm:/shop/secret}}"}}
clusters:
  prod:
    roles:
      webapp: {{ami: {NEW_IMAGE}}}
"""
COMMANDS = (
    ("updatelc", "prod", "webapp", "--dry-run"),
    ("plan",),
    ("check",),
    ("check", "--online"),
    ("config", "show"),
    ("config", "show", "prod", "webapp", "--why", "repo_url"),
    ("cloudinit", "prod", "webapp"),
    ("status",),
    ("instances", "prod", "webapp"),
    ("updatelc", "prod", "webapp"),
    ("history",),
    ("versions", "prod", "webapp"),
    ("plan", "--save", "kept.plan"),
)


def leaked(text: str) -> bool:
    """Whether the secret stands in a text, in one of its quotings, or in base64 somewhere in it."""
    long = re.findall(r"[A-Za-z0-9+/]{16,}={0,2}", text)
    packed = (base64.b64decode(word[: len(word) // 4 * 4]) for word in long)
    return "ry-8f2e!x" in text or any(b"ry-8f2e!x" in one for one in packed)


def kept_files() -> str:
    kept = [path for path in (*Path("home").rglob("*"), *Path().glob("*.plan")) if path.is_file()]
    return "\n".join(path.read_text(errors="replace") for path in kept)


@pytest.fixture
def shop(world: Any) -> Any:
    WORLDS["configuration"](world)
    world.client("ssm").put_parameter(Name="/shop/secret", Value=CANARY, Type="SecureString")
    Path("udo.yml").write_text(CONFIG)
    return world


def test_a_boot_script_that_rests_on_a_secret_is_printed_with_a_mask(shop: Any, udo: Udo) -> None:
    told = udo("cloudinit", "prod", "webapp")
    assert told.exit == 0, told.stderr
    assert "baseurl=" in told.stdout
    assert "****" in told.stdout


@pytest.mark.parametrize("form", some([(), ("-o", "json"), ("-v",), ("--debug",)], (), ("--debug",)), ids=" ".join)
def test_no_command_shows_a_secret(shop: Any, udo: Udo, form: tuple[str, ...]) -> None:
    for words in COMMANDS:
        told = udo(*words, *form)
        assert not leaked(told.stdout), words
        assert not leaked(told.stderr), words
    assert not leaked(kept_files())


def test_what_is_changed_holds_the_secret_all_the_same(shop: Any, udo: Udo) -> None:
    assert udo("updatelc", "prod", "webapp").exit == 0
    script = base64.b64decode(launch_data(shop)["UserData"]).decode()
    assert """example.com/c4n'"'"'ry-8f2e!x/shop""" in script
    assert udo("plan", "--exit-code").exit == 0


def test_a_secret_in_a_launch_key_is_masked_in_its_difference_and_in_what_aws_says_of_it(shop: Any, udo: Udo) -> None:
    Path("udo.yml").write_text(CONFIG.replace("slack:", "keypair_name: ${ssm:/shop/secret}\nx-slack:"))
    for verb in (("plan",), ("updatelc", "prod", "webapp")):
        refused = udo(*verb)
        assert (refused.exit, "key pair ****: no such key pair" in refused.stderr) == (7, True)
        assert not leaked(refused.stdout + refused.stderr)
    # Where it may not be looked up, AWS says it.
    shop.faults.add(Fault("deny", "DescribeKeyPairs", times=None))
    told = udo("plan")
    assert re.search(r"\+ keypair_name +\*\*\*\*\n", told.stdout)
    assert not leaked(told.stdout)
    failed = udo("updatelc", "prod", "webapp")
    assert failed.exit == 1
    assert "****" in failed.stderr
    assert not leaked(failed.stderr)
    document = udo("updatelc", "prod", "webapp", "-o", "json")
    assert document.json["ok"] is False
    assert not leaked(document.stdout)
    assert not leaked(kept_files())


def test_a_plan_with_a_secret_in_it_is_not_saved(shop: Any, udo: Udo) -> None:
    told = udo("plan", "--save", "kept.plan")
    assert told.exit == 7
    assert "the plan of prod webapp holds a secret" in told.stderr
    assert not Path("kept.plan").exists()


def test_a_plain_parameter_is_no_secret(shop: Any, udo: Udo) -> None:
    shop.client("ssm").put_parameter(Name="/shop/repo", Value="plainly", Type="String")
    Path("udo.yml").write_text(CONFIG.replace("${ssm:/shop/secret}", "${ssm:/shop/repo}"))
    assert "plainly" in udo("updatelc", "prod", "webapp", "--dry-run").stdout
    assert udo("plan", "--save", "kept.plan").exit == 0


def test_a_secret_prints_as_a_mask() -> None:
    secret = Secret(CANARY)
    assert f"{secret} {secret!r} {[secret]}".count("****") == 3
    assert CANARY not in f"{secret} {secret!r} {[secret]} {secret!s}"


@pytest.mark.parametrize(
    ("value", "masked"),
    [
        ("a hunter22 b", "a **** b"),
        ({"hunter22": ["x", ("hunter22",)]}, {"****": ["x", ("****",)]}),
        (base64.b64encode(b"echo hunter22").decode(), "****"),
        (base64.b64encode(b"echo hunter21").decode(), base64.b64encode(b"echo hunter21").decode()),
        ("first line of it", "**** of it"),
        ("first liné", "first liné"),
        (None, None),
        (7, 7),
    ],
)
def test_texts_are_masked_wherever_they_stand(value: Any, masked: Any) -> None:
    hidden = Hidden()
    hidden.add("hunter22")
    hidden.add("first line\nab")
    assert hidden.masked(value) == masked


def test_without_secrets_nothing_is_looked_at() -> None:
    rows = {"a": ("b",)}
    assert Hidden().masked(rows) is rows


def test_a_parameter_is_asked_for_once_whoever_needs_it(shop: Any, udo: Udo) -> None:
    Path("udo.yml").write_text(CONFIG + "      worker: {}\n      mailer: {}\n")
    udo("plan")
    assert [one.operation for one in shop.log].count("GetParameters") == 1


LOOKS_SECRET = """\
region: us-west-2
clusters: {prod: {roles: {webapp: {user_data: {file: boot.sh}}}}}
"""


@pytest.mark.parametrize("kind", some(WORLDS, "template"))
@pytest.mark.parametrize("option", [(), ("--to-template",)], ids=" ".join)
def test_a_dry_run_as_json_shows_no_more_of_user_data_than_as_text(
    world: Any, udo: Udo, kind: str, option: tuple[str, ...]
) -> None:
    WORLDS[kind](world)
    Path("udo.yml").write_text(LOOKS_SECRET)
    words = ("updatelc", "prod", "webapp", "--dry-run", *option)
    for script, shown in (("export DB_PASSWORD=ry-8f2e!x\n", False), ("echo plainly\n", True)):
        Path("boot.sh").write_text(f"#!/bin/sh\n{script}")
        for form in ((), ("-o", "json")):
            told = udo(*words, *form)
            assert told.exit == 0, told.stderr
            assert not leaked(told.stdout + told.stderr)
        encoded = base64.b64encode(f"#!/bin/sh\n{script}".encode()).decode()
        assert (encoded in told.stdout) == shown
    assert udo("updatelc", "prod", "webapp", *option).exit == 0


def test_a_hook_shown_as_json_has_its_secrets_masked(world: Any, udo: Udo, seeded: Any) -> None:
    seeded(deploy_config("post_deploy_hook: ['tell --token ry-8f2e!x --to \"the team\"', 'plain words']"))
    told = udo("deploy", "prod", "webapp", SHA, "--dry-run", "-o", "json")
    assert told.exit == 0, told.stderr
    hooks = [step["argv"] for step in told.json["data"]["plan"]["steps"] if step["kind"] == "LocalCommand"]
    assert hooks == [["tell", "--token", "****", "--to", "the team"], ["plain", "words"]]
