"""One key of udo.yml: what is known of it, and short ways to write one."""

from __future__ import annotations

from typing import Any, Literal

from udo.frozen import frozen

Level = Literal["root", "cluster", "role", "profile"]
Kind = Literal[
    "text",
    "script",
    "whole",
    "flag",
    "verbs",
    "duration",
    "list",
    "map",
    "tags",
    "maps",
    "commands",
    "window",
    "zone",
    "image",
    "structure",
    "structures",
    "named",
    "parameters",
    "queries",
    "periods",
    "sections",
    "uses",
    "params",
]
Merge = Literal["replace", "deep", "append"]

# What says that there is to be none of it, as a word and as a length of time.
NONE, NO_TIME = "none", -1.0
EVERYWHERE: tuple[Level, ...] = ("root", "cluster", "role", "profile")
ROOT: tuple[Level, ...] = ("root",)


@frozen
class Key:
    """One key: its dotted path (`[]` stands for any element of a list) and all that is known of it.

    `example` is its value as written in YAML; `shape` says in words what `pattern` asks for; a key with `same_as` is
    another spelling of that key; `one` lets a single text stand for a list of one; no element of a list with `once`
    stands in it twice; `secret` ones are never shown;
    `old` ones still work, and it says what to write instead; `needed` ones stand in every element of their list;
    durations are seconds as a float, 0 only with `zero`, and NO_TIME for the word `none` with `none`; `members` are
    AWS's own names that a structure may have.
    """

    path: str
    kind: Kind
    doc: str
    example: str = ""
    merge: Merge = "replace"
    default: Any = None
    levels: tuple[Level, ...] = EVERYWHERE
    choices: tuple[str, ...] = ()
    pattern: str = ""
    shape: str = ""
    least: int = 0
    most: int = 2**31 - 1
    same_as: str = ""
    one: bool = False
    once: bool = False
    secret: bool = False
    old: str = ""
    needed: bool = False
    zero: bool = False
    none: bool = False
    members: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The last word of the path."""
        return self.path.rpartition(".")[2]

    @property
    def spelling(self) -> str:
        """The path its value is kept at, which is another's where it is another spelling."""
        return self.same_as or self.path

    @property
    def parent(self) -> str:
        """The path of the key it stands in, empty at the top."""
        return self.path.rpartition(".")[0].removesuffix("[]").removesuffix(".*")


def one_of(path: str, doc: str, *choices: str, default: str | None = None) -> Key:
    """A key whose value is one of these words."""
    return Key(path, "text", doc, default or choices[0], default=default, choices=choices)


def url(path: str, doc: str, example: str) -> Key:
    """A key whose value is a URL."""
    return Key(path, "text", doc, example, pattern=r"[a-z][a-z0-9+.-]*://\S+", shape="a URL")
