"""Looks at the stacks of a configuration and their templates, as far as that goes without AWS and without an order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from udo.errors import ConfigError, Problem, UsageError
from udo.stacks.fit import judged, missing_capability
from udo.stacks.template import template_of

if TYPE_CHECKING:
    from udo.config import Config
    from udo.config.stacks import StackDefinition


def checked_stacks(config: Config) -> list[str]:
    """Warnings about the stacks and their templates, a line each.

    Raises: ConfigError with every mistake in them.
    """
    mistakes: set[Problem] = set()
    # What stacks with one template have in common is told once.
    warnings: dict[str, None] = {}
    for one in config.stacks.values():
        try:
            found, told = _judged(one)
        except ConfigError as error:
            mistakes |= {*error.problems}
        else:
            mistakes |= {*found}
            warnings |= dict.fromkeys(told)
    if mistakes:
        raise ConfigError(*mistakes)
    return [*warnings]


def _judged(one: StackDefinition) -> tuple[list[Problem], list[str]]:
    stack = one.unordered()
    try:
        template = template_of(stack)
    except UsageError:
        # Which template it is depends on the order.
        return [], []
    if template is None:
        return [], []
    mistakes, warnings = judged(stack, template, one.base.region)
    try:
        told = missing_capability(stack, template)
    except UsageError:
        told = ""
    if told:
        mistakes.append(Problem(*stack.mark_of("capabilities"), told))
    return mistakes, [*warnings]
