"""deploy against an AWS that Udo did not make: a plain moto server, where deployments never move by themselves."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from deploy_worlds import OTHER, SHA, config, revision

Udo = Callable[..., Any]
DEPLOY = ("deploy", "prod", "webapp")
SERVER = (
    "import logging, sys; logging.getLogger('werkzeug').setLevel(logging.CRITICAL)\n"
    "from moto.server import ThreadedMotoServer\n"
    "server = ThreadedMotoServer('127.0.0.1', 0, verbose=False)\n"
    "server.start()\n"
    "print(server.get_host_and_port()[1], flush=True)\n"
    "sys.stdin.read()\n"
    "server.stop()\n"
)


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """The address of a plain moto server in a process of its own."""
    env = {"PATH": os.environ["PATH"], "MOTO_EC2_LOAD_DEFAULT_AMIS": "false"}
    with subprocess.Popen(
        [sys.executable, "-c", SERVER],
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as server:
        assert server.stdin
        assert server.stdout
        yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        server.stdin.close()


@pytest.fixture
def codedeploy(endpoint: str, session: Callable[[], Any], monkeypatch: Any) -> Any:
    """A fresh CodeDeploy with groups that somebody else's script made, and ./udo.yml for them."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    made = session()
    clients = {name: made.create_client(name, region_name="us-west-2", endpoint_url=endpoint) for name in SERVICES}
    _reset(clients["codedeploy"])
    autoscaling = clients["autoscaling"]
    launch = {"LaunchConfigurationName": "lc", "ImageId": "ami-0aaaaaaaaaaaaaaaa", "InstanceType": "t3.small"}
    autoscaling.create_launch_configuration(**launch)
    autoscaling.create_auto_scaling_group(
        AutoScalingGroupName="prod-webapp",
        LaunchConfigurationName="lc",
        MinSize=1,
        MaxSize=2,
        AvailabilityZones=["us-west-2a"],
    )
    client = clients["codedeploy"]
    client.create_application(applicationName="shop")
    for name, groups in (("prod-webapp", ["prod-webapp"]), ("none", [])):
        client.create_deployment_group(
            applicationName="shop",
            deploymentGroupName=name,
            serviceRoleArn="arn:aws:iam::1:role/x",
            autoScalingGroups=groups,
        )
    Path("udo.yml").write_text(config())
    return client


SERVICES = ("codedeploy", "autoscaling")


def _reset(client: Any) -> None:
    from urllib.request import Request, urlopen

    with urlopen(Request(f"{client.meta.endpoint_url}/moto-api/reset", method="POST")) as answer:
        assert answer.status == 200


def made(client: Any) -> list[dict[str, Any]]:
    ids = client.list_deployments(applicationName="shop", deploymentGroupName="prod-webapp")["deployments"]
    return [client.get_deployment(deploymentId=one)["deploymentInfo"] for one in ids]


@pytest.mark.whole
def test_a_deployment_is_started_and_left(codedeploy: Any, udo: Udo) -> None:
    done = udo(*DEPLOY, SHA, "--no-wait")
    assert done.exit == 0, done.stderr
    [there] = made(codedeploy)
    assert there["revision"] == revision()
    assert there["deploymentId"] in done.stdout
    assert "warning: deployment group prod-webapp of shop does not say to which Auto Scaling groups" in done.stderr
    again = udo(*DEPLOY, SHA, "--no-wait")
    assert (again.exit, len(made(codedeploy))) == (0, 1)
    assert udo(*DEPLOY, OTHER, "--no-wait").exit == 4


@pytest.mark.whole
def test_a_deployment_that_never_moves_ends_at_the_deadline(codedeploy: Any, udo: Udo) -> None:
    done = udo(*DEPLOY, SHA, "--timeout", "1s")
    assert done.exit == 124
    [there] = made(codedeploy)
    assert (
        f"deployment {there['deploymentId']} continues in AWS; look again with: udo deploy prod webapp {SHA}"
        in done.stderr
    )


@pytest.mark.whole
def test_a_deployment_group_of_no_group_is_refused_there_too(codedeploy: Any, udo: Udo) -> None:
    Path("udo.yml").write_text(config().replace("deployment_group: prod-webapp", "deployment_group: none"))
    done = udo(*DEPLOY, SHA, "--no-wait")
    assert done.exit == 7
    assert made(codedeploy) == []
