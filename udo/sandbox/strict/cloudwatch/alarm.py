"""An alarm and its state: what it was put with, what it says now, and how it got there."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from moto.cloudwatch.models import cloudwatch_backends

from udo.sandbox.strict import moment

OK, ALARM, UNKNOWN = "OK", "ALARM", "INSUFFICIENT_DATA"
STATES = (OK, ALARM, UNKNOWN)
# Who carries out the actions of an alarm, by the service that their ARNs name.
actors: dict[str, Callable[[str, Alarm], None]] = {}
_UNCHECKED = "Unchecked: Initial alarm creation"


@dataclass
class Alarm:
    """A metric alarm or, with an AlarmRule, a composite one; `settings` are the members of the request that put it.

    `since` is when its state was last set, `changed` when it last became another one, `configured` when it was put;
    `looked` is the last moment it was evaluated at. While it is `held` no evaluation changes it.
    """

    name: str
    alarm_arn: str
    settings: Mapping[str, Any]
    state_value: str
    configured: float
    since: float
    changed: float
    looked: float
    reason: str = _UNCHECKED
    reason_data: str | None = None
    held: bool = False
    seen: tuple[str, ...] = ()
    history: list[dict[str, Any]] = field(default_factory=list)

    @property
    def rule(self) -> str | None:
        """The rule of a composite alarm."""
        found: str | None = self.settings.get("AlarmRule")
        return found

    @property
    def acts(self) -> bool:
        """Whether its actions are carried out."""
        return self.settings.get("ActionsEnabled") is not False

    def actions(self) -> list[str]:
        """What it does in the state it is in, by ARN."""
        member = {OK: "OKActions", ALARM: "AlarmActions", UNKNOWN: "InsufficientDataActions"}[self.state_value]
        return list(self.settings.get(member) or [])

    def act(self, *services: str) -> None:
        """Carries out what it does in its state, of some services alone where they are named."""
        for arn in self.actions() if self.acts else ():
            service = arn.split(":")[2]
            if service in actors and service in (services or actors):
                actors[service](arn, self)

    def become(self, state_value: str, reason: str, reason_data: str | None = None) -> bool:
        """Sets the state; whether that is another one than before."""
        before = {"stateValue": self.state_value, "stateReason": self.reason}
        is_new = state_value != self.state_value
        self.since = moment.now()
        self.state_value, self.reason, self.reason_data = state_value, reason, reason_data
        if is_new:
            self.changed = self.since
            told = {
                "version": "1.0",
                "oldState": before,
                "newState": {"stateValue": state_value, "stateReason": reason},
            }
            summary = f"Alarm updated from {before['stateValue']} to {state_value}"
            self.note("StateUpdate", summary, told)
            self.act()
        return is_new

    def note(self, kind: str, summary: str, told: Mapping[str, Any]) -> None:
        """Writes down what became of it, newest first."""
        item = {
            "AlarmName": self.name,
            "AlarmType": "CompositeAlarm" if self.rule else "MetricAlarm",
            "Timestamp": moment.utcnow(),
            "HistoryItemType": kind,
            "HistorySummary": summary,
            "HistoryData": json.dumps(told),
        }
        self.history.insert(0, item)


def alarms(account: str, region: str) -> dict[str, Alarm]:
    """The alarms of an account and region, by name."""
    backend: Any = cloudwatch_backends[account][region]
    found: dict[str, Alarm] = backend.alarms
    return found


def kept(account: str, region: str, name: str, settings: Mapping[str, Any], first: str) -> Alarm:
    """The alarm of this name with these settings, made in the state `first` where it is new."""
    there, now = alarms(account, region), moment.now()
    before = there.get(name)
    if before is not None:
        before.settings, before.configured = settings, now
        before.note("ConfigurationUpdate", f'Alarm "{name}" updated', {"version": "1.0", "type": "Update"})
        return before
    arn = f"arn:aws:cloudwatch:{region}:{account}:alarm:{name}"
    made = there[name] = Alarm(name, arn, settings, first, now, now, now, now)
    made.note("ConfigurationUpdate", f'Alarm "{name}" created', {"version": "1.0", "type": "Create"})
    return made


def state(account: str, region: str, name: str) -> str | None:
    """The state of an alarm: OK, ALARM or INSUFFICIENT_DATA, and None of one that does not exist."""
    known = alarms(account, region).get(name)
    return known.state_value if known else None
