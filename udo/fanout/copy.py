"""Takes what the command line says of files to copy, and plans the copy."""

from __future__ import annotations

import shutil
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from udo.change.plan import FanOut, Plan
from udo.errors import UsageError
from udo.fanout.command_line import line
from udo.frozen import frozen
from udo.size import bytes_text
from udo.ssh.copy.spec import Copy
from udo.ssh.copy.tree import look

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from udo.config import Role
    from udo.fanout.reach import Host
    from udo.session import Session

# Where distributions put the program that a server of files is.
_SERVERS = (
    "/usr/lib/openssh/sftp-server",
    "/usr/libexec/openssh/sftp-server",
    "/usr/lib/ssh/sftp-server",
    "/usr/libexec/sftp-server",
    "/usr/lib/sftp-server",
    "/usr/local/libexec/sftp-server",
)
_SERVE = (
    'for server in "$@"; do [ -x "$server" ] && exec $become "$server"; done; '
    "echo there is no sftp-server program here >&2; exit 127"
)
# The numbers of whom the files are to belong to come first.
_OWN = (
    'user=$1 group=$2; shift 2; uid=$(id -u -- "$user") || exit 1; '
    'if [ -z "$group" ]; then gid=$(id -g -- "$user") || exit 1; else '
    'case $group in *[!0-9]*) gid=$(getent group -- "$group" | cut -d: -f3);; *) gid=$group;; esac; fi; '
    '[ -n "$gid" ] || { echo "no group $group" >&2; exit 1; }; echo "$uid $gid"; '
)
_SUM = "if command -v sha256sum >/dev/null; then exec xargs -0 sha256sum --; else exec xargs -0 shasum -a 256 --; fi"


@frozen
class Files:
    """What is copied, and how that is called in one line; `command` stands for it where one is asked for."""

    copy: Copy
    says: str
    command: str = "cp"


def files(session: Session, words: Sequence[str], given: dict[str, Any]) -> Files:
    """The copy that the words after CLUSTER ROLE mean; takes its options out of `given`.

    Raises: UsageError, for files of this machine that are not there or cannot be read, too.
    """
    *sources, to = words or ("",)
    if not sources or not all(words):
        raise UsageError("what is copied where?", hint="SRC... :DST copies to the hosts, :SRC... DIR from them")
    fetch = all(word.startswith(":") for word in sources) and not to.startswith(":")
    if not fetch and (not to.startswith(":") or any(word.startswith(":") for word in sources)):
        hint = "a colon marks paths of the hosts: SRC... :DST, or :SRC... DIR"
        raise UsageError("one side must be of the hosts and the other of this machine", hint=hint)
    owner, sudo = given.pop("owner"), given.pop("sudo")
    times, limit = given.pop("times"), given.pop("limit")
    if fetch and owner:
        raise UsageError("--owner is for files that go to hosts", hint="leave it out")
    paths = tuple(_remote(word) for word in sources) if fetch else tuple(sources)
    if fetch and Path(to).exists() and not Path(to).is_dir():
        raise UsageError(
            f"{to} is no folder", hint="files of hosts go to a folder, each host's to one of its own in it"
        )
    goal = str(Path(to).absolute()) if fetch else _remote(to)
    copy = Copy(paths, goal, fetch, times, limit, _server(owner, sudo=sudo), bool(owner), _sums(sudo=sudo))
    return Files(copy, _says(session, copy, sources, to))


def way(session: Session, roles: Sequence[Role], via: str | None) -> str | None:
    """The client that copies: the ssh program where there is one and nobody has chosen. Raises: UsageError."""
    chosen = {via or (session.setting(role, "ssh.via") if role.has("ssh.via") else None) for role in roles}
    if "ssm" in chosen:
        raise UsageError("files are not copied over ssm, which carries commands alone", hint="use --via openssh")
    if chosen - {None, "auto"}:
        return via
    return "openssh" if shutil.which("ssh") else "paramiko"


def plan_copy(hosts: Sequence[Host], work: Files, options: Mapping[str, Any]) -> Plan:
    """The plan that copies the files to or from the hosts."""
    targets = tuple(host.target for host in hosts if not host.ending)
    labels = ", ".join(dict.fromkeys(host.role.label for host in hosts))
    count = f"{len(targets)} instance{'s' if len(targets) != 1 else ''} of {labels}"
    copy = {part.name: getattr(work.copy, part.name) for part in fields(work.copy)}
    step = FanOut(work.says.format(hosts=count), "", targets, {**options, "copy": copy})
    notes = [f"{host.instance_id} is gone" for host in hosts if host.ending and host.ending.outcome == "gone"]
    unchanged = "no instance to work on"
    return Plan("cp", labels, (step,) if targets else (), notes=tuple(notes), unchanged=unchanged)


def _says(session: Session, copy: Copy, sources: Sequence[str], to: str) -> str:
    named = " ".join(sources).replace("{", "{{").replace("}", "}}")
    there = to.replace("{", "{{").replace("}", "}}")
    if copy.fetch:
        return f"copy {named} from {{hosts}} to {there}"
    tree = look(copy.sources)
    count = f"{len(tree.files)} file{'s' if len(tree.files) != 1 else ''}, {bytes_text(tree.size)}"
    return f"copy {named} ({count}) to {there} on {{hosts}}"


def _remote(word: str) -> str:
    """A path of a host, relative to the login's home where it does not begin with a slash. Raises: UsageError."""
    path = word[1:]
    if path == "~" or path.startswith("~/"):
        return path[2:]
    if path.startswith("~"):
        raise UsageError(f"{word!r}: the home of another user has no name here", hint="write the whole path")
    if "\0" in path:
        raise UsageError(f"{word!r} is no path")
    return path


def _server(owner: str | None, *, sudo: bool) -> str:
    """The command line that starts a server of files; empty where the server's own does."""
    if not (owner or sudo):
        return ""
    become = "become='sudo -n --'; " if sudo else "become=; "
    user, _, group = (owner or "").partition(":")
    return line(
        ["sh", "-c", become + (_OWN if owner else "") + _SERVE, "sh", *([user, group] if owner else []), *_SERVERS]
    )


def _sums(*, sudo: bool) -> str:
    return line([*(["sudo", "-n", "--"] if sudo else []), "sh", "-c", _SUM])
