"""Signals to `udo` as a process of its own: the documented exit code, one line, and nothing left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from processes import Ended, begun, ended, left_behind, until, waits_in
from whole import rows, some

from udo.sandbox.faults import Fault

WHOLE = bool(os.environ.get("UDO_WHOLE_FARM"))
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}
IMAGE = "ami-0d1e2c3b4a5968778"
CONFIG = f"""
region: us-west-2
app_name: shop
availability_zones: [us-west-2a]
ami: {IMAGE}
instance_type: t3.small
scale_policy: {{min_size: 1, max_size: 8, desired: 2}}
deploy: {{application: shop, github: {{repo: example/shop}}}}
clusters: {{prod: {{roles: {{one: {{deployment_group: prod-one}}, two: {{launch: {{as: configuration}}}}}}}}}}
"""
SHA = "740800d7f3a1b2c4d5e6f708192a3b4c5d6e7f80"
# Each verb as it is used, and whether it may have changed something before it was interrupted.
VERBS: dict[str, tuple[str, ...]] = {
    "help": ("--help",),
    "check": ("check",),
    "check online": ("check", "--online"),
    "config": ("config", "show", "prod", "one"),
    "status": ("status",),
    "status json": ("status", "-o", "json"),
    "instances": ("instances", "prod", "one"),
    "ip": ("ip", "prod", "one"),
    "inventory": ("inventory", "prod", "one"),
    "cloudinit": ("cloudinit", "prod", "one"),
    "plan": ("plan", "prod", "*", "--set", "instance_type=t3.large"),
    "versions": ("versions", "prod", "one"),
    "history": ("history",),
    "updatelc": ("updatelc", "prod", "*", "--yes", "--set", "instance_type=t3.large"),
    "rollback": ("rollback", "prod", "one"),
    "prune": ("prune", "prod", "one", "--keep", "1", "--yes"),
    "deploy": ("deploy", "prod", "one", SHA, "--no-wait"),
    "lock": ("lock", "prod", "one", "--dry-run"),
    "unlock": ("unlock", "prod", "one", "--yes"),
    "init": ("init", "--from-group", "prod-one", "--config", "new.yml"),
    "ssh dry run": ("ssh", "prod", "one", "sleep 0.2", "--dry-run"),
    "ssh": ("ssh", "prod", "one", "sleep 0.1; echo slept; sleep 0.1"),
    "ssh in batches": ("ssh", "prod", "*", "sleep 0.05; echo slept", "--batch", "1", "-o", "json"),
    "cp": ("cp", "prod", "*", "udo.yml", ":"),
    "cp by paramiko": ("cp", "prod", "*", "udo.yml", ":", "--via", "paramiko"),
    "ssh by openssh": ("ssh", "prod", "*", "sleep 0.1; echo slept", "--via", "openssh"),
}


@pytest.fixture
def shop(served_world: Any, world: Any, ssh: Any, seeded: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Two groups whose instances answer ssh; what Udo keeps for a while it keeps in `tmp` beside them."""
    seeded(CONFIG + ssh.settings)
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    return world


def locks(world: Any) -> list[str]:
    rows = world.client("ssm").describe_parameters()["Parameters"]
    return [row["Name"] for row in rows if row["Name"].startswith("/udo/lock/")]


def check_ended(done: Ended, number: int, undisturbed: int = 0) -> None:
    """Broken off as documented; or so late that it was done, or so early that the system ended it without a word."""
    assert "Traceback" not in done.stderr, done.stderr
    assert "Exception ignored" not in done.stderr, done.stderr
    assert "a bug in udo" not in done.stderr, done.stderr
    assert done.code in (CODES[signal.Signals(number)], undisturbed), (done.code, done.stderr)
    lines = [line for line in done.stderr.splitlines() if line.startswith("udo: ")]
    assert len(lines) <= 1, done.stderr
    if done.stdout.startswith("{"):
        # After its last word the system ends it.
        assert json.loads(done.stdout)["exit"] in (done.code, undisturbed)


FEW = ("check", "status json", "updatelc", "deploy", "init", "ssh", "ssh by openssh")


@pytest.mark.whole
@pytest.mark.parametrize("verb", some(VERBS if WHOLE else FEW, "updatelc", "ssh"))
def test_a_signal_at_every_moment_ends_every_verb_as_documented(shop: Any, tmp_path: Path, verb: str) -> None:
    words = VERBS[verb]
    before = _leftovers(tmp_path)
    if verb == "rollback":
        # Something to go back to.
        assert ended(begun(*VERBS["updatelc"])).code == 0
    code, moments = 0, [0.02, 0.4, *((0.6, 0.7) if "ssh" in verb else ())]
    if WHOLE:
        # Every 10 ms; where the machine is slow and all takes longer, at as many moments of it.
        start = time.monotonic()
        code = ended(begun(*words)).code
        assert code == 0
        assert _leftovers(tmp_path) == before
        life = time.monotonic() - start
        count = min(int(life / 0.01), 100) + 1
        moments = [life * n / count for n in range(count)]
    for turn, moment in enumerate(moments):
        number = list(CODES)[turn % 3]
        process = begun(*words)
        time.sleep(moment)
        if process.poll() is None:
            os.killpg(process.pid, number)
        done = ended(process)
        check_ended(done, number, code)
        assert locks(shop) == [], done.stderr
        assert _leftovers(tmp_path) == before, done.stderr
        assert left_behind() == [], done.stderr


@pytest.mark.parametrize("moment", some([n * 0.02 for n in range(8, 30)] if WHOLE else [0.2, 0.3], 0.3))
def test_two_signals_at_once_are_told_in_one_line_too(shop: Any, moment: float) -> None:
    process = begun("status")
    time.sleep(moment)
    for _ in range(2):
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
            time.sleep(0.005)
    done = ended(process)
    assert done.code in (130, -2, 0), done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    assert done.stderr.count("interrupted") <= 1, done.stderr


def _leftovers(folder: Path) -> set[str]:
    """Temporary files of Udo's, wherever it makes them: beside what it writes, and all that is in TMPDIR.

    But for those on hosts whose connection was closed, which the next copy removes.
    """
    names = {one.name for one in folder.rglob(".*") if one.name.startswith((".new.yml.", ".udo.", ".journal"))}
    return names | {str(one) for one in (folder / "tmp").rglob("*")}


SLOW = [
    ("status", ("status",), "DescribeAutoScalingGroups"),
    ("updatelc", VERBS["updatelc"], "DescribeAutoScalingGroups"),
    ("plan", VERBS["plan"], "DescribeLaunchConfigurations"),
    ("deploy", VERBS["deploy"], "GetDeploymentGroup"),
    ("ssh", ("ssh", "prod", "one", "touch /tmp/never"), "DescribeInstances"),
]


BROKEN_OFF = [(*row[1:], number) for n, row in enumerate(SLOW) for number in (CODES if WHOLE else [list(CODES)[n % 3]])]


@pytest.mark.parametrize(
    ("words", "operation", "number"),
    rows(BROKEN_OFF, BROKEN_OFF[:2]),
)
def test_a_signal_breaks_off_a_slow_read_and_nothing_follows(
    shop: Any, words: tuple[str, ...], operation: str, number: int
) -> None:
    shop.faults.add(Fault("delay", operation, times=None, seconds=60))
    shop.log.clear()
    process = begun(*words)
    until(lambda: any(one.operation == operation for one in shop.log), "it never asks")
    sent = time.monotonic()
    os.kill(process.pid, number)
    done = ended(process)
    assert time.monotonic() - sent < 30
    shop.faults.clear()
    check_ended(done, number, CODES[signal.Signals(number)])
    assert done.stderr.splitlines()[-1].startswith("udo: interrupted"), done.stderr
    assert not [one.name for one in shop.log if not one.operation.startswith(("Describe", "Get", "List", "Batch"))]


def _held_in(shop: Any, operation: str) -> tuple[threading.Event, threading.Event]:
    """Lets the first call of that name wait, once it has taken effect, until it is let go: (it waits, go on)."""
    waits, go = threading.Event(), threading.Event()

    def hook(_asked: Any) -> None:
        waits.set()
        go.wait(60)

    shop.faults.add(Fault("hook", operation, after=True, hook=hook))
    return waits, go


def test_a_signal_lets_the_write_in_hand_finish_and_gives_the_lock_back(shop: Any) -> None:
    waits, go = _held_in(shop, "UpdateAutoScalingGroup")
    shop.log.clear()
    process = begun(*VERBS["updatelc"])
    assert waits.wait(60)
    os.kill(process.pid, signal.SIGTERM)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.3)
    go.set()
    done = ended(process)
    assert (done.code, locks(shop)) == (143, []), done.stderr
    assert "prod two was not started" in done.stdout
    writes = [one.operation for one in shop.log if not one.operation.startswith(("Describe", "Get", "List", "Batch"))]
    assert writes[-2:] == ["UpdateAutoScalingGroup", "DeleteParameter"]


@pytest.mark.whole
def test_the_second_signal_leaves_at_once_and_makes_no_further_write(shop: Any) -> None:
    waits, go = _held_in(shop, "CreateLaunchTemplateVersion")
    shop.log.clear()
    process = begun("updatelc", "prod", "one", "--set", "instance_type=t3.large")
    assert waits.wait(60)
    os.kill(process.pid, signal.SIGINT)
    until(lambda: not _pending(process.pid), "the first one never arrives")
    os.kill(process.pid, signal.SIGINT)
    done = ended(process, 30)
    go.set()
    check_ended(done, signal.SIGINT, 130)
    assert "udo: interrupted in step 1" in done.stderr, done.stderr
    assert "'udo unlock' removes it" in done.stderr, done.stderr
    assert [one.operation for one in shop.log][-1] == "CreateLaunchTemplateVersion"


def test_a_signal_ends_the_wait_for_a_slow_git(shop: Any, tmp_path: Path) -> None:
    slow = tmp_path / "bin" / "git"
    slow.parent.mkdir()
    slow.write_text(f"#!/bin/sh\n: > {tmp_path}/asked\nexec sleep 60\n")
    slow.chmod(0o755)
    process = begun(*VERBS["deploy"][:3], "main", env={"PATH": f"{slow.parent}:{os.environ['PATH']}"})
    until(lambda: (tmp_path / "asked").exists() or process.poll() is not None, "it never asks git")
    os.kill(process.pid, signal.SIGTERM)
    done = ended(process, 15)
    assert (done.code, left_behind()) == (143, []), done.stderr
    assert done.stderr.splitlines()[-1].startswith("udo: interrupted"), done.stderr


def _pending(pid: int) -> bool:
    status = Path(f"/proc/{pid}/status").read_text()
    return any(int(line.split()[1], 16) for line in status.splitlines() if line.startswith(("SigPnd", "ShdPnd")))


@pytest.mark.whole
def test_a_signal_that_the_parent_ignored_stays_ignored(shop: Any) -> None:
    waits, go = _held_in(shop, "DescribeAutoScalingGroups")
    line = f"trap '' INT HUP; exec {sys.executable} -m udo status"
    process = subprocess.Popen(["bash", "-c", line], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert waits.wait(60)
    for number in (signal.SIGINT, signal.SIGHUP):
        os.kill(process.pid, number)
    go.set()
    done = ended(process)
    assert (done.code, "prod-one" in done.stdout) == (0, True), done.stderr


@pytest.mark.whole
def test_a_signal_ends_it_where_nobody_reads_what_it_says(shop: Any) -> None:
    read, write = os.pipe()
    os.set_blocking(write, False)
    try:
        while os.write(write, b"x" * 4096):
            pass
    except BlockingIOError:
        os.set_blocking(write, True)
    process = subprocess.Popen([sys.executable, "-m", "udo", "status"], stdout=write, stderr=subprocess.PIPE, text=True)
    until(lambda: "pipe_write" in waits_in(process.pid) or process.poll() is not None, "it never writes")
    os.kill(process.pid, signal.SIGINT)
    done = process.communicate(timeout=30)[1]
    for end in (read, write):
        os.close(end)
    assert (process.returncode, done) == (130, "udo: interrupted\n")


IMPORTS = """
import builtins, os, signal, sys
from udo import signals
signals.catch()
left = [int(sys.argv.pop(1))]
load = builtins.__import__
def importing(*about, **more):
    left[0] -= 1
    if left[0] == 0:
        os.kill(os.getpid(), signal.SIGINT)
    return load(*about, **more)
builtins.__import__ = importing
from udo.cli import main
main()
"""


@pytest.mark.parametrize("nth", some(range(1, 1200, 1 if WHOLE else 200), 1, 601))
def test_a_signal_while_it_still_loads_is_told_in_one_line(tmp_path: Path, nth: int) -> None:
    Path("udo.yml").write_text(CONFIG)
    done = subprocess.run(
        [sys.executable, "-c", IMPORTS, str(nth), "check"], check=False, capture_output=True, text=True
    )
    # What udo.yml is warned of may follow; of the signal there is one line.
    lines = [line for line in done.stderr.splitlines() if not line.startswith("udo.yml:")]
    told = (["udo: interrupted"], ["udo: interrupted, when all was done"])
    assert (done.returncode == 130 and lines in told) or (done.returncode, lines) == (0, []), done.stderr


def test_what_is_done_is_told_where_the_signal_comes_too_late(world: Any, udo: Callable[..., Any], seeded: Any) -> None:
    seeded(CONFIG)
    world.faults.add(Fault("hook", "ssm:DeleteParameter", hook=lambda _: os.kill(os.getpid(), signal.SIGTERM)))
    told = udo("updatelc", "prod", "one", "--set", "instance_type=t3.large", "-o", "json")
    assert (told.exit, told.json["exit"], told.json["error"]["code"]) == (143, 143, "interrupted")
    assert told.json["data"]["changed"] is True


def test_what_a_signal_broke_off_among_several_roles_is_not_told_as_done(
    world: Any, udo: Callable[..., Any], seeded: Any
) -> None:
    seeded(CONFIG)
    world.faults.add(
        Fault("hook", "ec2:CreateLaunchTemplateVersion", hook=lambda _: signal.raise_signal(signal.SIGINT))
    )
    told = udo("updatelc", "prod", "*", "--yes", "--set", "instance_type=t3.large")
    assert told.exit == 130
    assert "prod two was not started" in told.stdout
    assert told.stderr.splitlines()[-1].startswith("udo: interrupted in step 1 of 3"), told.stderr


def test_a_signal_beside_a_failure_among_several_roles_hides_neither(
    world: Any, udo: Callable[..., Any], seeded: Any
) -> None:
    seeded(CONFIG)
    world.faults.add(Fault("deny", "ec2:CreateLaunchTemplateVersion"))
    # The last call there is: by then all of it has ended.
    late = Fault("hook", "ssm:DeleteParameter", nth=2, after=True, hook=lambda _: signal.raise_signal(signal.SIGINT))
    world.faults.add(late)
    told = udo("updatelc", "prod", "*", "--yes", "--set", "instance_type=t3.large")
    assert told.exit == 130
    assert told.stderr.splitlines()[-1] == "udo: interrupted; 1 of 2 roles failed: prod one", told.stderr


@pytest.mark.whole
def test_a_run_whose_reader_went_away_is_no_run_that_was_broken_off(shop: Any) -> None:
    command = "udo ssh prod one 'seq 3; sleep 0.3; seq 3; sleep 0.3; seq 3'"
    line = f"{sys.executable} -m {command} | head -1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", line], check=False, capture_output=True, text=True, timeout=60)
    assert (done.returncode, "Traceback" in done.stderr) == (141, False), done.stderr
    shown = subprocess.run([sys.executable, "-m", "udo", "history", "-o", "json"], check=True, capture_output=True)
    [run] = [row for row in json.loads(shown.stdout)["data"] if row["run"]]
    assert run["outcome"] == "interrupted"
    lines = (Path(os.environ["XDG_STATE_HOME"]) / "udo" / "journal.jsonl").read_text().splitlines()
    assert json.loads(lines[-1])["note"] == "the reader of the output went away"
