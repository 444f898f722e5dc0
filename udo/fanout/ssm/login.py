"""Logs in to one host through Session Manager, by the operator's own session-manager-plugin."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from udo import programs, signals
from udo.change.events import Event, HostBegan, HostDone, Notice
from udo.errors import AwsError, Interrupted, UdoError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from udo.aws import Aws
    from udo.change.plan import FanOut
    from udo.config import Role
    from udo.session import Session

PLUGIN = "session-manager-plugin"
_WHERE = "https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-install-plugin.html"
# From this version on the plugin takes the answer from a variable, which nobody else can read.
# Source: aws-cli, customizations/sessionmanager.py.
_VARIABLE, _SINCE = "AWS_SSM_START_SESSION_RESPONSE", (1, 2, 497, 0)
_ANSWER = ("SessionId", "TokenValue", "StreamUrl")


def login(session: Session, role: Role, step: FanOut) -> Iterator[Event]:
    """Yields that the login has begun and, once the person has left, how it ended.

    The plugin has the terminal meanwhile.

    Raises: UsageError without a terminal; UdoError without the plugin; another UdoError.
    """
    if not sys.stdin.isatty():
        raise UsageError("without CMD it is a login, and there is no terminal for one", hint="give a command")
    if not shutil.which(PLUGIN):
        raise UdoError(f"no {PLUGIN}, by which Session Manager is used", hint=f"install it: {_WHERE}")
    one, aws = str(step.targets[0]["instance_id"]), session.aws(role)
    params = {"Target": one}
    yield Notice(f"logging in to {one} through Session Manager")
    start = session.clock.monotonic()
    try:
        answer = aws.call("ssm", "StartSession", params)
    except AwsError as error:
        if error.aws_code != "TargetNotConnected":
            raise
        yield HostDone(one, "unreachable", None, error.message, session.clock.monotonic() - start)
        return
    yield HostBegan(one)
    words, env = command(aws, {name: answer[name] for name in _ANSWER}, params)
    try:
        status = programs.attended(words, os.environ | env)
    except Interrupted:
        _close(session, aws, answer["SessionId"])
        raise
    except OSError as error:
        _close(session, aws, answer["SessionId"])
        raise UdoError(f"{PLUGIN} cannot be started: {error.strerror}", hint=f"install it: {_WHERE}") from error
    yield HostDone(one, *_ending(status), session.clock.monotonic() - start)


def _close(session: Session, aws: Aws, session_id: str) -> None:
    # Otherwise it stays open on the host until it is idle for long enough.
    with signals.putting_back():
        try:
            aws.call("ssm", "TerminateSession", {"SessionId": session_id})
        except UdoError as error:
            session.emit(Notice(f"session {session_id} stays open until it is idle: {error.message}", "warning"))


def command(aws: Aws, answer: Mapping[str, Any], params: Mapping[str, Any]) -> tuple[list[str], dict[str, str]]:
    """The words that start the plugin, and what it finds in the environment besides; as the aws command line has them.

    Source: aws-cli, customizations/sessionmanager.py.
    """
    told, env = json.dumps(answer), {}
    if _version() >= _SINCE:
        told, env = _VARIABLE, {_VARIABLE: told}
    where = [aws.region or "", "StartSession", aws.profile or "", json.dumps(params), aws.address("ssm")]
    return [PLUGIN, told, *where], env


def _version() -> tuple[int, ...]:
    try:
        said = programs.asked([PLUGIN, "--version"], seconds=10.0).stdout.decode("utf-8", "replace")
    except (OSError, subprocess.TimeoutExpired):
        return ()
    found = re.search(r"\d+(\.\d+)+", said)
    return tuple(map(int, found[0].split("."))) if found else ()


def _ending(status: int) -> tuple[str, int | None, str]:
    return ("failed", abs(status) % 256, f"exit status {abs(status)}") if status else ("ok", 0, "")
