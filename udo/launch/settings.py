"""Launch keys given on the command line as `key=value`, typed as in udo.yml."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from udo import schema
from udo.config.opening import bytes_of
from udo.config.suggesting import suggestion
from udo.config.tree import Items, Mark, Node, Text
from udo.config.values import value_of
from udo.errors import ConfigError, UsageError
from udo.launch.user_data import LIMIT
from udo.schema import Key
from udo.schema.launch import LAUNCH_KEYS

_DEVICES = "block_device_mappings"
_DEVICE_HINT = f"as in --set {_DEVICES}./dev/xvda.Ebs.VolumeSize=20"
_MARK = Mark("--set", 0, 0)
# Mappings are set by their elements.
_WHOLE = frozenset({"map", "maps"})
_ELSEWHERE = ("ami.owner", "ami.name", "ami.pick")


def settings(words: Iterable[str]) -> dict[str, Any]:
    """The launch keys that `key=value` words set, in the form of `launch_keys`; the last word for a key wins.

    `metadata_options.HttpTokens=required`, `security_groups=sg-1,sg-2` (instead of those of udo.yml),
    `block_device_mappings./dev/xvda.Ebs.VolumeSize=20`, and `user_data.file=PATH`, relative to the working directory.

    Raises: UsageError for a word that is no `key=value`, a key that is not a launch key, or a value of a wrong type.
    """
    found: dict[str, Any] = {}
    for word in words:
        path, equals, text = word.partition("=")
        if not equals or not path:
            raise UsageError(f"--set {word!r} is not key=value", hint="as in --set instance_type=t3.small")
        _put(found, *_place(path, text))
    return found


def image(word: str) -> str:
    """The word of --ami, which is an image as udo.yml takes it, or `latest`.

    Raises: UsageError for anything else: a launch template takes it, and then nothing can launch.
    """
    if word != "latest" and not re.fullmatch(schema.BY_PATH["ami"].pattern or "", word):
        raise UsageError(f"--ami {word!r} is no image", hint="as in --ami ami-0a1b2c3d4e5f60718, ssm:/path or latest")
    return word


def with_settings(keys: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The launch keys with the given ones merged into them: options merged, volumes by name, the rest replaced."""
    result = dict(keys)
    for key, value in given.items():
        known = result.get(key)
        if isinstance(value, Mapping) and isinstance(known, Mapping):
            result[key] = with_settings(known, value)
        elif key == _DEVICES and known:
            result[key] = _devices_over(known, value)
        else:
            result[key] = value
    return result


def _place(path: str, text: str) -> tuple[list[str], Any]:
    """Where a value belongs, as nested keys, and the value."""
    if path == "user_data.file":
        return ["user_data"], _file(text)
    if path.startswith(f"{_DEVICES}."):
        device, _, name = path.removeprefix(f"{_DEVICES}.").partition(".")
        if not device or f"{_DEVICES}[].{name}" not in schema.BY_PATH or name in ("DeviceName", "Ebs"):
            inner = sorted(
                p.removeprefix(f"{_DEVICES}[].") for p in schema.BY_PATH if p.startswith(f"{_DEVICES}[].Ebs.")
            )
            raise UsageError(
                f"--set {path}: {suggestion(name, inner) or 'no such part of a volume'}",
                hint=_DEVICE_HINT,
            )
        return [_DEVICES, device, *name.split(".")], _value(path, schema.BY_PATH[f"{_DEVICES}[].{name}"], text)
    return path.split("."), _value(path, _key(path), text)


def _key(path: str) -> Key:
    settable = {
        known: key
        for known, key in schema.BY_PATH.items()
        if known.partition(".")[0] in LAUNCH_KEYS
        and key.kind not in _WHOLE
        and "[]" not in known
        and known not in _ELSEWHERE
    }
    if path in settable:
        return settable[path]
    if path in schema.BY_PATH and path.partition(".")[0] not in LAUNCH_KEYS:
        raise UsageError(f"--set {path}: only launch keys can be set here", hint=f"set {path} in udo.yml")
    if path in _ELSEWHERE:
        raise UsageError(f"--set {path}: an image is looked up in udo.yml only", hint="or name it with --ami")
    if path == _DEVICES:
        raise UsageError(f"--set {path}: a volume is set by its device name", hint=_DEVICE_HINT)
    inside = sorted(known for known in settable if known.startswith(f"{path}."))
    near = f"set {', '.join(inside)}" if inside else suggestion(path, [*settable, _DEVICES])
    raise UsageError(f"--set {path}: unknown launch key", hint=near or f"there are {', '.join(LAUNCH_KEYS)}")


def _value(path: str, key: Key, text: str) -> Any:
    node: Node = Text(text, True, _MARK)
    if key.kind == "list":
        node = Items(tuple(Text(part.strip(), True, _MARK) for part in text.split(",") if part.strip()), _MARK)
    value = value_of(node, key, _Telling(path))
    if value is None or value == []:
        raise UsageError(f"--set {path}= has no value", hint="what udo.yml does not name stays as it is live")
    return value


class _Telling:
    """Refuses the first thing that is wrong with a value."""

    def __init__(self, path: str) -> None:
        self._path = path

    def fill(self, text: Text) -> str:
        """References belong to udo.yml."""
        raise UsageError(f"--set {self._path}: {text.text} is a reference", hint="references work in udo.yml only")

    def report(self, _mark: Mark, message: str) -> NoReturn:
        """What does not fit the key."""
        raise UsageError(f"--set {self._path}: {message}")


def _put(found: dict[str, Any], places: list[str], value: Any) -> None:
    if places[0] == _DEVICES:
        nested: Any = value
        for name in reversed(places[2:]):
            nested = {name: nested}
        found[_DEVICES] = _devices_over(found.get(_DEVICES, []), [{"DeviceName": places[1], **nested}])
        return
    for name in places[:-1]:
        found = found.setdefault(name, {})
    found[places[-1]] = value


def _devices_over(known: list[Any], given: list[Any]) -> list[Any]:
    laid = {device["DeviceName"]: device for device in known}
    for device in given:
        name = device["DeviceName"]
        laid[name] = with_settings(laid.get(name, {}), device)
    return list(laid.values())


def _file(text: str) -> str:
    try:
        data = bytes_of(Path(text).expanduser(), text)
    except ConfigError as error:
        raise UsageError(f"--set user_data.file: {error.problems[0].message}") from error
    if len(data) > LIMIT:
        raise UsageError(f"--set user_data.file: {text} is {len(data):,} bytes, and AWS takes at most {LIMIT:,}")
    return base64.b64encode(data).decode()
