"""What goes wrong on demand: which request meets which fault, and which instance misbehaves under ssh."""

from __future__ import annotations

import difflib
import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Literal, get_args

from udo.config.suggesting import suggestion
from udo.errors import UsageError
from udo.sandbox.agent.trouble import KINDS
from udo.sandbox.ssm_faults import KINDS as SSM_KINDS
from udo.sandbox.wire import Answer, Request, refusal

Kind = Literal["throttle", "deny", "expire", "fail", "garbage", "drop", "timeout", "refuse", "delay", "kill", "hook"]
InstanceKind = Literal["refuse", "hang", "hang-command", "drop", "other-key", "no-login", "unhealthy"]
_OF_REQUESTS = tuple(kind for kind in get_args(Kind) if kind != "hook")
_OF_INSTANCES = (*get_args(InstanceKind), "die")
# What is set elsewhere, but is a kind like the others to whoever asks for one.
_KINDS = tuple(
    dict.fromkeys((*_OF_REQUESTS, *_OF_INSTANCES, *KINDS, *SSM_KINDS, "deployment", "launch", "new-account", "stack"))
)
# What a request is signed for -> the models of botocore that sign like this.
_SERVICES = {
    "autoscaling": ["autoscaling"],
    "monitoring": ["cloudwatch"],
    "cloudformation": ["cloudformation"],
    "codedeploy": ["codedeploy"],
    "ec2": ["ec2"],
    "ec2-instance-connect": ["ec2-instance-connect"],
    "elasticloadbalancing": ["elb", "elbv2"],
    "iam": ["iam"],
    "s3": ["s3"],
    "sns": ["sns"],
    "ssm": ["ssm"],
    "sts": ["sts"],
}


# What users of AWS, and Udo, call a service that is signed for by another name.
_ALIASES = {"cloudwatch": "monitoring"}


class Cut(ConnectionError):
    """The connection ends without an answer; `how` is closed, timeout or refused."""

    def __init__(self, how: str) -> None:
        super().__init__(how)
        self.how = how


class Killed(BaseException):
    """The client stops existing at this request: raised in process, where no other process can be killed."""


@dataclass(frozen=True)
class Fault:
    """What happens to some requests: the `nth` that matches `operation` and, if `times` allows, the ones after it.

    `operation` is `*`, `UpdateAutoScalingGroup` or `autoscaling:UpdateAutoScalingGroup`; `nth` counts from 1 and from
    the moment the fault is set, requests on the wire (an SDK's retries too); `times` None means for ever. With `after`
    the request takes effect first. `seconds` belongs to delay and timeout, `pid` to kill, `hook` to hook.
    """

    kind: Kind
    operation: str = "*"
    nth: int = 1
    times: int | None = 1
    after: bool = False
    seconds: float = 1.0
    pid: int | None = None
    hook: Callable[[Request], None] | None = field(default=None, compare=False)

    def concerns(self, asked: Request) -> bool:
        """Whether the request is one of those counted."""
        return self.operation in ("*", asked.operation, asked.name)


@dataclass(frozen=True)
class InstanceFault:
    """How one instance misbehaves, under ssh or the checks of its target groups, until the fault is cleared."""

    kind: InstanceKind
    instance_id: str


def parse(words: Mapping[str, Any]) -> Fault | InstanceFault:
    """The fault that plain data describes.

    Raises: UsageError.
    """
    made: type[Fault] | type[InstanceFault] = InstanceFault if "instance_id" in words else Fault
    kind = words.get("kind")
    if kind not in (_OF_INSTANCES if made is InstanceFault else _OF_REQUESTS):
        if kind in _OF_INSTANCES:
            raise UsageError(f"'{kind}' is a fault of an instance", hint="name it with --instance")
        if kind in _OF_REQUESTS:
            raise UsageError(f"'{kind}' is a fault of requests", hint="leave --instance out")
        raise UsageError(f"no fault '{kind}'", hint=suggestion(str(kind), _KINDS) or f"one of {', '.join(_KINDS)}")
    if "operation" in words:
        words = {**words, "operation": _signed(words["operation"])}
    _existing(words.get("operation", "*"))
    if made is InstanceFault and words.get("times", 1) is None:
        # For ever is how long these last anyway.
        words = {key: value for key, value in words.items() if key != "times"}
    if unknown := sorted(set(words) - {known.name for known in fields(made)} | set(words) & {"hook"}):
        whose = "a fault of an instance" if made is InstanceFault else "a fault of requests"
        instead = "it lasts until 'udo sandbox fault clear'; faults of requests take " if made is InstanceFault else ""
        takes = ", ".join(option(known.name) for known in fields(Fault) if known.name not in ("kind", "hook"))
        raise UsageError(f"{whose} ({words['kind']}) takes no {option(unknown[0])}", hint=f"{instead}{takes}")
    return made(**words)


def option(key: str) -> str:
    """The option of `udo sandbox fault add` that a word of a fault comes from."""
    return {"instance_id": "--instance", "instance": "--place", "deployment_group": "--group"}.get(key, f"--{key}")


def _signed(operation: str) -> str:
    service, colon, name = operation.rpartition(":")
    return f"{_ALIASES.get(service, service)}{colon}{name}"


def _existing(operation: str) -> None:
    """Refuses an operation that nothing ever asks for: such a fault would never happen."""
    from moto.core.utils import get_service_model

    service, _, name = operation.rpartition(":")
    if name == "*" and not service:
        return
    if service and service not in _SERVICES:
        raise UsageError(f"no service '{service}'", hint=f"one of {', '.join(_SERVICES)}")
    models = _SERVICES[service] if service else [model for models in _SERVICES.values() for model in models]
    known = [one for model in models for one in get_service_model(model).operation_names]
    if name not in known:
        near = difflib.get_close_matches(name, known, 1)
        told = f"{service} has no operation {name}" if service else f"none of the services has operation {name}"
        raise UsageError(told, hint=f"did you mean {near[0]}?" if near else None)


@dataclass
class _Armed:
    fault: Fault
    seen: int = 0

    def meets(self, asked: Request) -> bool:
        if not self.fault.concerns(asked):
            return False
        self.seen += 1
        last = float("inf") if self.fault.times is None else self.fault.nth + self.fault.times
        return self.fault.nth <= self.seen < last


class Faults:
    """The faults that are set."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._armed: list[_Armed] = []
        self._instances: dict[str, InstanceFault] = {}
        self._dead = False
        self._released = threading.Event()

    def add(self, fault: Fault | InstanceFault) -> None:
        """Sets a fault; an instance has one at a time."""
        with self._lock:
            if isinstance(fault, InstanceFault):
                self._instances[fault.instance_id] = fault
            else:
                self._armed.append(_Armed(fault))

    def clear(self) -> None:
        """Takes every fault away and lets go of every request that one of them holds up."""
        with self._lock:
            self._armed, self._instances, self._dead = [], {}, False
            self._released.set()
            self._released = threading.Event()

    def instance(self, instance_id: str) -> InstanceKind | None:
        """How that instance misbehaves, or None."""
        fault = self._instances.get(instance_id)
        return fault.kind if fault else None

    def listed(self) -> list[dict[str, Any]]:
        """The faults set, as plain data, with how many requests each has counted."""
        with self._lock:
            calls = [{**asdict(replace(a.fault, hook=None)), "counted": a.seen} for a in self._armed]
            return [*calls, *(asdict(fault) for fault in self._instances.values())]

    def due(self, asked: Request) -> tuple[Fault, ...]:
        """The faults this request meets; counts it for all of them.

        Raises: Killed.
        """
        with self._lock:
            if self._dead:
                raise Killed
            return tuple([armed.fault for armed in self._armed if armed.meets(asked)])

    def strike(self, fault: Fault, asked: Request, account: str) -> Answer | None:
        """Lets the fault happen: an answer in place of the true one, or None to go on.

        Raises: Cut, Killed.
        """
        match fault.kind:
            case "delay":
                self._released.wait(fault.seconds)
            case "hook" if fault.hook:
                fault.hook(asked)
            case "drop":
                raise Cut("closed")
            case "refuse":
                raise Cut("refused")
            case "timeout":
                raise Cut("timeout")
            case "kill":
                self._kill(fault.pid)
            case "garbage":
                return Answer(200, (("Content-Type", "text/html"),), b"<html><body>not what you asked for")
            case _:
                return _refused(fault.kind, asked, account)
        return None

    def hold(self, seconds: float) -> None:
        """Waits, but no longer than until the faults are cleared."""
        self._released.wait(seconds)

    def _kill(self, pid: int | None) -> None:
        if pid is None:
            self._dead = True
            raise Killed
        os.kill(pid, signal.SIGKILL)
        # The answer must not overtake the signal.
        time.sleep(0.05)
        raise Cut("closed")


def _refused(kind: str, asked: Request, account: str) -> Answer:
    status, code, message = _TEXTS[kind](asked, account)
    return refusal(asked, status, code, message)


def _throttled(asked: Request, _account: str) -> tuple[int, str, str]:
    """Source: EC2 API "Request throttling" (RequestLimitExceeded, 503); S3 API "Error responses" (SlowDown, 503);
    common errors of the other services.
    """
    if asked.protocol == "ec2":
        return 503, "RequestLimitExceeded", "Request limit exceeded."
    if asked.protocol == "rest-xml":
        return 503, "SlowDown", "Please reduce your request rate."
    return 400, "Throttling" if asked.protocol == "query" else "ThrottlingException", "Rate exceeded"


def _denied(asked: Request, account: str) -> tuple[int, str, str]:
    """Source: IAM User Guide, "Troubleshoot access denied error messages"; EC2 error codes (UnauthorizedOperation)."""
    action = f"{asked.prefix}:{asked.operation}"
    who = f"User: arn:aws:iam::{account}:user/sandbox is not authorized to perform: {action}"
    told = f"{who} because no identity-based policy allows the {action} action"
    if asked.protocol == "ec2":
        return 403, "UnauthorizedOperation", f"You are not authorized to perform this operation. {told}"
    if asked.protocol in ("query", "rest-xml") or asked.prefix == "cloudwatch":
        return 403, "AccessDenied", told
    return 400, "AccessDeniedException", told


def expired(asked: Request, _account: str = "") -> tuple[int, str, str]:
    """Status, code and words of a session that has ended.

    Source: EC2 error codes (RequestExpired); S3 API "Error responses" (ExpiredToken, 400); common errors
    (ExpiredToken, in JSON services ...Exception).
    """
    if asked.protocol == "ec2":
        return 400, "RequestExpired", "Request has expired."
    if asked.protocol == "rest-xml":
        return 400, "ExpiredToken", "The provided token has expired."
    text = "The security token included in the request is expired"
    return (403, "ExpiredToken", text) if asked.protocol == "query" else (400, "ExpiredTokenException", text)


def _failed(asked: Request, _account: str) -> tuple[int, str, str]:
    """Source: common errors of the AWS APIs (InternalFailure); EC2 error codes, S3 API "Error responses"
    (InternalError).
    """
    code = "InternalError" if asked.protocol in ("ec2", "rest-xml") else "InternalFailure"
    return 500, code, "An internal error has occurred"


_TEXTS: Mapping[str, Callable[[Request, str], tuple[int, str, str]]] = {
    "throttle": _throttled,
    "deny": _denied,
    "expire": expired,
    "fail": _failed,
}
