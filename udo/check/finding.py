"""What one check says of one thing that a role names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from udo.frozen import frozen

if TYPE_CHECKING:
    from udo.config import Role

# The check of a value that a live group has otherwise.
SETTING = "setting"


@frozen
class Finding:
    """One thing that one role names: `ok` is None where it could not be told."""

    check: str
    name: str
    role: Role
    where: str
    ok: bool | None
    message: str
