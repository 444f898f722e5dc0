"""What a change set would change, as people read it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from udo.change.plan import Plan
from udo.config.tree import Mark
from udo.model.stacks import ChangeSet, PropertyChange, ResourceChange, Validation
from udo.output.text import plan_lines
from udo.stacks.differences import differences, losses, validation_lines
from udo.stacks.places import places_of
from udo.stacks.template import read_template

QUEUE = "AWS::SQS::Queue"


def changes(*found: ResourceChange) -> ChangeSet:
    return ChangeSet("arn:change-set", "udo-1", "arn:stack", "review", "CREATE_COMPLETE", changes=found)


def shown(*found: ResourceChange) -> list[str]:
    """The lines of a plan about these changes."""
    return list(plan_lines(Plan("stack update", "stack review", (), differences=differences(changes(*found)))))[:-1]


def modified(**more: Any) -> ResourceChange:
    return ResourceChange("Modify", "Queue", QUEUE, "https://queue", **more)


def test_what_is_replaced_or_removed_comes_first_then_what_changes_then_what_is_new() -> None:
    assert shown(
        ResourceChange("Add", "Topic", "AWS::SNS::Topic"),
        modified(replacement="False", properties=(PropertyChange("VisibilityTimeout", "30", "60"),)),
        ResourceChange("Remove", "Bucket", "AWS::S3::Bucket", "shop-files", policy="Delete"),
        ResourceChange(
            "Modify",
            "Jobs",
            QUEUE,
            "https://jobs",
            replacement="True",
            properties=(PropertyChange("FifoQueue", "false", "true", "Always"), PropertyChange("Delay", "1", "2")),
        ),
    ) == [
        "  - Bucket  S3::Bucket  shop-files removed",
        "  ~ Jobs  SQS::Queue    jobs -> REPLACED because of FifoQueue",
        "      FifoQueue: false -> true  replaces it",
        "      Delay: 1 -> 2",
        "  ~ Queue  SQS::Queue   queue -> modified in place",
        "      VisibilityTimeout: 30 -> 60",
        "  + Topic  SNS::Topic   added",
    ]


def test_what_may_be_replaced_and_what_is_only_known_later_is_told() -> None:
    (_, line) = shown(
        modified(
            replacement="Conditional",
            properties=(PropertyChange("QueueName", None, None, "Conditionally", "Topic.Name", is_dynamic=True),),
        )
    )
    assert line == "      QueueName: known once it is made  (by Topic.Name)  may replace it"
    assert losses(changes(modified(replacement="Conditional"))) == ("Queue may be replaced",)


def test_a_property_that_changes_for_two_reasons_is_told_once_with_its_values() -> None:
    (_, line) = shown(
        modified(
            replacement="False",
            properties=(
                PropertyChange("DelaySeconds", None, None, cause="Delay", is_dynamic=True),
                PropertyChange("DelaySeconds", "5", "9", cause="Delay"),
            ),
        )
    )
    assert line == "      DelaySeconds: 5 -> 9  (by Delay)"


@pytest.mark.parametrize(
    ("policy", "says"),
    [("Retain", "shop-files -> removed from the stack, and kept in AWS"), ("Delete", "shop-files removed")],
)
def test_what_its_template_retains_is_no_loss(policy: str, says: str) -> None:
    one = ResourceChange("Remove", "Bucket", "AWS::S3::Bucket", "shop-files", policy=policy)
    assert says in shown(one)[0]
    assert losses(changes(one)) == (() if policy == "Retain" else ("Bucket is removed",))


def test_what_early_validation_finds_has_the_line_of_the_nearest_place_above_it() -> None:
    Path("q.yml").write_text(
        "Resources:\n  Queue:\n    Type: AWS::SQS::Queue\n    Properties:\n      Tags:\n      - {Key: a}\n"
    )
    places = places_of("q.yml", read_template(Path("q.yml"), Path(), Mark("udo.yml", 1, 1)))
    found = [
        Validation(True, "PROPERTY_VALIDATION", "no property Color", "/Resources/Queue/Properties/Color"),
        Validation(True, "", "no Value", "/Resources/Queue/Properties/Tags/0"),
        Validation(True, "", "the name is taken", "/Resources/Other", "Other"),
        Validation(True, "", "too many", logical_id="Queue"),
    ]
    assert validation_lines(found, places) == [
        "q.yml:4: no property Color (PROPERTY_VALIDATION)",
        "q.yml:6: no Value",
        "q.yml: /Resources/Other: the name is taken",
        "q.yml:2: too many",
    ]
    assert validation_lines(found[:1], places_of("s3://templates/q.yml", None)) == [
        "s3://templates/q.yml: /Resources/Queue/Properties/Color: no property Color (PROPERTY_VALIDATION)"
    ]


def test_what_cloudformation_knows_later_is_told_in_words_and_not_in_its_own_mark() -> None:
    later = "{{changeSet:KNOWN_AFTER_APPLY}}"
    (_, whole, part) = shown(
        modified(
            replacement="False",
            properties=(PropertyChange("Target", "arn:old", later), PropertyChange("Text", "at old", f"at {later}")),
        )
    )
    assert whole == "      Target: arn:old -> known once it is made"
    assert part == "      Text: at old -> at (known later)"
