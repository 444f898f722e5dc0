"""Makes moto answer as AWS does, by patching its classes once per process."""

from __future__ import annotations

import functools
import importlib

from udo.sandbox import answers
from udo.sandbox.clock import Clock
from udo.sandbox.strict import delays as _delays
from udo.sandbox.strict import guard, limits, moment, refreshing
from udo.sandbox.strict import rules as _rules
from udo.sandbox.strict.delays import delays
from udo.sandbox.strict.deployment_faults import DeploymentFault, deployment_faults
from udo.sandbox.strict.limits import quotas
from udo.sandbox.strict.rules import Rule

__all__ = [
    "DeploymentFault",
    "Rule",
    "advance",
    "delays",
    "deployment_faults",
    "install",
    "quotas",
    "reset",
    "rules",
]

# Importing a topic registers its rules.
_TOPICS = (
    "account_limits",
    "activities",
    "capacity",
    "deployment_configs",
    "deployment_groups",
    "deployment_targets",
    "deployments",
    "filters",
    "group_metrics",
    "group_settings",
    "group_tags",
    "groups",
    "groups_known",
    "holding",
    "kinds",
    "instances",
    "launch_configurations",
    "launch_reference",
    "lifecycle_actions",
    "lifecycle_hooks",
    "managed_instances",
    "managed_policies",
    "member_moves",
    "members",
    "notifications",
    "on_premises",
    "parameters",
    "places",
    "policies",
    "processes",
    "public_images",
    "references",
    "refreshes",
    "revisions",
    "schedules",
    "template_versions",
    "templates",
    "traffic_sources",
    "values",
    "volumes",
)


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
    return _rules.rules()


def advance(clock: Clock) -> None:
    """Moves everything that time moves up to the clock's present moment; called before every request."""
    from udo.sandbox.strict import capacity, deployments, instances

    moment.use(clock)
    capacity.advance()
    deployments.advance()
    instances.advance()


def reset() -> None:
    """Forgets delays, quotas and faults that were set; what moto holds is emptied by moto."""
    _delays.reset()
    limits.reset()
    deployment_faults.clear()
    refreshing.refreshes.clear()


@functools.cache
def _load() -> None:
    # First: a topic that is imported from a moto it was not made for would only say what Python stumbled over.
    guard.check()
    for topic in _TOPICS:
        importlib.import_module(f"{__name__}.{topic}")
