"""A fan-out as a process of its own: few descriptors, a closed pipe, an interruption."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict, replace

import pytest
from sshd_farm import Farm
from whole import rows, some

from udo.ssh import Target

PROGRAM = """
import json, sys, resource
via, command = sys.argv[2], sys.argv[4]
files, fanout, rows = int(sys.argv[1]), int(sys.argv[3]), json.loads(sys.argv[5])
if files:
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
from udo import ssh
from udo.change.events import HostDone, Line
targets = [ssh.Target(**row | {"via": via}) for row in rows]
for event in ssh.fan_out(targets, command, ssh.Options(fanout=fanout), lambda _: None):
    if isinstance(event, HostDone):
        print(event.instance_id, event.outcome, event.reason, flush=True)
    elif isinstance(event, Line):
        print("line", flush=True)
"""


def started(hosts: list[Target], files: int, via: str, fanout: int, command: str) -> subprocess.Popen[str]:
    import json

    rows = json.dumps([asdict(host) for host in hosts])
    argv = [sys.executable, "-c", PROGRAM, str(files), via, str(fanout), command, rows]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def many(host: Target, count: int) -> list[Target]:
    return [replace(host, instance_id=f"i-{number:08x}") for number in range(count)]


@pytest.mark.parametrize(("via", "files"), rows([("paramiko", 48), ("openssh", 60)], [("paramiko", 48)]))
def test_with_few_descriptors_fewer_are_served_at_a_time_and_all_in_the_end(host: Target, via: str, files: int) -> None:
    hosts = many(host, 24)
    out, err = started(hosts, files, via, 24, "true").communicate(timeout=60)
    assert sorted(out.splitlines()) == sorted(f"{one.instance_id} ok " for one in hosts), err


def test_a_closed_pipe_ends_it_and_leaves_no_command_behind(farm: Farm, host: Target) -> None:
    run = started(many(host, 3), 0, "paramiko", 3, "while echo x; do sleep 0.05; done")
    assert run.stdout
    assert run.stdout.readline() == "line\n"
    run.stdout.close()
    run.wait(20)
    if run.stderr:
        run.stderr.close()
    _until_quiet(farm)


@pytest.mark.whole
@pytest.mark.parametrize("via", some(["paramiko", "openssh"], "paramiko"))
def test_an_interruption_ends_it_at_once(farm: Farm, host: Target, via: str) -> None:
    run = started(many(host, 3), 0, via, 3, "echo up; exec sleep 30")
    assert run.stdout
    assert run.stdout.readline() == "line\n"
    start = time.monotonic()
    os.kill(run.pid, signal.SIGINT)
    run.communicate(timeout=20)
    assert time.monotonic() - start < 5


def _until_quiet(farm: Farm) -> None:
    end = time.monotonic() + 10
    while farm.processes() and time.monotonic() < end:
        time.sleep(0.1)
    assert farm.processes() == []
