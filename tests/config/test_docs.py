"""The page on udo.yml: its list of keys is the schema's, and its examples load."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from udo import schema
from udo.config import load

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"
PAGES = [PAGE, PAGE.with_name("stacks.md")]
EXAMPLES = [
    part
    for page in PAGES
    for part in page.read_text(encoding="utf-8").split("\n\n")
    if part.startswith("    ") and not part.startswith("    udo ")
]


def row(key: schema.Key) -> str:
    kind = " or ".join(f"`{choice}`" for choice in key.choices) or key.kind
    if key.kind == "list" and key.choices:
        kind = "list of " + ", ".join(f"`{choice}`" for choice in key.choices)
    if key.members:
        kind = f"{key.kind} of " + ", ".join(f"`{name}`" for name in key.members)
    if key.kind == "verbs":
        kind = "flag, or a list of " + ", ".join(f"`{choice}`" for choice in key.choices)
    default = "" if key.default is None else f" Default: `{key.default}`."
    return f"| `{key.path}` | {kind} | {key.doc}{default} |"


def test_every_key_is_on_the_page_as_the_schema_has_it() -> None:
    table = PAGE.read_text(encoding="utf-8").partition("-->\n")[2].splitlines()
    assert table == ["| key | type | meaning |", "|---|---|---|", *map(row, schema.KEYS)]


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_examples_of_the_page_load(tmp_path: Path, example: str) -> None:
    (tmp_path / "udo.yml").write_text(textwrap.dedent(example))
    assert load(tmp_path / "udo.yml", {}, strict=True).role("prod", "webapp").get("instance_type") == "t3.large"
