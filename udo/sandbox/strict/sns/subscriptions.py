"""Subscriptions of topics: those that whoever is told has to confirm first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from udo.sandbox.strict.rules import Refusal, Request, answers

_CONFIRMED_BY_HAND = ("email", "email-json", "http", "https")


@answers("sns", "Subscribe", moto="gives an ARN at once, whoever is told")
def subscriptions_are_to_be_confirmed(request: Request) -> Mapping[str, Any]:
    """Who is told by mail or HTTP has to confirm it first: until then the answer is `pending confirmation`, or the ARN
    where ReturnSubscriptionArn is true.

    Source: docs.aws.amazon.com/sns/latest/api/API_Subscribe.html.
    """
    before = set(_all(request))
    result: Mapping[str, Any] = request.moto()
    arn = result["SubscriptionArn"]
    one = _all(request)[arn]
    if arn not in before:
        one.udo_pending = one.protocol in _CONFIRMED_BY_HAND
        one.attributes["PendingConfirmation"] = one.udo_pending
    if one.udo_pending and str(request.params.get("ReturnSubscriptionArn")).lower() != "true":
        return {"SubscriptionArn": "pending confirmation"}
    return result


@answers("sns", "ListSubscriptions", "ListSubscriptionsByTopic", moto="lists the ARN of one that is not confirmed")
def pending_subscriptions_have_no_arn(request: Request) -> Mapping[str, Any]:
    """One that is not confirmed is listed with PendingConfirmation for an ARN.

    Source: docs.aws.amazon.com/sns/latest/api/API_ListSubscriptions.html, SubscriptionArn;
    sns/latest/dg/SendMessageToHttp.confirm.html.
    """
    result: Mapping[str, Any] = request.moto()
    return {**result, "Subscriptions": [_row(one) for one in result["Subscriptions"]]}


@answers("sns", "GetTopicAttributes", moto="counts none")
def topics_count_their_subscriptions(request: Request) -> Mapping[str, Any]:
    """SubscriptionsConfirmed and SubscriptionsPending are how many of the topic's are so.

    Source: docs.aws.amazon.com/sns/latest/api/API_GetTopicAttributes.html.
    """
    result: Mapping[str, Any] = request.moto()
    arn = request.params["TopicArn"]
    pending = [_is_pending(one) for one in _all(request).values() if one.topic.arn == arn]
    counts = {"SubscriptionsConfirmed": str(pending.count(False)), "SubscriptionsPending": str(pending.count(True))}
    return {**result, "Attributes": {**result["Attributes"], **counts}}


@answers("sns", "ConfirmSubscription", moto="takes any token, and confirms nothing")
def tokens_confirm_one_subscription(request: Request) -> Mapping[str, Any]:
    """ConfirmSubscription takes the token that was sent for one of the topic's subscriptions: any other is
    InvalidParameter. In the sandbox nobody is sent one: it is the last part of the subscription's ARN.

    Source: docs.aws.amazon.com/sns/latest/api/API_ConfirmSubscription.html.
    """
    arn, token = request.params["TopicArn"], request.params["Token"]
    for one in _all(request).values():
        if one.topic.arn == arn and one.arn.rpartition(":")[2] == token:
            one.udo_pending = one.attributes["PendingConfirmation"] = False
            return {"SubscriptionArn": one.arn}
    raise Refusal("InvalidParameter", "Invalid parameter: Token")


def _all(request: Request) -> dict[str, Any]:
    found: dict[str, Any] = request.backend("sns").subscriptions
    return found


def _is_pending(one: Any) -> bool:
    return bool(getattr(one, "udo_pending", False))


def _row(one: Any) -> dict[str, str]:
    return {
        "SubscriptionArn": "PendingConfirmation" if _is_pending(one) else one.arn,
        "Owner": one.owner,
        "Protocol": one.protocol,
        "Endpoint": one.endpoint,
        "TopicArn": one.topic.arn,
    }
