"""Who else is told that a change failed: the channel of slack.url, whatever the verb."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from deploy_worlds import OTHER, SHA, at, begin, config
from launch_worlds import CONFIG, ZONES, configuration_world, write_config
from listener import listening, status

from udo.sandbox.faults import Fault

Udo = Callable[..., Any]
Seeded = Callable[..., Any]


@pytest.fixture
def slack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A channel that takes every message."""
    with listening(tmp_path, status(200)) as heard:
        monkeypatch.setenv("SSL_CERT_FILE", str(heard.certificate))
        yield heard


def told(slack: Any) -> list[str]:
    return [message["text"] for message in slack.posted]


def launches(world: Any, slack: Any, more: str = "") -> None:
    """A group to change, which udo.yml tells the channel of."""
    configuration_world(world)
    write_config(f"slack: {{url: '{slack.url}'}}\n{CONFIG}{more}")


@pytest.mark.parametrize(
    "words", [("updatelc", "prod", "webapp"), ("rollback", "prod", "webapp", "--yes")], ids=" ".join
)
def test_a_failed_change_is_told_with_its_reason(world: Any, udo: Udo, slack: Any, words: tuple[str, ...]) -> None:
    launches(world, slack)
    if words[0] == "rollback":
        assert udo("updatelc", "prod", "webapp").exit == 0
    world.faults.add(Fault("deny", "UpdateAutoScalingGroup", times=None))
    assert udo(*words).exit == 6
    begun, text = told(slack)[-2:]
    assert begun.startswith(f"{words[0]} prod webapp begun by arn:aws:")
    assert text.startswith(f"{words[0]} prod webapp failed: ")
    assert "autoscaling:UpdateAutoScalingGroup" in text


def test_of_several_roles_each_that_failed_is_told(world: Any, udo: Udo, slack: Any) -> None:
    launches(world, slack, "      worker: {instance_type: m7g.large}\n")
    world.client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName="prod-worker", LaunchConfigurationName="prod-webapp", MinSize=0, MaxSize=1, **ZONES
    )
    world.faults.add(Fault("deny", "UpdateAutoScalingGroup", nth=2))
    assert udo("updatelc", "prod", "*", "--yes").exit == 3
    assert [text.partition(" by ")[0].partition(": ")[0] for text in told(slack)] == [
        "updatelc prod webapp begun",
        "updatelc prod webapp done",
        "updatelc prod worker begun",
        "updatelc prod worker failed",
    ]


def test_an_interrupted_change_is_told(world: Any, udo: Udo, slack: Any) -> None:
    launches(world, slack)
    at(world, "CreateLaunchConfiguration", lambda: os.kill(os.getpid(), signal.SIGTERM))
    assert udo("updatelc", "prod", "webapp").exit == 143
    text = told(slack)[-1]
    assert text.startswith("updatelc prod webapp failed: interrupted in step ")


@pytest.mark.whole
def test_what_was_never_begun_or_changes_nothing_is_told_nobody(world: Any, udo: Udo, slack: Any) -> None:
    launches(world, slack)
    assert udo("updatelc", "prod", "webapp", "--dry-run").exit == 0
    assert udo("lock", "prod", "webapp").exit == 0
    locked = told(slack)
    assert udo("updatelc", "prod", "webapp").exit == 4
    assert told(slack) == locked
    assert udo("unlock", "prod", "webapp").exit == 0
    assert udo("updatelc", "prod", "webapp").exit == 0
    changed = told(slack)
    assert changed[-1] == (
        "updatelc prod webapp done: prod-webapp launches from launch configuration prod-webapp-v2 (was prod-webapp)"
    )
    assert udo("updatelc", "prod", "webapp").exit == 0
    assert told(slack) == changed


def test_a_channel_that_takes_nothing_changes_no_exit_code(
    world: Any, udo: Udo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with listening(tmp_path, status(500)) as deaf:
        monkeypatch.setenv("SSL_CERT_FILE", str(deaf.certificate))
        launches(world, deaf)
        world.faults.add(Fault("deny", "UpdateAutoScalingGroup", times=None))
        done = udo("updatelc", "prod", "webapp")
    assert done.exit == 6
    assert "warning: Slack was not notified: it was answered with HTTP 500" in done.stderr
    assert "CANARY" not in done.stdout + done.stderr


def test_a_channel_kept_in_a_parameter_is_looked_up(world: Any, udo: Udo, slack: Any) -> None:
    configuration_world(world)
    write_config(f"slack: {{url: '${{ssm:/slack}}'}}\n{CONFIG}")
    world.client("ssm").put_parameter(Name="/slack", Value=slack.url, Type="SecureString")
    world.faults.add(Fault("deny", "UpdateAutoScalingGroup", times=None))
    done = udo("updatelc", "prod", "webapp")
    assert (done.exit, len(told(slack))) == (6, 2)
    assert "CANARY" not in done.stdout + done.stderr


def test_a_deployment_that_is_not_finished_in_time_is_told_as_that(
    world: Any, udo: Udo, seeded: Seeded, slack: Any
) -> None:
    seeded(config(more=f"slack: {{url: '{slack.url}'}}"))
    assert udo("deploy", "prod", "webapp", SHA, "--timeout", "6s").exit == 124
    _, text = told(slack)
    assert text.startswith("deploy prod webapp is not finished: ")


def test_a_race_that_is_joined_is_told_once_and_as_the_success_it_is(
    world: Any, udo: Udo, seeded: Seeded, slack: Any
) -> None:
    seeded(config(more=f"slack: {{url: '{slack.url}'}}"))
    at(world, "CreateDeployment", lambda: begin(world))
    assert udo("deploy", "prod", "webapp", SHA).exit == 0
    begun, text = told(slack)
    assert begun.startswith("deploy prod webapp begun by ")
    assert text.endswith("to prod webapp succeeded on 3 instances")
    at(world, "CreateDeployment", lambda: begin(world, SHA[::-1]))
    assert udo("deploy", "prod", "webapp", OTHER).exit == 4
    assert [text.partition(": ")[0] for text in told(slack)[2:]] == ["deploy prod webapp failed"]
