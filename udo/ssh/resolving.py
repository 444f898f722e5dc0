"""Lets the operator's OpenSSH configuration have its say, by asking `ssh -G`, and chooses the engine of each host."""

from __future__ import annotations

import fnmatch
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from typing import Any

from udo import programs
from udo.errors import UdoError, UsageError
from udo.frozen import frozen
from udo.ssh.config_file import HARMLESS, Setting, every_line
from udo.ssh.known_hosts import KnownHosts
from udo.ssh.pins import Pins
from udo.ssh.plain_config import followed
from udo.ssh.session_settings import session_settings
from udo.ssh.target import KNOWN_HOSTS, Target, known_names

_FILES = ("userknownhostsfile", "globalknownhostsfile")
_TAKEN = frozenset({"user", "port", "identityfile", *_FILES})
_COMMAND = "knownhostscommand"
# What ssh fills in: a folder at the front, a token, a variable.
_FILLED = re.compile(r"(^~[^/]*|%.|\$\{[^}]*\})")

# Seconds for `ssh -G`, which runs what `Match exec` says; ssh itself has no limit for that.
_PATIENCE = 300.0

_AUTHORITY = "known_hosts has a @cert-authority for them and no key"

Answer = Mapping[str, tuple[str, ...]]


@frozen
class Said:
    """The lines of a configuration, its Include lines followed."""

    lines: tuple[Setting, ...]

    @property
    def matters(self) -> bool:
        """Whether it has anything to say of how a command is carried to a host."""
        return any(line.matters for line in self.lines)

    def signature(self, address: str) -> tuple[object, ...]:
        """Equal for hosts of which it says the same."""
        if self._each:
            return (address,)
        return tuple(fnmatch.fnmatchcase(address, pattern) for pattern in self._patterns)

    def files(self, answer: Answer) -> tuple[str, ...] | None:
        """The known_hosts files of an answer, which has blanks between them and within them; None where it is unclear.

        How they were written tells which is which.
        """
        found: list[str] = []
        for keyword, usual in zip(_FILES, (KNOWN_HOSTS[:2], KNOWN_HOSTS[2:]), strict=True):
            (value,) = answer[keyword]
            written = [usual, *(line.words for line in self.lines if line.keyword == keyword)]
            fitting = next(filter(None, (_parted(value, words) for words in written)), None)
            if fitting is None and " " in value:
                return None
            # To ssh a ~ stands for a folder in the user's files alone.
            names = [name for name in fitting or [value] if name != "none"]
            found += names if keyword == _FILES[0] else map(os.path.abspath, names)
        return tuple(found)

    @cached_property
    def _each(self) -> bool:
        return any(line.keyword in ("match", "hostname") or "%" in line.rest for line in self.lines)

    @cached_property
    def _patterns(self) -> tuple[str, ...]:
        hosts = (line.rest.split() for line in self.lines if line.keyword == "host")
        return tuple(word.strip('"!') for words in hosts for word in words)


def resolved(targets: Sequence[Target]) -> tuple[list[Target], list[str]]:
    """The targets with what the configuration says of them, and in one line each why some go through `ssh`.

    Raises: UsageError where a configuration cannot be read, or says what is not understood without the ssh program.
    """
    said = {config: Said(tuple(every_line(config))) for config in {target.config for target in targets}}
    answers: dict[tuple[Any, ...], Answer] = {}
    found, reasons = [], dict[str, int]()
    for target in targets:
        there, answer, other = _asked(target, said[target.config], answers)
        made, reason = _taken_over(there, answer, other)
        reason = reason or _own_reason(made)
        if reason:
            made = replace(there, via="openssh")
            reasons[reason] = reasons.get(reason, 0) + 1
        found.append(made)
    return found, [f"{count} of {len(targets)} hosts go through ssh: {reason}" for reason, count in reasons.items()]


def certified(
    targets: Sequence[Target], known_hosts: Mapping[tuple[str, ...], KnownHosts], pins: Pins
) -> tuple[list[Target], list[str]]:
    """The targets, and in one line why some more go through `ssh`: it alone can check the certificate of a host."""
    wanting = [_wants_certificate(target, known_hosts[tuple(target.known_hosts)], pins) for target in targets]
    found = [
        replace(target, via="openssh") if wants else target for target, wants in zip(targets, wanting, strict=True)
    ]
    count = sum(wanting)
    return found, [f"{count} of {len(targets)} hosts go through ssh: {_AUTHORITY}"] if count else []


def _wants_certificate(target: Target, known_hosts: KnownHosts, pins: Pins) -> bool:
    if target.via == "openssh" or not known_hosts.has_authorities:
        return False
    known = known_hosts.known(target.names)
    # A pin that cannot be read is told of where the host is reached.
    with suppress(UdoError):
        return known.authority and not known.keys and not pins.keys(target.instance_id)
    return False


def _own_reason(target: Target) -> str:
    if target.via == "openssh":
        return "asked for"
    if target.jump:
        return f"by way of {target.jump}"
    return ""


def written(targets: Sequence[Target]) -> list[tuple[Target, tuple[tuple[str, str], ...]]]:
    """The targets, each with what else its configuration says of the way to it: keywords of ssh_config and values.

    Raises: UsageError as `resolved` does.
    """
    said = {config: Said(tuple(every_line(config))) for config in {target.config for target in targets}}
    answers: dict[tuple[Any, ...], Answer] = {}
    found: list[tuple[Target, tuple[tuple[str, str], ...]]] = []
    for target in targets:
        there, answer, other = _asked(target, said[target.config], answers)
        names = [name for name in answer if name in other - HARMLESS - set(_FILES)]
        found.append((there, tuple((name, value) for name in names for value in answer[name])))
    return found


def _asked(target: Target, said: Said, answers: dict[tuple[Any, ...], Answer]) -> tuple[Target, Answer, frozenset[str]]:
    """The target as ssh would look for it in known_hosts, all that ssh says of it, and what of that is no default."""
    if not said.matters:
        return target, {}, frozenset()
    if not shutil.which("ssh"):
        return target if target.via == "openssh" else followed(target), {}, frozenset()
    plain, answer = _answers(target, said, answers)
    other = frozenset(name for name in answer.keys() | plain.keys() if answer.get(name) != plain.get(name))
    port = int(answer["port"][0])
    (host,) = answer.get("hostname", (target.address,))
    alias = tuple(name.lower() for name in answer.get("hostkeyalias", ()))
    made = replace(target, port=port, known_as=alias or known_names(host, port), left_to_ssh=_COMMAND in other)
    between = (*answer.get("proxyjump", ()), *(one for one in answer.get("proxycommand", ()) if " -W" in one))
    made = replace(made, way=next(iter(between), None))
    if other & set(_FILES) and target.known_hosts == KNOWN_HOSTS:
        files = said.files(answer)
        made = replace(made, left_to_ssh=True) if files is None else replace(made, known_hosts=files)
    return made, answer, other


def _answers(target: Target, said: Said, answers: dict[tuple[Any, ...], Answer]) -> tuple[Answer, Answer]:
    """What ssh would do without the configuration, and with it."""
    chosen = [*(() if "user" in target.unset else ("-l", target.user))]
    chosen += [] if "port" in target.unset else ["-p", str(target.port)]
    keys = (("none", *chosen), (target.config, *chosen, *said.signature(target.address)))
    for key in keys:
        if key not in answers:
            answers[key] = _ask(key[0], chosen, target.address)
    return answers[keys[0]], answers[keys[1]]


def _taken_over(target: Target, answer: Answer, other: frozenset[str]) -> tuple[Target, str]:
    """The target with what paramiko can follow; or why it cannot."""
    if target.via == "openssh" or not answer:
        return target, ""
    if needs := sorted(other - HARMLESS - _TAKEN):
        return target, f"its configuration has {', '.join(needs)}"
    if target.left_to_ssh:
        return target, "its configuration names known_hosts files in a way that ssh alone can read"
    made = target
    if "user" in target.unset:
        made = replace(made, user=answer["user"][0])
    if "identityfile" in other and "key" in target.unset:
        keys = answer["identityfile"]
        if len(keys) != 1:
            return target, "its configuration has several keys"
        if keys[0] == "none" or set(keys[0]) & set("%$"):
            return target, f"its configuration has identityfile {keys[0]}"
        made = replace(made, key=keys[0])
    return replace(made, unset=()), ""


def _ask(config: str | None, chosen: Sequence[str], address: str) -> Answer:
    words = ["ssh", "-G", *(["-F", config] if config else []), *chosen]
    told = _told(words, address)
    if told.returncode:
        # Where it is to go into the background it wants a command even to tell this.
        instead = [word for name, value in session_settings().items() for word in ("-o", f"{name}={value}")]
        told = _told([*words, *instead], address)
    said, errors = (os.fsdecode(stream) for stream in (told.stdout, told.stderr))
    if told.returncode:
        # The last line only counts those before it, which name file, line and option.
        lines = [line for line in map(str.strip, errors.splitlines()) if line and ": terminating, " not in line]
        raise UsageError(f"ssh -G {address}: {'; '.join(lines) or f'exit status {told.returncode}'}")
    answer: dict[str, tuple[str, ...]] = {}
    for line in said.split("\n"):
        name, _, value = line.partition(" ")
        # Hosts of which the same is said share an answer, but for the address itself.
        if name != "host" and (name, value) != ("hostname", address):
            answer[name] = (*answer.get(name, ()), value)
    return answer


def _told(words: Sequence[str], address: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return programs.asked([*words, "--", address], seconds=_PATIENCE)
    except subprocess.TimeoutExpired as error:
        hint = "a `Match exec` of its configuration may wait for something"
        raise UsageError(f"ssh -G {address}: no answer within {_PATIENCE:g} s", hint=hint) from error


def _parted(value: str, words: Sequence[str]) -> list[str]:
    """The words as ssh has filled them in, with blanks between them; none where these are not they."""
    pieces = (_FILLED.split(word) for word in words)
    patterns = ("".join(".*?" if _FILLED.fullmatch(one) else re.escape(one) for one in word) for word in pieces)
    found = re.fullmatch(" ".join(f"({pattern})" for pattern in patterns), value)
    return list(found.groups()) if found else []
