"""What a kind of resource is to the engine: how it is made, changed and removed through the sandbox's own services.

A kind is a file in `kinds/`, or a row in one, that stands in its module's KINDS. Each function gets the properties with
their functions worked out, and a Place; it calls the service as anybody would (`place.client("sqs")`), and lets the
service's error through: it becomes the reason of the resource.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from udo.sandbox.strict.cloudformation.state import Outside

Properties = Mapping[str, Any]
# A user of CloudFormation counts on no more of a name than that it begins so.
_LONGEST = 63


class Failure(Exception):
    """Why a resource cannot be made, changed or removed, in CloudFormation's words; `code` is HandlerErrorCode."""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Made:
    """A resource that is there: `physical_id` is what Ref reads, the attributes are what Fn::GetAtt reads."""

    physical_id: str
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Place:
    """Where a resource belongs: its stack, its logical id, and the tags it is to have.

    `tags` are the stack's, with CloudFormation's own where the type takes those.
    """

    stack_id: str
    stack_name: str
    account: str
    region: str
    logical_id: str
    kind: str
    tags: Mapping[str, str] = field(default_factory=dict)
    suffix: str = ""

    def client(self, service: str) -> Any:
        """A client of one of the sandbox's services, in the stack's region."""
        assert Outside.client is not None
        return Outside.client(service, self.region)

    def name(self, longest: int = _LONGEST) -> str:
        """The name that CloudFormation gives to what has none: its stack's, its logical id, and something random."""
        room = longest - len(self.suffix) - 2
        stack = self.stack_name[: max(room - len(self.logical_id), room // 2)]
        return f"{stack}-{self.logical_id[: room - len(stack)]}-{self.suffix}"

    def tagged(self, properties: Properties, key: str = "Tags") -> dict[str, str]:
        """All tags of the resource: the stack's, and its own, which win; they may be a list of Key and Value."""
        own = properties.get(key) or {}
        if isinstance(own, list):
            own = {one["Key"]: one["Value"] for one in own}
        return {**self.tags, **{name: str(value) for name, value in own.items()}}


@dataclass(frozen=True)
class Kind:
    """A type of resource.

    `create(properties, place)` makes one; `update(physical_id, properties, before, place)` changes one in place;
    `delete(physical_id, properties, place)` removes one, and may find it gone. `name` is the property that names it,
    and `exists(name, place)` says whether there is one already. `reads` are what Fn::GetAtt reads beside what AWS's
    registry says. `ready(physical_id, place)` gives the finished resource, or None as long as it is under way, and
    `gone(physical_id, place)` says whether it is. `seconds` is how long it takes.
    """

    type: str
    create: Callable[[Properties, Place], Made]
    delete: Callable[[str, Properties, Place], None]
    update: Callable[[str, Properties, Properties, Place], Made]
    name: str = ""
    exists: Callable[[str, Place], bool] | None = None
    reads: tuple[str, ...] = ()
    ready: Callable[[str, Place], Made | None] | None = None
    gone: Callable[[str, Place], bool] | None = None
    seconds: float = 2.0


def fitted(client: Any, operation: str, params: Properties) -> dict[str, Any]:
    """Parameters as an operation takes them: templates may write numbers and yes or no as texts, and the other way."""
    model = client.meta.service_model.operation_model(operation)
    return dict(_fitted(model.input_shape, params))


def _fitted(shape: Any, value: Any) -> Any:
    match shape.type_name:
        case "structure" if isinstance(value, Mapping):
            return {
                key: _fitted(shape.members[key], one) if key in shape.members else one for key, one in value.items()
            }
        case "list" if isinstance(value, list):
            return [_fitted(shape.member, one) for one in value]
        case "map" if isinstance(value, Mapping):
            return {key: _fitted(shape.value, one) for key, one in value.items()}
        case "string" if not isinstance(value, str | list | Mapping):
            return text(value)
        case "boolean" if isinstance(value, str):
            return flag(value)
        case "integer" | "long" if isinstance(value, str) and value.lstrip("-").isdigit():
            return int(value)
        case "float" | "double" if isinstance(value, str):
            return float(value)
    return value


def only(properties: Properties, known: Collection[str], place: Place) -> None:
    """Refuses properties that the sandbox would leave out. Raises: Failure."""
    if unknown := sorted(set(properties) - set(known)):
        raise Failure(f"the sandbox does not know {', '.join(unknown)} of {place.kind}")


def text(value: Any) -> str:
    """A property as services that take texts want it: true and false in small letters."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def flag(value: Any) -> bool:
    """A property as services that take a yes or no want it; templates may write it as a text."""
    return text(value).lower() == "true"


def pairs(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Tags as most services take them."""
    return [{"Key": name, "Value": value} for name, value in tags.items()]
