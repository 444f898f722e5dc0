"""Faults of stacks as `udo sandbox fault` takes them: a resource that is not made, not changed or not removed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from udo.errors import UsageError

if TYPE_CHECKING:
    from udo.sandbox.strict import StackFault

KIND = "stack"
# What such a fault is made of, as it is asked for.
WORDS = ("event", "stack", "resource", "nth", "error", "times")


def parse(words: Mapping[str, Any]) -> StackFault:
    """The fault that plain data describes: without an event it is of what is made. Raises: UsageError."""
    from udo.sandbox.faults import option
    from udo.sandbox.strict import StackFault
    from udo.sandbox.strict.cloudformation.faults import VERBS

    if unknown := sorted(set(words) - {"kind", *WORDS}):
        takes = ", ".join(option(one) for one in WORDS)
        raise UsageError(f"a fault of the kind '{KIND}' takes no {option(unknown[0])}", hint=f"it takes {takes}")
    verb, resource = words.get("event", VERBS[0]), str(words.get("resource", ""))
    if verb not in VERBS:
        raise UsageError(f"a stack has no event '{verb}'", hint=f"one of {', '.join(VERBS)}")
    kind = resource if "::" in resource else ""
    given = {key: words[key] for key in ("stack", "nth", "times") if key in words}
    fault = StackFault(verb=verb, resource="" if kind else resource, type=kind, **given)
    fault.message = str(words.get("error", ""))
    return fault


def listed(fault: StackFault) -> dict[str, Any]:
    """A fault that is set, as plain data."""
    return {
        "kind": KIND,
        "event": fault.verb,
        "stack": fault.stack,
        "resource": fault.resource or fault.type,
        "nth": fault.nth,
        "error": fault.message,
        "times": fault.times,
        "counted": fault.hit,
    }
