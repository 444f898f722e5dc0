"""Where stacks are looked at beside `udo stack`: the list of those there are, and what was done to them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from stack_worlds import CONFIG, lint_once, make, write

from udo.files import state_folder

Udo = Callable[..., Any]
REVIEW = ("review", "--param", "branch=cart")
TWO_PARAMS = CONFIG.replace(
    "params: {branch: {doc: The branch to look at}}",
    "params: {branch: {doc: The branch to look at}, size: {default: small, allowed: [small, large]}}",
)


@pytest.fixture(autouse=True)
def _files(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    lint_once(monkeypatch)
    write()


def test_a_list_without_rows_says_what_can_be_ordered_and_not_that_udo_yml_has_none(world: Any, udo: Udo) -> None:
    write("\n".join(line for line in TWO_PARAMS.splitlines() if not line.startswith("  queues:")))
    done = udo("stack", "list")
    assert done.stdout == "no stack was made by Udo\n"
    # What has a default need not be given, and what is shown can be typed.
    assert done.stderr.endswith("review is orderable, and none is: udo stack create review --param branch=VALUE\n")
    write("region: us-west-2\nclusters: {stage: {roles: {webapp: {ami: ami-12345678}}}}")
    assert udo("stack", "list").stdout == "no stack is in udo.yml, and none was made by Udo\n"


def test_a_stack_of_udo_yml_is_listed_beside_one_that_its_key_had_made_under_another_name(world: Any, udo: Udo) -> None:
    make(world, "queues-before", Tags=[{"Key": "udo:stack", "Value": "queues"}])
    rows = udo("stack", "list", "-o", "json").json["data"]
    assert {row["name"]: (row["key"], row["state"]) for row in rows} == {
        "queues-before": ("queues", "CREATE_COMPLETE"),
        "queues": ("queues", "absent"),
    }


def test_history_has_what_was_done_to_stacks_all_or_one(world: Any, udo: Udo) -> None:
    assert udo("stack", "create", "queues").exit == 0
    assert udo("stack", "create", *REVIEW, "--reason", "to be looked at").exit == 0
    assert udo("stack", "delete", "queues", "--yes").exit == 0
    rows = udo("history", "-o", "json").json["data"]
    assert [(row["target"], row["what"].split()[2], row["outcome"]) for row in rows] == [
        ("stack queues", "delete", "done"),
        ("stack shop-review-cart", "create", "done"),
        ("stack queues", "create", "done"),
    ]
    assert [row["target"] for row in udo("history", "stage", "webapp", "-o", "json").json["data"]] == []
    (one,) = udo("history", "stack:shop-review-cart", "-o", "json").json["data"]
    assert one["reason"] == "to be looked at"
    assert udo("history", "stack:shop-review", "-o", "json").json["data"] == []
    assert udo("history", "stack:queues", "more").exit == 2


def test_history_leaves_out_what_was_done_to_stacks_of_other_accounts_and_regions(world: Any, udo: Udo) -> None:
    assert udo("stack", "create", "queues").exit == 0
    journal = state_folder() / "journal.jsonl"
    ours = journal.read_text(encoding="utf-8")
    journal.write_text(ours.replace('"account": "123456789012"', '"account": "210987654321"'), encoding="utf-8")
    assert udo("history", "-o", "json").json["data"] == []
    journal.write_text(ours.replace('"region": "us-west-2"', '"region": "eu-west-1"'), encoding="utf-8")
    assert udo("history", "-o", "json").json["data"] == []
    journal.write_text(ours, encoding="utf-8")
    assert len(udo("history", "-o", "json").json["data"]) == 1
