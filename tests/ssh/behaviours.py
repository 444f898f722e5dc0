"""What a host may do to whoever runs a command on it, each kind by name with what must become of the host."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bad_servers
from bad_servers import Address
from sshd_farm import Farm, key_pair

# Where it is served from: the farm, a real server to lead to, and the host's own address.
# Outcome and status.
End = tuple[str, int | None]
Serve = Callable[[Farm, Address, Address], AbstractContextManager[Any]]
GREETING = b"SSH-2.0-x\r\n"
# Of what stands twice in sshd_config the first counts, unless the second is of a block.
_NOBODY = "Match all\nAuthorizedKeysFile none"


@dataclass(frozen=True)
class Behaviour:
    """A host's server (None: a good one) and what the command does there, and how it ends with each engine.

    `said` is all of its standard output, where that is certain.
    """

    paramiko: End
    openssh: End
    serve: Serve | None = None
    command: str = "echo hi"
    said: str | None = None


def _serves(serve: Serve, outcome: str, by_openssh: str = "") -> Behaviour:
    return Behaviour((outcome, None), (by_openssh or outcome, None), serve)


def _says(data: bytes, then: str, outcome: str, by_openssh: str = "") -> Behaviour:
    return _serves(lambda _farm, _real, at: bad_servers.saying(data, then, at), outcome, by_openssh)


def _cut(after: int, then: str, outcome: str) -> Behaviour:
    return _serves(lambda _farm, real, at: bad_servers.cut_off(real, after, then, at), outcome)


def _sshd(more: str, outcome: str, by_openssh: str = "") -> Behaviour:
    def serve(farm: Farm, _real: Address, at: Address) -> AbstractContextManager[Any]:
        farm.at([at[0]], at[1], more=more)
        return nullcontext()

    return _serves(serve, outcome, by_openssh)


def _keyed(name: str) -> Behaviour:
    def serve(farm: Farm, _real: Address, at: Address) -> AbstractContextManager[Any]:
        path = Path(farm.folder / name)
        farm.at([at[0]], at[1], [path if path.exists() else key_pair(path)])
        return nullcontext()

    return _serves(serve, "refused")


def _runs(command: str, outcome: str, status: int | None = None, said: str | None = None) -> Behaviour:
    # The ssh program does not tell which signal it was.
    by_openssh = 128 if outcome == "signal" else status
    return Behaviour((outcome, status), (outcome, by_openssh), None, command, said)


BEHAVIOURS: dict[str, Behaviour] = {
    # Before a word of ssh.
    "refuses the connection": _serves(lambda *_: nullcontext(), "unreachable"),
    "leaves SYN unanswered": _serves(lambda _farm, _real, at: bad_servers.unanswered(at), "timeout"),
    "closes at once": _says(b"", "close", "unreachable"),
    "resets at once": _says(b"", "reset", "unreachable"),
    "is silent before the greeting": _says(b"", "silent", "timeout"),
    "is a web server": _says(b"HTTP/1.1 400 Bad Request\r\n\r\n", "close", "unreachable"),
    "speaks ssh 1": _says(b"SSH-1.5-old\r\n", "close", "refused", "unreachable"),
    "greets in lines without end": _says(b"hello\r\n" * 99, "forever", "unreachable"),
    "greets in a line without end": _says(b"x" * 999, "forever", "timeout", "unreachable"),
    # In the key exchange.
    "greets, then is silent": _says(GREETING, "silent", "timeout"),
    "greets, then closes": _says(GREETING, "close", "unreachable"),
    "greets, then resets": _says(GREETING, "reset", "unreachable"),
    "sends no packet": _says(GREETING + b"\xff" * 64, "silent", "refused", "unreachable"),
    "sends zeros": _says(GREETING + b"\0" * 4096, "silent", "refused", "unreachable"),
    "falls silent in the key exchange": _cut(700, "silent", "timeout"),
    "closes in the key exchange": _cut(700, "close", "unreachable"),
    "resets in the key exchange": _cut(1100, "reset", "unreachable"),
    "has only an old key exchange": _sshd("KexAlgorithms diffie-hellman-group1-sha1", "refused"),
    "has only old ciphers": _sshd("Ciphers 3des-cbc", "refused"),
    "has another key than is known": _keyed("another"),
    "has a revoked key": _keyed("revoked"),
    # In the login.
    "falls silent in the login": _sshd(
        f"{_NOBODY}\nAuthorizedKeysCommand /bin/sleep 60\nAuthorizedKeysCommandUser {getpass.getuser()}", "timeout"
    ),
    "closes after the key exchange": _cut(1700, "close", "unreachable"),
    "falls silent after the key exchange": _cut(1700, "silent", "timeout"),
    "lets nobody in": _sshd(_NOBODY, "refused"),
    "lets nobody try": _sshd("PubkeyAuthentication no", "refused"),
    "sends a byte at a time": _serves(lambda _farm, real, at: bad_servers.trickling(real, 0.01, at), "timeout"),
    # While the command runs.
    "runs no commands": _sshd("MaxSessions 0", "refused", "dropped"),
    "is well": _runs("echo hi", "ok", 0, "hi\n"),
    "says nothing": _runs("true", "ok", 0, ""),
    "fails": _runs("echo out; echo err >&2; exit 3", "failed", 3, "out\n"),
    "fails with the status of ssh": _runs("exit 255", "failed", 255),
    "does not know the command": _runs("exec no-such-program", "failed", 127),
    "is killed": _runs("kill -KILL $$", "signal", 137),
    "ends itself by a signal": _runs("echo x; kill -TERM $$", "signal", 143, "x\n"),
    "is silent in mid-command": _runs("printf half; sleep 60", "timeout", None, "half"),
    "says a byte a second": _runs("while printf x; do sleep 1; done", "timeout"),
    "says a byte now and then": _runs("for c in a b c; do printf $c; sleep 0.2; done", "ok", 0, "abc"),
    "breaks off": _runs("echo x; sleep 0.3; kill -9 $PPID; sleep 60", "dropped", None, "x\n"),
    "says no newline": _runs("printf end", "ok", 0, "end"),
    "says what is no text": _runs("printf '\\377\\376\\300\\200x\\n'", "ok", 0, "\ufffd\ufffd\ufffd\ufffdx\n"),
    "says NULs": _runs("printf 'a\\000b\\n'", "ok", 0, "a\0b\n"),
    "steers the terminal": _runs("printf 'a\\033[2J\\rb\\n'", "ok", 0, "a\x1b[2J\rb\n"),
    "says much on both streams": _runs("seq 20000; seq 20000 >&2", "ok", 0, "".join(f"{n}\n" for n in range(1, 20001))),
    "floods": _runs(f"exec yes {'x' * 60}", "timeout"),
    "floods on stderr": _runs(f"exec yes {'x' * 60} >&2", "timeout", None, ""),
    "closes its output first": _runs("exec >&- 2>&-; sleep 0.3; exit 7", "failed", 7, ""),
    "asks for input": _runs("cat; read x || echo none", "ok", 0, "none\n"),
    "leaves a program behind that holds its output": _runs("echo x; sleep 60 & exit 0", "timeout", None, "x\n"),
    "leaves a program behind that does not": _runs("sleep 60 >/dev/null 2>&1 & echo x", "ok", 0, "x\n"),
}
