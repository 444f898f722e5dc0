"""The door of CloudFormation: takes the sandbox's requests, and answers in the protocol of botocore's model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from moto.core.responses import ActionResult, BaseResponse
from moto.core.utils import camelcase_to_underscores

from udo.sandbox.strict.cloudformation import answers_of_change_sets, answers_of_stacks
from udo.sandbox.strict.rules import Request

_OPERATIONS: Mapping[str, Callable[[Request], Mapping[str, Any]]] = {
    **answers_of_stacks.OPERATIONS,
    **answers_of_change_sets.OPERATIONS,
}


class Responses(BaseResponse):
    """Answers the operations; moto's own class of it would take seconds to load."""

    def __init__(self) -> None:
        super().__init__(service_name="cloudformation")
        self.automated_parameter_parsing = True


def _handler(answer: Callable[[Request], Mapping[str, Any]]) -> Callable[[Responses], ActionResult]:
    def handler(response: Responses) -> ActionResult:
        return ActionResult(answer(Request(response, None)))

    return handler


for _name, _answer in _OPERATIONS.items():
    setattr(Responses, camelcase_to_underscores(_name), _handler(_answer))
