"""What Udo costs before it does anything: its help, and the check of a very large configuration."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from measuring import Candidate, Row, at_most, cpu

UDO = (str(Path(sys.executable).with_name("udo")),)
CLUSTERS, ROLES = 20, 100


def rows(folder: Path, rounds: int, before: Path | None) -> Iterator[Row]:
    """The comparisons."""
    (folder / "udo.yml").write_text(_configuration())
    nothing = Candidate("python -c pass", ((sys.executable, "-c", "pass"),))
    help_text = Candidate("udo --help", ((*UDO, "--help"),))
    check = Candidate("udo check", ((*UDO, "check"),), cwd=folder)
    candidates = [nothing, help_text, check]
    if before:
        candidates.append(Candidate("help before", ((str(before), "--help"),)))
        candidates.append(Candidate("check before", ((str(before), "check"),), cwd=folder))
    spent = cpu(candidates, rounds)
    yield at_most("udo --help / python -c pass", spent["udo --help"], spent["python -c pass"], 6, 5)
    yield at_most("udo check, 2,000 roles / python -c pass", spent["udo check"], spent["python -c pass"], 15, 10)
    if before:
        yield at_most(f"udo --help / {before.name}", spent["udo --help"], spent["help before"], 1.05, 1)
        yield at_most(f"udo check, 2,000 roles / {before.name}", spent["udo check"], spent["check before"], 1.05, 1)


def _configuration() -> str:
    lines = ["app_name: shop", "region: us-east-1", "clusters:"]
    for cluster in range(CLUSTERS):
        lines += [f"  cluster{cluster}:", "    roles:"]
        for role in range(ROLES):
            lines += [f"      role{role}:", "        instance_type: t3.small", "        ami: ami-0c2644caf041bb6de"]
    return "\n".join(lines) + "\n"
