"""Agents of a sandbox that is a process of its own: they work beside everything else."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from test_deployed_bundles import SMALL, bundle, hook


def test_a_slow_hook_does_not_hold_up_the_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real process: while a hook sleeps, every other question is answered."""
    Path("udo.yml").write_text(SMALL)
    udo = [sys.executable, "-m", "udo"]
    subprocess.run([*udo, "sandbox", "start", "--speed", "100"], check=True, capture_output=True)
    try:
        environment = json.loads(subprocess.run([*udo, "sandbox", "env", "-o", "json"], stdout=-1, check=True).stdout)
        for name, value in environment["data"].items():
            monkeypatch.delenv(name, raising=False) if value is None else monkeypatch.setenv(name, value)
        import botocore.session

        session = botocore.session.Session()
        s3, codedeploy = session.create_client("s3"), session.create_client("codedeploy")
        script = "#!/bin/sh\nsleep 3; echo $(ls / | wc -l) > /srv/app/after\n"
        s3.put_object(Bucket="releases", Key="a.tgz", Body=bundle(hook("AfterInstall"), h_sh=script))
        location = {"bucket": "releases", "key": "a.tgz", "bundleType": "tgz"}
        made = codedeploy.create_deployment(
            applicationName="shop",
            deploymentGroupName="prod-webapp",
            deploymentConfigName="CodeDeployDefault.AllAtOnce",
            revision={"revisionType": "S3", "s3Location": location},
        )["deploymentId"]
        statuses = []
        for _ in range(600):
            statuses.append(codedeploy.get_deployment(deploymentId=made)["deploymentInfo"]["status"])
            if statuses[-1] in ("Succeeded", "Failed"):
                break
            time.sleep(0.1)
        assert statuses[-1] == "Succeeded"
        # Had it waited for the hook there would be a few answers at most.
        assert statuses.count("InProgress") > 10
    finally:
        subprocess.run([*udo, "sandbox", "stop"], check=True, capture_output=True)
