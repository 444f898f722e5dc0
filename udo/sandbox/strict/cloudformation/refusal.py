"""How CloudFormation says no: nearly all of it is ValidationError, and the message tells what it is."""

from __future__ import annotations

from udo.sandbox.strict.rules import Refusal


def invalid(message: str) -> Refusal:
    """The error that most refusals are."""
    return Refusal("ValidationError", message)


def broken_constraint(value: object, member: str, constraint: str) -> Refusal:
    """The error of a value that does not fit the shape of its member."""
    told = f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: "
    return invalid(f"{told}Member must {constraint}")


def no_stack(name: str) -> Refusal:
    """The error of who reads a stack that is not there."""
    return invalid(f"Stack with id {name} does not exist")
