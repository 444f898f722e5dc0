"""What can go wrong before the work: one line, the right exit code, no traceback, nothing changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from launch_worlds import CONFIG, configuration_world, everything, write_config

from udo.sandbox.faults import Fault

Udo = Callable[..., Any]
READING = (("status",), ("instances", "prod", "webapp"))
VERBS = (*READING, ("updatelc", "prod", "webapp"), ("ssh", "prod", "webapp", "true"))


def one_line(told: Any) -> str:
    """The only line of an error; warnings and notes may stand before it."""
    lines = told.stderr.strip().splitlines()
    assert "Traceback" not in told.stderr
    assert lines[-1].startswith(("udo: ", "udo.yml:")), told.stderr
    assert len(lines) == 1, told.stderr
    return str(lines[-1])


@pytest.mark.parametrize("words", VERBS)
def test_without_a_udo_yml_the_remedy_is_told(udo: Udo, words: tuple[str, ...]) -> None:
    told = udo(*words)
    assert told.exit == 2
    assert "no udo.yml" in one_line(told)
    assert "--config" in told.stderr


def test_a_named_file_that_is_not_there_is_told_as_it_was_named(udo: Udo) -> None:
    told = udo("status", "--config", "/nowhere/app.yml")
    assert told.exit == 2
    assert one_line(told).startswith("udo: /nowhere/app.yml: there is no such file")


@pytest.mark.parametrize("words", VERBS)
def test_broken_yaml_is_told_with_its_place(udo: Udo, words: tuple[str, ...]) -> None:
    write_config("clusters: [\n")
    told = udo(*words)
    assert told.exit == 2
    assert "udo.yml:2:" in one_line(told)


@pytest.mark.parametrize("words", VERBS)
def test_an_unknown_cluster_or_role_is_answered_with_the_nearest_name(udo: Udo, words: tuple[str, ...]) -> None:
    write_config()
    told = udo(words[0], "prod", "webap", *words[3:])
    assert told.exit == 2
    assert "did you mean 'webapp'" in one_line(told)
    told = udo(words[0], "prd", "webapp", *words[3:])
    assert told.exit == 2
    assert "did you mean 'prod'" in one_line(told)


@pytest.mark.parametrize("words", VERBS)
def test_no_credentials_is_exit_6(
    world: Any, udo: Udo, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    write_config()
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    told = udo(*words)
    assert told.exit == 6
    assert "AWS_PROFILE" in one_line(told)


@pytest.mark.parametrize("words", VERBS)
def test_no_region_is_exit_2(world: Any, udo: Udo, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]) -> None:
    write_config(CONFIG.replace("region: us-west-2\n", ""))
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    told = udo(*words)
    assert told.exit == 2
    assert "region" in one_line(told)


@pytest.mark.parametrize("words", VERBS)
def test_a_profile_that_is_not_there_is_exit_6(world: Any, udo: Udo, words: tuple[str, ...]) -> None:
    write_config()
    told = udo(*words, "--profile", "nobody") if words[0] != "ssh" else udo("--profile", "nobody", *words)
    assert told.exit == 6
    assert "nobody" in one_line(told)


@pytest.mark.parametrize(
    ("variable", "value", "hint"),
    [
        ("AWS_ENDPOINT_URL", "nonsense", "check the variables AWS_*"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:99999", "check the variables AWS_*"),
        ("AWS_MAX_ATTEMPTS", "many", "AWS_MAX_ATTEMPTS is 'many': write how often"),
        ("AWS_MAX_ATTEMPTS", "0", "AWS_MAX_ATTEMPTS is '0': write how often"),
        ("AWS_DEFAULTS_MODE", "fast", "check the variables AWS_*"),
    ],
)
def test_an_environment_that_botocore_cannot_use_is_exit_2(
    world: Any, udo: Udo, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, hint: str
) -> None:
    write_config()
    monkeypatch.setenv(variable, value)
    told = udo("status")
    assert told.exit == 2
    assert hint in one_line(told)


def test_every_address_that_is_not_of_aws_is_named_before_a_write(
    world: Any, udo: Udo, monkeypatch: pytest.MonkeyPatch
) -> None:
    configuration_world(world)
    write_config()
    monkeypatch.setenv("AWS_ENDPOINT_URL_AUTO_SCALING", "http://127.0.0.1:8")
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "https://sts.eu-west-1.amazonaws.com")
    told = udo("updatelc", "prod", "webapp")
    assert told.exit == 0
    assert told.stderr.splitlines()[0].endswith("us-west-2, endpoint http://127.0.0.1:8")


@pytest.mark.parametrize(
    ("fault", "code", "says"),
    [
        ({"kind": "expire", "times": None}, 6, "sign in"),
        ({"kind": "deny", "times": None}, 6, "autoscaling:DescribeAutoScalingGroups is missing"),
        ({"kind": "refuse", "times": None}, 1, "cannot be reached"),
        ({"kind": "garbage", "times": None}, 1, "cannot be read"),
        ({"kind": "fail", "times": None}, 1, "InternalFailure"),
        ({"kind": "throttle", "times": None}, 1, "slow down"),
    ],
)
@pytest.mark.parametrize("words", VERBS)
def test_what_aws_answers_becomes_one_line(
    world: Any, udo: Udo, words: tuple[str, ...], fault: dict[str, Any], code: int, says: str
) -> None:
    configuration_world(world)
    write_config()
    before = everything(world)
    world.faults.add(Fault(**fault))
    told = udo(*words)
    assert told.exit == code
    assert says in one_line(told)
    world.faults.clear()
    assert everything(world) == before


@pytest.mark.parametrize("words", VERBS)
def test_under_json_a_failure_is_one_document(udo: Udo, words: tuple[str, ...]) -> None:
    told = udo("-o", "json", *words)
    assert told.json["ok"] is False
    assert (told.json["exit"], told.json["error"]["code"]) == (2, "usage")
    assert told.stderr == ""


@pytest.mark.parametrize(
    ("argv", "verb"),
    [
        (("updatelc", "prod", "webapp", "--ammi", "x"), "updatelc"),
        (("updatelc",), "updatelc"),
        (("nope",), ""),
        ((), ""),
        (("apply",), "apply"),
        (("sandbox", "fault", "add"), "sandbox fault add"),
        (("sandbox", "nope"), "sandbox"),
    ],
)
def test_usage_errors_under_json_are_one_document_too(udo: Udo, argv: tuple[str, ...], verb: str) -> None:
    write_config()
    told = udo(*argv, "-o", "json")
    assert told.exit == 2
    assert (told.json["command"], told.json["error"]["code"]) == (verb, "usage")


@pytest.mark.parametrize(
    "words", [("versions", "prod", "*"), ("scale", "prod", "webapp,worker", "3"), ("lock", "*", "webapp")]
)
def test_a_changing_verb_takes_one_exact_role(udo: Udo, words: tuple[str, ...]) -> None:
    write_config()
    told = udo(*words)
    assert told.exit == 2
    assert "more than one" in one_line(told)


def test_a_flag_that_contradicts_udo_yml_is_refused(world: Any, udo: Udo) -> None:
    write_config()
    told = udo("status", "--region", "eu-west-1")
    assert told.exit == 2
    assert "contradicts region 'us-west-2'" in one_line(told)
    assert "udo.yml:2" in told.stderr
    assert list(world.log) == []


def test_the_file_is_found_upwards(world: Any, udo: Udo, monkeypatch: pytest.MonkeyPatch) -> None:
    configuration_world(world)
    write_config()
    Path("deep/er").mkdir(parents=True)
    monkeypatch.chdir("deep/er")
    told = udo("status")
    assert told.exit == 0
    assert "prod-webapp" in told.stdout


def test_a_sandbox_that_is_not_running_is_told(udo: Udo) -> None:
    write_config()
    told = udo("status", "--sandbox")
    assert told.exit == 1
    assert "udo sandbox start" in one_line(told)
