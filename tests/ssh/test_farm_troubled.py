"""Every way a host can behave, all in one group: each host told once, with what became of it, in time."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from contextlib import ExitStack

import pytest
from behaviours import BEHAVIOURS
from fleet import HOSTS, WHOLE, Fleet
from sshd_farm import Farm, public_key
from whole import some

from udo.ssh import Target

FANOUT, CONNECT, TIMEOUT = 32, 3, 4
COUNT = HOSTS if WHOLE else len(BEHAVIOURS) + 2
# Seconds of work that a host costs on a machine that runs all their servers and other tests besides.
EACH = {"paramiko": 0.04, "openssh": 0.1}


def test_there_are_at_least_forty_ways() -> None:
    assert len(BEHAVIOURS) >= 40


@pytest.mark.parametrize("via", some(EACH))
def test_every_way_a_host_can_behave_is_told_once_in_time(
    fleet: Callable[..., Fleet], farm: Farm, host: Target, via: str
) -> None:
    names: dict[str, str] = {}

    def serve(addresses: Sequence[str], port: int) -> Sequence[Target]:
        names.update(zip(addresses, BEHAVIOURS, strict=False))
        good = [one for one in addresses if one not in names or BEHAVIOURS[names[one]].serve is None]
        for address, name in names.items():
            if start := BEHAVIOURS[name].serve:
                stack.enter_context(start(farm, (host.address, host.port), (address, port)))
        return farm.at(good, port)

    with ExitStack() as stack:
        made = fleet(COUNT, serve)
        revoked = public_key(farm.folder / "revoked").text
        with made.known_hosts.open("a") as file:
            # What leads to the server of `host` shows its key; what is revoked is known all the same.
            file.write(f"* {revoked}\n@revoked * {revoked}\n")
        cases = "".join(f"{address}) {BEHAVIOURS[name].command};; " for address, name in names.items())
        command = f"set -- $SSH_CONNECTION; case $3 in {cases} *) echo hi;; esac"
        limits = ("--connect-timeout", str(CONNECT), "--timeout", str(TIMEOUT), "--fanout", str(FANOUT))
        done = made.run(command, "-o", "json", "--via", via, *limits)
    rows = {row["address"]: row for row in done.rows}
    assert done.exit == 255
    assert sum(done.outcomes().values()) == COUNT
    assert set(rows) == set(made.ids)
    wrong = {
        name: (row["outcome"], row["status"], row["reason"], row["stdout"][:200])
        for address, name in names.items()
        if not _as_expected(name, row := rows[address], via)
    }
    assert not wrong
    good = [row for address, row in rows.items() if address not in names]
    assert [row for row in good if row["stdout"] != "hi\n"] == []
    hanging = sum(row["outcome"] == "timeout" for row in rows.values())
    wall = re.search(r"hosts in ([\d.]+) s", done.document["error"]["message"])
    assert wall
    assert float(wall[1]) <= math.ceil(hanging / FANOUT) * TIMEOUT + 2 + COUNT * EACH[via]


def _as_expected(name: str, row: dict[str, object], via: str) -> bool:
    behaviour = BEHAVIOURS[name]
    return (row["outcome"], row["status"]) == getattr(behaviour, via) and behaviour.said in (None, row["stdout"])
