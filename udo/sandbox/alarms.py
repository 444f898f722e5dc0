"""The alarms of the sandbox, as a person lists and rings them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from udo.config.suggesting import among
from udo.errors import UsageError

if TYPE_CHECKING:
    from udo.sandbox.strict.cloudwatch.alarm import Alarm
    from udo.sandbox.world import World


def listed(world: World) -> list[dict[str, Any]]:
    """Every alarm of the account, by name, with its state and since when it has it."""
    from udo.sandbox.strict import moment

    rows = [
        {
            "name": alarm.name,
            "region": region,
            "state": alarm.state_value,
            "since": moment.text(alarm.changed),
            "held": alarm.held,
            "reason": alarm.reason,
        }
        for region, alarm in _all(world)
    ]
    return sorted(rows, key=lambda row: (row["name"], row["region"]))


def ring(world: World, name: str, state: str) -> None:
    """Sets an alarm, in every region that has one of this name; in ALARM it stays until another state is set.

    Raises: UsageError.
    """
    from udo.sandbox.strict.cloudwatch.alarm import ALARM, STATES

    if state not in STATES:
        raise UsageError(f"an alarm is never {state}", hint=f"one of {', '.join(STATES)}")
    known = [alarm for _region, alarm in _all(world)]
    found = [alarm for alarm in known if alarm.name == name]
    if not found:
        hint = among(name, sorted({alarm.name for alarm in known}))
        raise UsageError(f"the sandbox has no alarm {name}", hint=hint)
    for alarm in found:
        alarm.held = state == ALARM
        alarm.become(state, "Set by 'udo sandbox alarm'")


def _all(world: World) -> Iterator[tuple[str, Alarm]]:
    from moto.cloudwatch.models import cloudwatch_backends

    from udo.sandbox.strict.cloudwatch.alarm import alarms

    for region in list(cloudwatch_backends[world.account]):
        for alarm in list(alarms(world.account, region).values()):
            yield region, alarm
