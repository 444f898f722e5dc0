"""How long things take in the sandbox, in seconds of its clock; tests and the server set what they want to see."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Delays:
    """0 means at once, within the request that asked for it."""

    boot: float = 0.0
    console: float = 0.0
    terminate: float = 0.0
    health_check: float = 0.0
    target: float = 0.0
    relaunch: float = 60.0
    # Until the invocations of a command exist.
    invocation: float = 0.0
    rebalance: float = 600.0
    refresh_start: float = 2.0
    deployment_start: float = 2.0
    deployment_event: float = 0.75
    # Of stacks: until a template is validated, and between two steps of a resource.
    stack_validation: float = 2.0
    stack_call: float = 1.0
    # Until a function that was made or changed is ready.
    function: float = 2.0


delays = Delays()


def reset() -> None:
    """Puts back the delays a fresh sandbox has."""
    delays.__dict__.update(Delays().__dict__)
