"""Reads the lines of OpenSSH client configurations, and knows which of them change nothing."""

from __future__ import annotations

import glob
import os
import pwd
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from udo.errors import UsageError
from udo.frozen import frozen

# What changes nothing of how a command without terminal or forwarding is run, or is decided by Udo itself.
_WORDS = (
    "host match include sendenv hashknownhosts gssapiauthentication gssapidelegatecredentials serveraliveinterval "
    "serveralivecountmax tcpkeepalive controlmaster controlpath controlpersist forwardagent forwardx11 "
    "forwardx11trusted forwardx11timeout loglevel visualhostkey stricthostkeychecking connecttimeout "
    "connectionattempts addkeystoagent updatehostkeys batchmode numberofpasswordprompts permitlocalcommand "
    "localcommand remotecommand requesttty escapechar checkhostip ignoreunknown exitonforwardfailure localforward "
    "remoteforward dynamicforward clearallforwardings logverbose syslogfacility streamlocalbindmask usekeychain "
    "streamlocalbindunlink compression passwordauthentication kbdinteractiveauthentication identitiesonly ipqos "
    "enableescapecommandline fingerprinthash proxyusefdpass gatewayports canonicalizemaxdots hostbasedauthentication "
    "challengeresponseauthentication verifyhostkeydns forkafterauthentication stdinnull sessiontype"
)
HARMLESS = frozenset(_WORDS.split())
_LINE = re.compile(r"([A-Za-z0-9]+)(?:\s*=\s*|\s+)(.+)")
DEEPEST = 16


@frozen
class Setting:
    """One line: its keyword in small letters (empty: it is none), the rest as written, and where it stands."""

    keyword: str
    rest: str
    place: str

    @property
    def matters(self) -> bool:
        """Whether it may have anything to say of how a command is carried to a host."""
        return self.keyword not in HARMLESS or (self.keyword == "include" and self.has_tokens)

    @property
    def has_tokens(self) -> bool:
        """Whether OpenSSH would put something in the place of a part of it."""
        return bool(set(self.rest) & set("%$"))

    @property
    def words(self) -> list[str]:
        """The words of the rest, without quotes and comment. Raises: UsageError where a quote is not closed."""
        try:
            return shlex.split(self.rest, comments=True)
        except ValueError as error:
            raise UsageError(f"{self.place}: {self.keyword}: {error}") from error


def home() -> Path:
    """The folder that ~ stands for: ssh goes by the account's, whatever HOME says."""
    try:
        return Path(pwd.getpwuid(os.getuid()).pw_dir)
    except KeyError:
        # An account without a line in passwd, for which ssh does nothing at all.
        return Path.home()


def sources(config: str | None) -> tuple[tuple[Path, Path], ...]:
    """The files that count, the first before the others, each with the folder its Include lines start from.

    `config` is a file, "none", or None for the operator's own and the system's.
    """
    own = home() / ".ssh"
    if config:
        return () if config == "none" else ((Path(config).expanduser(), own),)
    return (own / "config", own), (Path("/etc/ssh/ssh_config"), Path("/etc/ssh"))


def every_line(config: str | None) -> Iterator[Setting]:
    """All lines, whomever they are for, those of included files among them.

    Raises: UsageError where a file that was named cannot be read.
    """
    for path, folder in sources(config):
        yield from _below(path, folder, named=config is not None)


def lines(path: Path, *, named: bool = False) -> Iterator[Setting]:
    """The lines of one file; none where it cannot be read. Raises: UsageError where such a one was `named`."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        if named:
            hint = "see `ssh.config` in udo.yml"
            raise UsageError(f"OpenSSH configuration {path}: {error.strerror or error}", hint=hint) from error
        return
    for number, line in enumerate(map(str.strip, text.split("\n")), 1):
        if line and not line.startswith("#"):
            found = _LINE.fullmatch(line)
            keyword, rest = (found[1].lower(), found[2]) if found else ("", line)
            yield Setting(keyword, rest, f"{path}:{number}")


def included(line: Setting, folder: Path) -> Iterator[Path]:
    """The files an Include line names, patterns matched."""
    for word in line.words:
        for name in sorted(glob.glob(str(folder / os.path.expanduser(word)))):  # noqa: PTH111, PTH207 - any may stand
            yield Path(name)


def _below(path: Path, folder: Path, depth: int = 0, *, named: bool = False) -> Iterator[Setting]:
    for line in lines(path, named=named):
        yield line
        if line.keyword == "include" and depth < DEEPEST:
            for name in included(line, folder):
                yield from _below(name, folder, depth + 1)
