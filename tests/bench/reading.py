"""What reading AWS costs: one group of twenty next to the AWS command line, and requests for many groups."""

from __future__ import annotations

import math
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import peers
import status
from measuring import Candidate, Row, at_most, cpu, saves

UDO = str(Path(sys.executable).with_name("udo"))
REGION = "us-east-1"
KEYS = {"AWS_ACCESS_KEY_ID": "AKIABENCHBENCHBENCH0", "AWS_SECRET_ACCESS_KEY": "not-a-secret"}


def rows(folder: Path, aws: str, rounds: int, before: Path | None) -> Iterator[Row]:
    """The comparisons, on one sandbox served by this process."""
    from udo.sandbox.world import World

    path, world = folder / "udo.yml", World()
    _seeded(world, path, groups=1, size=20)
    with world.serve() as server:
        env = {"AWS_ENDPOINT_URL": server.endpoint, "AWS_DEFAULT_REGION": REGION, "HOME": str(folder), **KEYS}
        yield from _one_group(folder, aws, env, rounds)
        if before:
            yield from _before(folder, env, rounds, before, (("instances prod r0", 0.7), ("status prod", 0.7)))
            _seeded(world, path, groups=1, size=100)
            yield from _before(folder, env, rounds, before, (("inventory prod r0 -o hosts", 0.6),))
        for groups, size in ((1, 20), (50, 20)):
            _seeded(world, path, groups, size)
            yield from status.rows(folder, peers.looking(), env, rounds, groups, size)
        for groups, size in ((1, 20), (100, 2), (250, 2)):
            _seeded(world, path, groups, size)
            yield from _requests(folder, env, world, groups, groups * size)


def _one_group(folder: Path, aws: str, env: Mapping[str, str], rounds: int) -> Iterator[Row]:
    asked = [UDO, "instances", "prod", "r0", "-o", "json"]
    told = subprocess.run(asked, cwd=folder, env=dict(env), capture_output=True, text=True, check=True).stdout
    ids = [line.split('"')[3] for line in told.splitlines() if '"instance_id"' in line]
    name = "prod-r0"
    group = (aws, "autoscaling", "describe-auto-scaling-groups", "--auto-scaling-group-names", name)
    instances = (aws, "ec2", "describe-instances", "--instance-ids", *ids)
    candidates = [
        Candidate("status", ((UDO, "status", "prod"),), env, folder),
        Candidate("instances", ((UDO, "instances", "prod", "r0"),), env, folder),
        Candidate("aws", (group, instances), env, folder),
    ]
    spent = cpu(candidates, rounds)
    yield saves("udo status of 20 / aws, two calls", spent["status"], spent["aws"], 5.5, 8)
    yield saves("udo instances of 20 / aws, two calls", spent["instances"], spent["aws"], 2.5, 4)


def _before(
    folder: Path, env: Mapping[str, str], rounds: int, before: Path, verbs: Sequence[tuple[str, float]]
) -> Iterator[Row]:
    """The same reads by another build, in turns; what it costs where nothing is in the cache stands beside."""
    size = (folder / "udo.yml").read_text().partition("desired: ")[2].partition("}")[0]
    off = {**env, "UDO_CACHE": "off"}
    for verb, most in verbs:
        words = verb.split()
        candidates = [
            Candidate("now", ((UDO, *words),), env, folder),
            Candidate("without cache", ((UDO, *words),), off, folder),
            Candidate("before", ((str(before), *words),), env, folder),
        ]
        spent = cpu(candidates, rounds)
        yield at_most(f"udo {verb} of {size} / {before.name}", spent["now"], spent["before"], most, 0.45)
        what = f"udo {verb} of {size}, UDO_CACHE=off / {before.name}"
        yield at_most(what, spent["without cache"], spent["before"], 1.05, 1)


def _requests(folder: Path, env: Mapping[str, str], world: Any, groups: int, instances: int) -> Iterator[Row]:
    for verb, most in (
        ("status", math.ceil(groups / 100) * 2 + 1),
        ("instances", math.ceil(groups / 100) + math.ceil(instances / 200)),
    ):
        world.log.clear()
        subprocess.run([UDO, verb, "prod", "*"], cwd=folder, env=dict(env), capture_output=True, check=True)
        counted = Counter(asked.operation for asked in world.log)
        total = sum(counted.values())
        told = ", ".join(f"{count} {name}" for name, count in counted.items())
        what = f"requests of udo {verb}, {groups} groups of {instances} instances ({told})"
        yield Row(what, str(total), "", float(total), f"<= {most}", total <= most)


def _seeded(world: Any, path: Path, groups: int, size: int) -> None:
    from udo.config import load

    world.reset()
    path.write_text(_configuration(groups, size))
    world.seed(load(path, {}))


def _configuration(groups: int, size: int) -> str:
    lines = ["app_name: shop", f"region: {REGION}", f"availability_zones: [{REGION}a]", "ami: ami-0c2644caf041bb6de"]
    lines += ["instance_type: t3.small", f"scale_policy: {{min_size: 0, max_size: {size}, desired: {size}}}"]
    deployed = ["deploy: {application: shop, github: {repo: example/shop}}"] if groups > 1 else []
    lines += [*deployed, "clusters:", "  prod:", "    roles:"]
    for number in range(groups):
        lines.append(f"      r{number}: {{{f'deployment_group: prod-r{number}' if deployed else ''}}}")
    return "\n".join(lines) + "\n"
