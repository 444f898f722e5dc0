"""The configuration's one table: every key of udo.yml with its type, place, merge rule, default and words."""

from __future__ import annotations

from collections.abc import Mapping

from udo.schema import alarms, boot, deploy, file, group, guards, launch, place, refresh, serve, ssh, stacks
from udo.schema.key import EVERYWHERE, ROOT, Key, Kind, Level, Merge

__all__ = ["BY_PATH", "EVERYWHERE", "KEYS", "ROOT", "TOP", "Key", "Kind", "Level", "Merge", "inside"]

KEYS: tuple[Key, ...] = (
    *file.KEYS,
    *place.KEYS,
    *guards.KEYS,
    *group.KEYS,
    *alarms.KEYS,
    *refresh.KEYS,
    *launch.KEYS,
    *boot.KEYS,
    *deploy.KEYS,
    *ssh.KEYS,
    *stacks.KEYS,
    *serve.KEYS,
)

BY_PATH: Mapping[str, Key] = {key.path: key for key in KEYS}
TOP = frozenset(path for path in BY_PATH if "." not in path)


def _inside() -> dict[str, dict[str, Key]]:
    found: dict[str, dict[str, Key]] = {}
    for key in KEYS:
        found.setdefault(key.parent, {})[key.name] = key
    return found


_INSIDE = _inside()


def inside(path: str) -> Mapping[str, Key]:
    """The keys directly inside the key at `path` by their names; the top ones for an empty path."""
    return _INSIDE.get(path, {})
