"""Makes the bodies of dashboards comparable: AWS keeps a text, which consoles and other programs spell as they like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from udo.model.dashboards import canonical

if TYPE_CHECKING:
    from botocore.session import Session


def watch(session: Session) -> None:
    """Makes every client that the session creates from now on give bodies in their one spelling."""
    session.register("after-call.cloudwatch.GetDashboard", _spell, unique_id="udo-dashboards")


def _spell(**told: Any) -> None:
    parsed = told["parsed"]
    if isinstance(body := parsed.get("DashboardBody"), str):
        parsed["DashboardBody"] = canonical(body)
