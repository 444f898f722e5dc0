"""What a terminal is told while many hosts are at work: how many are done, which wave it is, whom it waits for."""

from __future__ import annotations

import pytest

from udo.change.events import Copied, HostBegan, HostDone
from udo.output.progress import Progress


def _after(progress: Progress, begun: int, done: int, outcome: str = "ok", start: int = 0) -> Progress:
    """So many hosts begun, one a second, and the first of them done."""
    for number in range(start, start + begun):
        progress.count(HostBegan(f"i-{number}"), float(number))
    for number in range(start, start + done):
        progress.count(HostDone(f"i-{number}", outcome, 0, "", 1.0), 10.0)
    return progress


def test_it_counts_what_is_done_and_what_is_in_trouble() -> None:
    assert _after(Progress(6), 6, 3).text(5.0) == "3/6 done"
    assert _after(Progress(6), 3, 3, "failed").text(6.0) == "3/6 done, 3 in trouble"
    assert (_after(Progress(4), 4, 1).fraction, Progress(0).fraction) == (0.25, 1.0)


@pytest.mark.parametrize(
    ("begun", "wave"),
    [(0, "canary 1 of 2"), (1, "canary 1 of 2"), (2, "canary 2 of 2"), (3, "batch 1 of 3"), (5, "batch 1 of 3"),
     (6, "batch 2 of 3"), (10, "batch 3 of 3")],
)  # fmt: skip
def test_it_names_the_canary_or_the_batch(begun: int, wave: str) -> None:
    assert _after(Progress(10, canary=2, batch=3), begun, begun).text(0.0).split(", ")[1] == wave


def test_without_waves_none_is_named_and_after_the_canaries_the_rest_goes_at_once() -> None:
    assert _after(Progress(4), 2, 2).text(0.0) == "2/4 done"
    assert _after(Progress(4, canary=1), 3, 3).text(0.0) == "3/4 done"


def test_another_host_takes_the_place_of_a_canary_that_is_gone() -> None:
    progress = _after(Progress(5, canary=2, batch=2), 2, 2, "gone")
    assert _after(progress, 2, 2, start=2).text(0.0) == "4/5 done, canary 4 of 4"


def test_it_names_the_host_it_waits_for_longest_and_how_many_more() -> None:
    progress = _after(Progress(6), 6, 3)
    assert progress.text(5.9) == "3/6 done"
    assert progress.text(15.2) == "3/6 done, i-3 for 12 s, +2"
    assert _after(progress, 0, 0).text(63.0).startswith("3/6 done, i-3 for 60 s")


def test_of_files_it_says_how_much_is_copied_in_all_and_at_the_host_it_waits_for() -> None:
    progress = _after(Progress(3), 3, 1)
    progress.count(Copied("i-0", 1, 1, 2_000_000, 2_000_000, 0, 0, 0), 3.0)
    progress.count(Copied("i-1", 0, 1, 500_000, 2_000_000, 0, 0, 0), 3.0)
    assert progress.text(3.0) == "1/3 done, 2.5 MB of 4.0 MB"
    assert progress.text(7.0) == "1/3 done, 2.5 MB of 4.0 MB, i-1 for 6 s, 25 %, +1"
