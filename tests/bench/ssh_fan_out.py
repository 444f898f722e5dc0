"""What a fan-out over real sshd processes costs next to pdsh, clush and pssh: CPU of the client, and wall time."""

from __future__ import annotations

import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "ssh"))

import sshd_farm
from measuring import Candidate, Row, saves

UDO = str(Path(sys.executable).with_name("udo"))
KEYS = {"AWS_ACCESS_KEY_ID": "AKIABENCHBENCHBENCH0", "AWS_SECRET_ACCESS_KEY": "not-a-secret"}
# The same key exchange for all, host keys checked by all, nothing written, nothing of the operator's read.
SSH_CONFIG = """\
Host *
  Port {port}
  User {user}
  IdentityFile {key}
  IdentitiesOnly yes
  IdentityAgent none
  UserKnownHostsFile {known}
  GlobalKnownHostsFile /dev/null
  StrictHostKeyChecking yes
  UpdateHostKeys no
  KexAlgorithms curve25519-sha256
  LogLevel ERROR
"""


def rows(folder: Path, rounds: int, sizes: Sequence[int] = (100,)) -> Iterator[Row]:
    """The comparisons, on one sandbox AWS served by this process and sshd at the addresses of its instances."""
    from udo.config import load
    from udo.sandbox.addresses import Block
    from udo.sandbox.world import World

    folder.mkdir(exist_ok=True)
    world = World(block=Block.claimed())
    with sshd_farm.farm(folder) as farm, world.serve() as server:
        env = {"AWS_ENDPOINT_URL": server.endpoint, "AWS_DEFAULT_REGION": "us-east-1", "HOME": str(folder), **KEYS}
        for size in sizes:
            path = folder / "udo.yml"
            path.write_text(_configuration(size))
            world.reset()
            world.seed(load(path, {}))
            addresses = sorted(str(one.private_ip) for one in world.instances())
            targets = farm.at(addresses, 2200 + size)
            path.write_text(_configuration(size) + _reach(targets[0]))
            yield from _compared(folder, env, targets, rounds)
            farm.stop()
    world.block.release()


def _compared(folder: Path, env: Mapping[str, str], targets: Sequence[Any], rounds: int) -> Iterator[Row]:
    size = len(targets)
    spent = _measured([*_ours(folder, env), *_peers(folder, targets)], size, rounds)
    reads, ours = spent.pop("reads"), spent.pop("udo")
    beyond = ours[0] - reads[0]
    for name, (cpu, wall) in spent.items():
        yield saves(f"CPU of udo ssh beyond the AWS reads, {size} hosts / {name}", beyond, cpu, 3, 3)
        yield saves(f"CPU of udo ssh with everything, {size} hosts / {name}", ours[0], cpu, 1.6, 3)
        yield saves(f"wall time of udo ssh beyond the AWS reads, {size} hosts / {name}", ours[1] - reads[1], wall, 1, 1)
        yield saves(f"wall time of udo ssh with everything, {size} hosts / {name}", ours[1], wall, 1, 1)


def _ours(folder: Path, env: Mapping[str, str]) -> list[Candidate]:
    return [
        Candidate("reads", ((UDO, "inventory", "prod", "web"),), env, folder),
        Candidate("udo", ((UDO, "ssh", "prod", "web", "echo hi"),), env, folder),
    ]


def _peers(folder: Path, targets: Sequence[Any]) -> Iterator[Candidate]:
    first = targets[0]
    config = folder / "ssh_config"
    config.write_text(SSH_CONFIG.format(port=first.port, user=first.user, key=first.key, known=first.known_hosts[0]))
    hosts = folder / "hosts"
    hosts.write_text("".join(f"{target.address}\n" for target in targets))
    names, option = ",".join(target.address for target in targets), f"-F {config}"
    lines = {
        "pdsh": ("pdsh", "-R", "ssh", "-f", "32", "-w", names, "echo hi"),
        "clush": ("clush", "-w", names, "-f", "32", "-o", option, "echo hi"),
        "parallel-ssh": ("parallel-ssh", "-h", str(hosts), "-p", "32", "-i", "-x", option, "echo hi"),
    }
    for name, line in lines.items():
        if shutil.which(name):
            yield Candidate(name, (line,), {"PDSH_SSH_ARGS_APPEND": option, "HOME": str(folder)}, folder)
        else:
            print(f"{name} is not installed: not compared", file=sys.stderr)


def _measured(candidates: Sequence[Candidate], size: int, rounds: int) -> dict[str, tuple[float, float]]:
    """Median CPU and wall milliseconds of each by name, in turns; the first round only warms caches."""
    spent: dict[str, list[tuple[float, float]]] = {candidate.name: [] for candidate in candidates}
    for number in range(rounds + 1):
        for candidate in candidates:
            once = _once(candidate, size)
            if number:
                spent[candidate.name].append(once)
    return {name: tuple(map(statistics.median, zip(*times, strict=True))) for name, times in spent.items()}


def _once(candidate: Candidate, size: int) -> tuple[float, float]:
    env = {name: os.environ[name] for name in ("PATH",) if name in os.environ} | dict(candidate.env)
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    ended = subprocess.run(candidate.lines[0], cwd=candidate.cwd, env=env, capture_output=True, text=True, check=False)
    wall, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if ended.returncode or (ended.stdout.count("hi") < size and candidate.name != "reads"):
        raise SystemExit(
            f"{candidate.name}: ended with {ended.returncode}: {ended.stdout[-300:]} {ended.stderr[-300:]}"
        )
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return 1000 * cpu, 1000 * wall


def _configuration(size: int) -> str:
    return (
        "region: us-east-1\navailability_zones: [us-east-1a]\nami: ami-0c2644caf041bb6de\ninstance_type: t3.small\n"
        f"scale_policy: {{min_size: 0, max_size: {size}, desired: {size}}}\n"
        "clusters: {prod: {roles: {web: {}}}}\n"
    )


def _reach(target: Any) -> str:
    known = f"[{', '.join(target.known_hosts)}]"
    return f"ssh: {{port: {target.port}, user: {target.user}, key: {target.key}, known_hosts: {known}}}\n"


def main() -> None:
    """Measures and prints a table."""
    with tempfile.TemporaryDirectory(prefix="udo-bench-") as folder:
        for row in rows(Path(folder), rounds=int(sys.argv[1]) if len(sys.argv) > 1 else 5):
            mark = "" if row.kept else "  <-- not kept"
            print(f"{row.what:<78} {row.ours:>8} {row.peer:>8} {row.ratio:>7.1f}  {row.wanted}{mark}", flush=True)


if __name__ == "__main__":
    main()
