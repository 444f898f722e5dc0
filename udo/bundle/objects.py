"""What an Install leaves, by folder: found again without going through all of it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Objects:
    """Paths in the order in which they came; each is absolute and has neither `.` nor `..` in it."""

    _ranks: dict[str, int] = field(default_factory=dict)
    # The paths right below each folder, taken or on the way to one that was.
    _below: dict[str, dict[str, None]] = field(default_factory=dict)

    def add(self, path: str) -> None:
        """Takes a path; one that is there already stays where it is."""
        self._ranks.setdefault(path, len(self._ranks))
        while path != "/":
            folder = path.rpartition("/")[0] or "/"
            known = folder in self._below
            self._below.setdefault(folder, {})[path] = None
            if known:
                return
            path = folder

    def __contains__(self, path: str) -> bool:
        """Whether this path was taken."""
        return path in self._ranks

    def reaches(self, path: str) -> bool:
        """Whether this path was taken, or one below it."""
        return path in self._ranks or path in self._below

    def children(self, folder: str) -> list[str]:
        """The paths that were taken right below a folder."""
        return self._in_order(list(self._below.get(folder, ())))

    def below(self, folder: str) -> list[str]:
        """All paths that were taken below a folder."""
        found: list[str] = []
        left = [folder]
        while left:
            children = list(self._below.get(left.pop(), ()))
            found += children
            left += children
        return self._in_order(found)

    def _in_order(self, paths: list[str]) -> list[str]:
        return sorted((path for path in paths if path in self._ranks), key=self._ranks.__getitem__)
