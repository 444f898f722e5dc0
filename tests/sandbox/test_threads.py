"""Waiting for the sandbox's threads."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from udo.sandbox.threads import outlast


def test_a_thread_that_is_only_being_started_is_waited_for_too(monkeypatch: pytest.MonkeyPatch) -> None:
    begin = threading._start_new_thread
    ended: list[int] = []

    def slowly(*given: Any) -> int:
        time.sleep(0.02)
        return begin(*given)

    def work() -> None:
        threading.Thread(target=ended.append, args=(1,), name="waited for").start()

    monkeypatch.setattr(threading, "_start_new_thread", slowly)
    starter = threading.Thread(target=work)
    starter.start()
    while not ended and not [one for one in threading.enumerate() if one.name == "waited for"]:
        time.sleep(0.001)
    outlast("waited for")
    assert ended == [1]
    starter.join()


def test_a_thread_that_does_not_end_is_given_up() -> None:
    end = threading.Event()
    stays = threading.Thread(target=end.wait, name="stays")
    stays.start()
    outlast("stays", 0.01)
    assert stays.is_alive()
    end.set()
    stays.join()
