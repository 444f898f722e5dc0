"""Telling Slack: once, over https, to one host, for three seconds at most, whatever the other end does."""

from __future__ import annotations

import threading
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from listener import listening, status

from udo.notify import Post, Webhook, posted, tell


def test_the_text_is_posted_with_who_says_it_where(tmp_path: Path) -> None:
    with listening(tmp_path, status(200)) as slack:
        webhook = Webhook(slack.url, username="udo", channel="#ops", icon_emoji=":ship:")
        assert tell(webhook, "deployed", context=slack.context) is None
    assert slack.posted == [{"text": "deployed", "username": "udo", "channel": "#ops", "icon_emoji": ":ship:"}]


def test_what_means_something_to_slack_is_escaped(tmp_path: Path) -> None:
    with listening(tmp_path, status(200)) as slack:
        tell(Webhook(slack.url), "<!channel> a & b\x1b[31m\nforged", context=slack.context)
    assert slack.posted == [{"text": "&lt;!channel&gt; a &amp; b [31m forged"}]


@pytest.mark.parametrize("code", [400, 404, 500])
def test_a_refusal_is_named_and_does_not_raise(tmp_path: Path, code: int) -> None:
    with listening(tmp_path, status(code)) as slack:
        assert tell(Webhook(slack.url), "x", context=slack.context) == f"it was answered with HTTP {code}"
    assert len(slack.posted) == 1


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(tmp_path: Path, code: int) -> None:
    (tmp_path / "other").mkdir()
    with (
        listening(tmp_path / "other", status(200)) as other,
        listening(tmp_path, status(code, Location=other.url)) as slack,
    ):
        assert tell(Webhook(slack.url), "x", context=slack.context) == f"it was answered with HTTP {code}"
    assert other.posted == []


def test_a_certificate_nobody_vouches_for_is_not_spoken_to(tmp_path: Path) -> None:
    with listening(tmp_path, status(200)) as slack:
        told = tell(Webhook(slack.url), "x")
    assert told is not None
    assert "CERTIFICATE_VERIFY_FAILED" in told
    assert slack.posted == []


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/CANARY", "file:/etc/CANARY", "ftp://127.0.0.1/CANARY", "CANARY"])
def test_nothing_but_https_is_used(url: str) -> None:
    assert tell(Webhook(url), "x") == "slack.url does not begin with https://"


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1:1/CANARY", "https://127.0.0.1:99999/CANARY", "https://CANARY\n/", "https://"]
)
def test_no_failure_names_the_address(url: str) -> None:
    told = tell(Webhook(url), "x")
    assert told
    assert "CANARY" not in told
    assert "CANARY" not in repr(Webhook(url))


def test_an_answer_that_drips_is_given_up_in_time(tmp_path: Path) -> None:
    left = threading.Event()

    def drip(handler: BaseHTTPRequestHandler) -> None:
        for byte in b"HTTP/1.1 200 OK and more":
            handler.wfile.write(bytes([byte]))
            if left.wait(0.1):
                return

    with listening(tmp_path, drip) as slack:
        before = {thread.ident for thread in threading.enumerate()}
        begun = time.monotonic()
        assert tell(Webhook(slack.url), "x", context=slack.context, seconds=0.3) == "no answer within the time allowed"
        assert time.monotonic() - begun < 2
        left.set()
    for thread in threading.enumerate():
        if thread.ident not in before:
            thread.join()


def test_a_huge_answer_is_not_read(tmp_path: Path) -> None:
    def flood(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        for _ in range(10_000):
            handler.wfile.write(bytes(100_000))

    with listening(tmp_path, flood) as slack:
        assert tell(Webhook(slack.url), "x", context=slack.context) is None


def test_those_who_listen_badly_take_no_longer_together_than_one(tmp_path: Path) -> None:
    left = threading.Event()
    with listening(tmp_path, lambda _handler: left.wait(10) and None) as slow:
        begun = time.monotonic()
        posts = [Post(str(number), "url", slow.url, {}) for number in range(5)]
        assert posted(posts, slow.context, 0.3) == ["no answer within the time allowed"] * 5
        assert time.monotonic() - begun < 1.2
        left.set()
    assert "CANARY" not in repr(posts)
