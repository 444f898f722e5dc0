"""What cfn-lint finds in a template, as mistakes and warnings of Udo's; it is an extra, and nothing needs it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from udo.config.suggesting import suggestion
from udo.errors import Problem
from udo.frozen import frozen

if TYPE_CHECKING:
    from udo.stacks.template import Template

MISSING = "templates are not checked: cfn-lint is not installed (in a clone of Udo: pip install '.[stacks]')"
# Rules by which cfn-lint tells of itself, not of the template.
_OF_ITSELF = ("E0002", "E0003")
_ONE_OF = re.compile(r"'([^']*)' is not one of \[(.*?)\].*")
_MOST_NAMES = 8
_USUAL_REGION = "us-east-1"


@frozen
class Finding:
    """One thing found in a template; a warning is no mistake."""

    problem: Problem
    is_warning: bool


def findings(template: Template, region: str | None) -> list[Finding] | None:
    """What is wrong with a template in a region, in the order of its lines; None where cfn-lint is not installed."""
    try:
        # Late: it takes a second, and most runs have no template.
        from cfnlint.config import ConfigMixIn
        from cfnlint.decode.decode import decode_str
        from cfnlint.helpers import REGIONS
        from cfnlint.runner import Runner
    except ImportError:
        return None
    tree, matches = decode_str(template.text)
    if not matches and tree is not None:
        # A .cfnlintrc may name code that is run, and is found in whatever folder the command is given in: without.
        settings = ConfigMixIn(["--config-file", os.devnull], regions=[region if region in REGIONS else _USUAL_REGION])
        matches = list(Runner(settings).validate_template(tree))
    return sorted(_found(template, matches or ()), key=lambda one: one.problem)


def _found(template: Template, matches: Any) -> Iterator[Finding]:
    for match in matches:
        message = _shortened(" ".join(str(match.message).split()).rstrip("."))
        problem = Problem(template.label, match.linenumber, match.columnnumber, f"{message} ({match.rule.id})")
        yield Finding(problem, match.rule.id in _OF_ITSELF or match.rule.severity != "error")


def _shortened(message: str) -> str:
    """The message, with the nearest in place of a long list of all that would do."""
    found = _ONE_OF.fullmatch(message)
    names = re.findall(r"'([^']*)'", found[2]) if found else []
    if found is None or len(names) <= _MOST_NAMES:
        return message
    near = suggestion(found[1], names) or f"there are {len(names)} others"
    return f"'{found[1]}' is none of those that fit: {near}"
