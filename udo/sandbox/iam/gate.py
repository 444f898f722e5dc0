"""The gate of the sandbox: who asks, and whether the policies allow what the request needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moto.utilities.utils import get_partition

from udo.sandbox.iam.callers import Caller, caller
from udo.sandbox.iam.needs import needs
from udo.sandbox.iam.policy import decide, statements
from udo.sandbox.iam.refusals import denied
from udo.sandbox.iam.requests import Ask
from udo.sandbox.iam.values import values_of
from udo.sandbox.wire import Answer

if TYPE_CHECKING:
    from udo.sandbox.wire import Environ, Request
    from udo.sandbox.world import World


def known(world: World, asked: Request) -> Caller | None:
    """Who signed a request, where it is a user or a session of the world's IAM."""
    return caller(asked.access_key, world.account, get_partition(asked.region))


def stopped(world: World, asked: Request, environ: Environ) -> Answer | None:
    """The refusal of a request that its caller's policies do not allow; None where they do.

    The world's own key may do everything.
    """
    who = known(world, asked)
    if who is None:
        return None
    ask = Ask(world, asked, environ, who)
    for need in needs(ask):
        values = values_of(ask, need)
        for why, documents in who.layers:
            rows = (row for document in documents for row in statements(document))
            said = decide(rows, need.action, need.resource, values)
            if said != "allow":
                return denied(ask, need, why, explicit=said == "deny")
    return None
