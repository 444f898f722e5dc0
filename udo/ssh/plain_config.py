"""Follows the few words of OpenSSH's client configuration that Udo understands itself, where there is no OpenSSH."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from udo.errors import UsageError
from udo.ssh.config_file import DEEPEST, Setting, included, lines, sources
from udo.ssh.target import KNOWN_HOSTS, Target

# What each keyword gives that somebody may have chosen already.
_GIVES = {"user": "user", "port": "port", "identityfile": "key"}


def followed(target: Target) -> Target:
    """The target with what its configuration says, where there is no ssh program to ask.

    Raises: UsageError at the first line for this target that is not understood.
    """
    found: dict[str, Setting] = {}
    for path, folder in sources(target.config):
        for line in _meant(path, folder, target.address):
            if _has_a_say(line, target):
                _check(line, found.setdefault(line.keyword, line))
    return _with(target, {name: line.words for name, line in found.items()})


def _meant(path: Path, folder: Path, address: str, depth: int = 0) -> Iterator[Setting]:
    """The lines for a host that may matter; a Host line in an included file ends with that file."""
    applies, doubt = True, None
    for line in lines(path):
        if line.keyword == "host":
            applies, doubt = _covers(line.words, address), None
        elif line.keyword == "match":
            applies, doubt = True, None if line.rest.lower() == "all" else line
        elif line.keyword == "include" and applies:
            if doubt or line.has_tokens or depth >= DEEPEST:
                raise _not_followed(doubt or line)
            for name in included(line, folder):
                yield from _meant(name, folder, address, depth + 1)
        elif applies and line.matters:
            if doubt:
                raise _not_followed(doubt)
            yield line


def _has_a_say(line: Setting, target: Target) -> bool:
    if line.keyword.endswith("knownhostsfile"):
        return target.known_hosts == KNOWN_HOSTS
    return line.keyword not in _GIVES or _GIVES[line.keyword] in target.unset


def _covers(words: Sequence[str], address: str) -> bool:
    if any(word[0] == "!" and _fits(word[1:], address) for word in words if word):
        return False
    return any(_fits(word, address) for word in words)


def _fits(pattern: str, address: str) -> bool:
    return bool(re.fullmatch(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), address))


def _check(line: Setting, first: Setting) -> None:
    words = line.words
    match line.keyword:
        case "userknownhostsfile" | "globalknownhostsfile":
            fits = bool(words)
        case "identityfile":
            fits = len(words) == 1 and words != ["none"] and words == first.words
        case "port":
            fits = len(words) == 1 and words[0].isdecimal() and 0 < int(words[0]) < 1 << 16
        case "hostname":
            fits = len(words) == 1
            words = [word.replace("%%", "").replace("%h", "") for word in words]
        case keyword:
            fits = keyword == "user" and len(words) == 1
    if not fits or any(set(word) & set("%$") for word in words):
        raise _not_followed(line)


def _not_followed(line: Setting) -> UsageError:
    hint = "install OpenSSH, or set `ssh.config: none` in udo.yml"
    told = f"{line.keyword} {line.rest}".strip()
    return UsageError(f"{line.place}: {told!r} is not understood without the ssh program", hint=hint)


def _with(target: Target, said: dict[str, list[str]]) -> Target:
    made = replace(target, unset=())
    if "hostname" in said:
        (name,) = said["hostname"]
        made = replace(made, address=re.sub("%[%h]", lambda token: "%" if token[0] == "%%" else target.address, name))
    if "user" in said:
        made = replace(made, user=said["user"][0])
    if "port" in said:
        made = replace(made, port=int(said["port"][0]))
    if "identityfile" in said:
        made = replace(made, key=said["identityfile"][0])
    if target.known_hosts == KNOWN_HOSTS:
        own, system = (said.get(f"{who}knownhostsfile") for who in ("user", "global"))
        files = (*(own or KNOWN_HOSTS[:2]), *(system or KNOWN_HOSTS[2:]))
        made = replace(made, known_hosts=tuple(name for name in files if name != "none"))
    return made
