"""Waiting for the sandbox's threads."""

from __future__ import annotations

import threading

from udo.sandbox.threads import outlast


def test_threads_that_are_started_meanwhile_are_waited_for_too() -> None:
    ended: list[int] = []

    def go(left: int) -> None:
        if left:
            threading.Thread(target=go, args=(left - 1,), name="relay-on").start()
        ended.append(left)

    for _ in range(20):
        threading.Thread(target=go, args=(50,), name="relay").start()
        outlast("relay")
        assert not [one for one in threading.enumerate() if one.name.startswith("relay")]
    assert len(ended) == 20 * 51


def test_a_thread_that_does_not_end_is_given_up() -> None:
    end = threading.Event()
    stays = threading.Thread(target=end.wait, name="stays")
    stays.start()
    outlast("stays", 0.01)
    assert stays.is_alive()
    end.set()
    stays.join()
