"""Who may call a stage, and how often: API keys, and the rates and quotas of usage plans and of the stage itself."""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterator, Mapping
from typing import Any

from udo.sandbox.strict import moment
from udo.sandbox.strict.apigateway.proxy import Call, said
from udo.sandbox.strict.apigateway.state import Backend, Bucket, Document
from udo.sandbox.strict.rules import rule
from udo.sandbox.wire import Answer


def let_in(call: Call) -> tuple[Document | None, Answer | None]:
    """The key of a call, where it has one that a plan of the stage knows, and why it is refused, where it is."""
    key, plan = _key(call)
    if call.method.get("apiKeyRequired") and (key is None or plan is None):
        return None, methods_ask_for_a_key()
    if not callers_keep_to_rates(call, key, plan):
        return key, said(429, "Too Many Requests", "TooManyRequestsException")
    if key is not None and plan is not None and not keys_keep_to_quotas(call.backend, key, plan):
        return key, said(429, "Limit Exceeded", "LimitExceededException")
    return key, None


@rule("apigateway", "CreateUsagePlanKey", "PutMethod", moto="has no integration of the type AWS_PROXY")
def methods_ask_for_a_key() -> Answer:
    """A method that requires a key answers 403, "Forbidden", to who has none that is on and in a plan of the stage.

    Source: docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-api-usage-plans.html;
    supported-gateway-response-types.html (INVALID_API_KEY).
    """
    return said(403, "Forbidden", "ForbiddenException")


@rule("apigateway", "CreateUsagePlan", "UpdateStage", moto="has no integration of the type AWS_PROXY")
def callers_keep_to_rates(call: Call, key: Document | None, plan: Document | None) -> bool:
    """Who calls more often than the rate and the burst of the plan, or of the stage, allow is 429, "Too Many Requests".

    Source: docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-request-throttling.html (token bucket; the
    order of the limits).
    """
    return all(_take(call.backend, name, rate, burst) for name, rate, burst in _limits(call, key, plan))


@rule("apigateway", "CreateUsagePlan", moto="has no integration of the type AWS_PROXY")
def keys_keep_to_quotas(backend: Backend, key: Document, plan: Document) -> bool:
    """A key that has used up the quota of its plan for the day, week or month is 429, "Limit Exceeded".

    Source: docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html (QUOTA_EXCEEDED);
    API_QuotaSettings.
    """
    quota = plan.get("quota")
    if not quota:
        return True
    today = moment.at(moment.now()).date()
    begins = {
        "DAY": today,
        "WEEK": today - datetime.timedelta(days=(today.weekday() + 1) % 7),
        "MONTH": today.replace(day=1),
    }[quota["period"]]
    used = (plan["id"], key["id"], begins.isoformat())
    backend.used[used] = backend.used.get(used, 0) + 1
    return backend.used[used] <= int(quota["limit"])


def _key(call: Call) -> tuple[Document | None, Document | None]:
    value = call.header("x-api-key")
    key = next((one for one in call.backend.keys.values() if value and one["value"] == value and one["enabled"]), None)
    if key is None:
        return None, None
    plans = call.backend.plans_of(call.api.document["id"], call.stage["stageName"])
    return key, next((one for one in plans if key["id"] in call.backend.members[one["id"]]), None)


def _limits(
    call: Call, key: Document | None, plan: Document | None
) -> Iterator[tuple[tuple[str, ...], float | None, int | None]]:
    """The limits that a call counts against: a name of their own, the rate and the burst."""
    api, stage, path = call.api.document["id"], call.stage["stageName"], call.resource["path"]
    if key is not None and plan is not None:
        throttle = _of_method(plan, api, stage, f"{path}/{call.method['httpMethod']}")
        yield ("method", plan["id"], key["id"], path, call.method_name), *_pair(throttle, "rateLimit", "burstLimit")
        yield ("plan", plan["id"], key["id"]), *_pair(plan.get("throttle") or {}, "rateLimit", "burstLimit")
    settings = call.stage["methodSettings"]
    named = (
        f"{path.strip('/')}/{call.method['httpMethod']}".lstrip("/") if path != "/" else f"/{call.method['httpMethod']}"
    )
    own = settings.get(named) or settings.get("*/*") or {}
    yield ("stage", api, stage, path, call.method_name), *_pair(own, "throttlingRateLimit", "throttlingBurstLimit")


def _of_method(plan: Document, api: str, stage: str, method: str) -> Mapping[str, Any]:
    for one in plan["apiStages"]:
        if (one["apiId"], one["stage"]) == (api, stage):
            found: Mapping[str, Any] = (one.get("throttle") or {}).get(method, {})
            return found
    return {}


def _pair(settings: Mapping[str, Any], rate: str, burst: str) -> tuple[float | None, int | None]:
    return settings.get(rate), settings.get(burst)


def _take(backend: Backend, name: tuple[str, ...], rate: float | None, burst: int | None) -> bool:
    """Takes one request out of a bucket, which fills up at the rate and holds the burst; whether there was one."""
    if rate is None and burst is None:
        return True
    size = float(burst if burst is not None else math.ceil(float(rate or 0)))
    now, filling = moment.now(), float(rate if rate is not None else size)
    bucket = backend.buckets.setdefault(name, Bucket(size, now))
    bucket.left = min(size, bucket.left + (now - bucket.at) * filling)
    bucket.at = now
    if bucket.left < 1:
        return False
    bucket.left -= 1
    return True
