"""Notices where a login shell has run nothing of a command though it sounds otherwise."""

from __future__ import annotations

from dataclasses import dataclass, replace

from udo.ssh.outcome import Ending

# More than what the shells say here.
_FIRST = 1 << 12
# Source: nologin(8) of util-linux and of shadow; either ends with status 1.
_NOLOGIN = b"This account is currently not available.\n"
# fish says these of a command that it does run, up to the place. All other errors that quote the command come before.
_RUNNING = (b"No matches for", b"Unknown command", b"Invalid index", b"Array index")


@dataclass
class FirstWords:
    """The first of what a host says on each stream."""

    on_terminal: bool = False
    stdout: bytes = b""
    stderr: bytes = b""

    def note(self, stream: str, data: bytes) -> None:
        """Keeps what is among the first."""
        if self.on_terminal:
            data = data.replace(b"\r\n", b"\n")
        if stream == "stdout" and len(self.stdout) < _FIRST:
            self.stdout += data[:_FIRST]
        elif stream == "stderr" and len(self.stderr) < _FIRST:
            self.stderr += data[:_FIRST]

    def ending(self, ending: Ending, command: str) -> Ending:
        """How the command has really ended, which the login shell was to run."""
        if ending.status == 1 and self.stdout == _NOLOGIN:
            return replace(ending, reason="the login shell is nologin: no command is run for this account")
        # On a terminal both are one stream.
        told = self.stdout if self.on_terminal else self.stderr
        if ending.outcome == "ok" and (self.on_terminal or not self.stdout) and (why := _unread(told, command)):
            return Ending("failed", 127, f"the login shell, fish, could not read the command: {why}")
        return ending


def _unread(told: bytes, command: str) -> str:
    """What fish had against the command, which it gives the exit status 0 all the same; empty for nothing."""
    says, _, rest = told.partition(b"\n")
    quoted, _, mark = rest.partition(b"\n")
    if not says.startswith(b"fish: ") or says[6:].startswith(_RUNNING):
        return ""
    lines = command.encode("utf-8", "surrogateescape").split(b"\n")
    return says[6:].decode(errors="replace") if quoted in lines and not mark.strip(b" \t~^\n") else ""
