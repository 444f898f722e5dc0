"""What the sandbox holds of Lambda: functions, with their code and who may invoke them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from moto.core.base_backend import BackendDict, BaseBackend
from moto.moto_api._internal import mock_random

from udo.sandbox.strict import moment
from udo.sandbox.strict.rules import Refusal


@dataclass
class Function:
    """A function: `settings` are what it was given, under AWS's names; `ready` is when what is under way will be done.

    `reserved` is how many of it may run at once; `statements` are those of its policy by their ids.
    """

    name: str
    account: str
    region: str
    partition: str
    settings: dict[str, Any]
    code: bytes
    made: float
    modified: float
    ready: float
    is_new: bool = True
    reserved: int | None = None
    revision: str = ""
    running: int = 0
    statements: dict[str, dict[str, Any]] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        """Its ARN, without a version."""
        return f"arn:{self.partition}:lambda:{self.region}:{self.account}:function:{self.name}"

    @property
    def is_busy(self) -> bool:
        """Whether its creation or an update of it is under way."""
        return moment.now() < self.ready

    def change(self, seconds: float) -> None:
        """Takes note of a change that takes so long."""
        self.modified = moment.now()
        self.ready = self.modified + seconds
        self.revision = str(mock_random.uuid4())


class Backend(BaseBackend):
    """The functions of one account and region, by their names."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.functions: dict[str, Function] = {}

    def found(self, named: str) -> Function:
        """The function that is named so: by its name, or by one of the forms of its ARN. Raises: Refusal."""
        function = self.functions.get(name_in(named))
        if function is None:
            arn = f"arn:{self.partition}:lambda:{self.region_name}:{self.account_id}:function:{name_in(named)}"
            raise Refusal("ResourceNotFoundException", f"Function not found: {arn}")
        return function


class Surroundings:
    """What lies around the functions: the world whose they are, which sets itself here."""

    world: Any = None


def name_in(named: str) -> str:
    """The name of a function in its name, its ARN or a part of that, without a version."""
    parts = named.split(":")
    if "function" in parts:
        return parts[parts.index("function") + 1] if parts[-1] != "function" else ""
    return parts[0]


backends: Any = BackendDict(Backend, "lambda")
