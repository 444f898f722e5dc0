"""A request as IAM looks at it: its action in IAM's words, and its parameters under their names in botocore's model."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from moto.core.parse import PROTOCOL_PARSERS
from moto.core.utils import get_service_model
from moto.utilities.utils import get_partition

from udo.sandbox.wire import REST_JSON

if TYPE_CHECKING:
    from udo.sandbox.iam.callers import Caller
    from udo.sandbox.wire import Environ, Request
    from udo.sandbox.world import World

# Source: botocore's models: services whose requests are signed by another name than their own.
_MODELS = {"monitoring": "cloudwatch", "tagging": "resourcegroupstaggingapi", "states": "stepfunctions"}


class Ask:
    """One request of a caller; `world` is where what it names is looked up."""

    def __init__(self, world: World, asked: Request, environ: Environ, caller: Caller) -> None:
        self.world = world
        self.asked = asked
        self.environ = environ
        self.caller = caller
        self.prefix = asked.prefix
        self.region = asked.region
        self.account = world.account
        self.partition = get_partition(asked.region)

    @property
    def name(self) -> str:
        """The operation with the prefix that IAM has for its service."""
        return f"{self.prefix}:{self.asked.operation}"

    @cached_property
    def operation(self) -> str:
        """The operation; of the protocols that have it in their address by what botocore's model says of that."""
        method, slash, path = self.asked.operation.partition(" ")
        return _routed(self.asked.service, method, path) if slash else method

    @cached_property
    def params(self) -> Mapping[str, Any]:
        """Its parameters; empty where its protocol is not one that names them in its body."""
        if self.asked.protocol == "json" or self.asked.service in REST_JSON:
            return self.asked.params
        if self.asked.protocol not in ("query", "ec2"):
            return {}
        model = _operation(self.asked.service, self.asked.operation, str(self.asked.params.get("Version", "")))
        if model is None:
            return {}
        parser: Any = PROTOCOL_PARSERS[self.asked.protocol](model)
        parsed: dict[str, Any] = parser.parse({"values": self.asked.params})
        return parsed

    @cached_property
    def _by_name(self) -> dict[str, Any]:
        return {name.lower(): value for name, value in self.params.items()}

    def named(self, *names: str) -> list[str]:
        """The values of those parameters that are there, whatever the case of their names; lists are taken apart."""
        return [text for name in names for text in _texts(self._by_name.get(name.lower()))]

    def texts(self) -> Iterator[str]:
        """Every text among its parameters that no structure holds."""
        for value in self.params.values():
            yield from _texts(value)

    def lookup(self, service: str) -> Any:
        """A client of the world in the request's region."""
        return self.world.client(service, self.region or self.world.region)

    def backend(self, backends: Any, region: str = "") -> Any:
        """What moto holds of a service in the account, and in the request's region or another."""
        return backends[self.account][region or self.region]

    def arn(self, rest: str, *, service: str = "", region: str | None = None, account: str | None = None) -> str:
        """An ARN of the request's partition, service, region and account, if not of others."""
        where = self.region if region is None else region
        whose = self.account if account is None else account
        return f"arn:{self.partition}:{service or self.prefix}:{where}:{whose}:{rest}"


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, list | tuple):
        yield from (str(one) for one in value if isinstance(one, str | int | float))
    elif isinstance(value, str | int | float):
        yield str(value)


@cache
def _routed(service: str, method: str, path: str) -> str:
    """The operation of a service that answers to a method and a path; the longest address wins."""
    try:
        model = get_service_model(_MODELS.get(service, service))
    except Exception:
        return f"{method} {path}"
    found = []
    for name in model.operation_names:
        http = model.operation_model(name).http
        address = http["requestUri"].partition("?")[0]
        parts = re.split(r"(\{\w+\+?\})", address.rstrip("/"))
        wanted = "".join(
            re.escape(one) if n % 2 == 0 else ".+" if "+" in one else "[^/]+" for n, one in enumerate(parts)
        )
        if http["method"] == method and re.fullmatch(f"{wanted}/?", path):
            found.append((len(address), name))
    return max(found)[1] if found else f"{method} {path}"


@cache
def _operation(service: str, operation: str, version: str) -> Any:
    """The operation in the model of its service; classic load balancers sign like the others."""
    name = _MODELS.get(service, service)
    if service == "elasticloadbalancing":
        name = "elb" if version == "2012-06-01" else "elbv2"
    try:
        return get_service_model(name).operation_model(operation)
    except Exception:
        return None
