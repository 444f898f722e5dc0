"""`udo ssh` as a process of its own while the group changes under it."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from test_ssh import GROUPS, members
from whole import some


@pytest.fixture
def stage(world: Any, ssh: Any, seeded: Any, served_world: Any) -> Any:
    """A cluster whose instances answer ssh, in an AWS that other processes reach too."""
    seeded(ssh.settings + GROUPS)
    return world


@pytest.mark.parametrize("via", some(["paramiko", "openssh"], "paramiko"))
def test_an_instance_terminated_in_mid_run_is_gone_and_the_others_go_on(stage: Any, via: str) -> None:
    doomed, *others = members(stage)
    command = f'echo up; test "$UDO_INSTANCE_ID" != {doomed} || exec sleep 60; echo end'
    argv = [sys.executable, "-m", "udo", "ssh", "stage", "webapp", command, "--via", via, "-o", "jsonl"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        assert run.stdout
        told = []
        for line in run.stdout:
            told.append(json.loads(line))
            if (told[-1]["event"], told[-1]["instance_id"]) == ("line", doomed):
                stage.client("ec2").terminate_instances(InstanceIds=[doomed])
                stage.hosts.follow()
        assert run.wait(20) == 0, run.stderr and run.stderr.read()
    done = {row["instance_id"]: row for row in told if row["event"] == "done"}
    assert len([row for row in told if row["event"] == "done"]) == len(done) == 3
    assert (done[doomed]["outcome"], done[doomed]["reason"][:22]) == ("gone", "terminated meanwhile (")
    assert {done[one]["outcome"] for one in others} == {"ok"}
    assert [row["text"] for row in told if row.get("stream") == "stdout" and row["instance_id"] == doomed] == ["up"]
