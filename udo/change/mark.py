"""The mark that ties what AWS keeps to the run that made it: `udo:RUN reason`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    pass


RUN = re.compile(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{6}")


_MARK = re.compile(rf"udo:({RUN.pattern})(?: (.*))?", re.DOTALL)


def marked(description: str) -> tuple[str, str]:
    """The run that a description names, empty for none, and what else it says."""
    mark = _MARK.fullmatch(description)
    return (mark[1], mark[2] or "") if mark else ("", description)


def mark(run_id: str, reason: str = "") -> str:
    """The mark of a run, for a description that AWS keeps."""
    return f"udo:{run_id} {reason}".strip()
