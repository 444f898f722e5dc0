"""What follows a deployment: the programs of post_deploy_hook, and the message to Slack."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from deploy_worlds import OTHER, SHA, config, deployments, hook
from listener import listening, status

from udo.sandbox.strict import DeploymentFault
from udo.sandbox.strict.codedeploy.faults import deployment_faults

Udo = Callable[..., Any]
Seeded = Callable[..., Any]
DEPLOY = ("deploy", "prod", "webapp")


def test_the_hook_is_told_what_was_deployed(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config(hook()))
    done = udo(*DEPLOY, SHA)
    assert done.exit == 0, done.stderr
    told = json.loads(Path("hook.json").read_text())
    wanted = {
        "UDO_CLUSTER": "prod",
        "UDO_ROLE": "webapp",
        "UDO_REGION": "us-west-2",
        "UDO_APP": "shop",
        "UDO_REVISION": SHA,
        "UDO_DEPLOYMENT_ID": deployments(world)[0]["deploymentId"],
        "CLUSTER_NAME": "prod",
        "ROLE_NAME": "webapp",
    }
    assert wanted.items() <= told.items()
    assert not any(name.startswith("AWS_") for name in told)


def test_a_hook_that_fails_is_named_and_undoes_nothing(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config(hook(9)))
    done = udo(*DEPLOY, SHA)
    assert done.exit == 3
    assert "succeeded on 3 instances, but post_deploy_hook" in done.stderr
    assert "ended with status 9" in done.stderr
    assert f"of example/shop {SHA} to prod webapp succeeded" in done.stdout
    assert udo(*DEPLOY, SHA).exit == 0
    assert len(deployments(world)) == 1


def test_hooks_run_in_the_folder_of_udo_yml_one_after_the_other_whatever_fails(
    world: Any, udo: Udo, seeded: Seeded, monkeypatch: pytest.MonkeyPatch
) -> None:
    seeded(config("post_deploy_hook: [./gone, ./announce one, ./announce two]"))
    Path("announce").write_text('#!/bin/sh\necho "$1" >>said; exit 4')
    Path("announce").chmod(0o755)
    Path("below").mkdir()
    monkeypatch.chdir("below")
    done = udo(*DEPLOY, SHA)
    assert done.exit == 3
    assert Path("../said").read_text().split() == ["one", "two"]
    for what in ("./gone: ended with status 127; ", "./announce: ended with status 4; "):
        assert f"post_deploy_hook {what}" in done.stderr


@pytest.mark.whole
def test_a_secret_in_a_hook_is_not_shown(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config("post_deploy_hook: 'true --user jenkins:canary'"))
    done = udo(*DEPLOY, SHA)
    assert done.exit == 0
    assert "canary" not in done.stdout + done.stderr
    journal = Path(os.environ["XDG_STATE_HOME"], "udo", "journal.jsonl").read_text()
    assert "canary" not in journal


def test_slack_is_told_of_success_and_failure(
    world: Any, udo: Udo, seeded: Seeded, tmp_path: Path, monkeypatch: Any
) -> None:
    with listening(tmp_path, status(200)) as slack:
        monkeypatch.setenv("SSL_CERT_FILE", str(slack.certificate))
        seeded(config(more=f"slack: {{url: '{slack.url}', channel: '#ops', username: udo, icon_emoji: ':ship:'}}"))
        done = udo(*DEPLOY, SHA)
        assert done.exit == 0, done.stderr
        deployment_faults.add(DeploymentFault(event="Install"))
        assert udo(*DEPLOY, OTHER).exit == 1
        assert udo(*DEPLOY, SHA, "-n").exit == 0
    begun, good, begun_again, bad = slack.posted
    for message in (begun, begun_again):
        assert message["text"].startswith("deploy prod webapp begun by arn:aws:")
    assert good.items() >= {"channel": "#ops", "username": "udo", "icon_emoji": ":ship:"}.items()
    assert good["text"].startswith("deploy prod webapp done: ")
    assert good["text"].endswith(f"of example/shop {SHA} to prod webapp succeeded on 3 instances")
    assert f"of {OTHER[:7]} to prod webapp failed: " in bad["text"]


def test_a_message_that_is_not_taken_changes_no_exit_code_and_the_webhook_stays_secret(
    world: Any, udo: Udo, seeded: Seeded, tmp_path: Path, monkeypatch: Any
) -> None:
    with listening(tmp_path, status(500)) as slack:
        monkeypatch.setenv("SSL_CERT_FILE", str(slack.certificate))
        seeded(config(more=f"slack: {{url: '{slack.url}'}}"))
        done = udo(*DEPLOY, SHA, "-v")
    assert done.exit == 0
    assert "warning: Slack was not notified: it was answered with HTTP 500" in done.stderr
    assert "CANARY" not in done.stdout + done.stderr
    assert deployments(world)[0]["status"] == "Succeeded"
