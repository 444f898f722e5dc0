"""Whatever a server of files says, it is told as what it is: nothing of it ends in an error of ours."""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Iterator
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from whole import examples

from udo.ssh.copy.job import Job
from udo.ssh.copy.spec import Copy
from udo.ssh.copy.tally import Told
from udo.ssh.outcome import Failed

NUMBERS = st.sampled_from([0, 1, 2, 3, 4, 5, 1 << 16, (1 << 31) + 1, (1 << 32) - 1]).map(
    lambda one: struct.pack(">I", one)
)
TEXTS = st.one_of(st.binary(max_size=20), st.sampled_from([b"file", b".", b"..", b"a/b", b"h"])).map(
    lambda one: struct.pack(">I", len(one)) + one
)
ATTRIBUTES = st.builds(
    lambda flags, size, mode: struct.pack(">IQ", 1 | 4 | flags, size) + struct.pack(">I", mode),
    st.sampled_from([0, 8, 1 << 31]),
    st.integers(0, 1 << 40),
    st.sampled_from([0o100644, 0o040755, 0o120777, 0o020600]),
)
BODIES = st.one_of(
    st.binary(max_size=40),
    TEXTS,
    ATTRIBUTES,
    st.lists(NUMBERS, max_size=3).map(b"".join),
    st.builds(lambda count, name, told: count + name + name + told, NUMBERS, TEXTS, ATTRIBUTES),
)
ANSWERS = st.tuples(st.sampled_from([101, 102, 103, 104, 105, 201]), BODIES)


class Said:
    """A server that answers the questions in their order with what it was given, and then no more."""

    def __init__(self, answers: list[tuple[int, bytes]]) -> None:
        self._said = self._answers(answers)
        self.stream = self

    def send(self, data: object) -> None:
        """Hears nothing."""

    def receive(self) -> bytes:
        """The next answer."""
        return next(self._said)

    def output(self, command: str, stdin: bytes) -> bytes:
        """Says nothing."""
        return b""

    def look(self) -> None:
        """Has time."""

    def _answers(self, answers: list[tuple[int, bytes]]) -> Iterator[bytes]:
        yield struct.pack(">IBI", 5, 2, 3)
        for number, (kind, body) in enumerate(answers, 1):
            yield struct.pack(">IBI", len(body) + 5, kind, number) + body
        raise Failed("dropped", "it says no more")


@given(st.lists(ANSWERS, max_size=12), st.booleans())
@settings(max_examples=examples(160), deadline=None)
def test_no_answer_of_a_server_is_an_error_of_ours(answers: list[tuple[int, bytes]], fetch: bool) -> None:
    with tempfile.TemporaryDirectory() as name:
        here = Path(name, "here")
        (here / "site").mkdir(parents=True)
        (here / "site" / "file").write_text("x")
        (here / "site" / "link").symlink_to("file")
        sources, to = (("*", "x"), name) if fetch else ((str(here / "site"),), "x")
        told = Told("i-0123456789abcdef0", lambda _: None, lambda _stream, _data: None)
        try:
            ending = Job(Copy(sources, to, fetch)).carry(Said(answers), told)
        except Failed:
            return
        assert ending.outcome in ("ok", "failed", "refused")
        assert {path.name for path in Path(name).iterdir()} <= {"here", told.instance_id}
