"""Starts the programs of hooks on this machine, as Ruby starts a command: directly where it can, else by a shell."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Protocol

from udo.sandbox.agent import inside

_SHELL = frozenset("*?{}[]<>()~&|\\$;'`\"\n#")


class NotStarted(Exception):
    """A program could not be started: the number of the error, and the word that was to be run."""

    def __init__(self, number: int, word: str) -> None:
        super().__init__(f"{os.strerror(number)} - {word}")
        self.number, self.word = number, word


@dataclass
class Started:
    """A program that runs: its two outputs, how to wait for it (None while it runs), how to ask its group to end."""

    out: IO[bytes]
    errors: IO[bytes]
    wait: Callable[[float | None], int | None]
    ask_to_end: Callable[[], None]


class Programs(Protocol):
    """Where hooks run."""

    # What stands in the diagnostics of an event whose hooks do not run; empty where they do.
    refusal: str
    # Whether they see this machine's paths, or the host's.
    real_paths: bool

    def start(self, command: str, environment: Mapping[str, str], folder: str) -> Started:
        """Starts a command. Raises: NotStarted."""

    def close(self) -> None:
        """Ends all that was started."""


class Here:
    """Hooks run on this machine as they are, with nothing between them and it."""

    def __init__(self) -> None:
        self.refusal = ""
        self.real_paths = True
        self._running: list[subprocess.Popen[bytes]] = []

    def start(self, command: str, environment: Mapping[str, str], folder: str) -> Started:
        """Starts a command in a process group of its own. Raises: NotStarted."""
        words = words_of(command)
        try:
            process = inside.opened(words, dict(environment), folder, subprocess.PIPE, subprocess.PIPE)
        except OSError as error:
            raise NotStarted(error.errno or 0, words[0]) from error
        self._running = [one for one in self._running if one.poll() is None]
        self._running.append(process)
        assert process.stdout is not None
        assert process.stderr is not None
        return Started(process.stdout, process.stderr, lambda seconds: _waited(process, seconds), lambda: _end(process))

    def close(self) -> None:
        """Ends the scripts that still run."""
        for process in self._running:
            if process.poll() is None:
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, signal.SIGKILL)


class Nowhere:
    """No hook runs; each event that has some says so, and why."""

    def __init__(self, why: str) -> None:
        self.refusal = why
        self.real_paths = False

    def start(self, command: str, environment: Mapping[str, str], folder: str) -> Started:
        """Starts nothing. Raises: NotStarted, always."""
        raise NotStarted(errno.EPERM, command)

    def close(self) -> None:
        """Has nothing to end."""


def words_of(command: str) -> list[str]:
    """The words of a command, or the shell that is to make sense of it.

    Source: Ruby 3.1, process.c, rb_exec_fillarg.
    """
    return ["sh", "-c", command] if _SHELL & set(command) else command.split()


def _waited(process: subprocess.Popen[bytes], seconds: float | None) -> int | None:
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        return None


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGTERM)
