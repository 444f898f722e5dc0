"""Logging in through Session Manager: by a stand-in for the plugin, which keeps what it was handed."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import ssm_worlds
from ssm_worlds import params
from test_ssh import asked, members

Udo = Callable[..., Any]
_PLUGIN = """\
#!/bin/sh
[ "$1" != --version ] || {{ echo {version}; exit; }}
for word in "$@"; do printf '%s\\n' "$word"; done > {folder}/words
printf '%s' "$AWS_SSM_START_SESSION_RESPONSE" > {folder}/variable
trap 'echo told > {folder}/interrupted' INT
touch {folder}/begun
sleep {seconds}
exit {status}
"""


@pytest.fixture
def stage(world: Any, seeded: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A cluster whose instances have agents; somebody sits at a terminal."""
    seeded(ssm_worlds.GROUPS)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    return world


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Puts a stand-in for the plugin into the PATH; gives the folder where it leaves what it was handed."""

    def make(version: str = "1.2.707.0", status: int = 0, seconds: float = 0) -> Path:
        folder = tmp_path / "plugin"
        folder.mkdir()
        place = folder / "session-manager-plugin"
        place.write_text(_PLUGIN.format(version=version, folder=folder, status=status, seconds=seconds))
        place.chmod(0o755)
        monkeypatch.setenv("PATH", str(folder), prepend=":")
        return folder

    return make


def test_a_session_is_handed_to_the_plugin_as_the_aws_command_line_does(stage: Any, udo: Udo, plugin: Any) -> None:
    folder = plugin()
    chosen = members(stage)[1]
    done = udo("ssh", "stage", "webapp", "--instance", chosen)
    assert done.exit == 0, done.stderr
    assert f"logging in to {chosen} through Session Manager" in done.stderr
    words = (folder / "words").read_text().split("\n")
    where = "https://ssm.us-west-2.amazonaws.com"
    wanted = ["AWS_SSM_START_SESSION_RESPONSE", "us-west-2", "StartSession", "", json.dumps({"Target": chosen}), where]
    assert words == [*wanted, ""]
    answer = json.loads((folder / "variable").read_text())
    assert set(answer) == {"SessionId", "TokenValue", "StreamUrl"}
    (opened,) = stage.client("ssm").describe_sessions(State="Active")["Sessions"]
    assert (opened["SessionId"], opened["Target"]) == (answer["SessionId"], chosen)
    # What opens the session stands on no command line and in no log.
    state = "".join(path.read_text() for path in Path.home().rglob("*.jsonl"))
    assert answer["TokenValue"] not in "\n".join(words) + done.stdout + done.stderr + state
    assert asked(stage, "SendCommand") == 0


def test_an_old_plugin_is_handed_the_answer_as_its_first_word_and_profile_and_endpoint_are_those_in_use(
    stage: Any, udo: Udo, plugin: Any
) -> None:
    folder = plugin("1.2.463.0")
    config = Path("aws-config")
    config.write_text("[profile ops]\naws_access_key_id = AKIAOPS\naws_secret_access_key = x\n")
    env = {"AWS_CONFIG_FILE": str(config.absolute()), "AWS_ENDPOINT_URL_SSM": "https://ssm.example.com"}
    done = udo("ssh", "stage", "webapp", "--newest", "1", "--profile", "ops", env=env)
    assert done.exit == 0, done.stderr
    first, *rest = (folder / "words").read_text().split("\n")
    assert set(json.loads(first)) == {"SessionId", "TokenValue", "StreamUrl"}
    assert (rest[2], rest[4]) == ("ops", "https://ssm.example.com")
    assert (folder / "variable").read_text() == ""


def test_how_the_session_ended_is_the_exit_status(stage: Any, udo: Udo, plugin: Any) -> None:
    plugin(status=3)
    assert udo("ssh", "stage", "webapp").exit == 3


def test_without_the_plugin_it_is_told_where_to_get_it_and_no_session_is_started(stage: Any, udo: Udo) -> None:
    done = udo("ssh", "stage", "webapp")
    assert done.exit == 1
    told = "udo: no session-manager-plugin, by which Session Manager is used: install it: https://docs.aws.amazon.com/"
    assert [line.startswith(told) for line in done.stderr.splitlines() if line.startswith("udo: ")] == [True]
    assert asked(stage, "StartSession") == 0
    assert udo("ssh", "stage", "webapp", "-n").exit == 0


def test_a_plugin_that_cannot_be_started_leaves_no_session_behind(stage: Any, udo: Udo, plugin: Any) -> None:
    folder = plugin()
    (folder / "session-manager-plugin").write_text("#!/no/such/program\n")
    done = udo("ssh", "stage", "webapp")
    assert (done.exit, "session-manager-plugin cannot be started: " in done.stderr) == (1, True)
    assert stage.client("ssm").describe_sessions(State="Active")["Sessions"] == []


def test_a_login_that_is_ended_from_outside_leaves_no_session_behind(stage: Any, udo: Udo, plugin: Any) -> None:
    folder = plugin(seconds=20)

    def end() -> None:
        while not (folder / "begun").exists():
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGTERM)

    ender = threading.Thread(target=end)
    ender.start()
    done = udo("ssh", "stage", "webapp")
    ender.join()
    assert done.exit == 143, done.stderr
    assert asked(stage, "StartSession") == 1
    assert stage.client("ssm").describe_sessions(State="Active")["Sessions"] == []


def test_one_that_is_not_connected_is_not_reached(stage: Any, udo: Udo, plugin: Any) -> None:
    plugin()
    (first, *_) = [row["instance_id"] for row in udo("instances", "stage", "webapp", "-o", "json").json["data"]]
    ssm_worlds.after_the_look(stage, lambda: ssm_worlds.agent_fault("ssm-lost", instance_id=first))
    done = udo("ssh", "stage", "webapp", "--instance", first)
    assert (done.exit, "is not connected" in done.stderr) == (255, True)


def test_a_login_is_on_a_member_that_is_online(stage: Any, udo: Udo, plugin: Any) -> None:
    plugin()
    for one in members(stage)[:2]:
        ssm_worlds.agent_fault("ssm-lost", instance_id=one)
    assert udo("ssh", "stage", "webapp").exit == 0
    assert params(stage, "StartSession") == [{"Target": members(stage)[2]}]


@pytest.mark.parametrize("words", [("-l", "deploy"), ("--env", "A=b"), ("--sudo",), ("--tty",)])
def test_what_session_manager_decides_itself_is_refused(
    stage: Any, udo: Udo, plugin: Any, words: tuple[str, ...]
) -> None:
    plugin()
    assert (udo("ssh", "stage", "webapp", *words).exit, asked(stage, "DescribeAutoScalingGroups")) == (2, 0)


def test_a_denied_session_is_named(stage: Any, udo: Udo, plugin: Any) -> None:
    from udo.sandbox.faults import Fault

    plugin()
    stage.faults.add(Fault("deny", "StartSession"))
    done = udo("ssh", "stage", "webapp")
    assert (done.exit, "the IAM action ssm:StartSession is missing" in done.stderr) == (6, True)


def test_ctrl_c_is_for_the_session_and_not_for_udo(stage: Any, udo: Udo, plugin: Any) -> None:
    folder = plugin(seconds=0.5, status=0)

    def press() -> None:
        while not (folder / "begun").exists():
            time.sleep(0.01)
        for _ in range(3):
            os.kill(os.getpid(), signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    presser = threading.Thread(target=press)
    presser.start()
    done = udo("ssh", "stage", "webapp")
    presser.join()
    assert done.exit == 0, done.stderr
    assert signal.getsignal(signal.SIGINT) is before
