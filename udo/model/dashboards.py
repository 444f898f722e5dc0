"""What a dashboard is called, and what its body says, whatever spelling it comes in."""

from __future__ import annotations

import json
import re
from typing import Any

# Source: botocore cloudwatch PutDashboardInput, DashboardName.
_NO_NAME = re.compile(r"[^A-Za-z0-9_-]+")
_LONGEST = 255


def dashboard_name(app: str | None, cluster: str) -> str:
    """The name of a cluster's dashboard: AWS has one name for all regions and applications of an account."""
    return _NO_NAME.sub("-", f"{app}-{cluster}" if app else cluster)[:_LONGEST]


def canonical(text: str) -> str:
    """The body as the one spelling of what it says; a text that is no JSON as it is."""
    try:
        return spelled(json.loads(text))
    except ValueError:
        return text


def spelled(body: Any) -> str:
    """A body as text: keys in order, no spaces, and whole numbers without a fraction."""
    return json.dumps(_plain(body), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _plain(value: Any) -> Any:
    match value:
        case dict():
            return {key: _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case float() if value.is_integer():
            return int(value)
    return value
