"""A small world for deployments: groups whose names start alike, each with a deployment group of its own."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

SHA = "740800d7f3a1b2c4d5e6f708192a3b4c5d6e7f80"
OTHER = "1111111111111111111111111111111111111111"
HOOK = (
    "import json, os, sys; from pathlib import Path; "
    "Path('hook.json').write_text(json.dumps(dict(os.environ))); sys.exit(int(sys.argv[1]))"
)
CONFIG = """
app_name: shop
region: us-west-2
ami: ami-0aaaaaaaaaaaaaaaa
instance_type: t3.small
availability_zones: [us-west-2a]
{more}
deploy: {{application: shop, github: {{repo: example/shop}}}}
clusters:
  prod:
    roles:
      webapp: {{deployment_group: prod-webapp, scale_policy: {{min_size: 0, max_size: 9, desired: 3}}{role}}}
      web: {{deployment_group: prod-web, scale_policy: {{min_size: 0, max_size: 9, desired: 1}}}}
  stage2:
    roles:
      web_app-x: {{deployment_group: s, scale_policy: {{min_size: 0, max_size: 9, desired: 1}}}}
      empty: {{deployment_group: e, scale_policy: {{min_size: 0, max_size: 9, desired: 0}}}}
"""


def config(role: str = "", more: str = "") -> str:
    """The configuration, with more keys for prod webapp and for all."""
    return CONFIG.format(role=f", {role}" if role else "", more=more)


def hook(code: int = 0) -> str:
    """A post_deploy_hook that writes down its environment and ends with this status."""
    return f"post_deploy_hook: [[{json.dumps(sys.executable)}, -c, {json.dumps(HOOK)}, '{code}']]"


def revision(commit: str = SHA) -> dict[str, Any]:
    """A commit in CodeDeploy's words."""
    return {"revisionType": "GitHub", "gitHubLocation": {"repository": "example/shop", "commitId": commit}}


def begin(world: Any, commit: str = SHA, group: str = "prod-webapp", **more: Any) -> str:
    """Starts a deployment as somebody else would, and returns its id."""
    asked = {"applicationName": "shop", "deploymentGroupName": group, "revision": revision(commit), **more}
    return str(world.client("codedeploy").create_deployment(**asked)["deploymentId"])


def end(world: Any) -> None:
    """Lets time pass until every deployment has ended."""
    world.clock.step(600)
    world.advance()


def deployments(world: Any, group: str = "prod-webapp") -> list[dict[str, Any]]:
    """The deployments of a deployment group, newest first."""
    client = world.client("codedeploy")
    ids = client.list_deployments(applicationName="shop", deploymentGroupName=group)["deployments"]
    return [client.get_deployment(deploymentId=one)["deploymentInfo"] for one in ids]


def targets(world: Any, deployment_id: str) -> list[str]:
    """The ids of the instances a deployment went to."""
    return list(world.client("codedeploy").list_deployment_targets(deploymentId=deployment_id)["targetIds"])


def members(world: Any, group: str = "prod-webapp") -> list[str]:
    """The ids of the members of a group."""
    told = world.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[group])
    return [member["InstanceId"] for member in told["AutoScalingGroups"][0]["Instances"]]


def attach(world: Any, group: str = "prod-webapp", other: str = "prod-web") -> str:
    """Moves a member of another group over, past the launch hook of this one, and returns its id."""
    client, (instance, *_) = world.client("autoscaling"), members(world, other)
    client.detach_instances(AutoScalingGroupName=other, InstanceIds=[instance], ShouldDecrementDesiredCapacity=False)
    client.attach_instances(AutoScalingGroupName=group, InstanceIds=[instance])
    return instance


def asked(world: Any) -> list[str]:
    """The operations seen, oldest first."""
    return [request.operation for request in world.log]


def writes(world: Any) -> list[str]:
    """The operations seen that change something; the lock, which is taken and given back, is none of them."""
    passing = ("Describe", "Get", "List", "BatchGet", "Head", "PutParameter", "DeleteParameter")
    return [name for name in asked(world) if not name.startswith(passing)]


def at(world: Any, operation: str, act: Callable[[], Any], nth: int = 1) -> None:
    """Has something happen just before AWS sees the nth of these requests."""
    from udo.sandbox.faults import Fault

    world.faults.add(Fault("hook", operation, nth=nth, hook=lambda _: act()))
