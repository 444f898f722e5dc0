"""The change as a value: steps in boto3's own words, which is all that is shown, carried out, recorded and saved."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

from udo.errors import UsageError


@dataclass(frozen=True)
class Ref:
    """A value that an earlier step of the same plan saves under `name`, put in place of `{}` in `inside`."""

    name: str
    inside: str = "{}"


@dataclass(frozen=True)
class Read:
    """One read of AWS; `path` is the JMESPath of the value meant; Refs may stand in `params`."""

    service: str
    operation: str
    params: Mapping[str, Any]
    path: str


@dataclass(frozen=True)
class Pair:
    """A reading and the value it must give; a Ref not yet known holds for any value but null, and learns it.

    `says` names what is read, for the person who is told that it differs.
    """

    read: Read
    value: Any
    says: str = ""


@dataclass(frozen=True)
class Call:
    """One write, sent in a single attempt.

    `expect` must hold just before it, `proof` holds once it is done (and settles a lost answer); `save` maps a name
    to the JMESPath of a value in the answer, kept as text where it is a number. Where an `optional` call is refused
    that is a warning, and the plan goes on.
    """

    says: str
    service: str
    operation: str
    params: Mapping[str, Any]
    save: Mapping[str, str] = field(default_factory=dict)
    expect: tuple[Pair, ...] = ()
    proof: tuple[Pair, ...] = ()
    optional: bool = False


@dataclass(frozen=True)
class Wait:
    """Reads until the value is one of `success` or `failure`; seconds between reads and in all.

    `detached` says how to look again where the time is over or the operator leaves (`{name}` is a saved value).
    """

    says: str
    read: Read
    success: tuple[Any, ...]
    failure: tuple[Any, ...] = ()
    every: float = 5.0
    timeout: float = 3600.0
    detached: str = ""


@dataclass(frozen=True)
class FanOut:
    """One remote command on many instances, over ssh; `targets` are `ssh.Target`s, `options` ssh.Options."""

    says: str
    command: str
    targets: tuple[Mapping[str, Any], ...]
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class LocalCommand:
    """One program on this machine, from a list of words, with extra environment and a timeout in seconds.

    A Ref may stand for a value of `env`.
    """

    says: str
    argv: tuple[str, ...]
    env: Mapping[str, Any] = field(default_factory=dict)
    timeout: float = 600.0


Step = Call | Wait | FanOut | LocalCommand


@dataclass(frozen=True)
class Difference:
    """One key that changes, old value to new, each in one line for reading; `lines` tell it in full."""

    key: str
    old: str
    new: str
    lines: tuple[str, ...] = ()

    def row(self) -> dict[str, Any]:
        """The difference for scripts; `lines` only where there are any."""
        rows: dict[str, Any] = {"key": self.key, "old": self.old, "new": self.new}
        return rows | {"lines": list(self.lines)} if self.lines else rows


@dataclass(frozen=True)
class Plan:
    """All that one command will change in one place.

    `goal` must be read back for exit 0. `seen` is what else was observed; what of it moved meanwhile is named.
    `asks` is the question put before a change that destroys, replaces or shrinks (or is protected); `unchanged` says
    why there is nothing to do, where `steps` is empty; `done` what is true afterwards (`{name}` is a saved value);
    `reason` is why the operator wants it.
    """

    command: str
    target: str
    steps: tuple[Step, ...]
    goal: tuple[Pair, ...] = ()
    seen: tuple[Pair, ...] = ()
    differences: tuple[Difference, ...] = ()
    notes: tuple[str, ...] = ()
    asks: str | None = None
    unchanged: str = "nothing to change"
    done: str = "done"
    reason: str = ""

    @property
    def writes(self) -> tuple[Call, ...]:
        """The steps that change AWS, in order."""
        return tuple(step for step in self.steps if isinstance(step, Call))


def filled(text: str, known: Mapping[str, Any]) -> str:
    """The text with every `{name}` of a saved value replaced by that value."""
    for name, value in known.items():
        text = text.replace(f"{{{name}}}", str(value))
    return text


def plan_to_json(plan: Plan) -> dict[str, Any]:
    """The plan as JSON; `plan_from_json` gives an equal plan back."""
    rows = {part.name: _to_json(getattr(plan, part.name)) for part in fields(plan)}
    return {"udo_plan": 1, **rows}


def plan_from_json(document: Any) -> Plan:
    """The plan that `plan_to_json` wrote.

    Raises: UsageError naming what is wrong, when the document is not such a plan.
    """
    plan: Plan = from_json(Plan, document, "plan")
    return plan


def _to_json(value: Any) -> Any:
    match value:
        case Ref(name, "{}"):
            return {"$ref": name}
        case Ref(name, inside):
            return {"$ref": name, "$in": inside}
        case bytes():
            return {"$bytes": base64.b64encode(value).decode()}
        case Mapping():
            return {str(key): _to_json(item) for key, item in value.items()}
        case str() | int() | float() | None:
            return value
        case Sequence():
            return [_to_json(item) for item in value]
        case _ if is_dataclass(value):
            if isinstance(value, Difference):
                return value.row()
            return {"kind": type(value).__name__} | {
                part.name: _to_json(getattr(value, part.name)) for part in fields(value)
            }
    raise TypeError(f"{type(value).__name__} cannot stand in a plan")


_DEEPEST = 40
_CALLED = {str: "text", bool: "true or false", float: "a number", list: "a list", dict: "a mapping"}


def from_json(kind: Any, value: Any, at: str) -> Any:
    """What JSON holds, as the type that is written in a dataclass of plain data; `at` names the place.

    Lists inside what is Any stay lists, and Refs and bytes are made of their forms.

    Raises: UsageError naming the first place that is not as it should be.
    """
    inside = get_args(kind)
    if kind is Any:
        return _data(value, at)
    if get_origin(kind) is tuple:
        rows = _checked(list, value, at)
        return tuple(from_json(inside[0], item, f"{at}[{number}]") for number, item in enumerate(rows))
    if get_origin(kind) is Mapping:
        return {key: from_json(inside[1], item, f"{at}.{key}") for key, item in _checked(dict, value, at).items()}
    if isinstance(kind, UnionType):
        return None if value is None and NoneType in inside else from_json(_meant(inside, value, at), value, at)
    return _made(kind, value, at) if isinstance(kind, type) and is_dataclass(kind) else _checked(kind, value, at)


def _meant(kinds: tuple[Any, ...], value: Any, at: str) -> Any:
    """The one of these types that the value says it is; the only one where there is no choice."""
    named = {kind.__name__: kind for kind in kinds if kind is not NoneType}
    if len(named) == 1:
        return next(iter(named.values()))
    said = _checked(str, _checked(dict, value, at).get("kind"), f"{at}.kind")
    if said not in named:
        raise UsageError(f"{at}: there is no step of kind {said!r}")
    return named[said]


def _made(kind: type[Any], value: Any, at: str) -> Any:
    row = dict(_checked(dict, value, at))
    if row.pop("kind", kind.__name__) != kind.__name__:
        raise UsageError(f"{at}.kind is not {kind.__name__}")
    if kind is Plan and row.pop("udo_plan", None) != 1:
        raise UsageError(f"{at} is not a plan of this version", hint="make it again with this Udo")
    hints = get_type_hints(kind)
    if unknown := [name for name in row if name not in hints]:
        raise UsageError(f"{at}.{unknown[0]}: nothing of that name belongs here")
    needed = (part.name for part in fields(kind) if part.default is MISSING and part.default_factory is MISSING)
    if missing := [name for name in needed if name not in row]:
        raise UsageError(f"{at}.{missing[0]} is missing")
    return kind(**{name: from_json(hints[name], item, f"{at}.{name}") for name, item in row.items()})


def _checked(kind: type[Any], value: Any, at: str) -> Any:
    # A number of JSON's may be whole, and must not be one of Python's NaN and infinities.
    fits = type(value) in (int, float) and math.isfinite(value) if kind is float else type(value) is kind
    if not fits:
        raise UsageError(f"{at} is not {_CALLED[kind]}")
    return value


def _data(value: Any, at: str, depth: int = 0) -> Any:
    if depth > _DEEPEST:
        raise UsageError(f"{at} is nested too deeply")
    match value:
        case {"$ref": str(name), "$in": str(inside)}:
            return Ref(name, inside)
        case {"$ref": str(name)}:
            return Ref(name)
        case {"$bytes": str(text)}:
            try:
                return base64.b64decode(text, validate=True)
            except ValueError as error:
                raise UsageError(f"{at} is not base64") from error
        case Mapping():
            return {key: _data(item, f"{at}.{key}", depth + 1) for key, item in value.items()}
        case list():
            return [_data(item, at, depth + 1) for item in value]
    return value


@dataclass(frozen=True)
class StepBegan:
    """A step is about to be carried out; `number` counts from 1 to `total`."""

    says: str
    number: int
    total: int


@dataclass(frozen=True)
class StepDone:
    """A step is done; `seconds` it took, `note` where something is worth knowing."""

    says: str
    seconds: float
    note: str = ""


@dataclass(frozen=True)
class StepFailed:
    """A step did not work."""

    says: str
    reason: str


@dataclass(frozen=True)
class Progress:
    """Where a step stands now, in one line; `fraction` from 0 to 1 where it is known, `waited` in seconds so far."""

    says: str
    fraction: float | None = None
    waited: float = 0.0


@dataclass(frozen=True)
class Notice:
    """One line worth reading that changes nothing; `level` is info or warning."""

    says: str
    level: str = "info"


@dataclass(frozen=True)
class HostBegan:
    """A host is being dialled."""

    instance_id: str


@dataclass(frozen=True)
class Line:
    """One line of a host's output, without its end; `stream` is stdout or stderr. `partial`: no newline came."""

    instance_id: str
    stream: str
    data: bytes
    partial: bool = False


@dataclass(frozen=True)
class HostDone:
    """A host is finished, exactly once per host.

    `outcome` is ok, failed (a remote status other than 0), signal, timeout, refused (host key or login), unreachable,
    dropped, gone, not started or interrupted; `status` is the remote exit status (128+n for a signal), None where
    there is none.
    """

    instance_id: str
    outcome: str
    status: int | None
    reason: str
    seconds: float


_NOT_REACHED = frozenset({"timeout", "refused", "unreachable", "dropped"})


def exit_status(hosts: Iterable[HostDone]) -> int:
    """255 if a host could not be reached, was refused, dropped or timed out; else the highest remote status.

    Hosts that are gone or were not started do not count.
    """
    done = list(hosts)
    if any(host.outcome in _NOT_REACHED for host in done):
        return 255
    return min(255, max((host.status or 0 for host in done), default=0))


@dataclass(frozen=True)
class Idle:
    """No other event waits behind this one: lines held back to be written in one go should be written now."""


Event = StepBegan | StepDone | StepFailed | Progress | Notice | HostBegan | Line | HostDone | Idle
