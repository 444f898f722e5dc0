"""What a role says where not every parameter is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from udo.errors import ConfigError

if TYPE_CHECKING:
    from udo.config import Role


def value(role: Role, key: str) -> Any:
    """What a role says at a key; None where it rests on a parameter that is not there, which is told by itself."""
    try:
        return role.get(key)
    except ConfigError:
        return None


def values(role: Role, key: str) -> tuple[str, ...]:
    """The names a role says at a key, one or a list."""
    found = value(role, key)
    return (found,) if isinstance(found, str) else tuple(found or ())
