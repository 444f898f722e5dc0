"""What `udo check` says of a bundle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from udo.bundle.appspec import AGENT
from udo.bundle.check import check_bundle
from udo.bundle.finding import ERROR
from udo.errors import ConfigError, Problem
from udo.result import Result

if TYPE_CHECKING:
    from pathlib import Path

    from udo.bundle.check import Checked
    from udo.bundle.finding import Finding
    from udo.session import Session


def checked_bundle(session: Session, path: Path, *, whole: bool = True) -> Result:
    """What was found in a bundle, or without `whole` in its appspec alone.

    Raises: ConfigError with all that is sure to fail; UdoError for what is no bundle.
    """
    checked = check_bundle(path, whole=whole)
    rows = [_row_of_finding(checked, one) for one in checked.findings]
    warnings = [
        f"{Problem(row['file'], row['line'], row['column'], row['message'])} (warning)"
        for row in rows
        if row["level"] != ERROR
    ]
    data = {"bundle": {"path": checked.label, "agent": AGENT, "findings": rows}}
    if checked.errors:
        for warning in warnings:
            session.output.say(warning)
        wrong = [row for row in rows if row["level"] == ERROR]
        error = ConfigError(*(Problem(row["file"], row["line"], row["column"], row["message"]) for row in wrong))
        error.data = data
        raise error
    count = "1 warning" if len(warnings) == 1 else f"{len(warnings)} warnings"
    text = f"{checked.label}: nothing that fails with agent {AGENT}"
    return Result(data, text=f"{text}, {count}" if warnings else text, notes=warnings)


def _row_of_finding(checked: Checked, one: Finding) -> dict[str, Any]:
    return {"level": one.level, **vars(checked.problem(one))}
