"""A group of instances whose bundles are real: each event has a script, which fails where a file says so."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

import pytest

CONFIG = """
app_name: shop
region: us-west-2
ami: ami-0aaaaaaaaaaaaaaaa
instance_type: t3.small
availability_zones: [us-west-2a]
{more}
deploy: {{application: shop, s3: {{bucket: releases, type: tgz}}{deploy}}}
clusters:
  prod:
    roles:
      webapp: {{deployment_group: prod-webapp, scale_policy: {{min_size: 0, max_size: 9, desired: {count}}}}}
      web: {{deployment_group: prod-web, scale_policy: {{min_size: 0, max_size: 9, desired: 1}}}}
"""
GROUP = "prod-webapp"
DEPLOY = ("deploy", "prod", "webapp")
WHY = ("why", "prod", "webapp")
# Fails where the instance has a file of the event's name, with the words in it as its last ones.
SCRIPT = """#!/bin/sh
[ -e "/srv/fails/$LIFECYCLE_EVENT" ] || exit 0
cat "/srv/fails/$LIFECYCLE_EVENT" >&2
exit 3
"""


def bundle(*events: str, page: str = "hello\n", mends: bool = False, timeout: int = 60, **files: str) -> bytes:
    """A tgz with a page and a script for each of these events; where it `mends`, one that never fails.

    `files` are further ones, or others in their place; `_` stands for `/`.
    """
    hooks = "".join(f"  {event}: [{{location: scripts/{event}, timeout: {timeout}}}]\n" for event in events)
    spec = "version: 0.0\nos: linux\nfiles:\n  - {source: web, destination: /srv/app}\n"
    held = {"appspec.yml": f"{spec}hooks:\n{hooks}" if hooks else spec, "web/index.html": page}
    held |= {f"scripts/{event}": "#!/bin/sh\n" if mends else SCRIPT for event in events}
    held |= {name.replace("_", "/"): content for name, content in files.items()}
    kept = io.BytesIO()
    with tarfile.open(fileobj=kept, mode="w:gz") as made:
        for name, content in held.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(content.encode()), 0o755 if name.startswith("scripts/") else 0o644
            made.addfile(info, io.BytesIO(content.encode()))
    return kept.getvalue()


class Rehearsal:
    """A seeded world, Udo on it, and the instances of prod webapp in the order that CodeDeploy takes them."""

    def __init__(self, world: Any, udo: Callable[..., Any], aws: Callable[..., Any]) -> None:
        self.world, self.udo = world, udo
        self.codedeploy, self.autoscaling, self.s3 = aws("codedeploy"), aws("autoscaling"), aws("s3")

    def write(self, text: str) -> None:
        """Has another udo.yml."""
        Path("udo.yml").write_text(text, encoding="utf-8")

    def put(self, name: str, data: bytes) -> str:
        """Puts a bundle where REV finds it, and returns the REV."""
        self.s3.put_object(Bucket="releases", Key=f"{name}.tgz", Body=data)
        return name

    def deploy(self, rev: str, *words: str) -> Any:
        """Runs the command."""
        return self.udo(*DEPLOY, rev, *words)

    def why(self) -> str:
        """What is told again afterwards."""
        done = self.udo(*WHY)
        assert done.exit == 0, done.stderr
        return str(done.stdout)

    def deployments(self) -> list[dict[str, Any]]:
        """The deployments of the group, newest first."""
        ids = self.codedeploy.list_deployments(applicationName="shop", deploymentGroupName=GROUP)["deployments"]
        return [self.codedeploy.get_deployment(deploymentId=one)["deploymentInfo"] for one in ids]

    def targets(self, deployment_id: str) -> dict[str, dict[str, Any]]:
        """The targets of a deployment by instance, in the order that it takes them."""
        ids = self.codedeploy.list_deployment_targets(deploymentId=deployment_id)["targetIds"]
        told = self.codedeploy.batch_get_deployment_targets(deploymentId=deployment_id, targetIds=ids)
        return {one["instanceTarget"]["targetId"]: one["instanceTarget"] for one in told["deploymentTargets"]}

    def configure(self, **settings: Any) -> None:
        """Sets up the deployment group."""
        self.codedeploy.update_deployment_group(applicationName="shop", currentDeploymentGroupName=GROUP, **settings)

    def members(self) -> list[str]:
        """The instances in service."""
        told = self.autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[GROUP])["AutoScalingGroups"]
        return [one["InstanceId"] for one in told[0]["Instances"] if one["LifecycleState"] == "InService"]

    def folder(self, instance_id: str) -> Path:
        """What stands for the `/` of an instance."""
        found = next(one for one in self.world.instances() if one.id == instance_id)
        return Path(self.world.hosts.place(found).folder)

    def fail(self, event: str, ids: Collection[str], says: str = "no port is free\n") -> None:
        """Has the script of an event fail on these instances, with these last words."""
        for one in ids:
            place = self.folder(one) / "srv/fails" / event
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(says)

    def pages(self) -> set[str]:
        """The pages that the instances in service show."""
        return {(self.folder(one) / "srv/app/index.html").read_text() for one in self.members()}

    def mend(self) -> None:
        """Has no script fail any more."""
        for one in self.members():
            for place in (self.folder(one) / "srv/fails").glob("*"):
                place.unlink()

    def end(self) -> None:
        """Lets time pass until every deployment has ended."""
        self.world.clock.step(600)
        self.world.advance()


@pytest.fixture
def rehearsal(
    world: Any, ssh: Any, seeded: Callable[..., Any], aws: Callable[..., Any], udo: Callable[..., Any]
) -> Iterator[Rehearsal]:
    """Four instances of prod webapp, to which nothing was deployed yet."""
    seeded(CONFIG.format(more="", deploy="", count=4))
    made = Rehearsal(world, udo, aws)
    yield made
    world.agents.reset()
