"""Reasons of refreshes in words: each that AWS gives has a remedy of its own, and numbers in them are read."""

from __future__ import annotations

import pytest

from udo.model.refreshes import Preferences, Refresh, Rollback
from udo.refresh.text import length, listed
from udo.refresh.words import checkpoint_reached, preferences_text, remedy, seconds_left, standing, why


def refresh(status: str, percent: int = 40, reason: str = "", **more: object) -> Refresh:
    return Refresh("r-1", status, "2026-03-01T10:00:00Z", reason=reason, percent=percent, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("reason", "helps"),
    [
        ("i-0a is protected. Remove instance scale-in protection to continue.", "--protected refresh or ignore"),
        ("Waiting for instances in Standby: i-0a", "udo standby prod webapp INSTANCE --return"),
        ("The process InstanceRefresh is suspended.", "udo resume prod webapp"),
        ("The alarm errors is in ALARM.", "see what the alarm watches"),
        ("Waiting for instances to warm up before continuing. For example: 0e69 is warming up.", ""),
        ("Waiting for bake time to finish before continuing. There are 30 seconds left.", ""),
        ("Cancelled due to user request.", ""),
        ("SkipMatching cannot be used with instance requirements", "use --no-skip-matching"),
        ("Launching EC2 instance failed.", "see how launches failed: udo why prod webapp"),
        ("For example: i-0a has insufficient data to evaluate its health with Amazon EC2.", "why it is not healthy"),
        ("something that nobody has heard of", "see: udo status prod webapp, and udo why prod webapp"),
    ],
)
def test_a_reason_has_its_remedy(reason: str, helps: str) -> None:
    found = remedy(reason, "prod webapp")
    assert (helps in found) if helps else found == ""


def test_a_status_that_is_not_known_is_said_as_it_is_and_is_no_end() -> None:
    one = refresh("Pondering")
    assert (standing(one), one.is_active) == ("is Pondering", True)


def test_how_it_stands_is_said_with_what_stands_where() -> None:
    assert standing(refresh("InProgress")) == "is under way at 40 %"
    assert standing(refresh("Cancelled")) == "was cancelled at 40 %; what it has replaced stays"
    back = refresh("RollbackInProgress", rollback=Rollback("an alarm", percent=60))
    assert standing(back) == "is being rolled back from 60 %"


def test_the_reason_of_a_rollback_comes_first_and_nothing_twice() -> None:
    one = refresh("RollbackFailed", reason="No  capacity.", rollback=Rollback("The alarm errors is in ALARM."))
    assert why(one) == "The alarm errors is in ALARM; No capacity"
    assert why(refresh("Failed", reason="x.", rollback=Rollback("x"))) == "x"
    assert why(refresh("Failed")) == ""


def test_what_is_left_of_the_bake_time_is_read() -> None:
    assert seconds_left("Waiting for bake time to finish. There are 1 second left.") == 1
    assert seconds_left("Waiting for bake time to finish. There are 900 seconds left.") == 900
    assert seconds_left("") is None


def test_the_checkpoint_where_it_pauses_is_the_last_one_reached_but_not_its_end() -> None:
    said = Preferences(checkpoints=(25, 50, 100))
    reached = [checkpoint_reached(refresh("InProgress", percent, preferences=said)) for percent in (24, 25, 60, 100)]
    assert reached == [None, 25, 50, None]


def test_preferences_are_one_line() -> None:
    said = Preferences(90, 110, 90, (25, 100), 600, 300, skip_matching=True, auto_rollback=True, alarms=("errors",))
    assert preferences_text(refresh("InProgress", preferences=said)) == (
        "90 % to 110 %; warmup 1m 30s; checkpoints 25, 100 % of 10m; bakes 5m; skips those that match; "
        "rolls back by itself; alarms errors; Standby: wait, protected: wait"
    )


def test_lengths_have_two_units_at_most_and_lists_three_names() -> None:
    assert [length(one) for one in (0, 59, 60, 90, 3600, 3661, 86400, 90000)] == [
        *("0s", "59s", "1m", "1m 30s", "1h", "1h 1m", "1d", "1d 1h"),
    ]
    assert listed(["a", "b", "c", "d"]) == "a, b, c and 1 more"
