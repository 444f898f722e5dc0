"""Plans in a file: written once, and read back only as they were written, by the same Udo."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

from udo import __version__, signals
from udo.change.codec import from_json, plan_to_json
from udo.change.mark import RUN
from udo.change.plan import Call, Pair, Plan, Read, Ref, Wait
from udo.change.waiting import WATCHERS
from udo.errors import Refused, UdoError, UsageError
from udo.files import write_private
from udo.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_FORMAT = 1
_MOST_BYTES = 64 * 1024 * 1024
_AGAIN = "make it again with 'udo plan --save'"
# A file may come from elsewhere: it sets groups, their alarms and what they launch from, and never makes a program or
# another service run, nor anything end.
_OPERATIONS = frozenset(
    {
        ("autoscaling", "AttachTrafficSources"),
        ("autoscaling", "CreateLaunchConfiguration"),
        ("autoscaling", "CreateOrUpdateTags"),
        ("autoscaling", "DeleteLaunchConfiguration"),
        ("autoscaling", "EnableMetricsCollection"),
        ("autoscaling", "PutLifecycleHook"),
        ("autoscaling", "PutScalingPolicy"),
        ("autoscaling", "PutScheduledUpdateGroupAction"),
        ("autoscaling", "UpdateAutoScalingGroup"),
        ("cloudwatch", "PutCompositeAlarm"),
        ("cloudwatch", "PutMetricAlarm"),
        ("ec2", "CreateLaunchTemplate"),
        ("ec2", "CreateLaunchTemplateVersion"),
        ("ec2", "DeleteLaunchTemplateVersions"),
    }
)
_READS = frozenset(
    {
        ("autoscaling", "DescribeAutoScalingGroups"),
        ("autoscaling", "DescribeLaunchConfigurations"),
        ("autoscaling", "DescribeLifecycleHooks"),
        ("autoscaling", "DescribePolicies"),
        ("autoscaling", "DescribeScheduledActions"),
        ("autoscaling", "DescribeTrafficSources"),
        ("cloudwatch", "DescribeAlarms"),
        ("cloudwatch", "ListTagsForResource"),
        ("ec2", "DescribeLaunchTemplateVersions"),
    }
)
_PLAIN_PATH = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", re.ASCII)


@frozen
class Entry:
    """The plan of one role, and where it was made for; None where that could not be told."""

    cluster: str
    role: str
    group: str
    account: str | None
    region: str | None
    plan: Plan


@frozen
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
        raise Refused(f"{path} already exists", hint="choose another name, or use --yes to replace it")


def write(path: Path, saved: Saved) -> None:
    """Writes the file, 0600.

    Raises: UdoError.
    """
    rows = [{**vars(entry), "plan": plan_to_json(entry.plan)} for entry in saved.entries]
    for entry in saved.entries:
        _check(entry.plan)
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
        entries: tuple[Entry, ...] = from_json(tuple[Entry, ...], body.get("plans"), "plans")
        for entry in entries:
            _check(entry.plan)
        run, made_at = (from_json(str, body.get(key), key) for key in ("run", "made_at"))
        if not RUN.fullmatch(run):
            raise UsageError("run is not the id of a run")
    except UsageError as error:
        raise UsageError(f"{path} is not a saved plan: {error.message}", hint=_AGAIN) from error
    return Saved(run, made_at, entries)


def _document(path: Path) -> Mapping[str, Any]:
    try:
        # It may be a pipe, whose other end takes its time.
        with signals.waiting(), path.open("rb") as file:
            read: Any = json.loads(file.read(_MOST_BYTES))
        # Text that is none, like half a surrogate, is found here and not when it is sent.
        json.dumps(read, ensure_ascii=False).encode()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is not a saved plan", hint=_AGAIN) from error
    if not isinstance(read, dict) or "udo_saved_plan" not in read:
        raise UsageError(f"{path} is not a saved plan", hint=_AGAIN)
    return read


def _digest(body: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _check(plan: Plan) -> None:
    """Accepts a plan of what launch changes and updates do, and nothing else.

    Raises: UsageError.
    """
    known: set[str] = set()
    for step in plan.steps:
        if isinstance(step, Wait) and step.watch in ("", *WATCHERS):
            _check_reads((step.read,))
            _check_refs(step.read, known)
            continue
        if not isinstance(step, Call):
            raise UsageError(f"a step that is no call of AWS has no place in it ({type(step).__name__})")
        if (step.service, step.operation) not in _OPERATIONS:
            raise UsageError(f"{step.service}:{step.operation} has no place in it")
        if strange := [path for path in step.save.values() if not _PLAIN_PATH.fullmatch(path)]:
            raise UsageError(f"{strange[0]!r} is not the name of a value in an answer")
        _check_refs((step.params, step.expect), known)
        known |= step.save.keys()
        _check_refs(step.proof, known)
    _check_refs((plan.goal, plan.seen), known)
    if plan.cleanup or plan.guards or plan.held:
        raise UsageError("what is put back, guarded or held has no place in it")
    of_calls = (pair for call in plan.writes for pair in (*call.expect, *call.proof))
    _check_reads(pair.read for pair in (*plan.goal, *plan.seen, *of_calls))


def _check_reads(reads: Iterable[Read]) -> None:
    for read in reads:
        if (read.service, read.operation) not in _READS:
            raise UsageError(f"{read.service}:{read.operation} has no place in it")


def _check_refs(value: Any, known: set[str]) -> None:
    match value:
        case Ref(name) if name not in known:
            raise UsageError(f"no earlier step returns {name!r}")
        case Pair() | Read():
            _check_refs(tuple(vars(value).values()), known)
        case dict():
            _check_refs(tuple(value.values()), known)
        case list() | tuple():
            for item in value:
                _check_refs(item, known)
