"""Stacks in `history` and `why`: by whose run each operation was, how it ended, and what failed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from stack_worlds import CONFIG, QUEUES, make, without_lint, write

from udo.files import state_folder
from udo.sandbox.faults import Fault
from udo.sandbox.strict.cloudformation.faults import StackFault, stack_faults

Udo = Callable[..., Any]
CREATE = ("stack", "create", "queues")
UPDATE = ("stack", "update", "queues")
DELETE = ("stack", "delete", "queues", "--yes")
CHANGED = QUEUES.replace('Default: "0"', 'Default: "9"')


@pytest.fixture(autouse=True)
def _files(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    without_lint(monkeypatch)
    write()


def rows(udo: Udo, *words: str) -> list[dict[str, Any]]:
    told = udo("history", *words, "-o", "json")
    assert told.exit == 0, told.stderr
    return list(told.json["data"])


def elsewhere() -> None:
    """From now on this is a machine on which Udo never ran."""
    (state_folder() / "journal.jsonl").unlink()


def test_a_run_and_what_aws_keeps_of_it_are_one_row_with_why(world: Any, udo: Udo) -> None:
    run = udo(*CREATE, "--reason", "a sale", "-o", "json").json["data"]["run"]
    for words in ((), ("stack:queues",), ("stack:*",)):
        (row,) = [one for one in rows(udo, *words) if "queues" in one["target"]]
        assert (row["run"], row["target"], row["outcome"]) == (run, "stack queues", "CREATE_COMPLETE")
        assert (row["what"], row["reason"]) == ("udo stack create queues --reason 'a sale' -o json", "a sale")
        assert row["who"] == "arn:aws:iam::123456789012:user/sandbox"
    told = udo("history", run)
    assert told.exit == 0
    assert "execute change set udo-" in told.stdout


def test_another_machine_sees_every_operation_with_its_run_and_who_ordered_it(world: Any, udo: Udo) -> None:
    first = udo(*CREATE, "-o", "json").json["data"]["run"]
    write(queues=CHANGED)
    stack_faults.add(StackFault("update", resource="Jobs", message="no"))
    second = udo(*UPDATE, "-o", "json").json["data"]["run"]
    elsewhere()
    new, old = rows(udo, "stack:queues")
    assert (new["run"], new["what"], new["outcome"]) == (second, "stack queues updated", "UPDATE_ROLLBACK_COMPLETE")
    assert (old["run"], old["what"], old["outcome"]) == (first, "stack queues created", "CREATE_COMPLETE")
    assert (new["who"], old["who"]) == (None, "arn:aws:iam::123456789012:user/sandbox")


@pytest.mark.whole
def test_a_key_means_all_that_were_ordered_of_it_also_what_is_gone(world: Any, udo: Udo) -> None:
    for branch in ("cart", "pay"):
        assert udo("stack", "create", "review", "--param", f"branch={branch}").exit == 0
    assert udo("stack", "delete", "shop-review-pay", "--yes").exit == 0
    assert udo(*CREATE).exit == 0
    of_key = [row["target"] for row in rows(udo, "stack:review")]
    assert of_key == ["stack shop-review-pay", "stack shop-review-pay", "stack shop-review-cart"]
    assert [row["target"] for row in rows(udo, "stack:shop-review-cart")] == ["stack shop-review-cart"]
    assert rows(udo, "stack:shop-review-pay")[0]["what"] == "udo stack delete shop-review-pay --yes"


def test_a_stack_that_nobody_knows_is_refused_and_one_that_was_never_made_is_not(world: Any, udo: Udo) -> None:
    make(world, "foreign")
    assert [row["who"] for row in rows(udo, "stack:foreign")] == [None]
    assert rows(udo, "stack:queues") == []
    for verb in ("history", "why"):
        done = udo(verb, "stack:queue")
        assert done.exit == 2
        assert "did you mean 'queues'?" in done.stderr
        assert udo(verb, "stack:").exit == udo(verb, "stack:queues", "more").exit == 2
    assert [row for row in rows(udo) if "foreign" in row["target"]] == [], "not Udo's"


def test_roles_alone_cost_no_look_at_stacks(world: Any, udo: Udo) -> None:
    write(CONFIG.partition("stacks:")[0])
    assert udo("history").exit == 0
    assert not [one for one in world.log if one.name.startswith("cloudformation:")]


def test_what_is_denied_is_a_warning_and_the_journal_is_told(world: Any, udo: Udo) -> None:
    assert udo(*CREATE).exit == 0
    for read in ("DescribeStackEvents", "DescribeStacks"):
        world.faults.add(Fault("deny", f"cloudformation:{read}", times=None))
        done = udo("history", "stack:queues", "-o", "json")
        assert [row["outcome"] for row in done.json["data"]] == ["done"]
        assert "unknown: " in done.stderr


@pytest.mark.whole
def test_no_more_stacks_are_looked_into_than_ten_the_newest(world: Any, udo: Udo) -> None:
    for number in range(12):
        make(world, f"old-{number}", REVIEWED, Tags=[{"Key": "udo:stack", "Value": "old"}])
    assert {row["target"] for row in rows(udo)} == {f"stack old-{number}" for number in range(2, 12)}
    assert "events of 2 more stacks are not asked for" in udo("history").stderr


REVIEWED = "Resources: {Queue: {Type: AWS::SQS::Queue}}"


def test_why_tells_the_first_real_failure_what_to_do_and_what_succeeded_since(world: Any, udo: Udo) -> None:
    assert udo(*CREATE).exit == 0
    nothing = udo("why", "stack:queues")
    assert (nothing.exit, nothing.stdout) == (0, "nothing has failed on stack queues, as far back as AWS tells\n")
    write(queues=CHANGED)
    stack_faults.add(StackFault("update", resource="Jobs", message="Queue quota is spent"))
    assert udo(*UPDATE).exit == 1
    done = udo("why", "stack:queues")
    assert done.exit == 0
    head, cause, *rest = done.stdout.splitlines()
    assert head.endswith(" ago  stack queues: UPDATE_ROLLBACK_COMPLETE")
    assert cause.startswith("    resource Jobs (AWS::SQS::Queue) failed because: Queue quota is spent")
    assert rest[-1].startswith("    -> see why with")
    assert udo(*UPDATE).exit == 0
    (row,) = udo("why", "stack:queues", "-o", "json").json["data"]
    assert (row["kind"], row["since"]["what"]) == ("stack", "stack queues became UPDATE_COMPLETE")
    assert not [line for line in row["lines"] if line.startswith("->")]


def test_why_of_a_stack_that_is_not_there_says_how_to_make_it(udo: Udo) -> None:
    done = udo("why", "stack:queues")
    assert done.exit == 1
    assert "stack queues does not exist" in done.stderr
    assert "udo stack create queues" in done.stderr
