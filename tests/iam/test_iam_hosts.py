"""`udo ssh` and `cp` under the policy that is printed for them: they run, and each action taken away is missed."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import ssm_worlds
from test_ssh import GROUPS

from udo.permissions import permissions
from udo.sandbox.faults import Fault

Udo = Callable[..., Any]
SSM = ssm_worlds.GROUPS.replace("via: ssm", "via: ssm, ssm: {bucket: shop-outputs, prefix: udo/x}")

# More than AWS hands out of an output.
MUCH = "seq 9000; exit 3"
PLUGIN = '#!/bin/sh\n[ "$1" != --version ] || echo 1.2.707.0\n'


class Hosts:
    """Command lines of a verb by somebody with its policy, and with what is left of it."""

    def __init__(self, world: Any, udo: Udo, user: Callable[..., Any], verb: str) -> None:
        self._world, self._udo, self._user = world, udo, user
        self._numbers = itertools.count()
        done = udo("iam", "stage", "webapp", "--verb", verb)
        assert done.exit == 0, done.stderr
        self.statements = json.loads(done.stdout)["Statement"]

    def run(self, *words: str, less: str = "", strike: Callable[[Any], None] = lambda _world: None) -> Any:
        """How a command line ends without one of the actions."""
        rows = []
        for one in self.statements:
            named = one["Action"] if isinstance(one["Action"], list) else [one["Action"]]
            if left := [name for name in named if name != less]:
                rows.append({**one, "Action": left})
        name = f"operator{next(self._numbers)}"
        # On a machine that knows no host yet.
        folders = {
            f"XDG_{kind}_HOME": str(Path("homes", name, kind).absolute()) for kind in ("STATE", "DATA", "CONFIG")
        }
        keys = self._user(*rows, name=name)
        self._world.faults.clear()
        strike(self._world)
        return self._udo(*words, env=keys | folders)

    def misses(self, action: str, *words: str, code: int = 0, strike: Callable[[Any], None] = lambda _: None) -> None:
        """Holds that under the whole policy it ends with this code, and without the action otherwise, or says so."""
        whole = self.run(*words, strike=strike)
        assert (whole.exit, told(whole)) == (code, 0), (action, whole.stderr)
        less = self.run(*words, less=action, strike=strike)
        assert less.exit != code or told(less), (action, less.stderr)


def told(done: Any) -> int:
    return (done.stdout + done.stderr).count("not authorized")


@pytest.fixture
def over_ssh(world: Any, ssh: Any, seeded: Any, udo: Udo, user: Any) -> Callable[[str], Hosts]:
    """A cluster whose instances answer ssh, and let in whom they were told of a one-time key for."""
    seeded(f"ssh: {{user: ec2-user, port: {ssh.port}, instance_connect: true}}\n" + GROUPS)
    world.client("autoscaling").update_auto_scaling_group(
        AutoScalingGroupName="stage-webapp", LaunchTemplate={"LaunchTemplateName": "stage-webapp", "Version": "$Latest"}
    )
    return lambda verb: Hosts(world, udo, user, verb)


@pytest.fixture
def through_ssm(world: Any, seeded: Any, udo: Udo, user: Any) -> Hosts:
    """A cluster whose instances have agents, and a bucket for what they say."""
    seeded(SSM)
    place = {"LocationConstraint": "us-west-2"}
    world.client("s3").create_bucket(Bucket="shop-outputs", CreateBucketConfiguration=place)
    return Hosts(world, udo, user, "ssh")


SSH_ACTIONS = {
    "autoscaling:DescribeAutoScalingGroups": (),
    "ec2:DescribeInstances": (),
    "ec2:GetConsoleOutput": (),
    "ec2-instance-connect:SendSSHPublicKey": (),
    "ec2:DescribeLaunchTemplateVersions": ("--outdated",),
}


@pytest.mark.whole
@pytest.mark.parametrize("verb", ["ssh", "cp"])
def test_each_action_of_a_run_over_ssh_is_missed(verb: str, over_ssh: Callable[[str], Hosts]) -> None:
    Path("file").write_text("x")
    hosts = over_ssh(verb)
    words = ("ssh", "stage", "webapp", "true") if verb == "ssh" else ("cp", "stage", "webapp", "file", ":there")
    for action in sorted(permissions(verb) & SSH_ACTIONS.keys()):
        if action == "ec2:DescribeLaunchTemplateVersions":
            # Nobody is outdated: where that is unknown it is said.
            hosts.misses(action, *words, "--outdated", code=hosts.run(*words, "--outdated").exit)
        else:
            hosts.misses(action, *words)


def _lost(world: Any) -> None:
    ssm_worlds.let_work(world)
    world.faults.add(Fault("drop", "SendCommand", after=True))


SSM_ACTIONS: dict[str, tuple[tuple[str, ...], int, Callable[[Any], None]]] = {
    "ssm:DescribeInstanceInformation": (("true",), 0, ssm_worlds.let_work),
    "ssm:SendCommand": (("true",), 0, ssm_worlds.let_work),
    "ssm:ListCommandInvocations": (("true",), 0, ssm_worlds.let_work),
    "ssm:GetCommandInvocation": ((MUCH,), 3, ssm_worlds.let_work),
    "s3:GetObject": ((MUCH,), 3, ssm_worlds.let_work),
    "ssm:ListCommands": (("true",), 0, _lost),
    "ssm:CancelCommand": (("sleep 60", "--deadline", "20"), 124, ssm_worlds.let_work),
}


@pytest.mark.whole
@pytest.mark.parametrize("action", SSM_ACTIONS)
def test_each_action_of_a_run_through_systems_manager_is_missed(action: str, through_ssm: Hosts) -> None:
    words, code, strike = SSM_ACTIONS[action]
    through_ssm.misses(action, "ssh", "stage", "webapp", *words, code=code, strike=strike)


@pytest.mark.whole
@pytest.mark.parametrize("action", ["ssm:StartSession", "ssm:TerminateSession"])
def test_each_action_of_a_login_is_missed(
    action: str, through_ssm: Hosts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    place = tmp_path / "session-manager-plugin"
    # One that is no program cannot be started, and its session is ended.
    place.write_text(PLUGIN if action == "ssm:StartSession" else "#!/no/such/program\n")
    place.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    words = ("ssh", "stage", "webapp", "--pick", "1")
    through_ssm.misses(action, *words, code=0 if action == "ssm:StartSession" else 1)


def test_the_lists_hold_every_action_of_both_verbs() -> None:
    named = {*SSH_ACTIONS, *SSM_ACTIONS, "ssm:StartSession", "ssm:TerminateSession", "sts:AssumeRole"}
    assert permissions("ssh") | permissions("cp") == named


def test_a_neighbour_is_reached_by_no_way(through_ssm: Hosts, world: Any) -> None:
    done = through_ssm.run("ssh", "stage", "webapp", "true", strike=ssm_worlds.let_work)
    assert done.exit == 0, done.stderr
    done = through_ssm.run("ssh", "stage", "worker", "true", strike=ssm_worlds.let_work)
    assert done.exit != 0
    assert "ssm:SendCommand" in done.stdout + done.stderr
