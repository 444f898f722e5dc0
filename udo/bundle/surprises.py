"""What succeeds, or depends on the host, and is not what it looks like: one rule a function."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import Any

import yaml

from udo.bundle.appspec import AppSpec, Script, place
from udo.bundle.contents import ARCHIVE, Contents, there
from udo.bundle.document import Node
from udo.bundle.failure import Failed, Place
from udo.bundle.finding import Finding, surprising
from udo.bundle.machine import joined
from udo.bundle.names import HOOKS
from udo.bundle.permissions import Permission
from udo.bundle.plan import Plan, add_file
from udo.bundle.scalars import leading_integer, text

_TOP = ("version", "os", "files", "hooks", "permissions", "file_exists_behavior")
_FILE = ("source", "destination")
_SCRIPT = ("location", "timeout", "runas", "sudo")
_PERMISSION = ("object", "pattern", "except", "type", "owner", "group", "mode", "acls", "context")
# An event is ended by the service after this many seconds, whatever the scripts may take.
_LONGEST_EVENT = 3600
_LONGEST_SCRIPT = 1024 * 1024
_META = frozenset("*?{}[]<>()~&|\\$;'`\"\n#")


def found(contents: Contents, spec: AppSpec, data: bytes) -> Iterator[Finding]:
    """Every surprise of one bundle."""
    root = spec.document
    for of_document in _OF_DOCUMENT:
        yield from of_document(root)
    for of_bundle in _OF_BUNDLE:
        yield from of_bundle(contents, spec)
    if re.search(rb"^---(\s|$)", data.partition(b"\n")[2], re.MULTILINE) and _documents(data) > 1:
        yield surprising("only the first document of the file counts", "remove what follows ---", Place(1, 1))


def _documents(data: bytes) -> int:
    try:
        return sum(isinstance(event, yaml.DocumentStartEvent) for event in yaml.parse(data, Loader=yaml.SafeLoader))
    except yaml.YAMLError:
        return 2


def keys_nobody_knows(root: Node) -> Iterator[Finding]:
    """Keys that the agent ignores without a word."""
    yield from _ignored(root, _TOP, "the agent")
    for key, known in (("files", _FILE), ("permissions", _PERMISSION)):
        section = root.below(key)
        for entry in section.items if section else ():
            yield from _ignored(entry, known, f"an entry of {key}")
    hooks = root.below("hooks")
    for _, scripts in hooks.pairs if hooks else ():
        for entry in scripts.items:
            yield from _ignored(entry, _SCRIPT, "a script")


def _ignored(node: Node, known: tuple[str, ...], whose: str) -> Iterator[Finding]:
    seen: set[Any] = set()
    for key, _ in node.pairs:
        name = text(key.value)
        if name in seen:
            yield surprising(f"the key {name} is there twice: the last one counts", "keep one of them", place(key))
        seen.add(name)
        if name not in known:
            near = difflib.get_close_matches(name.lower(), known, 1)
            remedy = f"did you mean {near[0]}?" if near else f"{whose} has {', '.join(known)}"
            yield surprising(f"the key {name} is ignored", remedy, place(key))


def modes_that_are_octal(root: Node) -> Iterator[Finding]:
    """A mode without quotes that begins with 0 is read as octal, and its decimal digits are the mode."""
    section = root.below("permissions")
    for entry in section.items if section else ():
        mode = entry.below("mode")
        if mode is None or not mode.plain or not isinstance(mode.value, int) or not re.match("0[0-7]", mode.word):
            continue
        if set("89") & set(str(mode.value)):
            # That is no mode at all, and told as such.
            continue
        yield surprising(
            f"mode: {mode.word} becomes {mode.value:04d}", f'write it in quotes: "{mode.word}"', place(mode)
        )


def timeouts_that_are_cut(root: Node) -> Iterator[Finding]:
    """A timeout is cut to the whole number it begins with, in seconds; an event ends after an hour at the latest."""
    hooks = root.below("hooks")
    for name, scripts in hooks.pairs if hooks else ():
        total = 0
        for entry in scripts.items:
            timeout = entry.below("timeout")
            value = timeout.value if timeout else None
            if isinstance(value, str) and not re.fullmatch(r"\s*\d+\s*", value) and re.match(r"\s*\d", value):
                told = f"timeout: {value!r} is {leading_integer(value)} seconds"
                yield surprising(told, "give whole seconds", place(timeout))
            elif isinstance(value, float) and math.isfinite(value):
                yield surprising(f"timeout: {value} is cut to {int(value)}", "give whole seconds", place(timeout))
            total += value if isinstance(value, int) and not isinstance(value, bool) else 0
        if total > _LONGEST_EVENT:
            told = f"the scripts of {text(name.value)} may take {total} seconds: CodeDeploy ends an event after an hour"
            yield surprising(told, f"keep the sum at or below {_LONGEST_EVENT}", place(name))


def scripts_that_lose_their_variables(_contents: Contents, spec: AppSpec) -> Iterator[Finding]:
    """`sudo: true` drops the variables of the deployment; a user must be there on the host."""
    for scripts in spec.hooks.values():
        for script in scripts:
            if script.sudo:
                told = "sudo: true drops DEPLOYMENT_ID, LIFECYCLE_EVENT and the other variables"
                yield surprising(told, "leave it out: hooks run as root anyway, or as runas", script.at)
            if script.runas not in (None, "", "root"):
                told = f"the script fails where the host has no user {script.runas} with a login shell"
                yield surprising(told, "make sure of it in the image", script.at)
            if _META & set(script.location):
                told = f"a shell makes something else of the name {script.location}"
                yield surprising(told, "name scripts with letters, digits, - and _", script.at)


def scripts_that_hold_their_output(contents: Contents, spec: AppSpec) -> Iterator[Finding]:
    """A process in the background that keeps the script's output makes the event wait for its timeout, and fail."""
    for script in _scripts(spec):
        for number, line in enumerate(_lines(contents, script), 1):
            if re.search(r"[^&>|;\s]\s*&\s*(#.*)?$", line.rstrip("\r")) and not re.search(r">|^\s*#", line):
                told = (
                    "what stays in the background keeps the output open: the event waits "
                    f"{script.timeout} seconds, then fails (failed to close STDOUT)"
                )
                remedy = "end it with >/dev/null 2>&1 </dev/null &"
                yield surprising(told, remedy, Place(number, 1), script.location)


def scripts_of_another_shell(contents: Contents, spec: AppSpec) -> Iterator[Finding]:
    """A script without a first line is run by sh; carriage returns become part of its commands."""
    for script in _scripts(spec):
        lines = _lines(contents, script)
        if lines and lines[0].strip() and not lines[0].startswith(("#!", "\x7fELF")):
            told = "without a first line #!... it is run by sh"
            yield surprising(told, "name its interpreter", Place(1, 1), script.location)
        if any(line.endswith("\r") for line in lines[1:-1]) and not lines[0].endswith("\r"):
            told = "its lines end in CRLF: each command has a carriage return at its end"
            yield surprising(told, "save it with LF", Place(2, 1), script.location)


def _scripts(spec: AppSpec) -> list[Script]:
    """Every script once."""
    return list({script.location: script for scripts in spec.hooks.values() for script in scripts}.values())


def _lines(contents: Contents, script: Script) -> list[str]:
    source = contents.place(joined(ARCHIVE, script.location))
    if not there(source) or not source.is_file() or source.stat().st_size > _LONGEST_SCRIPT:
        return []
    return source.read_bytes().decode("utf-8", "replace").split("\n")


def destinations_that_are_folders(contents: Contents, spec: AppSpec) -> Iterator[Finding]:
    """A destination is always a folder; a relative one is below the folder the agent happens to run in."""
    for entry in spec.files:
        if not isinstance(entry.source, str) or not isinstance(entry.destination, str):
            continue
        name = PurePosixPath(entry.source).name
        origin = contents.place(joined(ARCHIVE, entry.source))
        is_file = there(origin) and origin.is_file()
        if is_file and name and PurePosixPath(entry.destination).name == name:
            told = f"a destination is a folder: the file becomes {entry.destination}/{name}"
            yield surprising(told, f"write destination: {PurePosixPath(entry.destination).parent}", entry.at)
        if not entry.destination.startswith(("/", "~")):
            told = f"the destination {entry.destination} is below whatever folder the agent runs in"
            yield surprising(told, "begin it with /", entry.at)


def permissions_that_need_the_host(contents: Contents, spec: AppSpec) -> Iterator[Finding]:
    """Owners and groups must be there on the host; what is not copied by this bundle is not touched."""
    plan = Plan(contents)
    for entry in spec.files:
        try:
            add_file(plan, ARCHIVE, entry, "OVERWRITE")
        except (Failed, OSError, TypeError):
            continue
    for permission in spec.permissions:
        yield from _of_permission(plan, permission, contents.shallow)


def _of_permission(plan: Plan, one: Permission, shallow: bool) -> Iterator[Finding]:
    for kind, name in (("user", one.owner), ("group", one.group)):
        if isinstance(name, str) and name != "root":
            told = f"Install fails where the host has no {kind} {name}, with the files already in place"
            yield surprising(told, "make sure of it in the image", one.at)
    path = plan.machine.expanded(one.object) if not one.object.startswith("~") else one.object
    if not shallow and not plan.files.reaches(path) and not plan.folders.reaches(path):
        yield surprising(f"nothing that this bundle copies is at {one.object}: it is ignored", "check the path", one.at)
    if isinstance(one.pattern, str) and one.pattern != "**" and set("?[/") & set(one.pattern):
        told = f"the pattern {one.pattern} matches nothing: * is the only wildcard, and names of direct children alone"
        yield surprising(told, "write a pattern such as *.sh", one.at)
    is_folder = path not in plan.copied and not shallow
    if one.mode and is_folder and "directory" in one.types and not int(one.mode[-3]) & 1:
        told = f"mode {one.mode} is set on folders too, which nobody can then enter"
        yield surprising(told, "add type: [file], and one with x for [directory]", one.at)
    if one.mode and len(one.mode) == 4 and one.mode[0] in "24567" and (one.owner or one.group):
        told = f"owner and group are set after the mode: {one.mode} loses its set-uid or set-gid bit"
        yield surprising(told, "set it in a hook", one.at)
    if one.acls:
        told = "acls need setfacl on the host, and a named entry is never above the mode's group"
        yield surprising(told, "give m:: for a higher one", one.at)
    if one.context:
        yield surprising("a context needs SELinux and semanage on the host", "make sure of it in the image", one.at)


def hooks_of_the_last_bundle(_contents: Contents, spec: AppSpec) -> Iterator[Finding]:
    """Names that differ from a hook's by capitals only are caught as unknown; lists that are empty run nothing."""
    section = spec.document.below("hooks")
    for key, scripts in section.pairs if section else ():
        if key.value in HOOKS and scripts.value in (None, [], {}):
            yield surprising(f"{key.value} has no scripts", "leave it out", place(key))


_OF_DOCUMENT: tuple[Callable[[Node], Iterator[Finding]], ...] = (
    keys_nobody_knows,
    modes_that_are_octal,
    timeouts_that_are_cut,
)
_OF_BUNDLE: tuple[Callable[[Contents, AppSpec], Iterator[Finding]], ...] = (
    scripts_that_lose_their_variables,
    scripts_that_hold_their_output,
    scripts_of_another_shell,
    destinations_that_are_folders,
    permissions_that_need_the_host,
    hooks_of_the_last_bundle,
)
