"""What newcomers ask of stacks first: which there are, and why the one they have ordered is gone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from stack_worlds import CONFIG, lint_once, make, write

from udo.sandbox.strict.cloudformation.faults import StackFault, stack_faults

Udo = Callable[..., Any]
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


@pytest.mark.parametrize("follows", [False, True], ids=["create", "events -w"])
def test_a_creation_that_ends_in_the_deletion_of_its_stack_is_a_failure_with_its_reason(
    world: Any, udo: Udo, follows: bool
) -> None:
    config = CONFIG.replace("timeout: 10m", "timeout: 10m, on_failure: delete")
    write(config.replace("10m", "1s") if follows else config)
    stack_faults.add(StackFault("create", resource="Jobs", message="Queue quota is spent"))
    done = udo("stack", "create", "queues")
    if follows:
        assert done.exit == 124
        write(config)
        done = udo("stack", "events", "queues", "-w")
    assert done.exit == 1
    assert "resource Jobs (AWS::SQS::Queue) failed because: Queue quota is spent" in done.stderr + done.stdout
    assert "stack queues is DELETE_COMPLETE" in done.stderr
    assert "mend it, then: udo stack create queues" in done.stderr
    assert "CREATE_FAILED" in done.stdout
    assert udo("stack", "create", "queues").exit == 0


def test_a_stack_that_is_not_there_is_answered_by_each_name_once(world: Any, udo: Udo) -> None:
    done = udo("stack", "state", "zzz")
    assert done.exit == 2
    assert done.stderr.endswith("no stack 'zzz' (udo.yml): there are queues, review\n")
