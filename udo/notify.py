"""Tells others of a change, over https: it never raises, never repeats and never names an address: those are secret."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from udo.errors import UdoError
from udo.frozen import frozen

if TYPE_CHECKING:
    from ssl import SSLContext

    from udo.config import Role
    from udo.session import Session

SECONDS = 3.0
_SLACK = ("slack.url", "slack.username", "slack.channel", "slack.icon_emoji")


@frozen
class News:
    """What others are told of a change: `outcome` is start, success or failure, `text` says it all in one line.

    `message` is how it ended, `exit` its exit code (None at the start), `reason` the operator's own words.
    """

    verb: str
    target: str
    run: str
    outcome: str
    text: str
    operator: str
    message: str = ""
    exit: int | None = None
    reason: str = ""

    def document(self) -> dict[str, Any]:
        """It as data."""
        return {
            "udo": 1,
            "verb": self.verb,
            "target": self.target,
            "run": self.run,
            "outcome": self.outcome,
            "exit": self.exit,
            "message": self.message or None,
            "reason": self.reason or None,
            "operator": self.operator,
        }


@frozen
class Webhook:
    """An incoming webhook of Slack's, and under which name, in which channel and with which picture to speak."""

    url: str
    username: str | None = None
    channel: str | None = None
    icon_emoji: str | None = None

    def __repr__(self) -> str:
        return "Webhook(...)"


def announced(session: Session, role: Role, news: News) -> list[str]:
    """Which of those whom udo.yml names for the role were not told, and why, a line each."""
    unheard: list[str] = []
    posts: list[Post] = []
    for wanted in (_to_slack, _to_each):
        try:
            posts += wanted(session, role, news)
        except UdoError as error:
            key = "slack.url" if wanted is _to_slack else "notify"
            unheard.append(f"{key} is unknown: {error.message}")
    whys = posted(posts)
    return unheard + [f"{post.whom} was not notified: {why}" for post, why in zip(posts, whys, strict=True) if why]


def tell(webhook: Webhook, text: str, *, context: SSLContext | None = None, seconds: float = SECONDS) -> str | None:
    """Posts the text; returns why it was not taken, or None. `context` stands in for the system's certificates."""
    return posted([Post("Slack", "slack.url", webhook.url, payload(webhook, text))], context, seconds)[0]


def payload(webhook: Webhook, text: str) -> Mapping[str, str]:
    """What is posted; what has a meaning for Slack is escaped in the text.

    Source: docs.slack.dev, "Formatting message text": & < > are the characters to escape.
    """
    plain = "".join(char if char.isprintable() else " " for char in text)
    escaped = plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    about = {"username": webhook.username, "channel": webhook.channel, "icon_emoji": webhook.icon_emoji}
    return {"text": escaped} | {name: value for name, value in about.items() if value}


@frozen
class Post:
    """What is posted to whom; `key` names where the address stands, never the address."""

    whom: str
    key: str
    url: str
    body: Mapping[str, Any]

    def __repr__(self) -> str:
        return f"Post({self.whom!r})"


def _to_slack(session: Session, role: Role, news: News) -> Iterator[Post]:
    role = session.resolve(role, *_SLACK) if role.lookups(*_SLACK) else role
    if url := session.setting(role, "slack.url"):
        session.output.hide(url)
        about = {name: role.get(f"slack.{name}") for name in ("username", "channel", "icon_emoji")}
        body = payload(Webhook(url, **about), session.output.masked(news.text))
        yield Post("Slack", "slack.url", url, body)


def _to_each(session: Session, role: Role, news: News) -> Iterator[Post]:
    role = session.resolve(role, "notify") if role.lookups("notify") else role
    for number, row in enumerate(session.setting(role, "notify") or (), 1):
        is_wanted = news.outcome in row.get("on", (news.outcome,)) and news.verb in row.get("verbs", (news.verb,))
        # An address from a variable may be empty: then there is nobody to tell.
        if is_wanted and row.get("url"):
            session.output.hide(row["url"])
            whom = f"number {number} of notify ({role.where('notify')})"
            yield Post(whom, "its url", row["url"], session.output.masked(news.document()))


def posted(posts: Sequence[Post], context: SSLContext | None = None, seconds: float = SECONDS) -> list[str | None]:
    """Posts them all at the same time; why each was not taken, or None."""
    until = time.monotonic() + seconds
    return [outcome(until) for outcome in [_begun(post, context, seconds) for post in posts]]


def _begun(post: Post, context: SSLContext | None, seconds: float) -> Callable[[float], str | None]:
    """Begins to post; what it returns waits for how that ends, up to a moment."""
    if not post.url.lower().startswith("https://"):
        return lambda _until: f"{post.key} does not begin with https://"
    outcome = ["no answer within the time allowed"]
    # Only a thread bounds the whole: sockets have a timeout for each read, and looking up a name has none.
    worker = threading.Thread(target=_post, args=(post.url, post.body, context, seconds, outcome), daemon=True)

    def ended(until: float) -> str | None:
        worker.join(max(0.0, until - time.monotonic()))
        return outcome[0] or None

    try:
        worker.start()
    except RuntimeError:
        return lambda _until: "no thread can be started"
    return ended


def _post(url: str, body: Mapping[str, Any], context: SSLContext | None, seconds: float, outcome: list[str]) -> None:
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
