"""Agents of a sandbox that is a process of its own: they work beside everything else."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import botocore.session
import pytest
from test_deployed_bundles import SMALL, bundle, hook
from whole import some

from udo.files import state_folder


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., str]]:
    """The real process, and what begins a deployment of two hosts at once whose hook is this script."""
    Path("udo.yml").write_text(SMALL)
    udo = [sys.executable, "-m", "udo"]
    subprocess.run([*udo, "sandbox", "start", "--speed", "100"], check=True, capture_output=True)
    environment = json.loads(subprocess.run([*udo, "sandbox", "env", "-o", "json"], stdout=-1, check=True).stdout)
    for name, value in environment["data"].items():
        monkeypatch.delenv(name, raising=False) if value is None else monkeypatch.setenv(name, value)
    session = botocore.session.Session()

    def begin(script: str) -> str:
        data = bundle(hook("AfterInstall"), h_sh=f"#!/bin/sh\n{script}\n")
        session.create_client("s3").put_object(Bucket="releases", Key="a.tgz", Body=data)
        location = {"bucket": "releases", "key": "a.tgz", "bundleType": "tgz"}
        made = session.create_client("codedeploy").create_deployment(
            applicationName="shop",
            deploymentGroupName="prod-webapp",
            deploymentConfigName="CodeDeployDefault.AllAtOnce",
            revision={"revisionType": "S3", "s3Location": location},
        )
        return str(made["deploymentId"])

    yield begin
    subprocess.run([*udo, "sandbox", "stop"], check=True, capture_output=True)


def _in_time(holds: Callable[[], bool]) -> bool:
    until = time.monotonic() + 60
    while not holds() and time.monotonic() < until:
        time.sleep(0.1)
    return holds()


def _sleepers(seconds: str) -> int:
    count = 0
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            count += place.read_bytes() == f"sleep\0{seconds}\0".encode()
    return count


@pytest.mark.whole
def test_a_deployment_goes_on_though_nobody_asks_for_it_again(running: Callable[..., str]) -> None:
    running("sleep 4321.1")
    assert _in_time(lambda: _sleepers("4321.1") == 2)


@pytest.mark.whole
@pytest.mark.parametrize("how", some(["killed", "stopped"], "killed"))
def test_hooks_end_with_a_sandbox_that_ends_while_they_run(running: Callable[..., str], how: str) -> None:
    running("sleep 4321.2 & sleep 4321.2")
    assert _in_time(lambda: _sleepers("4321.2") == 4)
    udo = [sys.executable, "-m", "udo"]
    if how == "killed":
        told = json.loads((state_folder() / "sandbox.json").read_text())
        os.kill(told["pid"], signal.SIGKILL)
    else:
        subprocess.run([*udo, "sandbox", "stop"], check=True, capture_output=True)
    assert _in_time(lambda: _sleepers("4321.2") == 0)
    # What was left lying about is in nobody's way.
    subprocess.run([*udo, "sandbox", "start"], check=True, capture_output=True)


@pytest.mark.whole
def test_a_slow_hook_does_not_hold_up_the_sandbox(running: Callable[..., str]) -> None:
    """While a hook sleeps, every other question is answered."""
    made = running("sleep 3; echo $(ls / | wc -l) > /srv/app/after")
    codedeploy = botocore.session.Session().create_client("codedeploy")
    statuses = []
    for _ in range(600):
        statuses.append(codedeploy.get_deployment(deploymentId=made)["deploymentInfo"]["status"])
        if statuses[-1] in ("Succeeded", "Failed"):
            break
        time.sleep(0.1)
    assert statuses[-1] == "Succeeded"
    # Had it waited for the hook there would be a few answers at most.
    assert statuses.count("InProgress") > 10
