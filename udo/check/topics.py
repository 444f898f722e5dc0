"""Whether the topics that alarms tell exist, as far as this account and region knows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from udo.check.finding import Finding
from udo.check.settings import place
from udo.config.known import value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from udo.check.resources import Resources
    from udo.config import Role

_MAKES = "aws sns create-topic --name "


def topics(role: Role, resources: Resources) -> Iterator[Finding]:
    """A finding for each topic that alarms of the role tell, at the first that does; others' ARNs are taken as they
    are."""
    looked_at: set[str] = set()
    for name, alarm in ((value(role, "alarms") or {}) if role.says("alarms") else {}).items():
        for one in alarm.get("tell") or ():
            if one.startswith("arn:") and f":sns:{resources.aws.region}:{resources.account}:" not in one:
                continue
            if one in looked_at:
                continue
            looked_at.add(one)
            known = resources.topics
            there = None if known is None else one.rpartition(":")[2] in known
            told = "?" if there is None else "there" if there else f"no such topic: {_MAKES}{one.rpartition(':')[2]}"
            yield Finding("topic", one, role, place(role, f"alarms.{name}.tell"), there, told)
