"""`udo ssh` as a process of its own on a farm: many hosts, few descriptors, nobody who reads, signals."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from fleet import HOSTS, WHOLE, Fleet, ended
from sshd_farm import Farm
from whole import rows, some

Make = Callable[..., Fleet]
# Engines, and descriptors of a process that is to reach more hosts at once than those are enough for.
FILES = {"paramiko": 256, "openssh": 256} if WHOLE else {"paramiko": 48}


def until_quiet(farm: Farm) -> None:
    """Waits until no command is left on any host."""
    end = time.monotonic() + 20
    while farm.processes() and time.monotonic() < end:
        time.sleep(0.05)
    assert farm.processes() == []


@pytest.mark.whole
def test_every_host_of_a_big_group_is_told_once(fleet: Make) -> None:
    made = fleet(HOSTS)
    done = made.run("echo $SSH_CONNECTION", "-o", "json")
    assert (done.exit, done.outcomes()) == (0, {"ok": HOSTS}), str(done.rows[0])
    assert {row["instance_id"]: row["stdout"].split()[2] for row in done.rows} == {
        one: address for address, one in made.ids.items()
    }


SIGNALS = [(signal.SIGINT, 130), (signal.SIGTERM, 143)]


@pytest.mark.whole
@pytest.mark.parametrize("via", FILES)
def test_with_fewer_descriptors_than_hosts_all_are_reached_in_the_end(fleet: Make, via: str) -> None:
    options = ("-o", "json", "--via", via, "--fanout", str(HOSTS))
    done = fleet(HOSTS).run("true", *options, shell=f"ulimit -n {FILES[via]}; exec {{}}")
    assert (done.exit, done.outcomes()) == (0, {"ok": HOSTS}), str(done.rows[0])


@pytest.mark.parametrize("options", some([(), ("-o", "jsonl"), ("-b", "--live")], ()))
def test_a_reader_that_has_enough_ends_it_and_every_command(fleet: Make, farm: Farm, options: tuple[str, ...]) -> None:
    run = fleet(3).start("while echo line; do sleep 0.1; done", *options)
    assert run.stdout
    assert run.stdout.readline()
    run.stdout.close()
    run.stdout = None
    done = ended(run)
    assert (done.exit, len(done.stderr.splitlines())) == (141, 1), done.stderr
    until_quiet(farm)


@pytest.mark.whole
@pytest.mark.parametrize("options", some([(), ("-o", "json"), ("-b",)], ()))
def test_without_a_place_for_its_output_that_is_told(fleet: Make, options: tuple[str, ...]) -> None:
    done = fleet(3).run("echo hi; test -t 0 && exit 9 || exit 3", *options, shell="exec {} >&-")
    # Only a document is written once every command has ended: then they tell how they fared.
    assert (done.exit, done.stdout) == (3 if "json" in options else 1, b""), done.stderr
    assert "the output cannot be written: Bad file descriptor" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("via", some(["paramiko", "openssh"]))
@pytest.mark.parametrize(
    ("number", "status"),
    rows(SIGNALS, SIGNALS[:1]),
    ids=["INT", "TERM"],
)
def test_a_signal_ends_it_at_once_with_a_word_on_every_host(
    fleet: Make, farm: Farm, tmp_path: Path, via: str, number: int, status: int
) -> None:
    made = fleet(6)
    up = f"touch {tmp_path}/up.$$; while echo up; do sleep 0.1; done"
    command = f'case $SSH_CONNECTION in *" {min(made.ids)} "*) exit 0;; esac; {up}'
    run = made.start(command, "-o", "json", "--via", via, "--fanout", "4")
    end = time.monotonic() + 20
    while len(list(tmp_path.glob("up.*"))) < 4 and time.monotonic() < end:
        time.sleep(0.02)
    os.kill(run.pid, number)
    start = time.monotonic()
    done = ended(run)
    assert time.monotonic() - start < 5
    assert done.exit == status, done.stderr
    # The one that ends by itself may have come to nobody's turn yet.
    assert done.outcomes() in ({"ok": 1, "interrupted": 4, "not started": 1}, {"interrupted": 4, "not started": 2})
    until_quiet(farm)
