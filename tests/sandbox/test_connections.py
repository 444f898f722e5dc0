"""Connections to the sandbox stay, as those to AWS do, for as long as both sides hold to what they say."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from contextlib import closing

import pytest

from udo.sandbox.transports import Server
from udo.sandbox.world import World

_QUERY = "Action=GetCallerIdentity&Version=2011-06-15"
_SIGNED = {
    "Authorization": "AWS4-HMAC-SHA256 Credential=AKIA/20261120/us-east-1/sts/aws4_request, "
    "SignedHeaders=host, Signature=0",
    "Content-Type": "application/x-www-form-urlencoded",
}


@pytest.fixture
def connection(world: World) -> Iterator[http.client.HTTPConnection]:
    with world.serve() as server, closing(_to(server)) as made:
        yield made


def _to(server: Server) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)


def _asked(connection: http.client.HTTPConnection, body: str = _QUERY, **headers: str) -> tuple[int, bytes]:
    connection.request("POST", "/", body, _SIGNED | headers)
    answer = connection.getresponse()
    return answer.status, answer.read()


def test_one_connection_takes_request_after_request(connection: http.client.HTTPConnection) -> None:
    connection.connect()
    kept = connection.sock
    for _ in range(3):
        status, told = _asked(connection)
        assert status == 200
        assert b"<GetCallerIdentityResult>" in told
        assert connection.sock is kept


def test_what_is_left_of_a_body_is_not_taken_for_the_next_request(connection: http.client.HTTPConnection) -> None:
    # No operation reads it.
    refused, _ = _asked(connection, "Action=NoSuchThing&" + "x" * 100_000)
    assert refused >= 400
    assert _asked(connection)[0] == 200


def test_a_body_without_a_length_ends_its_connection(connection: http.client.HTTPConnection) -> None:
    connection.request("POST", "/", iter([_QUERY.encode()]), _SIGNED, encode_chunked=True)
    answer = connection.getresponse()
    answer.read()
    assert answer.headers["Connection"] == "close"


def test_connections_that_stay_do_not_keep_the_server_from_ending(world: World) -> None:
    with world.serve() as server:
        idle = [_to(server) for _ in range(5)]
        for connection in idle:
            assert _asked(connection)[0] == 200
    for connection in idle:
        with closing(connection):
            assert connection.sock.recv(1) == b""
