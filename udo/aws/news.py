"""Reads of whom news reach: subscriptions of topics, and rules that listen to events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from udo.aws.members import whole
from udo.model.checkup import EventRule

if TYPE_CHECKING:
    from udo.aws.connection import Connection

# Source: API_ListRules, State; the second is that of rules that listen to CloudTrail too.
_ON = ("ENABLED", "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS")


@whole
class News:
    """Whom topics and events of one account and region reach."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def subscribed_topics(self) -> frozenset[str]:
        """The ARNs of the topics that somebody of this account listens to, who has confirmed it.

        Source: API_ListSubscriptions: the requester's own; what is not confirmed has PendingConfirmation for an ARN.
        Raises: UdoError.
        """
        pages = self._connection.pages("sns", "ListSubscriptions", {})
        rows = (row for page in pages for row in page.get("Subscriptions", ()))
        return frozenset(row["TopicArn"] for row in rows if row["SubscriptionArn"].startswith("arn:"))

    def listeners(self, topic: str) -> int:
        """How many have confirmed that they listen to a topic, those of other accounts too.

        Raises: UdoError.
        """
        answer = self._connection.ask("sns", "GetTopicAttributes", {"TopicArn": topic})
        return int((answer.get("Attributes") or {}).get("SubscriptionsConfirmed") or 0)

    def event_rules(self) -> tuple[EventRule, ...]:
        """The rules of the default bus that are on and listen to something.

        Raises: UdoError.
        """
        pages = self._connection.pages("events", "ListRules", {})
        rows = (row for page in pages for row in page.get("Rules", ()))
        return tuple(
            EventRule(row["Name"], row["EventPattern"])
            for row in rows
            if row.get("State") in _ON and row.get("EventPattern")
        )
