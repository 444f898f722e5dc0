"""Notices elements in what Udo copies or sends back that this botocore does not know, and would drop in silence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from botocore.model import OperationModel, Shape
    from botocore.session import Session

# Where in an answer it stands: the member that lists the rows, and the one in a row (empty: all of it).
_WATCHED = {
    ("auto-scaling", "DescribeAutoScalingGroups"): ("AutoScalingGroups", "MixedInstancesPolicy"),
    ("auto-scaling", "DescribeLaunchConfigurations"): ("LaunchConfigurations", ""),
    ("ec2", "DescribeLaunchTemplateVersions"): ("LaunchTemplateVersions", "LaunchTemplateData"),
}
# The member of the answer that the hook adds: for each row a list of the paths of its unknown elements.
ADDED = "UdoUnknown"


def watch(session: Session) -> None:
    """Makes every client that the session creates from now on notice unknown elements in them."""
    for (service, operation), (rows, inside) in _WATCHED.items():
        session.register(f"before-parse.{service}.{operation}", _hook(rows, inside), unique_id=f"udo-{operation}")


def unknown_in(answer: Mapping[str, Any]) -> Iterable[tuple[str, ...]]:
    """For each row of a watched answer the dotted paths of the elements botocore does not know, without end."""
    return chain(map(tuple, answer.get(ADDED, ())), repeat(()))


def _hook(rows: str, inside: str) -> Any:
    """A botocore `before-parse` handler; what it adds to the answer stands beside what botocore parses."""

    def notice(
        operation_model: OperationModel,
        response_dict: Mapping[str, Any],
        customized_response_dict: dict[str, Any],
        **_event: Any,
    ) -> None:
        # An answer that is no XML, or tells of an error, is botocore's to judge; one without any is not parsed twice.
        body = response_dict["body"]
        there = response_dict["status_code"] == 200 and (not inside or inside.lower().encode() in body.lower())
        root = _parsed(body) if there else None
        if root is None or operation_model.output_shape is None:
            return
        wrapper = operation_model.output_shape.serialization.get("resultWrapper")
        shape: Any = operation_model.output_shape.members[rows]
        listed = _children(_child(_child(root, wrapper), _name(shape, rows)))
        customized_response_dict[ADDED] = [list(_in_row(row, shape.member, inside)) for row in listed]

    return notice


def _parsed(body: bytes) -> Element | None:
    from xml.etree import ElementTree

    try:
        return ElementTree.fromstring(body)  # noqa: S314  (botocore parses the same body in the same way)
    except ElementTree.ParseError:
        return None


def _in_row(row: Element, shape: Any, inside: str) -> Iterator[str]:
    if not inside:
        return _unknown(row, shape, "")
    member = shape.members[inside]
    found = _child(row, _name(member, inside))
    return _unknown(found, member, "") if found is not None else iter(())


def _unknown(element: Element, shape: Any, path: str) -> Iterator[str]:
    """The paths of elements below that the shape has no member for; an empty one holds nothing that could be lost."""
    if shape.type_name == "list":
        for item in element:
            yield from _unknown(item, shape.member, path)
    if shape.type_name != "structure":
        return
    known = {_name(member, name): (name, member) for name, member in shape.members.items()}
    for child in element:
        tag = _tag(child)
        if tag in known:
            name, member = known[tag]
            yield from _unknown(child, member, f"{path}{name}.")
        elif len(child) or (child.text or "").strip():
            yield f"{path}{tag}"


def _name(shape: Shape, name: str) -> str:
    return str(shape.serialization.get("name", name))


def _tag(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _child(element: Element | None, tag: str | None) -> Element | None:
    if tag is None:
        return element
    return next((child for child in _children(element) if _tag(child) == tag), None)


def _children(element: Element | None) -> Iterable[Element]:
    return () if element is None else element
