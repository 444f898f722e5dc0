"""Takes what the command line says of how a command is run, and puts the remote command line together."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from udo import signals
from udo.errors import UsageError
from udo.fanout.command_line import line
from udo.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from udo.config import Role
    from udo.session import Session

# It is sent ahead of the command's output; what is longer is a file to be copied, no script.
_LONGEST_SCRIPT = 1 << 20
_BY_SSH = ("fanout", "connect_timeout", "timeout", "idle_timeout", "host_keys")
_SHELLS = frozenset({"sh", "bash", "dash", "ash", "ksh", "mksh", "zsh", "fish", "csh", "tcsh"})
# What a shell runs from its standard input, a command in it would read away: it gets the script by another way.
_FROM_A_PIPE = 'cat | { exec 3<&0 </dev/null; exec "$@"; }'
# One byte at a time, so that what follows the variables is left to the command.
_WITH_VARIABLES = 'eval "$(dd bs=1 count=%d 2>/dev/null)"; exec sh -c "$1"'


@frozen
class Remote:
    """What runs on each host: the command line, what it reads, and how that is called in one line.

    `plain` is the command line for whoever sees to it by other means that it runs as root, which `sudo` asks for.
    """

    command: str = ""
    stdin: bytes = b""
    says: str = ""
    tty: bool = False
    plain: str = ""
    sudo: bool = False


@frozen
class How:
    """How the hosts are gone through, as the command line says it; None is for what udo.yml or a default says."""

    fanout: int | None = None
    connect_timeout: float | None = None
    timeout: float | None = None
    idle_timeout: float | None = None
    host_keys: str | None = None
    deadline: float | None = None
    batch: str | None = None
    pause: float | None = None
    canary: int | None = None
    max_failures: str | None = None
    retry: int | None = None

    def options(self, session: Session, role: Role, *, by_ssm: bool = False) -> dict[str, Any]:
        """The part of ssh.Options that a role's udo.yml has a word in, or of those of Systems Manager."""
        names = ("fanout", "timeout") if by_ssm else _BY_SSH
        given = {name: getattr(self, name) for name in names}
        return {name: session.setting(role, f"ssh.{name}") if value is None else value for name, value in given.items()}

    def rolling(self, total: int) -> dict[str, Any]:
        """The part of ssh.Options that holds for all of `total` hosts together, shares counted."""
        counted = {
            "deadline": self.deadline,
            "batch": share(self.batch, total),
            "pause": self.pause,
            "canary": self.canary,
            "max_failures": share(self.max_failures, total),
            "retry": self.retry,
        }
        return {name: value for name, value in counted.items() if value}


def remote(
    words: Sequence[str],
    after: Sequence[str],
    script: Path | None,
    env: Mapping[str, str],
    *,
    sudo: bool,
    reads: bool = False,
    tty: bool = False,
) -> Remote:
    """What runs on each host; `after` are the words that stood after `--`, and it `reads` our standard input.

    Raises: UsageError when that is not one command, or the script cannot be read.
    """
    _check_input(script, env, reads=reads, tty=tty)
    if script:
        if words:
            raise UsageError(f"unexpected word {words[0]!r}: --script is the command", hint="its arguments go after --")
        content = _content(script)
        return _wrapped(
            line([*_interpreter(content), *after]), content, f"run {shlex.join([str(script), *after])}", env, sudo=sudo
        )
    command = _command(words, after)
    if not command and (env or sudo or reads or tty):
        told = "--env, --sudo, --stdin and --tty are for a command"
        raise UsageError(told, hint="give a command, or leave them out")
    return replace(_wrapped(command, b"", f"run {shlex.quote(command)}", env, sudo=sudo), tty=tty)


def _check_input(script: Path | None, env: Mapping[str, str], *, reads: bool, tty: bool) -> None:
    """Raises: UsageError where one thing would be in the way of another on the command's standard input."""
    if tty:
        sent = "--stdin" if reads else "--script" if script else "--env" if env else ""
        if sent:
            raise UsageError(
                f"{sent} and --tty exclude each other", hint="a terminal would show and change what is sent there"
            )
    if reads and script:
        raise UsageError(
            "--stdin and --script exclude each other", hint="the script itself is sent as the standard input"
        )


def share(text: str | None, total: int) -> int | None:
    """The hosts of `total` that `25%` or `3` are: at least one."""
    if text is None:
        return None
    return max(1, int(text[:-1]) * total // 100) if text.endswith("%") else int(text)


def _command(words: Sequence[str], after: Sequence[str]) -> str:
    if len(words) + bool(after) > 1:
        extra = (*words, *after)[1]
        raise UsageError(f"unexpected word {extra!r} after the command", hint="quote the command, or put it after --")
    if words and not words[0].strip():
        raise UsageError("the command is empty", hint="leave it out to log in to one instance")
    return words[0] if words else line(after)


def _wrapped(command: str, stdin: bytes, says: str, env: Mapping[str, str], *, sudo: bool) -> Remote:
    """The command as the login shell takes it, whichever that is; sudo never asks, which nobody could answer.

    Variables come ahead of what it reads: on a command line everybody on the host could see them.
    """
    words = ["sudo", "-n", "--"] if sudo else []
    set_first = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in env.items())
    variables = set_first.encode("utf-8", "surrogateescape")
    if variables:
        words += ["sh", "-c", _WITH_VARIABLES % len(variables), "sh", command]
    elif sudo:
        words += ["sh", "-c", command]
    return Remote(line(words) if words else command, variables + stdin, says, plain=command, sudo=sudo)


def _content(script: Path) -> bytes:
    try:
        # It may be a pipe, whose other end takes its time.
        with signals.waiting(), script.open("rb") as file:
            content = file.read(_LONGEST_SCRIPT + 1)
    except OSError as error:
        raise UsageError(f"script {script}: {error.strerror}") from error
    if not content.strip() or len(content) > _LONGEST_SCRIPT:
        told = "is empty" if len(content) <= _LONGEST_SCRIPT else f"is longer than {_LONGEST_SCRIPT} bytes"
        raise UsageError(f"script {script} {told}")
    return content


def _interpreter(content: bytes) -> list[str]:
    """The words that run a script from standard input: what its first line names, otherwise sh."""
    first = content.split(b"\n", 1)[0].decode("utf-8", "replace").strip()
    words = (first[2:].split() if first.startswith("#!") else []) or ["sh"]
    name = next((word.rpartition("/")[2] for word in words if not word.endswith("/env") and word[0] != "-"), "")
    if name in _SHELLS:
        return ["sh", "-c", _FROM_A_PIPE, "sh", *words, "/dev/fd/3"]
    return [*words, "-"]
