"""What is wanted of a structure of AWS's, value by value: where each stands, what it is now, and what it should be."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from udo.change.plan import Difference

# What AWS leaves out of an answer where nobody has said anything.
# Source: API_CreateAutoScalingGroup, API_InstanceMaintenancePolicy, API_AvailabilityZoneDistribution,
# API_CapacityReservationSpecification, API_RetentionTriggers, API_PutScalingPolicy.
_USUAL: Mapping[str, Any] = {
    "CapacityDistributionStrategy": "balanced-best-effort",
    "CapacityRebalance": False,
    "CapacityReservationPreference": "default",
    "DefaultInstanceWarmup": -1,
    "DeletionProtection": "none",
    "DisableScaleIn": False,
    "Enabled": True,
    "MaxHealthyPercentage": -1,
    "MaxInstanceLifetime": 0,
    "MinHealthyPercentage": -1,
    "NewInstancesProtectedFromScaleIn": False,
    "PlacementGroup": "",
    "PolicyType": "SimpleScaling",
    "TerminateHookAbandon": "terminate",
}


class Point(NamedTuple):
    """One value: its name for people, the JMESPath that reads it, what that gives now and should give.

    `told` are both for people, where they are not as they are read.
    """

    name: str
    path: str
    live: Any
    wanted: Any
    told: tuple[str, str] | None = None

    @property
    def differs(self) -> bool:
        """Whether it is not what it should be."""
        return bool(self.live != self.wanted)

    def difference(self) -> Difference:
        """The change of it in one row."""
        # Whoever only reads what differs loads no plans.
        from udo.change.plan import Difference

        return Difference(self.name, *(self.told or (shown(self.live), shown(self.wanted))))


def points(name: str, path: str, live: Any, wanted: Any) -> Iterator[Point]:
    """Every value that is wanted, in order; of lists of structures their length too.

    What AWS has besides is nobody's wish, and is not looked at.
    """
    match wanted:
        case Mapping() if wanted:
            inside = live if isinstance(live, Mapping) else {}
            for key, value in wanted.items():
                at = f"{path}.{json.dumps(key)}" if path else json.dumps(key)
                yield from points(f"{name}.{key}", at, inside.get(key, _USUAL.get(key)), value)
        case [Mapping(), *_]:
            rows = live if isinstance(live, Sequence) else ()
            yield Point(f"{name} count", f"length(not_null({path}, `[]`))", len(rows), len(wanted))
            for number, value in enumerate(wanted):
                row = rows[number] if number < len(rows) else None
                yield from points(f"{name}[{number}]", f"{path}[{number}]", row, value)
        case _:
            usual = _USUAL.get(path.rpartition(".")[2].strip('"'))
            yield Point(name, path if usual is None else f"not_null({path}, `{json.dumps(usual)}`)", live, wanted)


def together(rows: Iterable[Point]) -> str:
    """The JMESPath that reads all of them as one list."""
    return f"[{', '.join(one.path for one in rows)}]"


def shown(value: Any) -> str:
    """A value of AWS's in one line, as JSON has it but for plain text and for what an earlier step makes."""
    if value is None:
        from udo.change.plan import NONE

        return NONE
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=_made)


def _made(_ref: Any) -> str:
    return "what is made"


def literal(text: str) -> str:
    """The text as a JMESPath raw string."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
