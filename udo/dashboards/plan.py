"""What a dashboard is called, whose it is, and the plans that put and delete it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from udo.change.plan import Call, Pair, Plan, Read
from udo.dashboards.body import body_of, is_of, title
from udo.dashboards.differences import differences, removed, with_markers_of
from udo.dashboards.limits import check_limits
from udo.errors import Conflict
from udo.frozen import frozen
from udo.model.dashboards import dashboard_name, spelled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from udo.aws import Aws
    from udo.change.plan import Difference
    from udo.config import Role
    from udo.dashboards.body import Body
    from udo.dashboards.seen import Seen

# What AWS says of a body that it has taken, each with the place in it.
_WARNINGS = "join('; ', (DashboardValidationMessages || `[]`)[].join(' ', [DataPath || '', Message || '']))"


@frozen
class Dashboard:
    """A cluster's dashboard by its name: its body in its one spelling (None where there is none), and Udo's mark."""

    name: str
    cluster: str
    live: str | None
    mark: str

    @property
    def body(self) -> Body:
        """What is live; empty where there is none, or where it is nothing that can be read."""
        try:
            found = json.loads(self.live or "{}")
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def is_foreign(self) -> bool:
        """Whether somebody else has made it."""
        return self.live is not None and not any(self.mark in _markdown(one) for one in self.body.get("widgets") or ())

    def wanted(self, seen: Sequence[Seen]) -> Body:
        """What it is to be; markers that AWS does not tell stay. Raises: ConfigError over AWS's size."""
        made = body_of(
            seen, f"{self.mark}; what is changed here is lost by the next `udo dashboard {self.cluster} --put`"
        )
        for one in seen:
            if one.markers is None:
                made = with_markers_of(self.body, made, one.role.name)
        check_limits(seen, made)
        return made

    def differences(self, wanted: Body, roles: Sequence[str] = ()) -> tuple[Difference, ...]:
        """What putting it would change; of some roles alone where they are named, wherever their widgets lie."""
        if not roles:
            return tuple(differences(self.body, wanted))
        return tuple(differences(_part(self.body, roles), _part(wanted, roles)))


def observe_dashboard(aws: Aws, role: Role) -> Dashboard:
    """The dashboard of a role's cluster.

    Raises: UdoError.
    """
    app = role.get("app_name")
    name = dashboard_name(app, role.cluster)
    mark = f"made by udo: cluster `{role.cluster}`{f' of `{app}`' if app else ''}"
    return Dashboard(name, role.cluster, aws.read(_read(name)), mark)


def plan_put(dashboard: Dashboard, wanted: Body) -> Plan:
    """The plan that makes a dashboard, or makes of ours what is wanted.

    Raises: Conflict for one of somebody else's.
    """
    _refuse(dashboard)
    heading = Plan("dashboard", dashboard.name, (), unchanged=f"dashboard {dashboard.name} is as it should be")
    body = spelled(wanted)
    if body == dashboard.live:
        return heading
    goes = removed(dashboard.body, wanted)
    verb, done = ("make", "made") if dashboard.live is None else ("change", "changed")
    goal = Pair(_read(dashboard.name), body, f"dashboard {dashboard.name}")
    call = Call(
        f"{verb} dashboard {dashboard.name}",
        "cloudwatch",
        "PutDashboard",
        {"DashboardName": dashboard.name, "DashboardBody": body},
        save={"warnings": _WARNINGS},
        expect=(_as_seen(dashboard),),
        proof=(goal,),
    )
    return replace(
        heading,
        steps=(call,),
        goal=(goal,),
        differences=dashboard.differences(wanted),
        asks=f"Remove {', '.join(goes)} from dashboard {dashboard.name}?" if goes else None,
        done=f"dashboard {dashboard.name} is {done}",
    )


def plan_delete(dashboard: Dashboard) -> Plan:
    """The plan that deletes a dashboard of ours.

    Raises: Conflict for one of somebody else's.
    """
    _refuse(dashboard)
    heading = Plan("dashboard", dashboard.name, (), unchanged=f"there is no dashboard {dashboard.name}")
    if dashboard.live is None:
        return heading
    gone = Pair(_read(dashboard.name), None, f"dashboard {dashboard.name}")
    call = Call(
        f"delete dashboard {dashboard.name}",
        "cloudwatch",
        "DeleteDashboards",
        {"DashboardNames": [dashboard.name]},
        expect=(_as_seen(dashboard),),
        proof=(gone,),
    )
    count = len(dashboard.body.get("widgets") or ())
    asks = f"Delete dashboard {dashboard.name} with its {count} widgets?"
    return replace(heading, steps=(call,), goal=(gone,), asks=asks, done=f"dashboard {dashboard.name} is deleted")


def in_words(message: str, wanted: Body) -> str:
    """What AWS says of a body, with the titles of widgets in place of their numbers."""
    titles = [title(widget) for widget in wanted["widgets"]]

    def named(place: re.Match[str]) -> str:
        number = int(place[1])
        return f"'{titles[number]}'{place[2]}" if number < len(titles) else place[0]

    return re.sub(r"/widgets/(\d+)([/\w]*)", named, message)


def _refuse(dashboard: Dashboard) -> None:
    if dashboard.is_foreign:
        told = f"dashboard {dashboard.name} exists and is not managed by Udo"
        away = f"aws cloudwatch delete-dashboards --dashboard-names {dashboard.name}"
        raise Conflict(told, hint=f"nothing was changed; keep a copy under another name, then: {away}")


def _part(body: Body, roles: Sequence[str]) -> Body:
    kept = [one for one in body.get("widgets") or () if any(is_of(one, role) for role in roles)]
    return {"widgets": [{key: value for key, value in one.items() if key not in ("x", "y")} for one in kept]}


def _as_seen(dashboard: Dashboard) -> Pair:
    return Pair(_read(dashboard.name), dashboard.live, f"dashboard {dashboard.name}")


def _read(name: str) -> Read:
    return Read("cloudwatch", "GetDashboard", {"DashboardName": name}, "DashboardBody")


def _markdown(widget: Any) -> str:
    properties = widget.get("properties") if isinstance(widget, dict) else None
    return str(properties.get("markdown") or "") if isinstance(properties, dict) else ""
