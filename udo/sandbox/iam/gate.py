"""The gate of the sandbox: who asks, and whether the policies allow what the request needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moto.utilities.utils import get_partition

from udo.sandbox.faults import expired
from udo.sandbox.iam import trust
from udo.sandbox.iam.callers import Caller, caller
from udo.sandbox.iam.needs import needs
from udo.sandbox.iam.policy import decide, statements
from udo.sandbox.iam.refusals import denied
from udo.sandbox.iam.requests import Ask
from udo.sandbox.iam.values import values_of
from udo.sandbox.strict import moment
from udo.sandbox.wire import Answer, refusal, unknown_key

if TYPE_CHECKING:
    from udo.sandbox.iam.needs import Need
    from udo.sandbox.wire import Environ, Request
    from udo.sandbox.world import World


def known(world: World, asked: Request) -> Caller | None:
    """Who signed a request, where it is a user or a session of the world's IAM."""
    return caller(asked.access_key, world.account, get_partition(asked.region))


def ended(world: World, asked: Request, environ: Environ, who: Caller) -> Answer | None:
    """The refusal of a key that is not active, or of a session that has ended or lacks its token."""
    if not who.is_active or environ.get("HTTP_X_AMZ_SECURITY_TOKEN", "") != who.token:
        return unknown_key(asked)
    if who.expires is not None and who.expires <= moment.at(world.clock.now()):
        return refusal(asked, *expired(asked))
    return None


def stopped(world: World, asked: Request, environ: Environ) -> Answer | None:
    """The refusal of a request that its caller's policies do not allow; None where they do.

    The world's own key may do everything.
    """
    who = known(world, asked)
    if who is None:
        return None
    ask = Ask(world, asked, environ, who)
    if (ask.prefix, asked.operation) == ("sts", "AssumeRole"):
        return trust.refused(ask)
    for need in needs(ask):
        if refused := _refused(ask, need):
            others = [_refused(ask, one) for one in need.instead]
            if not others or any(others):
                return refused
    return None


def _refused(ask: Ask, need: Need) -> Answer | None:
    values = values_of(ask, need)
    for why, documents in ask.caller.layers:
        rows = (row for document in documents for row in statements(document))
        said = decide(rows, need.action, need.resource, values)
        if said != "allow":
            return denied(ask, need, why, explicit=said == "deny")
    return None
