"""What is deployed, or deployed to, changes or goes while a deployment is on its way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from deploy_worlds import SHA, at, config, deployments
from whole import some

Udo = Callable[..., Any]
Seeded = Callable[..., Any]
S3 = "deploy: {github: null, s3: {bucket: releases, prefix: webapp, type: tgz}}"


@pytest.mark.parametrize("how", ["overwritten", "deleted"])
@pytest.mark.parametrize("versioned", [True, False])
def test_an_object_is_deployed_as_it_was_looked_up_or_not_at_all(
    world: Any, udo: Udo, seeded: Seeded, how: str, versioned: bool
) -> None:
    seeded(config(S3))
    s3, named = world.client("s3"), {"Bucket": "releases", "Key": "webapp/1.tgz"}
    if versioned:
        s3.put_bucket_versioning(Bucket="releases", VersioningConfiguration={"Status": "Enabled"})
    first = s3.put_object(**named, Body=b"one")
    change = s3.delete_object if how == "deleted" else lambda **name: s3.put_object(**name, Body=b"two")
    at(world, "CreateDeployment", lambda: change(**named))
    done = udo("deploy", "prod", "webapp", "s3://releases/webapp/1.tgz")
    stored = deployments(world)[0]["revision"]["s3Location"]
    assert stored["eTag"] == first["ETag"].strip('"')
    assert stored.get("version") == (first["VersionId"] if versioned else None)
    assert done.exit == (0 if versioned else 1), done.stderr
    assert versioned or "REVISION_MISSING" in done.stderr


@pytest.mark.parametrize("what", ["group", "deployment group", "application"])
@pytest.mark.parametrize("operation", some(["CreateDeployment", "GetDeployment"], "GetDeployment"))
def test_what_goes_while_a_deployment_is_on_its_way_is_named(
    world: Any, udo: Udo, seeded: Seeded, what: str, operation: str
) -> None:
    seeded(config())

    def remove() -> None:
        codedeploy = world.client("codedeploy")
        match what:
            case "group":
                name = {"AutoScalingGroupName": "prod-webapp"}
                world.client("autoscaling").delete_auto_scaling_group(**name, ForceDelete=True)
            case "deployment group":
                codedeploy.delete_deployment_group(applicationName="shop", deploymentGroupName="prod-webapp")
            case "application":
                codedeploy.delete_application(applicationName="shop")

    at(world, operation, remove, nth=3 if operation == "GetDeployment" else 1)
    done = udo("deploy", "prod", "webapp", SHA)
    assert done.exit == 1
    assert done.stderr.rstrip().rpartition("\n")[2].startswith("udo: ")
    for verb in ("why", "deployments", "status", "stop"):
        assert udo(verb, "prod", "webapp").exit in (0, 1)
