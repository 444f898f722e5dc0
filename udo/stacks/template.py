"""A template of CloudFormation as it stands in a file: read within bounds, with a place for all that is in it.

Nothing is looked up in it: `${..}` in a template is CloudFormation's own.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from udo.config.opening import text_of
from udo.config.reading import tree_of
from udo.config.tree import Entry, Items, Mark, Table, Text
from udo.errors import ConfigError, Problem
from udo.frozen import frozen

if TYPE_CHECKING:
    from pathlib import Path

    from udo.config.stack import Stack

# Source: API_CreateChangeSet, TemplateBody: at most 51,200 bytes. What is longer goes through S3, up to 1 MB.
MOST_SENT = 51_200
# What makes a role, or gives it rights, wants CAPABILITY_IAM, and CAPABILITY_NAMED_IAM where it has a name of its own.
# Source: API_CreateChangeSet, Capabilities, which says also that CAPABILITY_AUTO_EXPAND does not apply to change sets.
_NAMES_OF_IAM = {
    "AWS::IAM::AccessKey": "",
    "AWS::IAM::Group": "GroupName",
    "AWS::IAM::InstanceProfile": "InstanceProfileName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::Policy": "",
    "AWS::IAM::Role": "RoleName",
    "AWS::IAM::User": "UserName",
    "AWS::IAM::UserToGroupAddition": "",
}
IAM, NAMED_IAM = "CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"


@frozen
class Declared:
    """A parameter that a template declares; numbers as they are written, empty where nothing is said."""

    name: str
    mark: Mark
    type: str
    is_optional: bool
    is_hidden: bool
    allowed: tuple[str, ...]
    pattern: str
    words: Mapping[str, str]


@frozen
class Template:
    """A template: its text, and the tree of it; problems call it `label`."""

    label: str
    text: str
    tree: Table

    @property
    def size(self) -> int:
        """How many bytes it has."""
        return len(self.text.encode())

    @cached_property
    def parameters(self) -> Mapping[str, Declared]:
        """The parameters it declares, by name."""
        return {name: _declared(name, entry) for name, entry in _inside(self.tree, "Parameters").items()}

    def resources(self) -> Iterator[tuple[str, str, Mark, Mapping[str, Entry]]]:
        """Its resources: name, type, place, and what their properties are."""
        for name, entry in _inside(self.tree, "Resources").items():
            if isinstance(entry.value, Table):
                yield name, _word(entry.value, "Type"), entry.mark, _inside(entry.value, "Properties")

    def capability(self) -> tuple[str, str, Mark] | None:
        """The capability that it wants, with the resource that does and its place; None for none.

        Of two it is the one that covers the other.
        """
        found = None
        for name, kind, mark, properties in self.resources():
            if kind in _NAMES_OF_IAM:
                if _NAMES_OF_IAM[kind] in properties:
                    return NAMED_IAM, name, mark
                found = found or (IAM, name, mark)
        return found


def template_of(stack: Stack) -> Template | None:
    """The template of a stack; None where it is an object in S3, which CloudFormation alone fetches.

    Raises: ConfigError where there is no such file, or what it holds is no template; see Stack.
    """
    path = stack.template_file
    return None if path is None else read_template(path, stack.base.file.parent, stack.value_mark("template"))


def read_template(path: Path, folder: Path, named: Mark) -> Template:
    """The template in a file, which problems call as it is seen from the folder; it is `named` at a place in udo.yml.

    Raises: ConfigError.
    """
    label = os.path.relpath(path, folder)
    try:
        text = text_of(path, label)
    except ConfigError as error:
        # Without a place in the file, what helps is the place of its name.
        told = (
            Problem(*named, f"template '{one.file}': {one.message}") if not one.line else one for one in error.problems
        )
        raise ConfigError(*told) from error
    tree = tree_of(text, label, tags=True)
    if not _inside(tree, "Resources"):
        raise ConfigError(Problem(*tree.mark, "a template has Resources, and this one has none"))
    return Template(label, text, tree)


def _declared(name: str, entry: Entry) -> Declared:
    table = entry.value if isinstance(entry.value, Table) else Table({}, entry.mark)
    allowed = table.entries["AllowedValues"].value if "AllowedValues" in table.entries else None
    items = allowed.items if isinstance(allowed, Items) else ()
    bounds = ("MinLength", "MaxLength", "MinValue", "MaxValue", "ConstraintDescription")
    return Declared(
        name,
        entry.mark,
        _word(table, "Type"),
        "Default" in table.entries,
        _word(table, "NoEcho").lower() == "true",
        tuple(one.text for one in items if isinstance(one, Text)),
        _word(table, "AllowedPattern"),
        {key: word for key in bounds if (word := _word(table, key))},
    )


def _inside(table: Table, key: str) -> Mapping[str, Entry]:
    entry = table.entries.get(key)
    return entry.value.entries if entry and isinstance(entry.value, Table) else {}


def _word(table: Table, key: str) -> str:
    node = table.entries[key].value if key in table.entries else None
    return node.text if isinstance(node, Text) else ""
