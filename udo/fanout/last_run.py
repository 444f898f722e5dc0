"""Remembers how the hosts of a group ended in the last run on it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from udo import files
from udo.errors import Absent
from udo.fanout.identity import identity

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from udo.config import Role
    from udo.session import Session

FINE = ("ok", "gone")


def failed(session: Session, role: Role) -> frozenset[str]:
    """The instances that did not end well in the last run on the role's group, or were not started.

    Raises: Absent where no run is remembered.
    """
    try:
        told = json.loads(_path(session, role).read_text(encoding="utf-8"))
        outcomes = told["hosts"].items()
    except (OSError, ValueError, LookupError, AttributeError, TypeError) as error:
        raise Absent(f"no run of 'udo ssh' on {role.label} is remembered", hint="leave --only-failed out") from error
    return frozenset(instance_id for instance_id, outcome in outcomes if outcome not in FINE)


def remember(session: Session, role: Role, outcomes: Mapping[str, str]) -> None:
    """Notes how each instance of the role ended; where that cannot be written it is said, and all continues."""
    document: dict[str, Any] = {"run": session.run_id, "group": role.group_name, "hosts": dict(outcomes)}
    try:
        path = _path(session, role)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        files.write_private(path, json.dumps(document) + "\n")
    except OSError as error:
        session.output.say(f"warning: how the hosts ended cannot be noted for --only-failed: {error}")


def _path(session: Session, role: Role) -> Path:
    return files.state_folder() / "last" / f"{identity(session, role)}.json"
