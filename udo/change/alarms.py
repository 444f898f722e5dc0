"""The CloudWatch alarms that guard a change: what they say before it, and how they are read while it is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from udo.change.plan import Guard, Plan, Read, Wait
from udo.duration import told
from udo.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

# Source: API_DescribeAlarms: at most 100 names; without AlarmTypes composite alarms are left out.
_MOST = 100
_KINDS = ["MetricAlarm", "CompositeAlarm"]
_RINGING = "join(', ', sort([MetricAlarms, CompositeAlarms][] | [?StateValue == 'ALARM'].AlarmName))"
# False, which is no text, where fewer are listed than were asked for: who is gone does not ring, and is not OK.
_LISTED = "(length([MetricAlarms, CompositeAlarms][].AlarmName) == `{}` && '')"


@frozen
class Alarms:
    """The alarms of one part of udo.yml, said at `where`, and how many seconds they are watched after a change."""

    names: Sequence[str] = ()
    after: float = 0.0
    where: str = ""

    def guards(self) -> tuple[Guard, ...]:
        """What is read before each write and at each poll, in as few requests as AWS allows."""
        return tuple(Guard("CloudWatch alarm in ALARM", read) for read in self._reads())

    def watch(self, plan: Plan) -> Plan | None:
        """What follows a change that is done: they are watched a while longer; None where they are not."""
        guards = self.guards()
        if not (guards and self.after):
            return None
        wait = Wait(
            f"watch {named(self.names)} for {told(self.after)}",
            guards[0].read,
            success=(),
            every=min(5.0, self.after),
            timeout=self.after,
            detached="what was changed stays, and its alarms are not watched any more",
            watch="alarms",
            lapses=True,
        )
        return Plan(plan.command, plan.target, (wait,), guards=guards)

    def _reads(self) -> Iterator[Read]:
        for start in range(0, len(self.names), _MOST):
            batch = list(self.names[start : start + _MOST])
            asked = {"AlarmNames": batch, "AlarmTypes": _KINDS, "MaxRecords": _MOST}
            yield Read("cloudwatch", "DescribeAlarms", asked, f"{_RINGING} || {_LISTED.format(len(set(batch)))}")


def wrong(alarms: Alarms, states: Mapping[str, str]) -> list[str]:
    """Why these states let no change begin, in words; nothing where they do."""
    ringing = [name for name in alarms.names if states.get(name) == "ALARM"]
    missing = [name for name in alarms.names if name not in states]
    found = [f"{named(ringing)} {_is(ringing)} in ALARM"] if ringing else []
    return found + ([f"{named(missing)} {'does' if len(missing) == 1 else 'do'} not exist"] if missing else [])


def unsure(alarms: Alarms, states: Mapping[str, str]) -> str:
    """Of which of them CloudWatch cannot say whether they ring, in words; empty for none."""
    names = [name for name in alarms.names if states.get(name) == "INSUFFICIENT_DATA"]
    return f"{named(names)} {_is(names)} in INSUFFICIENT_DATA" if names else ""


def named(names: Sequence[str]) -> str:
    """Alarms by name: `alarm a`, `alarms a, b`."""
    return f"alarm{'' if len(names) == 1 else 's'} {', '.join(names)}"


def _is(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are"
