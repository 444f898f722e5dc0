"""A plan as JSON for reading: what a text would mask is masked, in whatever call it stands."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from udo.change.codec import plan_to_json
from udo.change.masking import MASK, masked
from udo.change.user_data import parts
from udo.output.text import plan_lines
from udo.result import Result

if TYPE_CHECKING:
    from udo.change.plan import Plan


def dry_run(plan: Plan) -> Result:
    """What a dry run says of a plan."""
    head = f"{plan.command}  {plan.target}  (dry run: nothing is changed)"
    text = "\n".join([head, "", *plan_lines(plan)])
    return Result({"dry_run": True, "plan": previewed(plan)}, text=text, notes=plan.notes, is_plan=True)


def previewed(plan: Plan) -> dict[str, Any]:
    """The plan as JSON, user data that holds what looks like a secret masked as a whole, and such words of a program.

    It is for reading only: no plan can be made of it again.
    """
    shown: dict[str, Any] = _shown(plan_to_json(plan))
    return shown


def _shown(value: Any) -> Any:
    match value:
        case {"kind": "LocalCommand", "argv": [*words], **rest}:
            return {"kind": "LocalCommand", "argv": _words(words), **rest}
        case Mapping():
            return {key: MASK if key == "UserData" and _secret(item) else _shown(item) for key, item in value.items()}
        case list():
            return [_shown(item) for item in value]
    return value


def _secret(user_data: Any) -> bool:
    match user_data:
        case str() | {"$bytes": str()}:
            encoded = user_data if isinstance(user_data, str) else user_data["$bytes"]
            found = (part.lines for part in parts(encoded))
            return any(lines is not None and masked(lines) != lines for lines in found)
    return False


def _words(words: Sequence[str]) -> list[str]:
    (line,) = masked([shlex.join(words)])
    try:
        return shlex.split(line)
    except ValueError:
        # A quote went with what was masked.
        return [words[0], MASK]
