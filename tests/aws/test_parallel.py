"""Reads at the same time: their order, what fails, and a signal meanwhile."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from udo.aws.parallel import _AT_ONCE, together
from udo.errors import AwsError, Interrupted


def test_answers_come_in_the_order_of_the_reads_however_many_there_are() -> None:
    assert together([]) == []
    assert together([lambda number=number: number for number in range(3 * _AT_ONCE)]) == list(range(3 * _AT_ONCE))


def test_no_more_than_a_few_are_on_their_way_at_a_time() -> None:
    now: list[int] = []
    most: list[int] = []

    def read() -> None:
        now.append(1)
        most.append(len(now))
        time.sleep(0.02)
        now.pop()

    together([read] * (3 * _AT_ONCE))
    assert 1 < max(most) <= _AT_ONCE


def test_what_fails_first_in_their_order_is_raised_once_all_have_ended() -> None:
    ended: list[int] = []

    def failing(number: int) -> None:
        time.sleep(0.1 / number)
        ended.append(number)
        raise AwsError(f"{number} failed")

    with pytest.raises(AwsError, match="1 failed"):
        together([lambda: ended.append(0), lambda: failing(1), lambda: failing(2), lambda: ended.append(3)])
    assert sorted(ended) == [0, 1, 2, 3]


@pytest.mark.usefixtures("caught")
def test_a_signal_ends_the_wait_at_once_and_begins_no_further_read() -> None:
    held = threading.Event()
    begun: list[int] = []

    def read() -> None:
        begun.append(1)
        if threading.current_thread() is threading.main_thread():
            os.kill(os.getpid(), signal.SIGINT)
            return
        held.wait(30)

    with pytest.raises(Interrupted):
        together([read] * (3 * _AT_ONCE))
    count = len(begun)
    held.set()
    time.sleep(0.1)
    assert len(begun) == count <= 3 * _AT_ONCE


class Broken(BaseException):
    """What is no error of a read."""


def test_what_ends_a_thread_otherwise_is_raised_and_no_answer_is_made_up() -> None:
    both = threading.Barrier(2)

    def read() -> str:
        both.wait(30)
        if threading.current_thread() is not threading.main_thread():
            raise Broken
        return "an answer"

    with pytest.raises(Broken):
        together([read, read])


def test_where_no_thread_can_be_started_the_reads_are_asked_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", full)
    assert together([lambda: 1, lambda: 2]) == [1, 2]
