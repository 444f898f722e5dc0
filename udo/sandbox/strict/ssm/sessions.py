"""Sessions of Session Manager: who may start one, and what is said of them. Nobody is at the other end."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any

from moto.moto_api._internal import mock_random

from udo.sandbox.iam.callers import caller
from udo.sandbox.strict import moment
from udo.sandbox.strict.pages import limit, page
from udo.sandbox.strict.rules import Refusal, Request, answers, rule
from udo.sandbox.strict.ssm.agents import ONLINE, instances, ping
from udo.sandbox.strict.ssm.parameters import INVALID_TOKEN

# Source: AWS Systems Manager User Guide, "Working with Session Manager"; what each requires.
_DOCUMENTS: dict[str, tuple[str, ...]] = {
    "SSM-SessionManagerRunShell": (),
    "AWS-StartSSHSession": (),
    "AWS-StartPortForwardingSession": (),
    "AWS-StartPortForwardingSessionToRemoteHost": ("host",),
    "AWS-StartInteractiveCommand": ("command",),
    "AWS-StartNonInteractiveCommand": ("command",),
}
_SHELL = "SSM-SessionManagerRunShell"


@dataclass
class Session:
    """A session; times are in seconds since the epoch."""

    id: str
    target: str
    document: str
    reason: str
    owner: str
    began: float
    ended: float | None = None
    user_id: str = ""


@dataclass
class Sessions:
    """The sessions of a region, by their ids, oldest first."""

    all: dict[str, Session] = field(default_factory=dict)


@rule("ssm", "TerminateSession", moto="has no such operation")
def sessions_are_of_who_started_them(backend: Any, session_id: str) -> dict[str, str]:
    """With `--iam` a session has the user's name in its id, and tags by which policies know whose it is:
    ssm:resourceTag/aws:ssmmessages:session-id is ${aws:userid}.

    Source: docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-restrict-access-quickstart.html.
    """
    session = _of(backend).all.get(session_id)
    if session is None:
        return {}
    return {"aws:ssmmessages:session-id": session.user_id, "aws:ssmmessages:target-id": session.target}


def _of(backend: Any) -> Sessions:
    known: Sessions = backend.__dict__.setdefault("udo_sessions", Sessions())
    return known


def _sessions(request: Request) -> Sessions:
    return _of(request.backend("ssm"))


@answers("ssm", "StartSession", moto="has no such operation")
def sessions_need_an_agent(request: Request) -> dict[str, Any]:
    """A session is started on an instance whose agent is online, otherwise it is TargetNotConnected; by a document that
    is there, with its parameters. The answer has its id, a token and the address of its stream.

    Source: botocore ssm StartSession, StartSessionResponse, errors TargetNotConnected and InvalidDocument.
    """
    params = request.params
    target, document = params["Target"], params.get("DocumentName") or _SHELL
    if document not in _DOCUMENTS:
        raise Refusal("InvalidDocument", f"Document with name {document} does not exist.")
    for name in _DOCUMENTS[document]:
        if not (params.get("Parameters") or {}).get(name):
            raise Refusal("InvalidParameters", f"Parameter {name} is required.")
    if not _connected(request, target):
        raise Refusal("TargetNotConnected", f"{target} is not connected.")
    who = caller(str(request.response.access_key), request.account)
    session = Session(
        id=f"{who.name if who else 'sandbox'}-{mock_random.get_random_hex(17)}",
        target=target,
        document=document,
        reason=params.get("Reason") or "",
        owner=who.arn if who else f"arn:aws:iam::{request.account}:user/sandbox",
        user_id=who.user_id if who else "",
        began=moment.now(),
    )
    _sessions(request).all[session.id] = session
    return _opened(request, session)


@answers("ssm", "ResumeSession", moto="has no such operation")
def sessions_are_resumed(request: Request) -> dict[str, Any]:
    """A session that has not been terminated is given a new token.

    Source: botocore ssm ResumeSession, error DoesNotExistException.
    """
    session = _sessions(request).all.get(request.params["SessionId"])
    if session is None or session.ended is not None:
        raise Refusal("DoesNotExistException", f"Session {request.params['SessionId']} does not exist.")
    return _opened(request, session)


@answers("ssm", "TerminateSession", moto="has no such operation")
def sessions_are_terminated(request: Request) -> dict[str, Any]:
    """TerminateSession ends a session, and names it again; one that has ended stays as it is.

    Source: botocore ssm TerminateSession.
    """
    session = _sessions(request).all.get(request.params["SessionId"])
    if session is not None and session.ended is None:
        session.ended = moment.now()
    return {"SessionId": request.params["SessionId"]}


@answers("ssm", "DescribeSessions", moto="has no such operation")
def sessions_are_active_or_history(request: Request) -> dict[str, Any]:
    """DescribeSessions gives the sessions that are active, or those that have ended, newest first, by filters.

    Source: botocore ssm DescribeSessionsRequest, SessionState and SessionFilter.
    """
    params = request.params
    active = params["State"] == "Active"
    found = [
        one
        for one in reversed(_sessions(request).all.values())
        if (one.ended is None) == active and all(_passes(one, **each) for each in params.get("Filters") or [])
    ]
    size = limit(params, "MaxResults", default=200, maximum=200, code="ValidationException")
    shown, token = page(found, size, params.get("NextToken"), refusal=INVALID_TOKEN)
    return {"Sessions": [_shown(one) for one in shown], "NextToken": token}


@answers("ssm", "GetConnectionStatus", moto="has no such operation")
def connections_are_those_of_agents(request: Request) -> dict[str, Any]:
    """An instance is connected while its agent is online; anything else is notconnected.

    Source: botocore ssm GetConnectionStatusResponse.
    """
    target = request.params["Target"]
    return {"Target": target, "Status": "connected" if _connected(request, target) else "notconnected"}


def _connected(request: Request, target: str) -> bool:
    instance = instances(request.account, request.region).get(target)
    return instance is not None and ping(instance) == ONLINE


def _opened(request: Request, session: Session) -> dict[str, Any]:
    # AWS's is at ssmmessages.REGION.amazonaws.com; here nobody is to leave this machine.
    stream = f"wss://127.0.0.1:9/v1/data-channel/{session.id}?role=publish_subscribe&region={request.region}"
    return {"SessionId": session.id, "TokenValue": secrets.token_urlsafe(48), "StreamUrl": stream}


def _passes(session: Session, key: str, value: str) -> bool:
    match key:
        case "InvokedAfter":
            return session.began >= (moment.seconds(value) or 0)
        case "InvokedBefore":
            return session.began < (moment.seconds(value) or 0)
    shown = _shown(session)
    if key not in shown:
        raise Refusal("InvalidFilterKey", f"The filter {key} is not valid.")
    return bool(shown[key] == value)


def _shown(session: Session) -> dict[str, Any]:
    return {
        "SessionId": session.id,
        "Target": session.target,
        "Status": "Connected" if session.ended is None else "Terminated",
        "StartDate": session.began,
        "EndDate": session.ended,
        "DocumentName": session.document,
        "Owner": session.owner,
        "Reason": session.reason or None,
        "AccessType": "Standard",
    }
