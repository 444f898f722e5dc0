"""Hosts in every kind of trouble: each reported exactly once, in time, with the right outcome, by both engines."""

from __future__ import annotations

import math
import os
import shlex
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import bad_servers
import pytest
from conftest import Run, endings, output
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sshd_farm import Farm, key_pair, public_key
from whole import examples, some

from udo.change.events import HostDone, Line, Notice, exit_status
from udo.errors import UsageError
from udo.ssh import Options, Target, fan_out

LIMIT = 1.0
# Bytes of a real server's side: in its greeting, its list of algorithms, the key exchange, after it, in the login.
CUTS = (0, 10, 45, 700, 1100, 1600, 1700)
# kind of trouble -> what may become of it
NONSENSE = {
    "closes at once": (b"", "close", {"unreachable"}),
    "resets at once": (b"", "reset", {"unreachable"}),
    "is silent": (b"", "silent", {"timeout"}),
    "greets, then is silent": (b"SSH-2.0-x\r\n", "silent", {"timeout"}),
    "greets, then closes": (b"SSH-2.0-x\r\n", "close", {"unreachable", "refused"}),
    "is a web server": (b"HTTP/1.1 400 Bad Request\r\n\r\n", "close", {"unreachable", "refused"}),
    "speaks ssh 1": (b"SSH-1.5-old\r\n", "close", {"unreachable", "refused"}),
    "says lines without end": (b"hello\r\n" * 99, "forever", {"timeout", "unreachable", "refused"}),
    "says one line without end": (b"x" * 999, "forever", {"timeout", "unreachable", "refused"}),
    "sends no packet": (b"SSH-2.0-x\r\n" + b"\xff" * 64, "silent", {"timeout", "refused", "unreachable"}),
    "sends zeros": (b"SSH-2.0-x\r\n" + b"\0" * 4096, "silent", {"timeout", "refused", "unreachable"}),
}


def troubled(host: Target, stack: ExitStack) -> Iterator[tuple[Target, set[str]]]:
    """Hosts, each with what it may end as; their servers run until the stack is closed."""
    real = (host.address, host.port)
    number = 0

    def at(port: int) -> Target:
        nonlocal number
        number += 1
        return replace(host, instance_id=f"i-{number:08x}", address="127.0.0.1", port=port)

    yield at(stack.enter_context(bad_servers.unanswered())), {"timeout"}
    for data, then, outcomes in NONSENSE.values():
        yield at(stack.enter_context(bad_servers.saying(data, then))), outcomes
    for after in CUTS:
        for then, outcomes in (("silent", {"timeout"}), ("close", {"unreachable", "refused", "dropped"})):
            yield at(stack.enter_context(bad_servers.cut_off(real, after, then))), outcomes
    yield at(stack.enter_context(bad_servers.trickling(real, 0.01))), {"timeout"}
    yield at(1), {"unreachable"}


@pytest.mark.whole
@pytest.mark.parametrize("via", some(["paramiko", "openssh"], "openssh"))
def test_every_host_in_trouble_is_told_once_in_time(farm: Farm, host: Target, run: Run, via: str) -> None:
    # Every server of the farm is known wherever it is met: some of these lead to one.
    known = farm.folder / "known_everywhere"
    known.write_text(f"* {public_key(farm.host_key).text}\n")
    host = replace(host, known_hosts=(str(known),))
    with ExitStack() as stack:
        expected = {replace(target, via=via): outcomes for target, outcomes in troubled(host, stack)}
        targets = [*expected, replace(host, via=via)]
        start = time.monotonic()
        events = run(targets, "echo hi", fanout=16, connect_timeout=LIMIT, timeout=LIMIT + 0.5)
        wall = time.monotonic() - start
        done = {one.instance_id: one for one in endings(events)}
    assert Counter(one.instance_id for one in endings(events)) == Counter(target.instance_id for target in targets)
    wrong = {
        t.instance_id: (done[t.instance_id], o) for t, o in expected.items() if done[t.instance_id].outcome not in o
    }
    assert not wrong
    assert done[host.instance_id].outcome == "ok"
    assert output(events) == b"hi\n"
    assert exit_status(done.values()) == 255
    hanging = sum(one.outcome == "timeout" for one in done.values())
    # A host that is not left at its limit hangs for 30 s and more; what is added is for a busy machine.
    assert wall <= math.ceil(hanging / 16) * (LIMIT + 0.5) + 10


OLD = {
    "exchange": "KexAlgorithms diffie-hellman-group1-sha1",
    "cipher": "Ciphers aes128-cbc,3des-cbc",
    "mac": "Ciphers aes128-ctr\nMACs hmac-sha1,hmac-md5",
}


@pytest.mark.parametrize("more", OLD.values(), ids=OLD)
def test_a_server_with_only_old_algorithms_is_refused(farm: Farm, run: Run, more: str) -> None:
    (done,) = endings(run(farm.hosts(more=more)))
    assert done.outcome == "refused"
    assert "; through ssh: Unable to negotiate" in done.reason


MODERN = {
    "exchange": "KexAlgorithms sntrup761x25519-sha512@openssh.com",
    "cipher": "Ciphers chacha20-poly1305@openssh.com",
    "mac": "Ciphers aes256-ctr\nMACs umac-128-etm@openssh.com",
}


@pytest.mark.parametrize("more", MODERN.values(), ids=MODERN)
def test_a_server_that_only_ssh_agrees_with_is_reached_through_it_which_is_said(
    farm: Farm, run: Run, more: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (target,) = farm.hosts(more=more)
    events = run([target])
    assert output(events) == b"hi\n", endings(events)
    assert any("goes through ssh: key exchange failed" in one.says for one in events if isinstance(one, Notice))
    monkeypatch.setenv("PATH", "/nothing")
    (done,) = endings(run([target]))
    assert (done.outcome, "the ssh program may do it" in done.reason) == ("refused", True)


@pytest.mark.parametrize("via", ["paramiko", "openssh"])
def test_a_host_that_is_known_by_another_kind_of_key_is_another_one(farm: Farm, run: Run, via: str) -> None:
    (target,) = farm.hosts()
    other = public_key(key_pair(farm.folder / f"ecdsa-{via}", "ecdsa"))
    known = farm.folder / f"known-ecdsa-{via}"
    known.write_text(f"[{target.address}]:{target.port} {other.text}\n")
    for host_keys in ("strict", "accept-new"):
        (done,) = endings(run([replace(target, via=via, known_hosts=(str(known),))], host_keys=host_keys))
        assert (done.outcome, f"the one in {known}:1" in done.reason) == ("refused", True), done


@pytest.mark.parametrize("data", [b"", b"SSH-2.0-x\r\n"])
def test_a_host_that_falls_silent_because_it_was_terminated_is_gone(host: Target, data: bytes) -> None:
    with bad_servers.saying(data, "silent") as port:
        target = replace(host, address="127.0.0.1", port=port)
        events = fan_out([target], "echo hi", Options(connect_timeout=0.5), lambda _: None, lambda ids: ids)
        (done,) = endings([*events])
    assert (done.outcome, done.reason.startswith("terminated meanwhile (no ")) == ("gone", True), done


@pytest.mark.parametrize("via", ["paramiko", "openssh"])
def test_a_revoked_key_is_refused_though_it_is_known_too(farm: Farm, run: Run, via: str) -> None:
    mine = key_pair(farm.folder / f"revoked-{via}")
    (target,) = farm.hosts(host_keys=[mine])
    with open(target.known_hosts[0], "a") as file:  # noqa: PTH123
        file.write(f"@revoked * {public_key(mine).text}\n")
    (done,) = endings(run([replace(target, via=via)]))
    assert done.outcome == "refused"
    assert "revoked" in done.reason.lower() or "verification failed" in done.reason


def test_a_byte_at_a_time_comes_through(host: Target, run: Run) -> None:
    events = run([host], "for c in a b c; do printf $c; sleep 0.2; done")
    assert output(events) == b"abc"


@pytest.mark.parametrize("via", ["paramiko", "openssh"])
def test_bytes_that_are_no_text_come_through_untouched(host: Target, run: Run, via: str) -> None:
    every = bytes(n for n in range(256) if n != 10)
    octal = "".join(f"\\{n:03o}" for n in every)
    events = run([replace(host, via=via)], f"printf '{octal}'; printf '{octal}\\n' >&2")
    assert output(events).removesuffix(b"\n") == every
    assert output(events, "stderr") == every + b"\n"


@pytest.mark.parametrize("via", some(["paramiko", "openssh"], "paramiko"))
def test_a_host_that_never_stops_talking_is_left_in_time(host: Target, via: str) -> None:
    options, said, start = Options(timeout=1.0), 0, time.monotonic()
    for event in fan_out([replace(host, via=via)], f"yes {'x' * 200}", options, lambda _: None):
        if isinstance(event, Line):
            said += 1
            assert time.monotonic() < start + 30
            # A reader that is slower than the host: there is always more to take.
            time.sleep(0.00002)
        elif isinstance(event, HostDone):
            done = event
    assert said
    assert (done.outcome, done.reason) == ("timeout", "no end of the command within 1 s")


@settings(max_examples=examples(12), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.lists(st.binary(max_size=12).map(lambda data: data.replace(b"\0", b"")), min_size=20, max_size=80))
@pytest.mark.parametrize("via", some(["paramiko", "openssh"], "paramiko"))
def test_words_of_any_bytes_come_back_as_they_were(host: Target, run: Run, via: str, words: list[bytes]) -> None:
    sent = shlex.join(["printf", "%s\\0", *map(os.fsdecode, words)])
    assert output(run([replace(host, via=via)], sent)).removesuffix(b"\n") == b"".join(word + b"\0" for word in words)


@pytest.mark.parametrize("via", ["paramiko", "openssh"])
@pytest.mark.parametrize("command", ["echo a\0; rm b", "echo \ud800", "echo \udc00x", "echo \U0001f600\udfff"])
def test_what_no_command_line_can_hold_is_refused_before_anybody_is_reached(
    host: Target, run: Run, via: str, command: str
) -> None:
    with pytest.raises(UsageError, match="holds a NUL or half a character"):
        run([replace(host, via=via, port=1)], command)
