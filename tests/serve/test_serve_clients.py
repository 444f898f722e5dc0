"""Clients that are slow, cut off, many, or in disguise do not hold the front door up."""

from __future__ import annotations

import socket
import ssl
import subprocess
import time
import urllib.request
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from conftest import Front, opened


def connected(front: Front) -> socket.socket:
    return socket.create_connection(("127.0.0.1", front.port), timeout=60)


@pytest.mark.whole
@pytest.mark.parametrize("sent", [b"", b"GET /status HTTP/1.1\r\nHost: 127.0.0.1\r\nx-api-k"])
def test_a_connection_without_a_whole_request_is_ended(front: Front, sent: bytes) -> None:
    with closing(connected(front)) as stuck:
        stuck.sendall(sent)
        begun = time.monotonic()
        while stuck.recv(4096):
            pass
        assert 10 < time.monotonic() - begun < 40
    assert front("/healthz").status == 200


@pytest.mark.whole
def test_a_body_that_does_not_come_is_waited_for_so_long(front: Front) -> None:
    head = f"POST /create HTTP/1.1\r\nHost: 127.0.0.1\r\nx-api-key: {front.key}\r\nContent-Length: 100\r\n\r\n{{"
    with closing(connected(front)) as slow:
        slow.sendall(head.encode())
        assert slow.recv(4096).startswith(b"HTTP/1.1 408 ")


@pytest.mark.whole
def test_many_connections_that_do_nothing_leave_room_for_one_that_asks(front: Front) -> None:
    with ExitStack() as stack:
        for _ in range(300):
            stack.enter_context(closing(connected(front)))
        assert front("/healthz").status == 200


@pytest.mark.whole
def test_a_client_that_leaves_in_the_middle_of_events_is_let_go(front: Front, world: Any) -> None:
    assert front.ended(front("/create", {"stack": "review", "parameters": {"branch": "a"}}))["state"] == "succeeded"
    with urllib.request.urlopen(
        urllib.request.Request(f"http://127.0.0.1:{front.port}/events/shop-review-a", headers={"x-api-key": front.key}),
        timeout=60,
    ) as events:
        told = events.read()
    assert told.startswith(b"event: state\ndata: {")
    # Nothing is under way: that is all there is.
    assert told.endswith(b"event: end\ndata: {}\n\n")


@pytest.mark.whole
def test_a_key_passes_a_network_by_https_alone(served_world: Any, seeded: Any, tmp_path: Path) -> None:
    seeded("clusters: {prod: {roles: {web: {ami: ami-0c2644caf041bb6de}}}}\nregion: us-west-2\n")
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem"]
    subprocess.run([*made, "-days", "2", "-subj", "/CN=localhost"], check=True, capture_output=True)
    with opened("--host", "0.0.0.0", "--tls", "cert.pem", "key.pem") as front:
        trusted = ssl.create_default_context(cafile="cert.pem")
        trusted.check_hostname = False
        url = f"https://127.0.0.1:{front.port}/healthz"
        with urllib.request.urlopen(url, context=trusted, timeout=60) as answer:
            assert answer.status == 200


@pytest.mark.parametrize(
    ("words", "exit", "says"),
    [
        (("--host", "0.0.0.0"), 7, "keys would pass 0.0.0.0 unencrypted: give --tls CERTIFICATE KEY"),
        (("--tls", "a", "b", "--behind-proxy"), 2, "exclude each other"),
        (("--tls", "nowhere.pem", "nowhere.pem", "--port", "0"), 1, "nowhere.pem"),
        (("--tls", "udo.yml", "udo.yml", "--port", "0"), 1, "udo.yml udo.yml: they are no certificate and its key"),
        (("--host", "192.0.2.1", "--behind-proxy"), 1, "192.0.2.1:8080"),
        (("--port", "70000"), 2, "70000"),
    ],
)
def test_a_server_that_cannot_be_is_refused_in_one_line(
    seeded: Any, udo: Any, words: tuple[str, ...], exit: int, says: str
) -> None:
    Path("udo.yml").write_text("clusters: {prod: {roles: {web: {}}}}\n")
    done = udo("serve", *words)
    assert (done.exit, done.stderr.count("\n")) == (exit, 1), done.stderr
    assert says in done.stderr
