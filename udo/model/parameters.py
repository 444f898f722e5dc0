"""Parameters of the Parameter Store."""

from __future__ import annotations

from udo.frozen import frozen


@frozen
class Parameter:
    """A parameter of Systems Manager; `modified_at` is RFC 3339 UTC."""

    name: str
    value: str
    modified_at: str = ""
