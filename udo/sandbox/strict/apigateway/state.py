"""What the sandbox holds of API Gateway: documents as AWS shows them, and what stages have counted."""

from __future__ import annotations

import string
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from moto.core.base_backend import BackendDict, BaseBackend
from moto.moto_api._internal import mock_random

from udo.sandbox.strict.rules import Refusal

Document = dict[str, Any]
_LETTERS = string.ascii_lowercase + string.digits


@dataclass
class Api:
    """A REST API: its resources by their ids, each with its methods, and its deployments and stages.

    `shown` are the resources as each deployment found them.
    """

    document: Document
    resources: dict[str, Document] = field(default_factory=dict)
    deployments: dict[str, Document] = field(default_factory=dict)
    shown: dict[str, list[Document]] = field(default_factory=dict)
    stages: dict[str, Document] = field(default_factory=dict)


@dataclass
class Bucket:
    """How many requests are left of a rate, when that was so."""

    left: float
    at: float


class Backend(BaseBackend):
    """The APIs, keys and usage plans of one account and region, by their ids; `members` are the keys of each plan."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.apis: dict[str, Api] = {}
        self.keys: dict[str, Document] = {}
        self.plans: dict[str, Document] = {}
        self.members: dict[str, list[str]] = {}
        self.buckets: dict[tuple[str, ...], Bucket] = {}
        self.used: dict[tuple[str, str, str], int] = {}

    def api(self, number: str) -> Api:
        """The API of that id. Raises: Refusal."""
        return self.apis.get(number) or missing("Invalid API identifier specified", self.account_id, number)

    def resource(self, api: Api, number: str) -> Document:
        """A resource of an API. Raises: Refusal."""
        return api.resources.get(number) or missing("Invalid Resource identifier specified")

    def stage(self, api: Api, name: str) -> Document:
        """A stage of an API. Raises: Refusal."""
        return api.stages.get(name) or missing("Invalid stage identifier specified")

    def key(self, number: str) -> Document:
        """An API key. Raises: Refusal."""
        return self.keys.get(number) or missing("Invalid API Key identifier specified")

    def plan(self, number: str) -> Document:
        """A usage plan. Raises: Refusal."""
        return self.plans.get(number) or missing("Invalid Usage Plan ID specified")

    def plans_of(self, api: str, stage: str) -> Iterator[Document]:
        """The usage plans that a stage belongs to."""
        for plan in self.plans.values():
            if any((one["apiId"], one["stage"]) == (api, stage) for one in plan.get("apiStages", [])):
                yield plan


def missing(message: str, account: str = "", number: str = "") -> Any:
    """Says that there is no such thing. Raises: Refusal."""
    raise Refusal("NotFoundException", f"{message} {account}:{number}" if number else message)


def identifier(length: int = 10) -> str:
    """An id such as AWS gives."""
    return "".join(mock_random.choice(_LETTERS) for _ in range(length))


backends: Any = BackendDict(Backend, "apigateway")
