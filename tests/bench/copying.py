"""What copying files to real sshd processes costs next to parallel-scp and clush: CPU, wall time, memory."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "ssh"))

import peers
import sshd_farm
from homes import homes
from measuring import Candidate, Cost, Row, at_most, median, memory, run, saves
from ssh_fan_out import EXCHANGE, KEYS, UDO, configuration, reach

HOSTS = 20
# Small enough that encryption is not the work.
_SMALL = 2000
_SMALL_SIZE = 600
_MEGABYTES = 200


def rows(folder: Path, rounds: int) -> Iterator[Row]:
    """The comparisons, on one sandbox AWS served by this process and sshd at the addresses of its instances."""
    from udo.config import load
    from udo.sandbox.addresses import Block
    from udo.sandbox.world import World

    folder.mkdir(exist_ok=True)
    world = World(block=Block.claimed())
    large, small = folder / "large.img", folder / "small"
    _make(large, small)
    with sshd_farm.farm(folder) as farm, world.serve() as server:
        env = {"AWS_ENDPOINT_URL": server.endpoint, "AWS_DEFAULT_REGION": "us-east-1", "HOME": str(folder), **KEYS}
        path = folder / "udo.yml"
        path.write_text(configuration(HOSTS))
        world.seed(load(path, {}))
        addresses = sorted(str(one.private_ip) for one in world.instances())
        places = folder / "hosts"
        targets = farm.at(addresses, 2300, more=f"{EXCHANGE}\n{homes(places, addresses)}")
        path.write_text(configuration(HOSTS) + reach(targets[0]))
        for what, source in (("200 MB", large), (f"{_SMALL} small files", small)):
            yield from _compared(what, _candidates(folder, env, targets, source), places, rounds)
    world.block.release()


def _compared(what: str, candidates: Sequence[Candidate], places: Path, rounds: int) -> Iterator[Row]:
    spent: dict[str, list[Cost]] = {one.name: [] for one in candidates}
    for number in range(rounds + 1):
        for one in candidates:
            _clear(places)
            cost = run(one.lines[0], one)
            _check(one.name, places)
            if number:
                spent[one.name].append(cost)
    _clear(places)
    held = memory(candidates[0].lines[0], candidates[0])
    ours = median(spent.pop("udo"))
    for name, costs in spent.items():
        peer, where = median(costs), f"{what} to {HOSTS} hosts"
        if what == "200 MB":
            yield at_most(f"{where}, CPU / {name}", ours.cpu, peer.cpu, 1.1, 0.9)
            yield at_most(f"{where}, wall time / {name}", ours.wall, peer.wall, 1.1, 1)
        else:
            yield saves(f"{where}, CPU / {name}", ours.cpu, peer.cpu, 1.5, 3)
            yield at_most(f"{where}, wall time / {name}", ours.wall, peer.wall, 1, 0.5)
    yield at_most(f"{what} to {HOSTS} hosts, memory / 500 MB", held, 500, 1, 0.5, "MB")


def _candidates(folder: Path, env: dict[str, str], targets: Sequence[Any], source: Path) -> list[Candidate]:
    ours = Candidate("udo", ((UDO, "cp", "prod", "web", str(source), ":"),), env, folder)
    return [ours, *peers.copies(folder, targets, source)]


def _make(large: Path, small: Path) -> None:
    piece = os.urandom(1_000_000)
    large.write_bytes(piece * _MEGABYTES)
    for number in range(_SMALL):
        path = small / f"folder-{number % 20}" / f"file-{number}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(piece[number : number + _SMALL_SIZE])


def _check(name: str, places: Path) -> None:
    sizes = {sum(one.stat().st_size for one in place.rglob("*") if one.is_file()) for place in places.iterdir()}
    if sizes not in ({_MEGABYTES * 1_000_000}, {_SMALL * _SMALL_SIZE}):
        raise SystemExit(f"{name} left {sizes} bytes on the hosts")


def _clear(places: Path) -> None:
    for place in places.iterdir():
        shutil.rmtree(place)
        place.mkdir()
