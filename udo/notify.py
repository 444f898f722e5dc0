"""Tells a Slack channel what was done; it never raises, never repeats and never names the webhook."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from udo.errors import UdoError

if TYPE_CHECKING:
    from ssl import SSLContext

    from udo.config import Role
    from udo.session import Session

SECONDS = 3.0
_KEYS = ("slack.url", "slack.username", "slack.channel", "slack.icon_emoji")


@dataclass(frozen=True)
class Webhook:
    """An incoming webhook of Slack's, and under which name, in which channel and with which picture to speak."""

    url: str
    username: str | None = None
    channel: str | None = None
    icon_emoji: str | None = None

    def __repr__(self) -> str:
        return "Webhook(...)"


def announced(session: Session, role: Role, text: str) -> str | None:
    """Why the channel that udo.yml names for the role was not told; None where it was, or where there is none."""
    try:
        role = session.resolve(role, *_KEYS) if role.lookups(*_KEYS) else role
        url = session.setting(role, "slack.url")
    except UdoError as error:
        return f"slack.url is unknown: {error.message}"
    if not url:
        return None
    about = {name: role.get(f"slack.{name}") for name in ("username", "channel", "icon_emoji")}
    return tell(Webhook(url, **about), session.output.masked(text))


def tell(webhook: Webhook, text: str, *, context: SSLContext | None = None, seconds: float = SECONDS) -> str | None:
    """Posts the text; returns why it was not taken, or None. `context` stands in for the system's certificates."""
    if not webhook.url.lower().startswith("https://"):
        return "slack.url does not begin with https://"
    outcome = ["no answer within the time allowed"]
    arguments = (webhook.url, payload(webhook, text), context, seconds, outcome)
    # Only a thread bounds the whole: sockets have a timeout for each read, and looking up a name has none.
    worker = threading.Thread(target=_post, args=arguments, daemon=True)
    try:
        worker.start()
    except RuntimeError:
        return "no thread can be started"
    worker.join(seconds)
    return outcome[0] or None


def payload(webhook: Webhook, text: str) -> Mapping[str, str]:
    """What is posted; what has a meaning for Slack is escaped in the text.

    Source: docs.slack.dev, "Formatting message text": & < > are the characters to escape.
    """
    plain = "".join(char if char.isprintable() else " " for char in text)
    escaped = plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    about = {"username": webhook.username, "channel": webhook.channel, "icon_emoji": webhook.icon_emoji}
    return {"text": escaped} | {name: value for name, value in about.items() if value}


def _post(url: str, body: Mapping[str, str], context: SSLContext | None, seconds: float, outcome: list[str]) -> None:
    import json
    import ssl
    import urllib.error
    import urllib.request

    class Straight(urllib.request.HTTPRedirectHandler):
        """A redirect is an answer like any other: what was meant for one host is not told to another."""

        def redirect_request(self, *_: Any) -> None:
            return None

    try:
        opener = urllib.request.build_opener(
            Straight, urllib.request.HTTPSHandler(context=context or ssl.create_default_context())
        )
        request = urllib.request.Request(  # noqa: S310 - the caller takes nothing but https
            url, json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with opener.open(request, timeout=seconds):
            outcome[0] = ""
    except urllib.error.HTTPError as error:
        with error:
            outcome[0] = f"it was answered with HTTP {error.code}"
    except urllib.error.URLError as error:
        outcome[0] = f"it cannot be reached ({getattr(error.reason, 'strerror', None) or type(error.reason).__name__})"
    except Exception as error:
        # The text of other errors may hold the address, which is a secret.
        outcome[0] = f"it cannot be reached ({type(error).__name__})"
