"""Lets the operator's OpenSSH configuration have its say, by asking `ssh -G`, and chooses the engine of each host."""

from __future__ import annotations

import fnmatch
import glob
import os
import pwd
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from udo.errors import UsageError
from udo.ssh.target import KNOWN_HOSTS, Target

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
    "challengeresponseauthentication verifyhostkeydns"
)
_HARMLESS = frozenset(_WORDS.split())
_TAKEN = frozenset({"user", "port", "hostname", "identityfile", "userknownhostsfile", "globalknownhostsfile"})
_DEEPEST = 16

Answer = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Said:
    """The lines of a configuration, its Include lines followed, as (keyword, rest)."""

    lines: tuple[tuple[str, str], ...]

    @property
    def matters(self) -> bool:
        """Whether it has anything to say of how a command is carried to a host."""
        return any(keyword not in _HARMLESS for keyword, _ in self.lines)

    def signature(self, address: str) -> tuple[object, ...]:
        """Equal for hosts of which it says the same."""
        if self._each:
            return (address,)
        return tuple(fnmatch.fnmatchcase(address, pattern) for pattern in self._patterns)

    @cached_property
    def _each(self) -> bool:
        return any(keyword == "match" or "%" in rest for keyword, rest in self.lines)

    @cached_property
    def _patterns(self) -> tuple[str, ...]:
        hosts = (rest.split() for keyword, rest in self.lines if keyword == "host")
        return tuple(word.strip('"!') for words in hosts for word in words)


def resolved(targets: Sequence[Target]) -> tuple[list[Target], list[str]]:
    """The targets with what the configuration says of them, and in one line each why some go through `ssh`.

    Raises: UsageError where a configuration has something to say and there is no ssh program to ask.
    """
    said = {config: _said(config) for config in {target.config for target in targets}}
    answers: dict[tuple[Any, ...], Answer] = {}
    found, reasons = [], dict[str, int]()
    for target in targets:
        made, reason = _with_config(target, said[target.config], answers)
        if not reason:
            reason = _own_reason(made)
        if reason:
            made = replace(target, via="openssh")
            reasons[reason] = reasons.get(reason, 0) + 1
        found.append(made)
    return found, [f"{count} of {len(targets)} hosts go through ssh: {reason}" for reason, count in reasons.items()]


def _own_reason(target: Target) -> str:
    if target.via == "openssh":
        return "asked for"
    if target.jump:
        return f"by way of {target.jump}"
    if target.key and Path(f"{target.key}-cert.pub").expanduser().exists():
        return f"a certificate lies beside {target.key}"
    return ""


def _with_config(target: Target, said: Said, answers: dict[tuple[Any, ...], Answer]) -> tuple[Target, str]:
    if not said.matters or target.via == "openssh":
        return target, ""
    chosen = [*(() if "user" in target.unset else ("-l", target.user))]
    chosen += [] if "port" in target.unset else ["-p", str(target.port)]
    keys = (("none", *chosen), (target.config, *chosen, *said.signature(target.address)))
    for key in keys:
        if key not in answers:
            answers[key] = _ask(key[0], chosen, target.address)
    plain, answer = (answers[key] for key in keys)
    other = sorted(name for name in answer.keys() | plain.keys() if answer.get(name) != plain.get(name))
    needs = [name for name in other if name not in _HARMLESS | _TAKEN]
    if needs:
        return target, f"its configuration has {', '.join(needs)}"
    return _taken_over(target, answer, frozenset(other))


def _taken_over(target: Target, answer: Answer, other: frozenset[str]) -> tuple[Target, str]:
    """The target with what paramiko can follow; or why it cannot."""
    made = target
    if "user" in target.unset:
        made = replace(made, user=answer["user"][0])
    if "port" in target.unset:
        made = replace(made, port=int(answer["port"][0]))
    if "hostname" in other:
        return target, "its configuration has hostname"
    if "identityfile" in other and "key" in target.unset:
        keys = answer["identityfile"]
        if len(keys) != 1:
            return target, "its configuration has several keys"
        made = replace(made, key=keys[0])
    if {"userknownhostsfile", "globalknownhostsfile"} & other and target.known_hosts == KNOWN_HOSTS:
        files = (*answer.get("userknownhostsfile", ()), *answer.get("globalknownhostsfile", ()))
        made = replace(made, known_hosts=tuple(name for words in files for name in words.split()))
    return replace(made, unset=()), ""


def _ask(config: str | None, chosen: Sequence[str], address: str) -> Answer:
    words = ["ssh", "-G", *(["-F", config] if config else []), *chosen, "--", address]
    try:
        told = subprocess.run(words, capture_output=True, text=True, timeout=20, check=False)
    except FileNotFoundError as error:
        hint = "install OpenSSH, or set `ssh.config: none` in udo.yml"
        raise UsageError("there is an OpenSSH configuration, and no ssh program to ask about it", hint=hint) from error
    if told.returncode:
        raise UsageError(f"ssh -G {address}: {told.stderr.strip().splitlines()[-1:] or told.returncode}")
    answer: dict[str, tuple[str, ...]] = {}
    for line in told.stdout.splitlines():
        name, _, value = line.partition(" ")
        # The address itself stands under several names; only another one in its place is of interest.
        if value != address:
            answer[name] = (*answer.get(name, ()), value)
    return answer


def _said(config: str | None) -> Said:
    if config == "none":
        return Said(())
    # ssh goes by the account's home, whatever HOME says.
    own = Path(pwd.getpwuid(os.getuid()).pw_dir) / ".ssh"
    if config:
        return Said(tuple(_lines(Path(config).expanduser(), own)))
    return Said((*_lines(own / "config", own), *_lines(Path("/etc/ssh/ssh_config"), Path("/etc/ssh"))))


def _lines(path: Path, folder: Path, depth: int = 0) -> Iterator[tuple[str, str]]:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    for line in text.splitlines():
        found = re.match(r"\s*([A-Za-z0-9]+)(?:\s*=\s*|\s+)(.*)", line)
        if not found:
            continue
        keyword, rest = found[1].lower(), found[2].strip()
        yield keyword, rest
        if keyword == "include" and depth < _DEEPEST:
            for word in rest.replace('"', "").split():
                for name in sorted(glob.glob(str(folder / Path(word).expanduser()))):  # noqa: PTH207 - absolute ones too
                    yield from _lines(Path(name), folder, depth + 1)
