"""Instance refreshes that are set from outside, by group name, newest first."""

from __future__ import annotations

from typing import Any

refreshes: dict[str, list[dict[str, Any]]] = {}
