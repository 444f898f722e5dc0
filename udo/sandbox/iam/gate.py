"""The gate of the sandbox: who asks, and whether the policies allow what the request needs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from moto.utilities.utils import get_partition

from udo.sandbox.faults import expired
from udo.sandbox.iam import reference
from udo.sandbox.iam.callers import Caller, caller
from udo.sandbox.iam.named.s3 import where
from udo.sandbox.iam.needs import Need, needs
from udo.sandbox.iam.policy import decide, statements
from udo.sandbox.iam.refusals import denials_tell_who_what_and_why
from udo.sandbox.iam.requests import Ask
from udo.sandbox.iam.trust import roles_are_assumed_by_whom_they_trust
from udo.sandbox.iam.values import conditions_ask_the_request
from udo.sandbox.strict import moment
from udo.sandbox.strict.rules import rule
from udo.sandbox.wire import Answer, refusal, unknown_key

if TYPE_CHECKING:
    from udo.sandbox.wire import Environ, Given, Request
    from udo.sandbox.world import World

    Served = Callable[[Request, Environ], Given]


def known(world: World, asked: Request) -> Caller | None:
    """Who signed a request, where it is a user or a session of the world's IAM."""
    return caller(asked.access_key, world.account, get_partition(asked.region))


@rule("sts", "AssumeRole", "GetSessionToken", moto="lets sessions live for ever, without their token")
def sessions_end(world: World, asked: Request, environ: Environ, who: Caller) -> Answer | None:
    """With `--iam` a session that has ended is refused (ExpiredToken, in EC2 RequestExpired), and one without its token
    is unknown, as is an access key that was deactivated.

    Source: docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_use-resources.html; common errors of the AWS
    APIs (ExpiredToken, InvalidClientTokenId).
    """
    if not who.is_active or environ.get("HTTP_X_AMZ_SECURITY_TOKEN", "") != who.token:
        return unknown_key(asked)
    if who.expires is not None and who.expires <= moment.at(world.clock.now()):
        return refusal(asked, *expired(asked))
    return None


def guarded(world: World, asked: Request, environ: Environ, served: Served) -> Given:
    """The answer to a request: the refusal where its caller may not, otherwise as it is `served`.

    The world's own key may do everything.
    """
    who = known(world, asked)
    if who is None:
        return served(asked, environ)
    ask = Ask(world, asked, environ, who)
    if ask.name == "sts:AssumeRole":
        return roles_are_assumed_by_whom_they_trust(ask) or served(asked, environ)
    stopped = users_may_do_what_their_policies_say(ask)
    return stopped or missing_objects_are_hidden(ask, served(asked, environ))


@rule("iam", "AttachUserPolicy", "PutGroupPolicy", "PutUserPolicy", moto="lets every key do everything")
def users_may_do_what_their_policies_say(ask: Ask) -> Answer | None:
    """With `--iam` a request of a user or a session needs its action on every resource it names, allowed by a policy
    of theirs or of their groups and denied by none, within boundary and session policy. GetCallerIdentity needs none.

    Source: docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html; Service Authorization
    Reference (actions, resources).
    """
    for need in needs(ask):
        if refused := _refused(ask, need):
            others = [_refused(ask, one) for one in need.instead]
            if not others or any(others):
                return refused
    return None


@rule("s3", "GetObject", "HeadObject", moto="says that an object is missing to whoever asks")
def missing_objects_are_hidden(ask: Ask, answer: Given) -> Given:
    """With `--iam` an object that is missing is denied to who may not list its bucket: AccessDenied, s3:ListBucket.

    Source: API_GetObject and API_HeadObject, permissions: 404 with s3:ListBucket, 403 without.
    """
    if not isinstance(answer, Answer) or answer.status != 404 or ask.name not in ("s3:GetObject", "s3:HeadObject"):
        return answer
    bucket = ask.arn(where(ask)[0], region="", account="")
    return _refused(ask, Need("s3:ListBucket", bucket, reference.action("s3", "ListBucket").keys)) or answer


def _refused(ask: Ask, need: Need) -> Answer | None:
    values = conditions_ask_the_request(ask, need)
    for why, documents in ask.caller.layers:
        rows = (row for document in documents for row in statements(document))
        said = decide(rows, need.action, need.resource, values)
        if said != "allow":
            return denials_tell_who_what_and_why(ask, need, why, explicit=said == "deny")
    return None
