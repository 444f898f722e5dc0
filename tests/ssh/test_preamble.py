"""What is said before the login is told from what a command says, wherever the pieces end."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from udo.ssh.preamble import Preamble


class Heard:
    """A preamble, and what it passed on."""

    def __init__(self) -> None:
        self.said = {"stdout": b"", "stderr": b""}
        self.preamble = Preamble(self.hear)
        found = re.search(r"echo ([0-9a-f]{16});", self.preamble.settings["LocalCommand"])
        assert found
        self.mark = found[1].encode() + b"\n"

    def hear(self, stream: str, data: bytes) -> None:
        self.said[stream] += data


@given(before=st.binary(max_size=40), after=st.binary(max_size=40), cuts=st.lists(st.integers(0, 120), max_size=6))
def test_only_what_stands_after_the_mark_is_the_commands(before: bytes, after: bytes, cuts: list[int]) -> None:
    heard = Heard()
    whole, last = before + heard.mark + after, 0
    for cut in (*sorted(cuts), len(whole)):
        if piece := whole[last:cut]:
            heard.preamble.feed("stderr", piece)
        last = max(last, cut)
    assert (heard.said["stderr"], heard.preamble.over) == (after, True)


def test_a_flood_before_the_login_is_not_kept() -> None:
    heard = Heard()
    for _ in range(100):
        heard.preamble.feed("stderr", b"noise\n" * 10_000)
    assert len(heard.preamble._held["stderr"]) < 1 << 13
    heard.preamble.feed("stderr", heard.mark + b"err")
    assert heard.said["stderr"] == b"err"


def test_where_ssh_makes_no_mark_nothing_is_lost() -> None:
    heard = Heard()
    heard.preamble.feed("stdout", b"out")
    heard.preamble.feed("stderr", b"err")
    assert heard.said == {"stdout": b"", "stderr": b""}
    heard.preamble.end()
    heard.preamble.feed("stdout", b"more")
    assert heard.said == {"stdout": b"outmore", "stderr": b"err"}


@pytest.mark.parametrize(("said", "told"), [(b"", ""), (b"one\ntwo\n\n", "two"), (b"\xff half", "\ufffd half")])
def test_the_last_line_before_a_login_that_failed_is_kept(said: bytes, told: str) -> None:
    heard = Heard()
    heard.preamble.feed("stderr", said)
    assert heard.preamble.last_words == told
