"""What a refresh comes to: bounds, canaries, rounds and times."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from udo.model.refreshes import Preferences
from udo.refresh.arithmetic import bounds, course
from udo.refresh.preferences import least_percentage, reached


@pytest.mark.parametrize(
    ("desired", "low", "high", "found"),
    [
        (10, 100, 110, (10, 11)),
        (10, 90, 100, (9, 10)),
        (10, 90, 120, (9, 12)),
        (3, 90, 100, (3, 4)),
        (3, 90, None, (2, 3)),
        (3, 100, 110, (3, 4)),
        (4, 0, 100, (0, 4)),
        (1, 100, 100, (1, 2)),
        (1, None, None, (0, 1)),
        (0, 100, 100, (0, 0)),
    ],
)
def test_bounds_leave_room_for_one_at_least(
    desired: int, low: int | None, high: int | None, found: tuple[int, int]
) -> None:
    its = bounds(desired, Preferences(low, high))
    assert (its.least, its.most) == found
    assert its.at_once >= 1


@given(count=st.integers(2, 300), number=st.integers(1, 299))
def test_a_canary_is_the_least_percentage_that_holds_so_many(count: int, number: int) -> None:
    if number < count:
        share = least_percentage(number, count)
        assert reached(share, count) >= number
        assert share == 1 or reached(share - 1, count) < number


def test_checkpoints_make_rounds_of_their_own_and_pause() -> None:
    said = Preferences(90, 110, checkpoints=(25, 50, 100), checkpoint_delay=600, bake=60)
    found = course(20, [1] * 20, said, 30)
    assert (found.bounds.at_once, found.stops, found.rounds) == (4, (5, 10), 7)
    assert found.seconds == 7 * (60 + 30) + 2 * 600 + 60


def test_two_checkpoints_that_are_reached_together_pause_once() -> None:
    said = Preferences(100, 110, checkpoints=(10, 40, 100), checkpoint_delay=600)
    assert course(2, [1, 1], said, 0).seconds == 2 * 60 + 600


def test_heavy_members_may_take_the_minimum_with_them() -> None:
    found = course(8, [4, 4], Preferences(100, 110), 0)
    assert (found.bounds.least, found.rounds) == (5, 2)
    assert course(8, [8], Preferences(50, 100), 0).bounds.least == 0
