"""What a fan-out through Systems Manager costs the operator's machine next to the same over ssh, on 500 hosts."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "ssh"))

import sshd_farm
from measuring import Row, saves
from ssh_fan_out import COMMAND, EXCHANGE, KEYS, UDO, configuration, reach

HOSTS = 500
PORT = 2290
# In turns, since what else the machine does is no one's fault.
_WAYS = {"ssm": ("--via", "ssm", "--fanout", "500"), "paramiko": ("--via", "paramiko"), "reads": ("-n",)}


def rows(folder: Path, rounds: int) -> Iterator[Row]:
    """The comparison, on one sandbox AWS served by this process, whose instances have agents and answer ssh."""
    from udo.config import load
    from udo.sandbox.addresses import Block
    from udo.sandbox.world import World

    folder.mkdir(exist_ok=True)
    world = World(block=Block.claimed())
    with sshd_farm.farm(folder) as farm, world.serve() as server:
        env = {"AWS_ENDPOINT_URL": server.endpoint, "AWS_DEFAULT_REGION": "us-east-1", "HOME": str(folder), **KEYS}
        path = folder / "udo.yml"
        path.write_text(f"iam_profile: agents\n{configuration(HOSTS)}")
        world.reset()
        world.seed(load(path, {}))
        targets = farm.at(sorted(str(one.private_ip) for one in world.instances()), PORT, more=EXCHANGE)
        path.write_text(path.read_text() + reach(targets[0]))
        spent = _measured(folder, env, rounds)
    world.block.release()
    each = {name: cpu / HOSTS for name, cpu in spent.items()}
    yield saves(f"{HOSTS} hosts, CPU a host with everything, ssm / ssh", each["ssm"], each["paramiko"], 4, 8)
    beyond = {name: each[name] - each["reads"] for name in ("ssm", "paramiko")}
    yield saves(f"{HOSTS} hosts, CPU a host beyond the AWS reads, ssm / ssh", beyond["ssm"], beyond["paramiko"], 0, 8)


def _measured(folder: Path, env: Mapping[str, str], rounds: int) -> dict[str, float]:
    spent: dict[str, list[float]] = {name: [] for name in _WAYS}
    for number in range(rounds + 1):
        for name, options in _WAYS.items():
            cost = _cpu((UDO, "ssh", "prod", "web", COMMAND, *options), folder, env, said=name != "reads")
            if number:
                spent[name].append(cost)
    return {name: statistics.median(costs) for name, costs in spent.items()}


def _cpu(words: Sequence[str], folder: Path, env: Mapping[str, str], *, said: bool) -> float:
    """Milliseconds of CPU of a program and what it has waited for: what this process runs for the hosts is not its."""
    known = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ} | dict(env)
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(
            words, cwd=folder, env=known, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    told = (folder / "output").read_bytes()
    if process.returncode or (said and told.count(b"  hi\n") < HOSTS):
        raise SystemExit(f"{' '.join(words)}: ended with {process.returncode}: {told[-600:].decode(errors='replace')}")
    return 1000 * (usage.ru_utime + usage.ru_stime)
