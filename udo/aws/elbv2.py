"""Reads of Elastic Load Balancing: how the targets of target groups are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from udo.aws.members import whole
from udo.model.targets import TargetHealth

if TYPE_CHECKING:
    from udo.aws.connection import Connection


@whole
class Elbv2:
    """What Elastic Load Balancing holds in one account and region."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def target_health(self, target_group: str) -> tuple[TargetHealth, ...]:
        """The targets of a target group, named by its ARN, in the order AWS lists them.

        Raises: UdoError.
        """
        answer = self._connection.ask("elbv2", "DescribeTargetHealth", {"TargetGroupArn": target_group})
        return tuple(
            TargetHealth(
                row["Target"]["Id"],
                row["TargetHealth"]["State"],
                row["TargetHealth"].get("Reason") or "",
                row["TargetHealth"].get("Description") or "",
            )
            for row in answer.get("TargetHealthDescriptions", ())
        )
