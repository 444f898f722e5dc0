"""Plans in a file: written once, and read back only as they were written, by the same Udo."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from udo import __version__
from udo.errors import Refused, UdoError, UsageError
from udo.files import write_private
from udo.plan import Call, Plan, Wait, plan_from_json, plan_to_json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_FORMAT = 1
_MOST_BYTES = 64 * 1024 * 1024
_AGAIN = "make it again with 'udo plan --save'"
# A file may come from elsewhere: it makes what groups launch from, and never a program or another service run.
_OPERATIONS = frozenset(
    {
        ("autoscaling", "CreateLaunchConfiguration"),
        ("autoscaling", "CreateOrUpdateTags"),
        ("autoscaling", "DeleteLaunchConfiguration"),
        ("autoscaling", "UpdateAutoScalingGroup"),
        ("ec2", "CreateLaunchTemplate"),
        ("ec2", "CreateLaunchTemplateVersion"),
        ("ec2", "DeleteLaunchTemplateVersions"),
    }
)


@dataclass(frozen=True)
class Entry:
    """The plan of one role, and where it was made for; None where that could not be told."""

    cluster: str
    role: str
    group: str
    account: str | None
    region: str | None
    plan: Plan


@dataclass(frozen=True)
class Saved:
    """What one run planned; `made_at` is RFC 3339 UTC."""

    run_id: str
    made_at: str
    entries: tuple[Entry, ...]


def refuse_to_replace(path: Path, *, anyway: bool) -> None:
    """Lets a file be written only where there is none, or where that was confirmed.

    Raises: Refused.
    """
    if not anyway and (path.exists() or path.is_symlink()):
        raise Refused(f"{path} is there already", hint="choose another name, or say --yes to replace it")


def write(path: Path, saved: Saved) -> None:
    """Writes the file, 0600.

    Raises: UdoError.
    """
    rows = [{**vars(entry), "plan": plan_to_json(entry.plan)} for entry in saved.entries]
    for entry in saved.entries:
        _refuse_foreign_steps(str(path), entry.plan)
    body = {
        "udo_saved_plan": _FORMAT,
        "udo": __version__,
        "run": saved.run_id,
        "made_at": saved.made_at,
        "plans": rows,
    }
    try:
        write_private(path, json.dumps({**body, "sha256": _digest(body)}, indent=2) + "\n")
    except OSError as error:
        raise UdoError(f"{path} cannot be written: {error.strerror or error}") from error


def saved_in(path: Path) -> Saved:
    """What `write` wrote.

    Raises: UsageError where the file is not that, to the letter, or another Udo wrote it.
    """
    document = _document(path)
    if document.get("udo_saved_plan") != _FORMAT or document.get("udo") != __version__:
        told = f"{path} is a plan of udo {document.get('udo')}, and this is udo {__version__}"
        raise UsageError(told, hint=_AGAIN)
    body = {key: value for key, value in document.items() if key != "sha256"}
    if document.get("sha256") != _digest(body):
        raise UsageError(f"{path} was changed after it was written", hint=_AGAIN)
    try:
        entries = tuple(_entry(row) for row in body["plans"])
        saved = Saved(str(body["run"]), str(body["made_at"]), entries)
    except (KeyError, TypeError, AttributeError, UsageError) as error:
        raise UsageError(f"{path} is not a saved plan", hint=_AGAIN) from error
    for entry in entries:
        _refuse_foreign_steps(str(path), entry.plan)
    return saved


def _document(path: Path) -> Mapping[str, Any]:
    try:
        with path.open("rb") as file:
            read: Any = json.loads(file.read(_MOST_BYTES))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is not a saved plan", hint=_AGAIN) from error
    if not isinstance(read, dict) or "udo_saved_plan" not in read:
        raise UsageError(f"{path} is not a saved plan", hint=_AGAIN)
    return read


def _entry(row: Mapping[str, Any]) -> Entry:
    return Entry(**{**row, "plan": plan_from_json(row["plan"])})


def _digest(body: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _refuse_foreign_steps(where: str, plan: Plan) -> None:
    for step in plan.steps:
        match step:
            case Wait():
                pass
            case Call() if (step.service, step.operation) in _OPERATIONS:
                pass
            case Call():
                raise UsageError(f"{where}: {step.service}:{step.operation} has no place in a saved plan")
            case _:
                raise UsageError(f"{where}: a step that runs a program has no place in a saved plan")
