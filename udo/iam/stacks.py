"""What of stacks stands in a policy: their names as udo.yml says them, and what each action is allowed on."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote, urlsplit

from udo.change.holder import PATH, parameter_name
from udo.config.interpolation import KEPT_IN_AWS, Unknown
from udo.config.stack import URL
from udo.errors import ConfigError, UsageError
from udo.frozen import frozen
from udo.iam.facts import place_of
from udo.iam.reference import resource_types
from udo.iam.resources import ALARMS, ALL_OR_NOTHING, ANYTHING, Condition, Fence

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from udo.config import Role
    from udo.config.interpolation import Lookup
    from udo.config.stack import Stack
    from udo.config.stacks import StackDefinition
    from udo.iam.place import Place
    from udo.session import Session

# How verbs of stacks begin, their locks, and where their templates are put.
OF_STACKS, LOCK, FOLDER = "stack ", "stack:", "udo-templates"
# Verbs that ask for all stacks.
_OF_ALL = ("stack list", "stack state")
# How Udo calls its change sets.
_CHANGE_SETS = "changeSet/udo-*/*"


@frozen
class StackFacts:
    """The names of one stack of udo.yml; where an order names it, `name` is a pattern.

    `unknown` says why nobody knows its role. `templates` are objects in S3, as `BUCKET/KEY`.
    """

    label: str
    place: Place
    name: str
    role: str
    unknown: str
    bucket: str
    templates: tuple[str, ...]
    parameters: tuple[str, ...]
    outputs: tuple[str, ...]
    assume_role: str


class StackUse(NamedTuple):
    """An action as a verb uses it on a stack."""

    action: str
    verb: str
    facts: StackFacts


def stack_facts(session: Session, one: StackDefinition, *, offline: bool) -> StackFacts:
    """What is known of a stack; `offline` asks AWS nothing.

    Raises: UsageError where the region is unknown; UdoError.
    """
    stack = one.unordered()
    found = stack.lookups()
    if not offline:
        stack = session.resolve_stack(stack)
    role, unknown = _role(stack)
    return StackFacts(
        label=one.label,
        place=place_of(session, one.base, one.label, offline=offline),
        name=_name(one),
        role=role,
        unknown=unknown,
        bucket=stack.bucket or "",
        templates=_templates(stack),
        parameters=_of_kind(found, "ssm"),
        outputs=_of_kind(found, "cfn"),
        assume_role=_said(one.base, "assume_role"),
    )


def stack_fences(use: StackUse) -> tuple[Fence, ...]:
    """What the action is allowed on. Raises: UdoError."""
    if special := _OF_ACTIONS.get(use.action):
        return special(use)
    types = resource_types(use.action)
    if not types:
        return (Fence("", (ANYTHING,), why=ALL_OR_NOTHING),)
    return tuple(_OF_TYPES[one](use) for one in types if one in _OF_TYPES)


def makes_by_the_callers_rights(verbs: Collection[str], stacks: Sequence[StackFacts]) -> list[str]:
    """What CloudFormation makes, changes and deletes with the rights of whoever asks, which no policy here holds."""
    changing = [verb for verb in verbs if verb in ("stack create", "stack delete", "stack update")]
    return [one.label for one in stacks if changing and not one.role and not one.unknown]


def _said(base: Role, key: str) -> str:
    return str(base.get(key) or "")


def _name(one: StackDefinition) -> str:
    try:
        return "".join(piece if isinstance(piece, str) else ANYTHING for piece in one.name_pieces())
    except Unknown as error:
        raise UsageError(f"the name of {one.label} is unknown: {error} ({one.mark})") from error


def _role(stack: Stack) -> tuple[str, str]:
    """The role that CloudFormation works by, and why it is unknown."""
    try:
        return stack.role or "", ""
    except (ConfigError, UsageError):
        return "", f"the role of {stack.label} rests on what is not known here ({stack.where('role')})"


def _templates(stack: Stack) -> tuple[str, ...]:
    """The object in S3 that a template is; a name that rests on an order's parameters is not known."""
    try:
        said = stack.template
    except UsageError:
        return ()
    if not URL.match(said):
        return ()
    parts = urlsplit(said)
    if parts.scheme.lower() == "s3":
        return (f"{parts.netloc}{parts.path}",)
    # Source: S3 user guide, "Virtual hosting of general purpose buckets".
    bucket, dot, _ = parts.netloc.partition(".s3")
    return (unquote(f"{bucket}{parts.path}" if dot else parts.path.removeprefix("/")),)


def _of_kind(found: Sequence[Lookup], kind: str) -> tuple[str, ...]:
    names = [one.argument for one in found if one.kind == kind and kind in KEPT_IN_AWS]
    return tuple(dict.fromkeys(name.partition("." if kind == "cfn" else ":")[0] for name in names))


def _stack(use: StackUse) -> Fence:
    place, names = use.facts.place, [use.facts.name]
    if use.action.endswith(":DescribeStacks"):
        names += use.facts.outputs
    # The end of its ARN is made by AWS anew each time that there is a stack of that name.
    return Fence("cloudformation:stack", tuple(place.arn("cloudformation", f"stack/{name}/*") for name in names))


def _change_set(use: StackUse) -> Fence:
    return Fence("cloudformation:changeset", (use.facts.place.arn("cloudformation", _CHANGE_SETS),))


def _described(use: StackUse) -> tuple[Fence, ...]:
    if use.verb in _OF_ALL:
        return (Fence("", (ANYTHING,), why="AWS lists stacks for those alone who may ask for all"),)
    return (_stack(use),)


def _parameter(use: StackUse) -> Fence:
    place = use.facts.place
    names = [parameter_name(f"{LOCK}{use.facts.name.replace(ANYTHING, '')}")]
    if ANYTHING in use.facts.name:
        parts = use.facts.name.split(ANYTHING)
        quoted = ANYTHING.join(parameter_name(part).removeprefix(PATH) for part in (f"{LOCK}{parts[0]}", *parts[1:]))
        names = [f"{PATH}{quoted}"]
    if use.action.endswith(":GetParameters"):
        names += [f"/{name.removeprefix('/')}" for name in use.facts.parameters]
    return Fence("ssm:parameter", tuple(place.arn("ssm", f"parameter{name}") for name in names))


def _bucket(use: StackUse) -> Fence:
    resources = (use.facts.place.s3(use.facts.bucket),) if use.facts.bucket else ()
    return Fence("s3:bucket", resources, why="" if resources else "udo.yml says no stack_bucket")


def _object(use: StackUse) -> Fence:
    names = [f"{use.facts.bucket}/{FOLDER}/*"] if use.facts.bucket else []
    if use.action.endswith(":GetObject"):
        names += use.facts.templates
    resources = tuple(map(use.facts.place.s3, names))
    return Fence("s3:object", resources, why="" if resources else "udo.yml says no stack_bucket")


def _assumed(use: StackUse) -> Fence:
    role = use.facts.assume_role
    return Fence("sts:role", (role,) if role else (), why="" if role else "udo.yml says no assume_role")


def _passed(use: StackUse) -> tuple[Fence, ...]:
    """The role of the stack, to CloudFormation alone."""
    facts = use.facts
    condition = Condition("StringEquals", "iam:PassedToService", facts.place.services("cloudformation"))
    why = "" if facts.role else facts.unknown or f"{facts.label} has no role"
    return (Fence("iam:role", (facts.role,) if facts.role else (), (condition,), why, needed=bool(facts.unknown)),)


def _alarms(_use: StackUse) -> tuple[Fence, ...]:
    return (Fence("", (ANYTHING,), why=ALARMS),)


_OF_TYPES: dict[str, Callable[[StackUse], Fence]] = {
    "cloudformation:changeset": _change_set,
    "cloudformation:stack": _stack,
    "s3:bucket": _bucket,
    "s3:object": _object,
    "ssm:parameter": _parameter,
    "sts:role": _assumed,
}
_OF_ACTIONS: dict[str, Callable[[StackUse], tuple[Fence, ...]]] = {
    "cloudformation:DescribeStacks": _described,
    "cloudwatch:DescribeAlarms": _alarms,
    "iam:PassRole": _passed,
}
