"""Writes the script by which the agent of Systems Manager, which is root, runs a command as somebody else."""

from __future__ import annotations

import re
import shlex

from udo.errors import UsageError
from udo.fanout.command_line import octal

# Source: botocore ssm, MaxDocumentSizeExceeded: a document has at most 64 KB, what is filled in included.
_LONGEST = 60_000
# What arrives as it is in a parameter: no control characters, and no bytes that are no UTF-8.
_PLAIN = re.compile("[\t\n -~\u00a0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]*")
# Source: useradd(8); what else a name may hold, no account of a host has.
_USER = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,31}\$?")
# To the agent these say that it has ended the script itself, that what follows is left out, and that the host is to
# be restarted. Source: aws/amazon-ssm-agent, pluginutil_unix.go (GetStatus), runpluginutil.go, constants_unix.go.
_MEANT_FOR_THE_AGENT = "137 | 168 | 169 | 194"
UNKNOWN = "no such user"

_AS_SOMEBODY = 'runuser -u "$who" -- env HOME="$home" USER="$who" LOGNAME="$who" SHELL="$shell" "$shell" -c "$line"'
# What this shell says of a command that was killed is no word of the command's.
_APART = "sh -c 'exec \"$@\" 2>&3 3>&-' sh"
_ROOT = ("entry=$(of root)", "home=${entry%:*}", "home=${home##*:}")
_AS_ROOT = 'env HOME="$home" USER=root LOGNAME=root SHELL=/bin/sh sh -c "$line"'


def script(command: str, stdin: bytes, user: str | None, *, sudo: bool, mark: str) -> str:
    """The script, for sh. What the command says on stderr stands between the lines `mark` and `mark STATUS`.

    The command runs in the home of the user, by their login shell as sshd has it; with `sudo` by sh as root. `mark`
    has to be what no command says. Where there is no such user the second line is `mark` and UNKNOWN.

    Raises: UsageError for what no script holds.
    """
    if "\0" in command:
        raise UsageError("the command holds a NUL", hint="send such bytes by --script")
    who = user or "root"
    if not _USER.fullmatch(who):
        raise UsageError(f"{who!r} is not a user name")
    lines = [
        f"echo {mark} >&2",
        'of() { getent passwd "$1" || grep "^$1:" /etc/passwd; }',
        f"who={shlex.quote(who)} entry=$(of {shlex.quote(who)})",
        f"[ \"$entry\" ] || {{ echo '{mark} {UNKNOWN}' >&2; exit 1; }}",
        "home=${entry%:*} shell=${entry##*:}",
        "home=${home##*:} shell=${shell:-/bin/sh}",
        'cd "$home" 2>/dev/null || cd /',
        *(_ROOT if sudo else ()),
        *_assigned("line", command),
        f"{{ {_reading(f'{_APART} {_AS_ROOT if sudo else _AS_SOMEBODY}', stdin)}; }} 3>&2 2>/dev/null",
        "status=$?",
        f'echo "{mark} $status" >&2',
        f"case $status in {_MEANT_FOR_THE_AGENT}) status=1 ;; esac",
        "exit $status",
    ]
    made = "\n".join(lines)
    if len(made.encode()) > _LONGEST:
        told = f"the command is {len(made.encode()):,} bytes long, and Systems Manager takes {_LONGEST:,}"
        raise UsageError(told, hint="copy it to the hosts first, or use ssh")
    return made


def _assigned(name: str, text: str) -> list[str]:
    """Lines of sh that give a variable this text."""
    if _PLAIN.fullmatch(text):
        return [f"{name}={_quoted(text)}"]
    # A substitution loses newlines at its end: none is there.
    return [f"{name}=$(printf %b '{octal(text.encode('utf-8', 'surrogateescape'))}.')", f"{name}=${{{name}%.}}"]


def _reading(words: str, stdin: bytes) -> str:
    """The words of sh, reading this."""
    if not stdin:
        return f"{words} </dev/null"
    text = stdin.decode("utf-8", "surrogateescape")
    said = f"%s {_quoted(text)}" if _PLAIN.fullmatch(text) else f"%b '{octal(stdin)}'"
    return f"printf {said} | {words}"


def _quoted(text: str) -> str:
    """A word of sh without two braces in a row, which Systems Manager takes for a parameter of its own.

    Source: AWS Systems Manager User Guide, "Using Parameter Store parameters in Run Command".
    """
    return re.sub(r"\{(?=\{)", "{''", f"'{text}'" if "'" not in text else shlex.quote(text))
