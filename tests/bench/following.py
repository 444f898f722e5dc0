"""What following a deployment of 500 instances costs: CPU and requests a poll, next to AWS's own command line."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from measuring import Candidate, Row, at_most, cpu
from reading import KEYS, REGION

SIZE, BATCH = 500, 25
REVISION = {"revisionType": "GitHub", "gitHubLocation": {"repository": "example/shop", "commitId": "1" * 40}}
# `udo deploy --follow` as it is, but for its clock, on which a sleep takes no time: what it spends between two sleeps.
_FOLLOWED = """
import json, sys, time
from udo.cli import main
class Clock:
    now, spent, begun = 0.0, 0.0, None
    def time(self): return time.time()
    def monotonic(self): return self.now
    def sleep(self, seconds):
        self.begun = time.process_time() if self.begun is None else self.begun
        self.spent, self.now = time.process_time() - self.begun, self.now + seconds
clock = Clock()
try:
    main(["deploy", "prod", "r0", "--follow", "--timeout", "600s"], clock=clock)
except SystemExit as end:
    print(json.dumps([end.code, clock.spent]))
"""


def rows(folder: Path, aws: str, rounds: int) -> Iterator[Row]:
    """The comparisons, on one sandbox served by this process, in which time stands still."""
    from udo.config import load
    from udo.sandbox.clock import Clock
    from udo.sandbox.world import World

    path = folder / "udo.yml"
    path.write_text(_configuration())
    world = World()
    for config, at_work in (("OneAtATime", 1), ("AllAtOnce", SIZE)):
        world.reset()
        world.clock = Clock.by_hand()
        world.region = REGION
        world.seed(load(path, {}))
        deployed = {"applicationName": "shop", "deploymentGroupName": "prod-r0", "revision": REVISION}
        name = f"CodeDeployDefault.{config}"
        one = world.client("codedeploy").create_deployment(**deployed, deploymentConfigName=name)["deploymentId"]
        world.clock.step(2)
        world.advance()
        with world.serve() as server:
            env = {"AWS_ENDPOINT_URL": server.endpoint, "AWS_DEFAULT_REGION": REGION, "HOME": str(folder), **KEYS}
            yield from _followed(folder, aws, env, world, one, at_work, rounds)
    world.close()


def _followed(
    folder: Path, aws: str, env: Mapping[str, str], world: Any, deployment: str, at_work: int, rounds: int
) -> Iterator[Row]:
    spent, polls = _polled(folder, env, world)
    what = f"{SIZE} instances, {at_work} at work"
    most, usual = max(map(len, polls[1:])), len(polls[-1])
    bound = 1 + math.ceil(SIZE / BATCH)
    lists = sum(poll.count("ListDeploymentTargets") for poll in polls)
    told = f"requests a poll, {what} (usual {usual}; {lists} pages of lists in {len(polls)} polls)"
    yield Row(told, str(most), "", most, f"<= {bound}", most <= bound)
    ids = world.client("codedeploy").list_deployment_targets(deploymentId=deployment)["targetIds"]
    lines = [(aws, "deploy", "get-deployment", "--deployment-id", deployment)]
    for number in range(polls[-1].count("BatchGetDeploymentTargets")):
        batch = ids[number * BATCH :][:BATCH]
        lines.append(
            (aws, "deploy", "batch-get-deployment-targets", "--deployment-id", deployment, "--target-ids", *batch)
        )
    peer = cpu([Candidate("aws", tuple(lines), env, folder)], min(rounds, 2))["aws"]
    yield at_most(f"CPU of a poll, {what} / aws deploy, the same {usual} requests", 1000 * spent, peer, 0.25, 0.1)


def _polled(folder: Path, env: Mapping[str, str], world: Any) -> tuple[float, list[list[str]]]:
    """Seconds of CPU of one poll after the first, and the requests of each."""
    world.log.clear()
    done = subprocess.run(
        [sys.executable, "-c", _FOLLOWED], cwd=folder, env=dict(env), capture_output=True, text=True, check=False
    )
    code, spent = json.loads(done.stdout.splitlines()[-1])
    if code != 124:
        raise SystemExit(f"udo deploy --follow ended with {code}: {done.stderr}")
    polls: list[list[str]] = []
    for asked in world.log:
        if asked.operation == "GetDeployment":
            polls.append([])
        if polls:
            polls[-1].append(asked.operation)
    return spent / (len(polls) - 1), polls


def _configuration() -> str:
    size = f"scale_policy: {{min_size: 0, max_size: {SIZE}, desired: {SIZE}}}"
    deployed = "deploy: {application: shop, github: {repo: example/shop}}"
    lines = ["app_name: shop", f"region: {REGION}", f"availability_zones: [{REGION}a]", "ami: ami-0c2644caf041bb6de"]
    lines += ["instance_type: t3.small", size, deployed, "clusters: {prod: {roles: {r0: {deployment_group: prod-r0}}}}"]
    return "\n".join(lines) + "\n"
