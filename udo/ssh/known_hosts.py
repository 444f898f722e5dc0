"""Reads OpenSSH's known_hosts files: plain, hashed and wildcard names, negation, ports, @revoked, @cert-authority."""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path

from udo.frozen import frozen
from udo.ssh import host_key
from udo.ssh.config_file import home
from udo.ssh.host_key import HostKey

REVOKED, AUTHORITY = "@revoked", "@cert-authority"


@frozen
class Entry:
    """One line: for which host names (`names`, as written) which key holds, revoked or as an authority."""

    names: str
    key: HostKey
    marker: str
    place: str

    def covers(self, name: str) -> bool:
        """Whether the line speaks of a host of this name."""
        if self.names.startswith("|1|"):
            return _hash_matches(self.names, name)
        return any(p.fullmatch(name) for p in self._wanted) and not any(p.fullmatch(name) for p in self._unwanted)

    @cached_property
    def _wanted(self) -> tuple[re.Pattern[str], ...]:
        return tuple(_pattern(part) for part in self.names.split(",") if not part.startswith("!"))

    @cached_property
    def _unwanted(self) -> tuple[re.Pattern[str], ...]:
        return tuple(_pattern(part[1:]) for part in self.names.split(",") if part.startswith("!"))


@frozen
class Known:
    """What the files say of one host; `places` are the lines the keys stand in, `authority`: certificates are due."""

    keys: tuple[HostKey, ...] = ()
    revoked: tuple[HostKey, ...] = ()
    authority: bool = False
    places: tuple[str, ...] = ()


@frozen
class KnownHosts:
    """The lines of known_hosts files, plain names indexed, all others to be tried one by one."""

    entries: tuple[Entry, ...]

    @cached_property
    def has_authorities(self) -> bool:
        """Whether any line is of an authority."""
        return any(entry.marker == AUTHORITY for entry in self.entries)

    def known(self, names: Sequence[str]) -> Known:
        """What is known of the server with these names: the first that has a line decides, any may revoke a key."""
        found = [[*self._covering(name.lower())] for name in names]
        revoked = tuple(entry.key for entries in found for entry in entries if entry.marker == REVOKED)
        for entries in found:
            plain = [entry for entry in entries if not entry.marker]
            authority = any(entry.marker == AUTHORITY for entry in entries)
            if plain or authority:
                places = tuple(entry.place for entry in plain)
                return Known(tuple(entry.key for entry in plain), revoked, authority, places)
        return Known(revoked=revoked)

    def _covering(self, name: str) -> Iterator[Entry]:
        yield from self._plain.get(name, ())
        yield from (entry for entry in self._others if entry.covers(name))

    @cached_property
    def _plain(self) -> dict[str, list[Entry]]:
        index: dict[str, list[Entry]] = {}
        for entry in self.entries:
            if not _needs_trying(entry):
                for name in entry.names.lower().split(","):
                    index.setdefault(name, []).append(entry)
        return index

    @cached_property
    def _others(self) -> tuple[Entry, ...]:
        return tuple(entry for entry in self.entries if _needs_trying(entry))


def read(paths: Sequence[str]) -> KnownHosts:
    """All lines of the files that can be read; a file that is not there and a line OpenSSH would skip are skipped."""
    return KnownHosts(tuple(entry for path in paths for entry in _entries(_path(path))))


def _path(name: str) -> Path:
    return home() / name[2:] if name.startswith("~/") else Path(name).expanduser()


def _entries(path: Path) -> Iterable[Entry]:
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError:
        return []
    found = (_entry(line, f"{path}:{number}") for number, line in enumerate(lines, 1))
    return [entry for entry in found if entry]


def _entry(line: str, place: str) -> Entry | None:
    words = line.split(maxsplit=4)
    marker = words.pop(0) if words and words[0].startswith("@") else ""
    if len(words) < 3 or words[0].startswith("#") or marker not in ("", REVOKED, AUTHORITY):
        return None
    key = host_key.parse(words[1], words[2])
    return Entry(words[0], key, marker, place) if key else None


def _needs_trying(entry: Entry) -> bool:
    return entry.names.startswith("|") or any(sign in entry.names for sign in "*?!")


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(re.escape(text.lower()).replace(r"\*", ".*").replace(r"\?", "."))


def _hash_matches(names: str, name: str) -> bool:
    try:
        salt, expected = (base64.b64decode(part) for part in names.split("|")[2:4])
    except (binascii.Error, ValueError):
        return False
    # Source: sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"; the hash is HMAC-SHA1 under the salt.
    return hmac.compare_digest(hmac.digest(salt, name.encode(), "sha1"), expected)
