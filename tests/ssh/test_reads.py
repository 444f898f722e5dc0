"""What a command reads: one input for all hosts, whole and in bounded memory; or a terminal of its own."""

from __future__ import annotations

import hashlib
import os
import resource
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import IO

import pytest
from conftest import Run, endings, output
from processes import until
from sshd_farm import Farm

from udo.change.events import Line
from udo.ssh import Options, Target, fan_out
from udo.ssh.feed import Feed, Typist
from udo.ssh.outcome import Failed


@pytest.fixture(params=["paramiko", "openssh"])
def via(request: pytest.FixtureRequest) -> str:
    """Each engine."""
    return str(request.param)


@pytest.fixture
def file() -> Iterator[IO[bytes]]:
    """A file for what is read, gone afterwards."""
    with tempfile.TemporaryFile(buffering=0) as made:
        yield made


@pytest.mark.parametrize("size", [0, 1, 4, 5, 6, 11])
def test_pieces_come_in_order_and_are_the_same_until_they_are_taken(file: IO[bytes], size: int) -> None:
    file.write(b"0123456789"[:size])
    feed, read = Feed(b"first", file.fileno()), b""
    while not feed.is_over:
        assert feed.piece(3) == feed.piece(3)
        read += bytes(feed.piece(3)[:2])
        feed.take(len(feed.piece(3)[:2]))
    assert read == b"first" + b"0123456789"[:size]


def test_a_file_that_became_shorter_is_no_end_of_it(file: IO[bytes]) -> None:
    file.write(b"0123456789")
    feed = Feed(b"", file.fileno())
    file.truncate(0)
    with pytest.raises(Failed, match="no longer there"):
        feed.piece(3)


def test_all_hosts_read_the_whole_input_after_what_comes_first(farm: Farm, run: Run, file: IO[bytes], via: str) -> None:
    given = os.urandom(300_000)
    file.write(given)
    hosts = [replace(one, via=via) for one in farm.hosts(3)]
    events = run(hosts, "head -c 5; sha256sum", stdin=b"first", input=file.fileno())
    assert [done.outcome for done in endings(events)] == ["ok"] * 3
    assert output(events) == f"first{hashlib.sha256(given).hexdigest()}  -\n".encode() * 3


def test_a_command_that_reads_nothing_of_much_ends_well(host: Target, run: Run, file: IO[bytes], via: str) -> None:
    file.truncate(1 << 24)
    (done,) = endings(run([replace(host, via=via)], "true", input=file.fileno()))
    assert done.outcome == "ok"


def test_an_empty_input_is_at_its_end_at_once(host: Target, run: Run, file: IO[bytes], via: str) -> None:
    events = run([replace(host, via=via)], "cat; echo end", input=file.fileno(), timeout=20)
    assert output(events) == b"end\n"


def test_what_slow_hosts_have_not_read_yet_is_not_held(farm: Farm, run: Run, file: IO[bytes]) -> None:
    file.truncate(1 << 28)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    events = run(farm.hosts(4), "sleep 1; head -c 1000 | wc -c", input=file.fileno())
    assert output(events) == b"1000\n" * 4
    # In KiB; of each host a window of its server and buffers of the system are under way.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 << 10


def test_with_a_terminal_the_command_has_one_on_every_stream(host: Target, run: Run, via: str) -> None:
    events = run([replace(host, via=via)], "test -t 0 -a -t 1 -a -t 2 && echo one >&2; exit 3", tty=True)
    assert output(events) == b"one\r\n"
    assert [(done.outcome, done.status) for done in endings(events)] == [("failed", 3)]


def test_without_one_it_has_none(host: Target, run: Run, via: str) -> None:
    assert output(run([replace(host, via=via)], "test -t 0 -o -t 1 -o -t 2 || echo none")) == b"none\n"


def test_what_reads_the_terminal_finds_its_end(host: Target, run: Run, via: str) -> None:
    events = run([replace(host, via=via)], "cat; cat; echo end", tty=True, timeout=30)
    assert output(events) == b"end\r\n"


def test_who_takes_the_terminal_over_finds_nothing_typed_before(host: Target, run: Run, via: str) -> None:
    # As sudo and docker do, which hand on what is typed.
    events = run(
        [replace(host, via=via)], "stty raw -echo; dd bs=1 count=1 2>/dev/null | od -An -c", tty=True, timeout=30
    )
    assert output(events).split() == [b"004"]


def test_a_command_on_a_terminal_may_be_silent_no_longer_than_others(host: Target, run: Run, via: str) -> None:
    (done,) = endings(run([replace(host, via=via)], "echo up; exec sleep 60", tty=True, idle_timeout=1.5))
    assert (done.outcome, done.reason) == ("timeout", "nothing was said for 1.5 s")


def test_a_typist_types_ten_times_at_most_and_less_and_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    typist, times = Typist(on=True), []
    while (pause := typist.pause) is not None:
        now[0] += pause
        times += [now[0]] if typist.typed() else []
    assert times == [2.0**number - 1 for number in range(1, 11)]
    assert Typist(on=False).pause is None


def test_a_command_on_a_terminal_is_hung_up_on_when_it_is_left(host: Target, via: str, tmp_path: Path) -> None:
    said = tmp_path / "said"
    command = f"trap 'echo hung up > {said}; exit' HUP; echo up; while :; do sleep 0.05; done"
    with closing(fan_out([replace(host, via=via)], command, Options(tty=True), lambda _: None)) as events:
        while not isinstance(next(events), Line):
            pass
    until(lambda: said.exists() and said.read_text() == "hung up\n", "it was not hung up on")


@pytest.mark.whole
def test_a_server_that_gives_no_terminal_is_told_of(farm: Farm, run: Run, via: str, tmp_path: Path) -> None:
    (strict,) = farm.hosts(more="PermitTTY no")
    (done,) = endings(run([replace(strict, via=via)], f"echo ran >> {tmp_path}/ran", tty=True, retry=2))
    assert (done.outcome, "the server gives no terminal" in done.reason) == ("refused", True)
    # ssh asks for both at once: the command may have run, and is not run again.
    ran = tmp_path / "ran"
    assert not ran.exists() or ran.read_text() == "ran\n"
