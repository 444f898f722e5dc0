"""How stacks are written for people: reasons, times, states and what to do in each."""

from __future__ import annotations

import botocore.session
import pytest

from udo.model.stacks import Stack
from udo.stacks.states import is_stuck, means, remedy
from udo.stacks.text import lasted, one_line, short_id


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        (
            'Resource handler returned message: "Queue exists (Service: Sqs, Status Code: 400, Request ID: 1-2)" '
            "(RequestToken: abc, HandlerErrorCode: AlreadyExists)",
            "Queue exists (AlreadyExists)",
        ),
        ("Resource handler returned message: null (RequestToken: abc)", "null"),
        ("The image is\n gone.", "The image is gone"),
        ("x" * 400, "x" * 297 + "..."),
    ],
)
def test_a_reason_is_one_line_without_what_a_handler_puts_around_it(reason: str, told: str) -> None:
    assert one_line(reason) == told


@pytest.mark.parametrize(("seconds", "told"), [(0.4, "0s"), (59.6, "1m 00s"), (75, "1m 15s"), (3700, "1h 01m")])
def test_a_length_of_time_has_two_units_at_most(seconds: float, told: str) -> None:
    assert lasted(seconds) == told


def test_a_resource_is_called_by_the_end_of_its_arn_or_url() -> None:
    assert short_id("arn:aws:sns:us-west-2:123456789012:news") == "news"
    assert short_id("https://sqs.us-west-2.amazonaws.com/123456789012/jobs") == "jobs"
    assert short_id("shop-files") == "shop-files"
    assert short_id("") == ""


def _states() -> list[str]:
    model = botocore.session.Session().get_service_model("cloudformation")
    return list(model.shape_for("StackStatus").enum)


@pytest.mark.parametrize("state", [one for one in _states() if one.endswith("_FAILED") or one == "ROLLBACK_COMPLETE"])
def test_every_state_that_is_a_failure_says_what_it_means_and_what_to_do(state: str) -> None:
    stack = Stack("arn", "review", state)
    assert means(state), state
    assert "udo stack" in remedy(stack, "review --param branch=cart")


@pytest.mark.parametrize("state", _states())
def test_what_keeps_a_stack_from_being_changed_has_a_remedy_that_no_other_state_needs(state: str) -> None:
    assert not is_stuck(state) or remedy(Stack("arn", "review", state), "review")
    if state.endswith(("E_COMPLETE", "IN_PROGRESS")) and "ROLLBACK" not in state:
        assert not remedy(Stack("arn", "review", state), "review")
