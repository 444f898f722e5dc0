"""Whether AWS takes a dashboard of this size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from udo.dashboards.body import is_of, title
from udo.errors import ConfigError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from udo.dashboards.body import Body
    from udo.dashboards.seen import Seen
    from udo.dashboards.widgets import Widget

# Source: CloudWatch-Dashboard-Body-Structure (widgets, metrics of a widget); docs.aws.amazon.com/AmazonCloudWatch/
# latest/monitoring/cloudwatch_limits.html (metrics of a dashboard).
_WIDGETS, _OF_A_WIDGET, _OF_ALL = 500, 500, 2500


def check_limits(seen: Sequence[Seen], body: Body) -> None:
    """Accepts a dashboard that AWS takes. Raises: ConfigError at the alarms of the role that has the most."""
    largest = max(seen, key=lambda one: sum(is_of(widget, one.role.name) for widget in body["widgets"]))
    if wrong := list(_wrong(body["widgets"])):
        role = largest.role
        told = f"{'; '.join(wrong)}; {role.label} has the most: take some of its alarms out"
        raise ConfigError(Problem(*role.mark_of("alarms"), told))


def _wrong(widgets: Sequence[Widget]) -> Iterator[str]:
    counts = {title(one): len(one["properties"].get("metrics") or ()) for one in widgets}
    if len(widgets) > _WIDGETS:
        yield f"a dashboard has at most {_WIDGETS} widgets, and this would have {len(widgets)}"
    if (metrics := sum(counts.values())) > _OF_ALL:
        yield f"a dashboard has at most {_OF_ALL} metrics, and this would have {metrics}"
    for name, count in counts.items():
        if count > _OF_A_WIDGET:
            yield f"'{name}' has at most {_OF_A_WIDGET} metrics, and this would have {count}"
