"""Who else is told of a change: the addresses of `notify`, each by a POST of JSON, whatever the verb."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from deploy_worlds import SHA, config, deployments, hook
from launch_worlds import CONFIG, configuration_world, write_config
from listener import listening, status
from test_help import CHANGING

from udo.sandbox.faults import Fault
from udo.schema import BY_PATH

Udo = Callable[..., Any]
Seeded = Callable[..., Any]
DEPLOY = ("deploy", "prod", "webapp", SHA)


@pytest.fixture
def hears(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An address that takes every POST."""
    with listening(tmp_path, status(200)) as heard:
        monkeypatch.setenv("SSL_CERT_FILE", str(heard.certificate))
        yield heard


def launches(world: Any, *rows: str) -> None:
    """A group to change, of which udo.yml tells these."""
    configuration_world(world)
    write_config(f"notify: [{', '.join(rows)}]\n{CONFIG}")


def test_a_deployment_is_told_at_its_start_and_its_end(world: Any, udo: Udo, seeded: Seeded, hears: Any) -> None:
    seeded(config(more=f"notify: [{{url: '{hears.url}'}}]"))
    assert udo(*DEPLOY, "--reason", "fixes the cart").exit == 0
    start, end = hears.posted
    run = start["run"]
    assert run in deployments(world)[0]["description"]
    assert start == {
        "udo": 1,
        "verb": "deploy",
        "target": "prod webapp",
        "run": run,
        "outcome": "start",
        "exit": None,
        "message": None,
        "reason": "fixes the cart",
        "operator": "arn:aws:iam::123456789012:user/sandbox",
    }
    made = deployments(world)[0]["deploymentId"]
    said = f"deployment {made} of example/shop {SHA} to prod webapp succeeded on 3 instances"
    assert end == {**start, "outcome": "success", "exit": 0, "message": said}


def test_a_failure_is_told_with_its_reason_and_exit_code_whatever_the_verb(world: Any, udo: Udo, hears: Any) -> None:
    launches(world, f"{{url: '{hears.url}', on: [failure]}}")
    world.faults.add(Fault("deny", "UpdateAutoScalingGroup", times=None))
    assert udo("updatelc", "prod", "webapp").exit == 6
    [told] = hears.posted
    assert (told["verb"], told["outcome"], told["exit"]) == ("updatelc", "failure", 6)
    assert "autoscaling:UpdateAutoScalingGroup" in told["message"]


def test_only_what_is_asked_for_is_told(world: Any, udo: Udo, hears: Any) -> None:
    url = f"url: '{hears.url}'"
    launches(
        world,
        f"{{{url}, on: [success], verbs: [updatelc, rollback]}}",
        f"{{{url}, verbs: [deploy]}}",
        f"{{{url}, on: [failure]}}",
    )
    assert udo("updatelc", "prod", "webapp").exit == 0
    assert udo("lock", "prod", "webapp").exit == 0
    assert [(one["verb"], one["outcome"]) for one in hears.posted] == [("updatelc", "success")]


def test_a_plan_that_is_applied_is_told_too(world: Any, udo: Udo, hears: Any) -> None:
    launches(world, f"{{url: '{hears.url}', verbs: [apply]}}")
    assert udo("plan", "prod", "webapp", "--save", "plan.json").exit == 0
    assert udo("apply", "plan.json").exit == 0
    assert [(one["verb"], one["outcome"]) for one in hears.posted] == [("apply", "start"), ("apply", "success")]


def test_a_verb_that_changes_can_be_named() -> None:
    assert set(CHANGING) - {"init", "ssh", "cp"} <= set(BY_PATH["notify[].verbs"].choices)


def test_who_does_not_listen_is_a_warning_asked_once_and_changes_no_exit_code(
    world: Any, udo: Udo, seeded: Seeded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hears: Any
) -> None:
    (tmp_path / "deaf").mkdir()
    with listening(tmp_path / "deaf", status(307, Location=hears.url)) as deaf:
        monkeypatch.setenv("SSL_CERT_FILE", str(deaf.certificate))
        gone = "{url: 'https://127.0.0.1:1/CANARY', on: [success]}"
        seeded(config(more=f"notify:\n  - {{url: '{deaf.url}'}}\n  - {gone}"))
        done = udo(*DEPLOY)
    assert done.exit == 0
    assert (len(deaf.posted), len(hears.posted)) == (2, 0), "a redirect is not followed, and nothing is posted again"
    warnings = [line for line in done.stderr.splitlines() if line.startswith("warning: ")]
    line = next(n for n, text in enumerate(Path("udo.yml").read_text().splitlines(), 1) if text == "notify:")
    assert warnings == [
        f"warning: number 1 of notify (udo.yml:{line}) was not notified: it was answered with HTTP 307",
        f"warning: number 1 of notify (udo.yml:{line}) was not notified: it was answered with HTTP 307",
        f"warning: number 2 of notify (udo.yml:{line}) was not notified: it cannot be reached (Connection refused)",
    ]
    told = [
        done.stdout,
        done.stderr,
        udo("history", "-o", "json").stdout,
        udo("config", "show", "prod", "webapp").stdout,
    ]
    assert all("CANARY" not in text for text in told)


def test_an_address_from_a_variable_may_be_empty_and_from_a_parameter_is_looked_up(
    world: Any, udo: Udo, hears: Any
) -> None:
    launches(world, "{url: '${env:NOBODY:-}'}", "{url: '${ssm:/notify}', on: [success]}")
    world.client("ssm").put_parameter(Name="/notify", Value=hears.url, Type="SecureString")
    done = udo("updatelc", "prod", "webapp")
    assert (done.exit, len(hears.posted)) == (0, 1)
    assert "warning" not in done.stderr
    assert "CANARY" not in done.stdout + done.stderr


def test_what_a_parameter_cannot_tell_is_a_warning(world: Any, udo: Udo, hears: Any) -> None:
    launches(world, "{url: '${ssm:/gone}'}")
    done = udo("updatelc", "prod", "webapp")
    assert done.exit == 0
    assert "warning: notify is unknown: " in done.stderr


def test_a_secret_that_a_message_holds_is_masked(world: Any, udo: Udo, hears: Any) -> None:
    launches(world, f"{{url: '{hears.url}'}}")
    assert udo("lock", "prod", "webapp", "--reason", f"see {hears.url}").exit == 0
    assert [one["reason"] for one in hears.posted] == ["see ****"] * 2
    assert "CANARY" not in json.dumps(hears.posted)


def test_a_deployment_that_is_not_followed_is_told_as_begun_only_and_what_is_left_undone_is_named(
    world: Any, udo: Udo, seeded: Seeded, hears: Any
) -> None:
    seeded(config(hook(), more=f"notify: [{{url: '{hears.url}'}}]"))
    done = udo(*DEPLOY, "--no-wait")
    made = deployments(world)[0]["deploymentId"]
    assert done.exit == 0
    assert done.stdout == (
        f"deployment {made} is started and continues in AWS, without post_deploy_hook, the check that every member has"
        " it and the notice of success; the same command without --no-wait follows it and does the rest\n"
    )
    assert [one["outcome"] for one in hears.posted] == ["start"]
    assert udo(*DEPLOY).exit == 0
    assert [one["outcome"] for one in hears.posted[1:]] == ["start", "success"]
    assert Path("hook.json").exists()


def test_without_anybody_to_tell_no_notice_is_missed(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    assert "in AWS, without the check that every member has it; the same" in udo(*DEPLOY, "--no-wait").stdout


@pytest.mark.parametrize(("verb", "words"), [("scale", ("4",)), ("sleep", ("--yes",))])
def test_what_aws_is_left_to_finish_is_told_as_no_success(
    world: Any, udo: Udo, seeded: Seeded, hears: Any, verb: str, words: tuple[str, ...]
) -> None:
    seeded(config(more=f"notify: [{{url: '{hears.url}'}}]"))
    assert udo(verb, "prod", "webapp", *words, "--no-wait").exit == 0
    assert [one["outcome"] for one in hears.posted] == ["start"]
    assert udo("wake" if verb == "sleep" else verb, "prod", "webapp", *(() if verb == "sleep" else ("5",))).exit == 0
    assert [one["outcome"] for one in hears.posted] == ["start", "start", "success"]
