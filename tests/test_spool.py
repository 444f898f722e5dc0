"""What hosts say is kept whole in bounded memory."""

from __future__ import annotations

import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from udo.output.spool import HELD, Spool


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(["stdout", "stderr"]), st.binary(max_size=40))))
def test_lines_come_back_as_they_went_in(said: list[tuple[str, str, bytes]]) -> None:
    spool = Spool()
    for host, stream, data in said:
        spool.add(host, stream, data)
    for host in "ab":
        for stream in ("stdout", "stderr"):
            whole = b"".join(data for one, where, data in said if (one, where) == (host, stream))
            lines = whole.split(b"\n")
            assert list(spool.lines(host, stream)) == lines[: len(lines) - (lines[-1] == b"")]
            assert spool.size(host, stream) == len(whole)
    spool.close()


@given(st.binary(max_size=30), st.binary(max_size=30), st.binary(max_size=30), st.binary(max_size=30))
def test_digests_are_equal_exactly_where_both_streams_are(a: bytes, b: bytes, c: bytes, d: bytes) -> None:
    spool = Spool()
    for host, out, err in (("x", a, b), ("y", c, d)):
        spool.add(host, "stdout", out)
        spool.add(host, "stderr", err)
    assert (spool.digest("x") == spool.digest("y")) == ((a, b) == (c, d))
    spool.close()


def test_much_output_of_many_hosts_takes_little_memory_and_comes_back() -> None:
    spool = Spool()
    line = b"x" * 999 + b"\n"
    tracemalloc.start()
    for number in range(20_000):
        spool.add(f"i-{number % 20}", "stdout", line)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 20 * HELD * 3
    assert sum(1 for one in spool.lines("i-7", "stdout") if one == line[:-1]) == 1000
    spool.close()
