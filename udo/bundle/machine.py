"""What a plan of an Install asks of the machine it is for."""

from __future__ import annotations

from typing import Protocol


class Machine(Protocol):
    """A file system, by the paths that are seen on it; links are followed."""

    def expanded(self, path: str) -> str:
        """A path made absolute without looking, as Ruby's File.expand_path makes it."""

    def lend(self, path: str) -> None:
        """Makes sure that a folder which every machine has is seen to be there."""

    def exists(self, path: str) -> bool:
        """Whether something is there, at the end of all links."""

    def is_folder(self, path: str) -> bool:
        """Whether a folder is there."""

    def is_link(self, path: str) -> bool:
        """Whether a path is a link. Raises: OSError."""

    def names(self, path: str) -> list[str]:
        """The names in a folder, in no order."""


def joined(first: str, second: object) -> str:
    """Two parts of a path with one slash between them, as Ruby's File.join has it.

    Raises: TypeError where the second is no text.
    """
    parts = second if isinstance(second, list) else [second]
    for part in parts:
        if not isinstance(part, str):
            raise TypeError(f"{part!r} is no path")
        first = f"{first.rstrip('/')}/{part.lstrip('/')}"
    return first


def folder_of(path: str) -> str:
    """The part of a path before its last name, as Ruby's File.dirname has it."""
    before, slash, _ = path.rstrip("/").rpartition("/")
    if not path.strip("/"):
        return "/" if path else "."
    return (before.rstrip("/") or "/") if slash else "."
