"""What the sandbox costs: its start, its listing, its reset; and that AWS's own command line drives it."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from measuring import Row, at_most

UDO = str(Path(sys.executable).with_name("udo"))
KEYS = {"AWS_ACCESS_KEY_ID": "AKIABENCHBENCHBENCH0", "AWS_SECRET_ACCESS_KEY": "not-a-secret"}
IMAGE = "ami-0c2644caf041bb6de"


# In a process of its own, so that another build can do the same: the server's part of DescribeInstances, in ms.
_DESCRIBED = """
import os, sys, time
from pathlib import Path
from udo.config import load
from udo.sandbox.world import World
world, spent = World(), []
world.region = "us-west-2"
world.seed(load(Path(sys.argv[1]), os.environ))
answer = world.answer
def timed(environ):
    began = time.process_time()
    try:
        return answer(environ)
    finally:
        spent.append(time.process_time() - began)
world.answer = timed
for _ in range(12):
    world.client("ec2").describe_instances()
print(1000 * min(spent))
"""


def rows(folder: Path, aws: str, rounds: int, before: Path | None = None) -> Iterator[Row]:
    """The measures of the sandbox next to what is wanted of them."""
    if before is not None:
        yield _described(folder, before)
    yield from _starts(folder)
    yield from _in_process(folder, rounds)
    yield from _driven_by_awscli(folder, aws)


def _described(folder: Path, before: Path) -> Row:
    config = folder / "described.yml"
    config.write_text(_configuration(1, 100))
    spent = {"now": 1e9, "before": 1e9}
    for _ in range(3):
        for name, checkout in (("now", Path(__file__).parents[2]), ("before", before.parent / "against")):
            env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(checkout), "PYTHONSAFEPATH": "1", **KEYS}
            told = subprocess.check_output([sys.executable, "-c", _DESCRIBED, str(config)], env=env, text=True)
            spent[name] = min(spent[name], float(told))
    return at_most(f"server CPU of DescribeInstances of 100 / {before.name}", spent["now"], spent["before"], 0.4, 0.25)


def _starts(folder: Path) -> Iterator[Row]:
    for groups, size, most in ((4, 5, 10.0), (100, 10, 60.0)):
        with _Started(folder, groups, size) as sandbox:
            what = f"udo sandbox start, {groups} groups of {size} (wall)"
            yield _seconds(what, sandbox.took, most)
            if groups > 4:
                before = sandbox.cpu()
                sandbox.udo("instances", "prod", "*", "-o", "json")
                yield _seconds(f"its CPU for a listing of {groups * size} instances", sandbox.cpu() - before, 5.0)


class _Started:
    """A sandbox that runs while the block does."""

    def __init__(self, folder: Path, groups: int, size: int, *words: str) -> None:
        self._folder, self._words = folder, words
        (folder / "udo.yml").write_text(_configuration(groups, size))
        self._env = {"PATH": os.environ["PATH"], "HOME": str(folder), "XDG_STATE_HOME": str(folder / "state")}

    def __enter__(self) -> _Started:
        began = time.monotonic()
        self.data = json.loads(self._run("sandbox", "start", *self._words, "-o", "json"))["data"]
        self.took = time.monotonic() - began
        return self

    def __exit__(self, *_error: object) -> None:
        self._run("sandbox", "stop")

    def udo(self, *words: str) -> str:
        """What a command on this sandbox prints."""
        return self._run("--sandbox", *words)

    def cpu(self) -> float:
        """Seconds of CPU its process has spent."""
        fields = Path(f"/proc/{self.data['pid']}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def environment(self) -> dict[str, str]:
        """What points an AWS client at it."""
        told = json.loads(self._run("sandbox", "env", "-o", "json"))["data"]
        return {**self._env, **{name: value for name, value in told.items() if value is not None}}

    def _run(self, *words: str) -> str:
        line = [UDO, *words]
        done = subprocess.run(line, cwd=self._folder, env=self._env, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{' '.join(line)}: ended with {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout


def _in_process(folder: Path, rounds: int) -> Iterator[Row]:
    from udo.config import load
    from udo.sandbox.world import World

    path = folder / "udo.yml"
    path.write_text((Path(__file__).parents[2] / "udo.example.yml").read_text())
    world, config = World(), load(path, {})
    resets, seeds = [], []
    for _ in range(rounds):
        began = time.monotonic()
        world.seed(config)
        seeded = time.monotonic()
        world.reset()
        seeds.append(seeded - began)
        resets.append(time.monotonic() - seeded)
    reset, seed = statistics.median(resets), statistics.median(seeds)
    yield _seconds("World.reset(), of the bundled example", reset, 0.05)
    yield _seconds("World.reset() and World.seed(), of the bundled example", reset + seed, 0.3)


def _driven_by_awscli(folder: Path, aws: str) -> Iterator[Row]:
    answer, failed, lines = "", [], _lines()
    with _Started(folder, 1, 1, "--speed", "4") as sandbox:
        env = sandbox.environment()
        for line in lines:
            words = line.replace("{answer}", answer).split()
            done = subprocess.run([aws, *words], env=env, capture_output=True, text=True, check=False)
            answer = done.stdout.strip().strip('"')
            if done.returncode or answer == "false":
                print(f"aws {line}: {done.stderr.strip()}", file=sys.stderr)
                failed.append(" ".join(words[:2]))
    what = f"failures of {len(lines)} aws commands: create, scale, deploy, stop"
    yield Row(what, str(len(failed)), "", float(len(failed)), "none", not failed)


def _lines() -> list[str]:
    group, deployed = "--auto-scaling-group-name made", "--application-name made"
    revision = f"--revision revisionType=GitHub,gitHubLocation={{repository=a/b,commitId={'1' * 40}}}"
    return [
        f"ec2 create-launch-template --launch-template-name made --launch-template-data ImageId={IMAGE},"
        "InstanceType=t3.small",
        f"autoscaling create-auto-scaling-group {group} --launch-template LaunchTemplateName=made --min-size 1 "
        "--max-size 4 --availability-zones us-east-1a",
        f"autoscaling set-desired-capacity {group} --desired-capacity 3",
        "autoscaling describe-auto-scaling-groups --auto-scaling-group-names made --query "
        "length(AutoScalingGroups[0].Instances)==`3`",
        f"deploy create-application {deployed}",
        f"deploy create-deployment-group {deployed} --deployment-group-name made --service-role-arn "
        "arn:aws:iam::123456789012:role/sandbox-codedeploy --auto-scaling-groups made",
        f"deploy create-deployment {deployed} --deployment-group-name made {revision} --query deploymentId",
        "deploy wait deployment-successful --deployment-id {answer}",
        f"deploy create-deployment {deployed} --deployment-group-name made {revision} --query deploymentId",
        "deploy stop-deployment --deployment-id {answer}",
        f"autoscaling delete-auto-scaling-group {group} --force-delete",
    ]


def _seconds(what: str, took: float, most: float) -> Row:
    return Row(what, f"{took * 1000:.0f} ms", "", took / most, f"< {most:g} s", took < most)


def _configuration(groups: int, size: int) -> str:
    lines = ["app_name: shop", "region: us-east-1", f"ami: {IMAGE}", "instance_type: t3.small"]
    lines += [f"scale_policy: {{min_size: 0, max_size: {size}, desired: {size}}}", "clusters:", "  prod:", "    roles:"]
    return "\n".join([*lines, *(f"      r{number}: {{}}" for number in range(groups))]) + "\n"
