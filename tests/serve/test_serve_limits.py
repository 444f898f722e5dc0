"""How often a key may ask, and how long one waits who tries keys."""

from __future__ import annotations

from typing import Any

import pytest

from udo.serve.guard import Guard
from udo.serve.limits import Strangers, Window


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_key_asks_120_times_in_any_minute_and_is_told_how_long_to_wait() -> None:
    clock = Clock()
    window = Window(clock)
    for _ in range(120):
        assert window.wait("a") == 0
        clock.now += 0.25
    assert window.wait("a") == 30
    assert window.wait("b") == 0
    clock.now += 30
    assert [window.wait("a") == 0 for _ in range(2)] == [True, False]


def test_after_five_wrong_keys_an_address_waits_twice_as_long_each_time_up_to_five_minutes() -> None:
    clock = Clock()
    strangers = Strangers(clock)
    waits = []
    for _ in range(20):
        waits.append(strangers.wait("10.0.0.1"))
        clock.now += waits[-1]
        strangers.was_wrong("10.0.0.1")
    assert waits == [0] * 5 + [1, 2, 4, 8, 16, 32, 64, 128, 256] + [300] * 6
    assert (strangers.wait("10.0.0.2"), strangers.count) == (0, 20)
    strangers.was_right("10.0.0.1")
    assert strangers.wait("10.0.0.1") == 0


def test_ten_thousand_addresses_are_remembered_and_no_more() -> None:
    strangers = Strangers(Clock())
    for number in range(10_050):
        strangers.was_wrong(f"10.{number}")
    assert len(strangers._seen) == 10_000


@pytest.mark.parametrize(
    ("told", "is_behind_proxy", "address"),
    [
        ([], False, "10.0.0.9"),
        ([], True, "10.0.0.9"),
        (["192.0.2.1"], False, "10.0.0.9"),
        (["192.0.2.1"], True, "192.0.2.1"),
        (["198.51.100.7, 192.0.2.1"], True, "192.0.2.1"),
        (["198.51.100.7", "192.0.2.1"], True, "192.0.2.1"),
    ],
)
def test_an_address_is_what_the_proxy_says_and_never_what_a_client_does(
    told: list[str], is_behind_proxy: bool, address: str
) -> None:
    nothing: Any = None
    guard = Guard(nothing, nothing, (), nothing, nothing, (), nothing, nothing, is_behind_proxy)
    headers = [(b"x-forwarded-for", one.encode()) for one in told]
    assert guard._address({"headers": headers, "client": ("10.0.0.9", 1234)}) == address
