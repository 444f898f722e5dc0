"""The register of strict rules, and how each gets between a request and moto."""

from __future__ import annotations

import functools
import inspect
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import moto.core.responses
from moto.core.exceptions import JsonRESTError, ServiceException
from moto.core.responses import ActionResult
from moto.core.utils import camelcase_to_underscores

from udo.sandbox.strict.service import services


class Refusal(ServiceException):
    """AWS's error answer: a code of the service's model and a message; `more` are other members of the error."""

    def __init__(self, code: str, message: str, **more: str) -> None:
        super().__init__(code, message)
        self.more = more


@dataclass(frozen=True)
class Rule:
    """One way in which AWS differs from moto: `says` what AWS does, `moto` what moto does instead."""

    name: str
    service: str
    operations: tuple[str, ...]
    says: str
    source: str
    moto: str


@dataclass(frozen=True)
class Request:
    """A request on its way to moto: its parameters, and the backends it works on."""

    response: Any
    moto_handler: Callable[[Any], Any] | None

    @property
    def params(self) -> dict[str, Any]:
        """Its parameters under the names of botocore's model; changing them changes what moto sees."""
        if self.response.automated_parameter_parsing:
            parsed: dict[str, Any] = self.response.params
            return parsed
        loaded: dict[str, Any] = json.loads(self.response.body or "{}")
        return loaded

    @property
    def account(self) -> str:
        """The account asked."""
        return str(self.response.current_account)

    @property
    def region(self) -> str:
        """The region asked."""
        return str(self.response.region)

    def backend(self, service: str) -> Any:
        """What moto holds of a service in the account and region."""
        one = services()[service]
        return one.found(one.backends)[self.account][self.region]

    def moto(self) -> Any:
        """moto's own result: what its handler for this operation returns."""
        if self.moto_handler is None:
            raise NotImplementedError(f"moto has no handler for {type(self.response).__name__}")
        result = self.moto_handler(self.response)
        return result.result if isinstance(result, ActionResult) else result


F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")
Check = Callable[[Request], None]
Answer = Callable[[Request], Mapping[str, Any] | None]

_rules: dict[str, Rule] = {}
_checks: dict[tuple[str, str], list[Check]] = {}
_answers: dict[tuple[str, str], Answer] = {}
_replacements: list[tuple[Any, str, Any]] = []
_additions: list[tuple[Any, str, Any]] = []


def rules() -> tuple[Rule, ...]:
    """Every registered rule, by service and name."""
    return tuple(sorted(_rules.values(), key=lambda rule: (rule.service, rule.name)))


def replacements() -> Iterator[tuple[Any, str]]:
    """Every (owner, attribute) of moto that is replaced by ours."""
    return ((owner, attribute) for owner, attribute, _ in _replacements)


def operations() -> frozenset[tuple[str, str]]:
    """Every (service, operation) a rule stands in front of."""
    return frozenset(_checks) | frozenset(_answers)


def rule(service: str, *names: str, moto: str) -> Callable[[F], F]:
    """Registers a function as a rule of these operations; `moto` says what raw moto does."""

    def register(function: F) -> F:
        _rules[function.__name__] = _described(function, service, names, moto)
        return function

    return register


def refuses(service: str, *names: str, moto: str) -> Callable[[Check], Check]:
    """Registers a rule that looks at a request before moto does, and raises Refusal."""

    def register(check: Check) -> Check:
        for name in names:
            _checks.setdefault((service, name), []).append(check)
        return rule(service, *names, moto=moto)(check)

    return register


def answers(service: str, *names: str, moto: str | None = None) -> Callable[[Answer], Answer]:
    """Registers a function that answers in moto's place; it is a rule of its own where `moto` is given."""

    def register(answer: Answer) -> Answer:
        for name in names:
            _answers[service, name] = answer
        return rule(service, *names, moto=moto)(answer) if moto else answer

    return register


def replaces(owner: Any, attribute: str) -> Callable[[T], T]:
    """Registers a function or property that takes the place of one of moto's attributes."""

    def register(ours: T) -> T:
        _replacements.append((owner, attribute, ours))
        return ours

    return register


def adds(owner: Any, attribute: str) -> Callable[[T], T]:
    """Registers a function or property that one of moto's classes does not have, and its answers show."""

    def register(ours: T) -> T:
        _additions.append((owner, attribute, ours))
        return ours

    return register


def responses(service: str) -> Any:
    """moto's class whose methods answer the operations of a service."""
    one = services()[service]
    return one.found(one.responses)


def wire() -> None:
    """Puts every registered rule in its place; to be called once."""
    for owner, attribute, ours in [*_replacements, *_additions]:
        setattr(owner, attribute, ours)
    for service, name in sorted(operations()):
        _wire_operation(service, name)
    codedeploy = responses("codedeploy")
    for method, handler in inspect.getmembers(codedeploy, inspect.isfunction):
        if method in codedeploy.__dict__ and not method.startswith("_"):
            setattr(codedeploy, method, _serializable(handler))
    # moto lists the methods of the response class on every request: 6 ms for the hundreds that EC2 has.
    names = "method_names_from_class"
    setattr(moto.core.responses, names, functools.cache(getattr(moto.core.responses, names)))


def _wire_operation(service: str, name: str) -> None:
    owner = responses(service)
    method = camelcase_to_underscores(name)
    moto_handler = getattr(owner, method, None)
    checks = tuple(_checks.get((service, name), ()))
    answer = _answers.get((service, name))

    def handler(response: Any) -> ActionResult:
        request = Request(response, moto_handler)
        for check in checks:
            check(request)
        return ActionResult(answer(request) if answer else request.moto())

    handler.__name__ = method
    setattr(owner, method, handler)


def _serializable(handler: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Turns moto's hand-written JSON errors into ones its serializer knows, whatever protocol the client speaks."""

    @functools.wraps(handler)
    def wrapped(response: Any) -> Any:
        try:
            return handler(response)
        except JsonRESTError as error:
            raise Refusal(error.error_type, error.message) from error

    return wrapped


def _described(function: Callable[..., Any], service: str, names: tuple[str, ...], moto: str) -> Rule:
    says, source = _docstring(function)
    return Rule(function.__name__, service, names, says, source, moto)


def _docstring(function: Callable[..., Any]) -> tuple[str, str]:
    text = inspect.cleandoc(function.__doc__ or "")
    says, mark, source = text.partition("Source:")
    if not mark or not says.strip():
        raise ValueError(f"the rule {function.__name__} does not say what AWS does and its Source:")
    return " ".join(says.split()), " ".join(source.split())
