"""What is to go wrong with stacks: a resource that is not made, not changed or not removed."""

from __future__ import annotations

from dataclasses import dataclass, field

VERBS = ("create", "update", "delete")


@dataclass
class StackFault:
    """The `nth` resource that a stack makes, changes or removes, or one of that logical id or type, fails.

    `message` is what its service says. It happens so many `times`, or until it is taken back.
    """

    verb: str = "create"
    stack: str = ""
    resource: str = ""
    type: str = ""
    nth: int | None = None
    message: str = ""
    times: int | None = 1
    hit: int = 0
    seen: dict[str, int] = field(default_factory=dict)

    def meets(self, verb: str, operation: str, named: tuple[str, str, str]) -> bool:
        """Whether it strikes a resource, named by its stack, logical id and type; counts it."""
        wanted = (self.stack, self.resource, self.type)
        if verb != self.verb or any(want not in ("", one) for want, one in zip(wanted, named, strict=True)):
            return False
        self.seen[operation] = self.seen.get(operation, 0) + 1
        if self.nth not in (None, self.seen[operation]) or (self.times is not None and self.hit >= self.times):
            return False
        self.hit += 1
        return True


class StackFaults:
    """The faults that are set."""

    def __init__(self) -> None:
        self._set: list[StackFault] = []

    def add(self, fault: StackFault) -> None:
        """Sets one."""
        self._set.append(fault)

    def all(self) -> list[StackFault]:
        """Those that are set."""
        return list(self._set)

    def clear(self) -> None:
        """Takes all of them back."""
        self._set.clear()

    def due(self, verb: str, operation: str, named: tuple[str, str, str]) -> str:
        """What the service says instead of doing what it is asked; empty where it does it."""
        met = [one for one in self._set if one.meets(verb, operation, named)]
        return next((one.message or f"{_DONE[one.verb]} failed, as it was asked to." for one in met), "")


_DONE = {"create": "Creation", "update": "Update", "delete": "Deletion"}

stack_faults = StackFaults()
