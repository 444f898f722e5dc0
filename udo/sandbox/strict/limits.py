"""The numbers AWS counts with, and the refusals that several rules share."""

from __future__ import annotations

from dataclasses import dataclass

from udo.sandbox.strict.rules import Refusal

INVALID_TOKEN = ("InvalidNextToken", "The token 'nextToken' is invalid.")


@dataclass
class Quotas:
    """What an account may hold in one region; tests lower the numbers."""

    launch_configurations: int = 200
    groups: int = 500
    launch_configurations_refused: bool = False


quotas = Quotas()


def reset() -> None:
    """Puts back AWS's own numbers."""
    quotas.__dict__.update(Quotas().__dict__)


def at_most_255(name: str, member: str) -> None:
    """Refuses a name longer than 255 characters."""
    if len(name) > 255:
        raise Refusal(
            "ValidationError",
            f"1 validation error detected: Value '{name}' at '{member}' failed to satisfy constraint: "
            "Member must have length less than or equal to 255",
        )
