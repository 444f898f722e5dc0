"""What a fan-out over real OpenSSH servers yields."""

from __future__ import annotations

import os
import shlex
import socket
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import Run, endings, output
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sshd_farm import Farm, key_pair
from whole import examples

from udo import ssh
from udo.change.events import HostBegan, HostDone, Idle, Line, Notice
from udo.ssh import Target


def test_a_host_begins_says_its_lines_and_is_done(host: Target, run: Run) -> None:
    events = run([host], "echo one; echo two")
    me = host.instance_id
    assert events[:2] == [Notice("1 of 1 hosts go through paramiko", "debug"), HostBegan(me)]
    assert events[2:4] == [Line(me, "stdout", b"one"), Line(me, "stdout", b"two")]
    assert [(done.outcome, done.status, done.reason) for done in endings(events)] == [("ok", 0, "")]


def test_stdout_and_stderr_stay_apart(host: Target, run: Run) -> None:
    events = run([host], "echo out; echo err >&2")
    assert (output(events), output(events, "stderr")) == (b"out\n", b"err\n")


def test_what_comes_after_the_last_newline_is_partial(host: Target, run: Run) -> None:
    lines = [event for event in run([host], "printf 'a\\nb'; printf c >&2") if isinstance(event, Line)]
    assert {(line.stream, line.data, line.partial) for line in lines} == {
        ("stdout", b"a", False),
        ("stdout", b"b", True),
        ("stderr", b"c", True),
    }


def test_bytes_that_are_no_text_come_as_they_are(host: Target, run: Run) -> None:
    assert output(run([host], r"printf '\377\000\033[31m\r\n'")) == b"\xff\x00\x1b[31m\r\n"


@pytest.mark.parametrize("status", [1, 3, 127, 255])
def test_a_status_other_than_0_is_failed_with_that_status(host: Target, run: Run, status: int) -> None:
    (done,) = endings(run([host], f"exit {status}"))
    assert (done.outcome, done.status) == ("failed", status)
    assert ssh.exit_status([done]) == status


@pytest.mark.parametrize(("name", "number"), [("KILL", 9), ("TERM", 15), ("SEGV", 11)])
def test_a_command_killed_by_a_signal_gives_128_and_its_number(host: Target, run: Run, name: str, number: int) -> None:
    (done,) = endings(run([host], f"kill -{name} $$"))
    assert (done.outcome, done.status, done.reason) == ("signal", 128 + number, f"killed by SIG{name}")


def test_a_signal_that_the_server_has_no_name_for_is_one_all_the_same(host: Target, run: Run) -> None:
    (done,) = endings(run([host], "kill -34 $$"))
    assert (done.outcome, done.status, done.reason) == ("signal", 128, "killed by a signal (SIG@openssh.com)")


def test_a_connection_that_breaks_while_the_command_runs_is_dropped(host: Target, run: Run) -> None:
    events = run([host], "echo before; sleep 0.5; kill -9 $PPID; sleep 5")
    (done,) = endings(events)
    assert (done.outcome, done.status) == ("dropped", None)
    assert output(events) == b"before\n"
    assert ssh.exit_status([done]) == 255


def test_a_command_that_waits_for_input_gets_none(host: Target, run: Run) -> None:
    assert endings(run([host], "cat; echo end", timeout=10))[0].outcome == "ok"


def test_a_command_that_closes_its_output_early_is_still_waited_for(host: Target, run: Run) -> None:
    (done,) = endings(run([host], "exec >&- 2>&-; sleep 0.3; exit 7"))
    assert done.status == 7


def test_a_command_that_hangs_ends_at_the_timeout_with_its_output_so_far(host: Target, run: Run) -> None:
    start = time.monotonic()
    events = run([host], "echo so far; printf and; sleep 20", timeout=1.5)
    (done,) = endings(events)
    assert time.monotonic() - start < 10
    assert (done.outcome, done.status, done.reason) == ("timeout", None, "no end of the command within 1.5 s")
    assert output(events) == b"so far\nand"


@pytest.mark.whole
def test_a_big_output_arrives_whole(host: Target, run: Run) -> None:
    events = run([host], "seq 300000; head -c 3000000 /dev/zero >&2")
    assert output(events) == b"".join(b"%d\n" % number for number in range(1, 300001))
    assert output(events, "stderr") == bytes(3000000)


def test_a_line_without_end_comes_in_bounded_pieces(host: Target, run: Run) -> None:
    events = run([host], "head -c 1000000 /dev/zero")
    assert max(len(event.data) for event in events if isinstance(event, Line)) <= 1 << 16


def test_a_host_that_refuses_the_connection_is_unreachable(farm: Farm, run: Run) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        (done,) = endings(run([farm.target("127.0.0.1", taken.getsockname()[1])]))
    assert done.outcome == "unreachable"
    assert done.reason.endswith("connection refused")


def test_a_host_that_is_silent_before_its_greeting_times_out(farm: Farm, run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        (done,) = endings(run([farm.target(*silent.getsockname())], connect_timeout=0.5))
    assert (done.outcome, done.reason) == ("timeout", "no greeting within 0.5 s")


def test_a_host_that_does_not_answer_at_all_times_out(farm: Farm, run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        others = [socket.socket() for _ in range(3)]
        for other in others:
            other.setblocking(False)
            other.connect_ex(full.getsockname())
        (done,) = endings(run([farm.target(*full.getsockname())], connect_timeout=0.5))
        for other in others:
            other.close()
    assert done.outcome == "timeout"
    assert done.reason.endswith("no answer within 0.5 s")


@pytest.mark.parametrize("greeting", [b"", b"SSH-2.0-short", b"SSH-2.0-x\r\n", b"HTTP/1.1 400 no\r\n" * 200])
def test_a_server_that_hangs_up_early_is_unreachable_at_once(farm: Farm, run: Run, greeting: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            peer, _ = server.accept()
            peer.sendall(greeting)
            peer.close()

        thread = threading.Thread(target=answer)
        thread.start()
        start = time.monotonic()
        (done,) = endings(run([farm.target(*server.getsockname())]))
        thread.join()
    assert done.outcome == "unreachable"
    assert time.monotonic() - start < 5


def test_a_login_key_the_server_does_not_take_is_refused(farm: Farm, host: Target, run: Run, tmp_path: Path) -> None:
    stranger = replace(host, key=str(key_pair(tmp_path / "stranger")))
    (done,) = endings(run([stranger]))
    assert done.outcome == "refused"
    assert done.reason.startswith("login as ")


def test_a_server_with_only_old_algorithms_is_refused(farm: Farm, run: Run) -> None:
    (target,) = farm.hosts(more="Ciphers aes256-cbc,3des-cbc\nMACs hmac-sha1")
    (done,) = endings(run([target]))
    assert done.outcome == "refused"
    assert "no acceptable ciphers" in done.reason


def test_a_server_that_runs_no_commands_is_refused(farm: Farm, run: Run) -> None:
    (target,) = farm.hosts(more="MaxSessions 0")
    assert [done.outcome for done in endings(run([target]))] == ["refused"]


def test_no_more_hosts_than_the_fanout_are_served_at_a_time(farm: Farm, run: Run) -> None:
    running = most = 0
    for event in run(farm.hosts(8), "sleep 0.2", fanout=3):
        running += isinstance(event, HostBegan) - isinstance(event, HostDone)
        most = max(most, running)
    assert most <= 3


def test_the_first_line_comes_while_the_command_still_runs(host: Target) -> None:
    start = time.monotonic()
    with_lines = (e for e in ssh.fan_out([host], "echo now; sleep 20", ssh.Options(), lambda _: None))
    assert next(event for event in with_lines if isinstance(event, Line)).data == b"now"
    assert time.monotonic() - start < 10
    with_lines.close()


def test_lines_are_followed_by_a_pause_before_more_are_waited_for(host: Target) -> None:
    events = list(ssh.fan_out([host], "echo one; sleep 0.5; echo two", ssh.Options(), lambda _: None))
    lines = [number for number, event in enumerate(events) if isinstance(event, Line)]
    assert Idle() in events[lines[0] : lines[1]]


@pytest.mark.whole
def test_closing_the_events_closes_every_connection_at_once(farm: Farm) -> None:
    targets, others = farm.hosts(4), threading.enumerate()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        targets.append(farm.target(*silent.getsockname()))
        events = ssh.fan_out(targets, "echo started; yes", ssh.Options(), lambda _: None)
        began = set()
        said = set()
        while len(began) < 5 or len(said) < 4:
            event = next(events)
            if not isinstance(event, Idle | Notice):
                (said if isinstance(event, Line) else began).add(event.instance_id)
        start = time.monotonic()
        events.close()
    assert time.monotonic() - start < 4
    assert not [thread for thread in threading.enumerate() if thread not in others]


def test_closing_the_events_does_not_wait_for_a_host_that_does_not_answer(farm: Farm) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        others = [socket.socket() for _ in range(3)]
        for other in others:
            other.setblocking(False)
            other.connect_ex(full.getsockname())
        events = ssh.fan_out([farm.target(*full.getsockname())], "true", ssh.Options(), lambda _: None)
        while not isinstance(next(events), HostBegan):
            pass
        time.sleep(0.2)
        start = time.monotonic()
        events.close()
        assert time.monotonic() - start < 4
        for other in others:
            other.close()


def test_a_failure_of_ours_in_a_thread_reaches_the_reader(farm: Farm, run: Run) -> None:
    def broken(_: str) -> str | None:
        raise ZeroDivisionError

    targets = [replace(target, known_hosts=()) for target in farm.hosts(3)]
    with pytest.raises(ZeroDivisionError):
        list(ssh.fan_out(targets, "true", ssh.Options(), broken))


def test_a_slow_reader_makes_the_host_wait_instead_of_filling_memory(host: Target, run: Run) -> None:
    events = ssh.fan_out([host], "yes | head -c 100000000", ssh.Options(), lambda _: None)
    next(event for event in events if isinstance(event, Line))
    before = _resident()
    time.sleep(1.5)
    assert _resident() - before < 16 << 20
    events.close()


@pytest.mark.whole
def test_a_hundred_megabytes_pass_in_flat_memory(host: Target) -> None:
    before, most = _resident(), 0
    size = 0
    for event in ssh.fan_out([host], "head -c 100000000 /dev/zero", ssh.Options(), lambda _: None):
        size += len(event.data) if isinstance(event, Line) else 0
        most = max(most, _resident())
    assert size == 100000000
    assert most - before < 64 << 20


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


# sshd takes the command as a C string, so a NUL is not allowed in it; the shell takes any other text.
@pytest.mark.whole
@given(st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), min_size=1, max_size=8))
@settings(max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_arguments_of_any_text_come_back_as_they_were(host: Target, run: Run, words: list[str]) -> None:
    sent = shlex.join(["printf", "%s\\0", *words])
    assert output(run([host], sent)) == b"".join(word.encode() + b"\0" for word in words)
