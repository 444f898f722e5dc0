"""Stacks whose outputs a udo.yml takes and that it does not make itself: there from the start, with outputs made up."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from udo.config import Config, Lookup
    from udo.sandbox.world import World

VALUE = "sandbox"


def make_stacks(world: World, config: Config, lookups: Iterable[tuple[str, Lookup]]) -> None:
    """Begins to make the stacks that lookups, each in a region, take outputs of; they are complete soon."""
    wanted: dict[tuple[str, str], dict[str, dict[str, str]]] = {}
    for region, lookup in lookups:
        name, _, output = lookup.argument.partition(".")
        # One that udo.yml describes is made by who orders it.
        if all(one.params_in(name) is None for one in config.stacks.values()):
            wanted.setdefault((region, name), {})[output] = {"Value": VALUE}
    for (region, name), outputs in wanted.items():
        body = {"Resources": {"Nothing": {"Type": "AWS::SNS::Topic"}}, "Outputs": outputs}
        world.client("cloudformation", region).create_stack(StackName=name, TemplateBody=json.dumps(body))
