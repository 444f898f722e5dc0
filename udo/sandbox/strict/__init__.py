"""Makes moto answer as AWS does, by patching its classes once per process."""

from __future__ import annotations

import functools

from udo.sandbox import answers
from udo.sandbox.clock import Clock
from udo.sandbox.strict import delays as _delays
from udo.sandbox.strict import guard, limits, moment
from udo.sandbox.strict import rules as _rules
from udo.sandbox.strict.autoscaling.launch_faults import LaunchFault, launch_faults
from udo.sandbox.strict.cloudformation.faults import StackFault, stack_faults
from udo.sandbox.strict.cloudformation.state import Outside
from udo.sandbox.strict.codedeploy.faults import DeploymentFault, deployment_faults
from udo.sandbox.strict.delays import delays
from udo.sandbox.strict.instance_connect.keys import pushed
from udo.sandbox.strict.limits import quotas
from udo.sandbox.strict.rules import Rule
from udo.sandbox.strict.service import load_topics, services
from udo.sandbox.strict.ssm.faults import AgentFault, agent_faults

__all__ = [
    "AgentFault",
    "DeploymentFault",
    "LaunchFault",
    "Rule",
    "StackFault",
    "advance",
    "agent_faults",
    "delays",
    "deployment_faults",
    "install",
    "launch_faults",
    "quotas",
    "reset",
    "rules",
    "stack_faults",
]


@functools.cache
def install() -> None:
    """Patches moto's classes; a second call changes nothing.

    Raises: RuntimeError where this moto lacks what the rules lean on.
    """
    _load()
    answers.install()
    moment.install()
    _rules.wire()


def rules() -> tuple[Rule, ...]:
    """Every rule, by service and name."""
    _load()
    load_topics(late=True)
    return _rules.rules()


def advance(clock: Clock) -> None:
    """Moves everything that time moves up to the clock's present moment; called before every request.

    Not before those that the engine of stacks makes while it catches up: they are made at its moment.
    """
    if Outside.moving:
        return
    moment.use(clock)
    for service in services().values():
        for move in service.advances():
            move()


def reset() -> None:
    """Forgets delays, quotas and faults that were set; what moto holds is emptied by moto."""
    _delays.reset()
    limits.reset()
    deployment_faults.clear()
    launch_faults.clear()
    agent_faults.clear()
    stack_faults.clear()
    pushed.clear()


@functools.cache
def _load() -> None:
    # First: a topic that is imported from a moto it was not made for would only say what Python stumbled over.
    guard.check()
    load_topics()
