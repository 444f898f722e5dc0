"""What a fan-out over real sshd processes costs next to its peers: CPU, wall time, memory, and until the first line."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "ssh"))

import peers
import sshd_farm
from far import far
from measuring import Candidate, Cost, Row, median, memory, run, saves

UDO = str(Path(sys.executable).with_name("udo"))
KEYS = {"AWS_ACCESS_KEY_ID": "AKIABENCHBENCHBENCH0", "AWS_SECRET_ACCESS_KEY": "not-a-secret"}
COMMAND = "echo hi"
ROUND_TRIP = 0.04
# Both names of the one key exchange that all can do: whoever prefers a newer one does the same work here.
EXCHANGE = "KexAlgorithms curve25519-sha256,curve25519-sha256@libssh.org"
# Hosts, and seconds of a round trip to them.
SETTINGS = ((20, 0.0), (100, 0.0), (300, 0.0), (100, ROUND_TRIP))
# What takes a minute is not repeated as often as what takes a second.
_SLOW = {"ansible": 1}


def rows(folder: Path, rounds: int, before: Path | None) -> Iterator[Row]:
    """The comparisons, on one sandbox AWS served by this process and sshd at the addresses of its instances."""
    from udo.config import load
    from udo.sandbox.addresses import Block
    from udo.sandbox.world import World

    folder.mkdir(exist_ok=True)
    world = World(block=Block.claimed())
    with sshd_farm.farm(folder) as farm, world.serve() as server:
        env = {"AWS_ENDPOINT_URL": server.endpoint, "AWS_DEFAULT_REGION": "us-east-1", "HOME": str(folder), **KEYS}
        for number, (size, seconds) in enumerate(SETTINGS):
            path = folder / "udo.yml"
            path.write_text(configuration(size))
            world.reset()
            world.seed(load(path, {}))
            addresses = sorted(str(one.private_ip) for one in world.instances())
            near, away = 2200 + number, 3200 + number
            targets = farm.at(addresses, near, more=EXCHANGE)
            with far(addresses, near, away, seconds) if seconds else nullcontext():
                targets = _behind(targets, away) if seconds else targets
                path.write_text(configuration(size) + reach(targets[0]))
                where = f"{size} hosts{f' {1000 * seconds:.0f} ms away' if seconds else ''}"
                yield from _compared(where, folder, env, targets, rounds, before)
            farm.stop()
    world.block.release()


def _compared(
    where: str, folder: Path, env: Mapping[str, str], targets: Sequence[Any], rounds: int, before: Path | None
) -> Iterator[Row]:
    size = len(targets)
    candidates = [*_ours(folder, env), *_theirs(folder, env, before), *peers.fan_outs(folder, targets, COMMAND)]
    spent = _measured(candidates, size, rounds)
    held = {one.name: memory(one.lines[0], one) for one in candidates}
    reads, ours = spent.pop("reads"), spent.pop("udo")
    # The measure is set for a hundred hosts; from twenty up Udo may not be slower.
    least = {"beyond": 3.5, "all": 2.0} if size == 100 else {"beyond": 0.0, "all": 0.0}
    for name, cost in spent.items():
        beyond, peer = (ours.cpu - reads.cpu) / size, cost.cpu / size
        yield saves(f"{where}, CPU a host beyond the AWS reads / {name}", beyond, peer, least["beyond"], 3)
        yield saves(
            f"{where}, CPU a host with everything / {name}",
            ours.cpu / size,
            peer,
            min(least["all"], 1 if before and name == before.name else 9),
            3,
        )
        yield saves(f"{where}, wall time beyond the AWS reads / {name}", ours.wall - reads.wall, cost.wall, 1, 1)
        yield saves(f"{where}, wall time with everything / {name}", ours.wall, cost.wall, 1, 1)
        yield saves(f"{where}, time to the first line / {name}", ours.first, cost.first, 0, 1)
        yield saves(f"{where}, memory / {name}", held["udo"], held[name], 0, 1, "MB")
    yield saves(f"{where}, time to the first line / to the last", ours.first, ours.wall, 1.1, 2)


def _ours(folder: Path, env: Mapping[str, str]) -> list[Candidate]:
    return [
        Candidate("reads", ((UDO, "inventory", "prod", "web"),), env, folder),
        Candidate("udo", ((UDO, "ssh", "prod", "web", COMMAND),), env, folder),
    ]


def _theirs(folder: Path, env: Mapping[str, str], before: Path | None) -> list[Candidate]:
    return [Candidate(before.name, ((str(before), "ssh", "prod", "web", COMMAND),), env, folder)] if before else []


def _measured(candidates: Sequence[Candidate], size: int, rounds: int) -> dict[str, Cost]:
    """The median of each cost of each candidate by name, in turns; the first round only warms caches."""
    spent: dict[str, list[Cost]] = {candidate.name: [] for candidate in candidates}
    for number in range(rounds + 1):
        for candidate in candidates:
            if number > _SLOW.get(candidate.name, rounds):
                continue
            cost = run(candidate.lines[0], candidate)
            if candidate.name != "reads" and cost.output.count(b"hi") < size:
                raise SystemExit(f"{candidate.name} missed a host: {cost.output[-600:].decode(errors='replace')}")
            if number:
                spent[candidate.name].append(cost)
    return {name: median(costs) for name, costs in spent.items()}


def _behind(targets: Sequence[Any], port: int) -> list[Any]:
    """The same hosts behind another port, known there too."""
    for file in {file for target in targets for file in target.known_hosts}:
        known = Path(file).read_text()
        Path(file).write_text(known + known.replace(f"]:{targets[0].port} ", f"]:{port} "))
    return [replace(target, port=port) for target in targets]


def configuration(size: int) -> str:
    """An udo.yml of a group of so many."""
    return (
        "region: us-east-1\navailability_zones: [us-east-1a]\nami: ami-0c2644caf041bb6de\ninstance_type: t3.small\n"
        f"scale_policy: {{min_size: 0, max_size: {size}, desired: {size}}}\n"
        "clusters: {prod: {roles: {web: {}}}}\n"
    )


def reach(target: Any) -> str:
    """What it says of the way to hosts like this one."""
    known = f"[{', '.join(target.known_hosts)}]"
    return f"ssh: {{port: {target.port}, user: {target.user}, key: {target.key}, known_hosts: {known}}}\n"
