"""Values and their kinds in the words of an error."""

from __future__ import annotations

from udo.config.tree import Items, Node, Table, Text
from udo.window import SHAPE

WANTED = {
    "text": "text",
    "script": "text",
    "whole": "a whole number",
    "flag": "true or false",
    "verbs": "true, false or a list of verbs",
    "duration": "a time like 90s, 5m or 1h",
    "list": "a list like [a, b]",
    "map": "a mapping of keys to values",
    "tags": "a mapping of names to text",
    "maps": "a list of mappings",
    "commands": "a list of commands",
    "window": SHAPE,
    "zone": "a time zone like Europe/Dublin",
    "image": "text, or {owner, name, pick}",
    "structure": "a mapping of AWS's own members",
    "structures": "a mapping of names to mappings",
    "named": "a mapping of names to mappings",
    "parameters": "a mapping of names to text",
    "queries": "a list of mappings of AWS's own members",
    "periods": "periods like '3 x 1m'",
    "sections": "a mapping of names",
    "uses": "a list of profiles",
    "params": "a mapping of names",
}


def brief(text: str) -> str:
    """The text in one line of at most 60 characters."""
    line = text.replace("\n", "\\n")
    return line if len(line) <= 60 else line[:57] + "..."


def kind_of(node: Node) -> str:
    """What a node is, in words."""
    match node:
        case Text(text):
            return f"'{brief(text)}'"
        case Items():
            return "a list"
        case Table():
            return "a mapping"
    return "nothing"
