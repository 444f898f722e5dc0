"""Whatever a host says, and however it is shown: it steers no terminal, and speaks in nobody else's name."""

from __future__ import annotations

import ast
import json
import os
import pty
import re
import unicodedata
from base64 import b64decode
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fleet import Fleet
from sshd_farm import Farm

from udo.change.events import HostDone, Line
from udo.output.hosts import Hosts, Paper, View

EVIL, GOOD = "i-0123456789abcdef0", "i-ffffffffffffffff0"
CORPUS = tuple(
    ast.literal_eval(f"b'''{line}'''")
    for line in (Path(__file__).parent / "escapes.txt").read_text().splitlines()
    if not line.startswith("# ")
)
# What Udo itself writes to a terminal: colours, and a line that is taken away before it is written anew.
OURS = re.compile(r"\x1b\[\d*m|\r\x1b\[2K")


def lines(attack: bytes, stream: str = "stdout") -> Iterator[Line]:
    """The attack as a line, as the end of what a host says, and cut in two at every place."""
    yield Line(EVIL, stream, attack)
    yield Line(EVIL, stream, attack, partial=True)
    for cut in range(1, len(attack)):
        yield Line(EVIL, stream, attack[:cut], partial=True)
        yield Line(EVIL, stream, attack[cut:])


def harmful(text: str) -> set[str]:
    """The characters that do something to a terminal, or to how what stands beside them is read."""
    return {
        sign for sign in text if sign not in "\t\n" and unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Zl", "Zp")
    }


def test_the_corpus_is_large_and_each_of_it_is_something() -> None:
    assert len({*CORPUS}) > 300
    harmless = [attack for attack in CORPUS if not harmful(attack.decode("utf-8", "surrogateescape"))]
    # What has no meaning yet, or never will.
    assert harmless == ["o\u2065k".encode(), "\ufffe".encode(), "\ufdd0".encode()]


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
@pytest.mark.parametrize(
    ("view", "begins"),
    [
        (View(), f"{EVIL}  "),
        (View(fold=True, live=False), "  |1 host said.*: |1 host differ.*: "),
        (View(fold=True, diff=True, live=False), "  |1 host said.*: |1 host differ.*: "),
    ],
    ids=["live", "fold", "diff"],
)
@pytest.mark.whole
def test_each_line_is_harmless_and_begins_with_the_name_of_its_host(
    capsys: pytest.CaptureFixture[str], view: View, begins: str, stream: str
) -> None:
    for attack in CORPUS:
        shown = Hosts(Paper("text"), [GOOD, EVIL], view)
        for line in lines(attack, stream):
            shown.emit(line)
        shown.end({one: HostDone(one, "ok", 0, "", 0.0) for one in (GOOD, EVIL)})
        shown.close()
        told = "".join(capsys.readouterr())
        assert not harmful(told), attack
        assert EVIL in told
        assert all(re.match(begins, line) for line in told.split("\n") if line), attack


def test_in_colour_nothing_but_our_own_colours_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    shown = Hosts(Paper("text", colours={"stdout": True, "stderr": True}), [GOOD, EVIL], View())
    for attack in CORPUS:
        for line in lines(attack):
            shown.emit(line)
    shown.write()
    told = capsys.readouterr().out
    assert not harmful(OURS.sub("", told))
    assert all(re.match(rf"\x1b\[\d+m{EVIL}\x1b\[0m  ", line) for line in told.split("\n") if line)


def test_a_reason_that_a_server_had_a_word_in_stays_one_harmless_line(capsys: pytest.CaptureFixture[str]) -> None:
    shown = Hosts(Paper("text"), [EVIL], View())
    for attack in (*CORPUS, f"no\n{GOOD}  [ok]".encode()):
        shown.emit(HostDone(EVIL, "refused", None, attack.decode("utf-8", "surrogateescape"), 0.0))
    shown.write()
    told = capsys.readouterr().err
    assert not harmful(told)
    assert len(told.splitlines()) == len(CORPUS) + 1
    assert all(line.startswith(f"{EVIL}  [") for line in told.splitlines())


def test_json_lines_hold_every_byte_in_plain_characters(capsys: pytest.CaptureFixture[str]) -> None:
    shown = Hosts(Paper("jsonl"), [EVIL], View())
    for attack in CORPUS:
        shown.emit(Line(EVIL, "stdout", attack))
    shown.write()
    told = capsys.readouterr().out
    assert told.isascii()
    assert not harmful(told)
    rows = [json.loads(line) for line in told.splitlines()]
    assert [b64decode(row["base64"]) if "base64" in row else row["text"].encode() for row in rows] == [*CORPUS]


@pytest.fixture
def two(fleet: Callable[..., Fleet], farm: Farm) -> tuple[Fleet, str, bytes]:
    """A group of two, the command with which the first says all of the corpus, and what that is."""
    said = b"".join(attack + b"\n" for attack in CORPUS) + b"no end \x1b["
    (farm.folder / "corpus").write_bytes(said)
    made = fleet(2)
    bad = min(made.ids)
    command = f'case $SSH_CONNECTION in *" {bad} "*) cat {farm.folder}/corpus; exit 0;; esac; echo fine'
    return made, command, said


@pytest.mark.whole
def test_from_a_real_host_through_a_pipe_and_into_files(two: tuple[Fleet, str, bytes], tmp_path: Path) -> None:
    made, command, said = two
    done = made.run(command, "--outdir", "out")
    assert done.exit == 0, done.stderr
    told = done.stdout.decode()
    assert not harmful(told)
    bad, good = (made.ids[address] for address in sorted(made.ids))
    others = [line for line in told.split("\n") if line and not line.startswith(f"{bad}  ")]
    assert others == [f"{good}  fine"]
    assert (tmp_path / "out" / f"{bad}.stdout").read_bytes() == said
    assert (tmp_path / "out" / f"{good}.stdout").read_bytes() == b"fine\n"


@pytest.mark.whole
@pytest.mark.parametrize("options", [(), ("-b",), ("--diff",)], ids=["live", "fold", "diff"])
def test_from_a_real_host_to_a_terminal(two: tuple[Fleet, str, bytes], options: tuple[str, ...]) -> None:
    made, command, _ = two
    master, terminal = pty.openpty()
    run = made.start(command, *options, stdout=terminal, stderr=terminal, env={**os.environ, "TERM": "xterm"})
    os.close(terminal)
    told = b"".join(iter(lambda: _read(master), b""))
    os.close(master)
    assert run.wait(20) == 0
    # The terminal itself makes \r\n of each \n.
    text = OURS.sub("", told.decode().replace("\r\n", "\n"))
    assert not harmful(text)
    good = made.ids[max(made.ids)]
    assert sum(line.startswith(good) for line in text.split("\n")) == (0 if options else 1)


def _read(master: int) -> bytes:
    # Linux tells the end of a terminal by an error.
    try:
        return os.read(master, 1 << 16)
    except OSError:
        return b""
