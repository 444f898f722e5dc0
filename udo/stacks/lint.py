"""What cfn-lint finds in a template, as mistakes and warnings of Udo's; it is an extra, and nothing needs it."""

from __future__ import annotations

import hashlib
import os
import re
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from udo import __version__, cache_file
from udo.config.suggesting import suggestion
from udo.errors import Problem
from udo.frozen import frozen

if TYPE_CHECKING:
    from udo.stacks.template import Template

MISSING = "templates are not checked: cfn-lint is not installed (in a clone of Udo: pip install '.[stacks]')"
# Rules by which cfn-lint tells of itself, not of the template.
_OF_ITSELF = ("E0002", "E0003")
_ONE_OF = re.compile(r"'([^']*)' is not one of \[(.*?)\].*")
_KIND = "lint"
# Templates whose findings are kept.
_SIDE_BY_SIDE = 100
_MOST_NAMES = 8
_USUAL_REGION = "us-east-1"


# A line, a column, what is told of it, and whether it is no mistake.
Row = tuple[int, int, str, bool]


@frozen
class Finding:
    """One thing found in a template; a warning is no mistake."""

    problem: Problem
    is_warning: bool


def findings(template: Template, region: str | None) -> list[Finding] | None:
    """What is wrong with a template in a region, in the order of its lines; None where cfn-lint is not installed.

    What was found once is kept in the cache, for this text, region and cfn-lint.
    """
    package = find_spec("cfnlint")
    if package is None or not package.origin:
        return None
    try:
        rows = _kept_or_found(Path(package.origin).parent, template, region)
    except ImportError:
        return None
    return [Finding(Problem(template.label, line, column, says), warns) for line, column, says, warns in rows]


def _kept_or_found(package: Path, template: Template, region: str | None) -> list[Row]:
    key = ""
    # Without a home or a cache of one's own everything is looked at anew.
    with suppress(OSError, RuntimeError):
        key = _key(package, template, region)
        if kept := cache_file.read(_KIND, key):
            rows: list[Row] = kept["found"]
            return rows
    rows = _rows(template, region)
    if key:
        with suppress(OSError, RuntimeError):
            cache_file.write(_KIND, key, {"found": rows}, _SIDE_BY_SIDE)
    return rows


def _key(package: Path, template: Template, region: str | None) -> str:
    """What findings rest on: what is looked at, this Udo, this cfn-lint, and its schemas, which it can update.

    Raises: OSError.
    """
    schemas = package / "data" / "schemas"
    files = (
        package / "version.py",
        schemas / "version.json",
        schemas / "providers" / f"{region or _USUAL_REGION}.json",
    )
    stats = [file.stat() for file in files if file.exists()]
    marks = [f"{one.st_size}/{one.st_mtime_ns}" for one in stats]
    text = hashlib.sha256(template.text.encode()).hexdigest()
    return "\n".join((__version__, str(package), files[0].read_text("utf-8"), *marks, region or "", text))


def _rows(template: Template, region: str | None) -> list[Row]:
    """What cfn-lint finds now, in the order of lines."""
    # Late: it takes seconds, and most runs have no template, or one that was looked at before.
    from cfnlint.config import ConfigMixIn
    from cfnlint.decode.decode import decode_str
    from cfnlint.helpers import REGIONS
    from cfnlint.runner import Runner

    tree, matches = decode_str(template.text)
    if not matches and tree is not None:
        # A .cfnlintrc may name code that is run, and is found in whatever folder the command is given in: without.
        settings = ConfigMixIn(["--config-file", os.devnull], regions=[region if region in REGIONS else _USUAL_REGION])
        matches = list(Runner(settings).validate_template(tree))
    return sorted(map(_row, matches or ()))


def _row(match: Any) -> Row:
    message = _shortened(" ".join(str(match.message).split()).rstrip("."))
    warns = match.rule.id in _OF_ITSELF or match.rule.severity != "error"
    return match.linenumber, match.columnnumber, f"{message} ({match.rule.id})", warns


def _shortened(message: str) -> str:
    """The message, with the nearest in place of a long list of all that would do."""
    found = _ONE_OF.fullmatch(message)
    names = re.findall(r"'([^']*)'", found[2]) if found else []
    if found is None or len(names) <= _MOST_NAMES:
        return message
    near = suggestion(found[1], names) or f"there are {len(names)} others"
    return f"'{found[1]}' is none of those that fit: {near}"
