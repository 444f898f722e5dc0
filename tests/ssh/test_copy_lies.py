"""A server whose listings and answers lie: nothing of it comes to lie outside of the folder for its files."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest
from copying import copy, held
from liar import LIES
from sshd_farm import Farm, free_port
from whole import some

HARMLESS = {
    "a link out": "left out",
    "a link up": "left out",
    "a link that says nothing": "left out",
    "a link with a NUL": "left out",
    "a device": "left out",
    "a pipe": "left out",
    "a file that is root's to whoever runs it": "2 files copied",
    "a temporary name": "1 file copied",
    "the folder and the one above": "1 file copied",
}
PROGRAM = Path(__file__).parent / "liar.py"


def test_there_are_at_least_twenty_bad_trees() -> None:
    assert len(LIES.keys() - HARMLESS.keys()) >= 20


@pytest.mark.parametrize("via", some(("openssh", "paramiko"), "openssh"))
@pytest.mark.whole
def test_a_server_that_lies_is_refused_and_what_leads_out_is_left_out(farm: Farm, tmp_path: Path, via: str) -> None:
    addresses = [f"127.254.1.{number}" for number in range(1, len(LIES) + 1)]
    blocks = [
        f"Match LocalAddress {address}\n    ForceCommand {shlex.join([sys.executable, '-ISE', str(PROGRAM), lie])}"
        for address, lie in zip(addresses, LIES, strict=True)
    ]
    port = free_port(addresses[0])
    targets = farm.at(addresses, port, more="\n".join(["Subsystem sftp internal-sftp", *blocks]))
    ids = {target.instance_id: lie for target, lie in zip(targets, LIES, strict=True)}
    there = tmp_path / "there"
    ended, said = copy(targets, via, ["tree"], there, fetch=True, timeout=20)
    for instance_id, lie in ids.items():
        done = ended[instance_id]
        if lie in HARMLESS:
            assert (lie, done.outcome, HARMLESS[lie] in done.reason) == (lie, "ok", True), done
        else:
            expected = ("refused", None) if lie == "words first" else ("failed", 1)
            assert (lie, done.outcome, done.status) == (lie, *expected), done
            assert "trusted" in done.reason or "SFTP" in done.reason or "not copied" in done.reason, done
    names = {name.rpartition(b"/")[2] for name in held(there)}
    assert names <= {b"good", b"evil", b"tree", b"sub", *(one.encode() for one in ids)}
    evil = {name: what for name, what in held(there).items() if name.endswith(b"evil")}
    (setuid,) = (one for one, lie in ids.items() if lie.startswith("a file that is root's"))
    assert evil == {f"{setuid}/tree/evil".encode(): (0o755, b"x")}
    assert not (there / setuid / "tree" / "evil").stat().st_mode & 0o7000
    assert {path.name for path in tmp_path.iterdir()} <= {"there", "home", "state"}
    assert sum("is left out" in line for line in said) == 6
