"""Where in a template something stands that CloudFormation names by its path."""

from __future__ import annotations

from typing import TYPE_CHECKING

from udo.config.tree import Items, Table
from udo.frozen import frozen

if TYPE_CHECKING:
    from udo.config.tree import Node
    from udo.stacks.template import Template

# A path of CloudFormation's leads into the template from here.
_ROOTS = ("Resources", "Outputs", "Parameters", "Conditions", "Mappings", "Rules", "Transform")


@frozen
class Places:
    """The places in a template; `label` is what it is called, and without a `tree` no line of it is known."""

    label: str
    tree: Table | None

    def line(self, path: str) -> int | None:
        """The line of what stands at `/Resources/Queue/Properties/Tags/0`, or of the nearest thing around it."""
        names = [name for name in path.split("/") if name]
        if self.tree is None or not names or names[0] not in _ROOTS:
            return None
        node: Node = self.tree
        found = None
        for number, name in enumerate(names):
            if isinstance(node, Table) and name in node.entries:
                found, node = node.entries[name].mark.line, node.entries[name].value
            elif isinstance(node, Items) and name.isdigit() and int(name) < len(node.items):
                node = node.items[int(name)]
                found = node.mark.line
            else:
                # A resource that is not in the template is no place in it.
                return found if number > 1 else None
        return found


def places_of(said: str, template: Template | None) -> Places:
    """The places of a template; of one that is an object in S3 none is known."""
    return Places(template.label, template.tree) if template else Places(said, None)
