"""An appspec read exactly as the agent reads it: the same order of checks, the same words, the same surprises."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from udo.bundle.document import Node, Unreadable, read
from udo.bundle.failure import NOWHERE, Failed, Place, internal
from udo.bundle.permissions import Permission, permission
from udo.bundle.scalars import Symbol, inspected, is_false, leading_integer, text
from udo.frozen import frozen

# The newest agent whose behaviour is known by running it.
AGENT = "1.8.1"
BEHAVIORS = ("DISALLOW", "OVERWRITE", "RETAIN")
DEFAULT_TIMEOUT = 3600
_BLANKS = "\t\n\v\f\r \0"
_Made = TypeVar("_Made")
_AGAIN = "and then try again."


@frozen
class Script:
    """One script of a hook; `runas` None runs it as the agent, `timeout` in seconds."""

    location: str
    runas: str | None = None
    sudo: bool = False
    timeout: int = DEFAULT_TIMEOUT
    at: Place = NOWHERE


@frozen
class File:
    """One entry of `files`, as YAML gives it: what is no text fails only at Install."""

    source: Any
    destination: Any
    at: Place = NOWHERE


@frozen
class AppSpec:
    """What the agent goes by; hooks hold lists that may be empty, and `document` the places of all values."""

    hooks: dict[Any, tuple[Script, ...]]
    files: tuple[File, ...]
    permissions: tuple[Permission, ...]
    file_exists_behavior: str | None
    document: Node


_EMPTY = AppSpec({}, (), (), None, Node(None))


def parse(data: bytes) -> AppSpec:
    """The appspec of these bytes.

    Raises: Failed, for the first thing that the agent stumbles on.
    """
    spec, failures = look(data)
    if failures:
        raise failures[0]
    return spec


def look(data: bytes) -> tuple[AppSpec, list[Failed]]:
    """What is good of an appspec, and everything the agent would stumble on, in its order."""
    try:
        root = read(data)
    except Unreadable as error:
        return _EMPTY, [Failed(error.message, at=Place(error.line, error.column))]
    if is_false(root.value):
        told = (
            "The deployment failed because the application specification file was empty. Make sure your AppSpec file "
            "defines at minimum the 'version' and 'os' properties."
        )
        return _EMPTY, [Failed(told)]
    found: list[Failed] = []
    with _kept(found):
        given = _top(root)
    if found:
        return _EMPTY, found
    with _kept(found):
        _version(given.get("version"), _at(root, "version"))
    with _kept(found):
        _system(given.get("os"), _at(root, "os"))
    hooks = _hooks(root, found)
    files = tuple(_each(root, "files", _file, found))
    permissions = tuple(_each(root, "permissions", lambda node: permission(node, place(node)), found))
    behavior = None
    with _kept(found):
        behavior = _behavior(given, root)
    return AppSpec(hooks, files, permissions, behavior, root), found


@contextmanager
def _kept(failures: list[Failed]) -> Iterator[None]:
    try:
        yield
    except Failed as error:
        failures.append(error)


def _each(root: Node, key: str, made: Callable[[Node], _Made], failures: list[Failed]) -> Iterator[_Made]:
    """What every good entry of a section is made into."""
    nodes: tuple[Node, ...] = ()
    with _kept(failures):
        nodes = _entries(root, key)
    for node in nodes:
        with _kept(failures):
            yield made(node)


def place(node: Node | None) -> Place:
    """Where a value stands."""
    return Place(node.line, node.column) if node else NOWHERE


def key_text(name: Any) -> str:
    """The name of a hook as a message shows it."""
    return inspected(name)


def _at(root: Node, key: str) -> Place:
    return place(root.below(key) or root)


def _top(root: Node) -> dict[Any, Any]:
    match root.value:
        case dict():
            return root.value
        case str() | Symbol():
            # A text is asked for what it holds.
            return {key: key for key in ("version", "os") if key in text(root.value)}
    raise internal("the appspec is no map", place(root))


def _version(value: Any, at: Place) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != 0:
        raise Failed(
            f"The deployment failed because an invalid version value ({text(value)}) was entered in the application "
            f'specification file. Make sure your AppSpec file specifies "0.0" as the version, {_AGAIN}',
            at=at,
        )


def _system(value: Any, at: Place) -> None:
    if value != "linux":
        raise Failed(
            "The deployment failed because the application specification file specifies an unsupported operating "
            f'system ({text(value)}). Specify either "linux" or "windows" in the os section of the AppSpec file, '
            f"{_AGAIN}",
            at=at,
        )


def _hooks(root: Node, failures: list[Failed]) -> dict[Any, tuple[Script, ...]]:
    section = root.below("hooks")
    if section is None or is_false(section.value):
        return {}
    if not isinstance(section.value, dict):
        failures.append(internal("hooks is no map", place(section)))
        return {}
    named = {_hashable(name.value): scripts for name, scripts in section.pairs}
    found = {}
    for name, scripts in named.items():
        if is_false(scripts.value):
            continue
        if not isinstance(scripts.value, list) and scripts.value != {}:
            failures.append(internal(f"the scripts of {text(name)} are no list", place(scripts)))
            continue
        good = []
        for one in scripts.items:
            with _kept(failures):
                good.append(_script(one))
        found[name] = tuple(good)
    return found


def _hashable(value: Any) -> Any:
    return str(value) if isinstance(value, list | dict) else value


def _script(node: Node) -> Script:
    if not isinstance(node.value, dict):
        raise internal("a script of a hook is no map", place(node))
    location = node.value.get("location")
    runas = node.value.get("runas")
    stripped = "" if location is None else text(location).strip(_BLANKS)
    if not stripped:
        raise Failed(
            "The deployment failed because the application specification file specifies a script with no location "
            f"value. Specify the location in the hooks section of the AppSpec file, {_AGAIN}",
            at=place(node.below("location") or node),
        )
    at = place(node.below("location"))
    seconds = _seconds(node.value.get("timeout"), place(node.below("timeout")))
    if leads_out(stripped):
        raise Failed(f"The script {stripped} lies outside of the bundle: the sandbox refuses it", at=at)
    sudo = not is_false(node.value.get("sudo"))
    return Script(stripped, None if runas is None else text(runas).strip(_BLANKS), sudo, seconds, at)


def leads_out(path: str) -> bool:
    """Whether a path within a bundle leads out of it."""
    depth = 0
    for part in path.split("/"):
        depth += -1 if part == ".." else part not in ("", ".")
        if depth < 0:
            return True
    return False


def _seconds(value: Any, at: Place) -> int:
    match value:
        case None | False:
            return DEFAULT_TIMEOUT
        case True | list() | dict() | Symbol():
            raise internal("a timeout is no number", at)
        case float() if not math.isfinite(value):
            raise internal("a timeout is no number", at)
        case str():
            seconds = leading_integer(value)
        case _:
            seconds = int(value)
    if seconds <= 0:
        raise Failed(
            "The deployment failed because an invalid timeout value was provided for a script in the application "
            f"specification file. Make corrections in the hooks section of the AppSpec file, {_AGAIN}",
            at=at,
        )
    return seconds


def _entries(root: Node, key: str) -> tuple[Node, ...]:
    section = root.below(key)
    if section is None or is_false(section.value) or section.value == {}:
        return ()
    if not isinstance(section.value, list):
        raise internal(f"{key} is no list", place(section))
    return section.items


def _file(node: Node) -> File:
    match node.value:
        case dict():
            given = node.value
        case str() | Symbol():
            given = {key: key for key in ("source", "destination") if key in text(node.value)}
        case _:
            raise internal("an entry of files is no map", place(node))
    source, destination = given.get("source"), given.get("destination")
    if source is None:
        raise Failed(
            "The deployment failed because the application specification file specifies a destination file, but no "
            f"source file. Update the files section of the AppSpec file, {_AGAIN}",
            at=place(node),
        )
    if destination is None:
        raise Failed(
            "The deployment failed because the application specification file specifies only a source file "
            f"({text(source)}). Add the name of the destination file to the files section of the AppSpec file, "
            f"{_AGAIN}",
            at=place(node),
        )
    at = place(node.below("source") or node)
    if isinstance(source, str) and leads_out(source):
        raise Failed(f"The source {source} lies outside of the bundle: the sandbox refuses it", at=at)
    return File(source, destination, at)


def _behavior(given: dict[Any, Any], root: Node) -> str | None:
    value = given.get("file_exists_behavior")
    if value is not None and value not in BEHAVIORS:
        raise Failed(
            f"The deployment failed because an invalid file_exists_behavior value ({text(value)}) was entered in the "
            "application specification file. Make sure your AppSpec file specifies one of DISALLOW,OVERWRITE,RETAIN "
            f"as the file_exists_behavior, {_AGAIN}",
            at=_at(root, "file_exists_behavior"),
        )
    return None if value is None else str(value)
