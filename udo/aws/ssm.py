"""Reads of Systems Manager: parameters."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any

from udo.aws.autoscaling import batched
from udo.aws.members import whole
from udo.model.parameters import Parameter
from udo.result import Secret

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from udo.aws.connection import Connection

# Source: API_GetParameters: at most 10 names; those that do not exist come back apart, without an error.
_NAMES = 10


@whole
class Ssm:
    """What Systems Manager holds in one account and region."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def parameters(self, names: Iterable[str]) -> dict[str, str]:
        """The values of those of these parameters that exist, by what was asked; no name makes no call.

        A parameter is asked for by its name or ARN, with `:version` or `:label` behind it or not.

        Raises: UdoError.
        """
        found = self.looked_up(names)
        return {name: value.text if isinstance(value, Secret) else value for name, value in found.items()}

    def looked_up(self, names: Iterable[str]) -> dict[str, str | Secret]:
        """The same, with those that Systems Manager keeps encrypted as secrets.

        Raises: UdoError.
        """
        found: dict[str, str | Secret] = {}
        for batch in batched(dict.fromkeys(names), _NAMES):
            answer = self._connection.ask("ssm", "GetParameters", {"Names": batch, "WithDecryption": True})
            for row in answer["Parameters"]:
                value = Secret(row["Value"]) if row.get("Type") == "SecureString" else row["Value"]
                found.update(dict.fromkeys(_called(row) & set(batch), value))
        return found

    def below(self, path: str) -> tuple[Parameter, ...]:
        """The plain parameters directly below a path that ends in a slash.

        Raises: UdoError.
        """
        pages = self._connection.pages("ssm", "GetParametersByPath", {"Path": path})
        rows = (row for page in pages for row in page["Parameters"] if row.get("Type") != "SecureString")
        return tuple(
            Parameter(row["Name"], row["Value"], f"{row['LastModifiedDate'].astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}")
            for row in rows
        )


def _called(row: Mapping[str, Any]) -> set[str]:
    """What a parameter of an answer may have been asked for by. Source: botocore ssm Parameter, member Selector."""
    selector = row.get("Selector", "")
    ends = [f":{selector.rpartition(':')[2]}"] if selector else ["", f":{row.get('Version')}"]
    return {f"{name}{end}" for name in (row["Name"], row.get("ARN", "")) for end in ends}
