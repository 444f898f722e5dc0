"""Writes docs/sandbox-rules.md, the table of rules: `python -m udo.sandbox.strict.table > docs/sandbox-rules.md`."""

from __future__ import annotations

import sys
from itertools import groupby

from udo.sandbox import strict
from udo.sandbox.strict.service import services

# What rules are about that moto answers itself.
_OTHERS = {"elb": "Classic load balancers"}
_COLUMNS = "| Rule | Operations | AWS, and the sandbox | Raw moto | Source |\n| --- | --- | --- | --- | --- |\n"
_HEAD = """\
# What the sandbox is strict about

{count} rules that AWS enforces and raw moto does not. Each has a test of its own name in `tests/sandbox/strict`, which
holds in the sandbox and fails on moto as it comes. This page is written by
`python -m udo.sandbox.strict.table > docs/sandbox-rules.md`.
"""


def document() -> str:
    """The page: for each service, its rules by name."""
    rules = strict.rules()
    parts = [_HEAD.format(count=len(rules))]
    for service, ours in groupby(rules, key=lambda rule: rule.service):
        title = services()[service].title if service in services() else _OTHERS[service]
        parts.append(f"\n## {title}\n\n{_COLUMNS}")
        parts += [_row(rule) for rule in ours]
    return "".join(parts)


def _row(rule: strict.Rule) -> str:
    cells = (f"`{rule.name}`", ", ".join(rule.operations), rule.says, rule.moto, rule.source)
    return f"| {' | '.join(' '.join(cell.split()).replace('|', '&#124;') for cell in cells)} |\n"


if __name__ == "__main__":
    sys.stdout.write(document())
