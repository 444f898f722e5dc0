"""Open a front door for people without an AWS account: stacks, states and verbs over HTTP, with keys."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from udo import duration
from udo.errors import Refused, UdoError, UsageError
from udo.result import Column, Result

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from udo.serve.keys import Key, Keys
    from udo.serve.orders import Option
    from udo.session import Session

COLUMNS = (
    Column("name", "KEY"),
    Column("allow", "ALLOWS", least=12),
    Column("stacks", "STACKS", rank=1),
    Column("made", "MADE", rank=2),
    Column("expires", "EXPIRES"),
)
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_EXTRA = "in a clone of Udo: pip install '.[serve]'"


@click.group(invoke_without_command=True)
@click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="Where to listen.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8080, show_default=True, metavar="PORT", help="0 takes a free one."
)
@click.option("--allow-host", "hosts", multiple=True, metavar="NAME", help="A name it is asked by (repeatable).")
@click.option("--tls", nargs=2, metavar="CERTIFICATE KEY", help="Answer by HTTPS, with these files.")
@click.option("--behind-proxy", is_flag=True, help="A proxy of yours in front of it does HTTPS.")
@click.pass_obj
def command(
    session: Session, /, host: str, port: int, hosts: Sequence[str], tls: Sequence[str] | None, behind_proxy: bool
) -> None:
    """Answer requests of people who have a key, until Ctrl-C; see `udo serve key`.

    What they ask becomes command lines of Udo, run here with your credentials and your udo.yml, within what their key
    allows: stacks that may be ordered, the state of clusters, and verbs.

    \b
    udo serve key add desk --allow stacks:create,stacks:state,status --stacks 'shop-review-*' --expires 90d
    udo serve
    curl -H "x-api-key: KEY" http://127.0.0.1:8080/status
    """
    _check_address(host, tls, behind_proxy=behind_proxy)
    try:
        from udo.serve import server
        from udo.serve.all import made
    except ImportError as error:
        raise UdoError(f"the front door needs {error.name}", hint=_EXTRA) from error
    certificate = (tls[0], tls[1]) if tls else None
    if certificate:
        server.check(certificate)
    # A udo.yml that cannot be read is told now, and not to the first who asks.
    _ = session.config
    root = click.get_current_context().find_root().command
    names = {name.lower() for name in (*_LOOPBACK, host, *hosts)}
    door, app = made(session, _keys(), _verbs(), partial(options, root), names, is_behind_proxy=behind_proxy)
    try:
        at = server.listen(host, port)
    except OSError as error:
        raise UdoError(
            f"{host}:{port}: {error.strerror or error}", hint="--port takes another, 0 a free one"
        ) from error
    scheme, shown = ("https" if tls else "http"), f"[{host}]" if ":" in host else host
    session.output.say(f"the front door is at {scheme}://{shown}:{at.getsockname()[1]}/; Ctrl-C ends it")
    if not _keys().all():
        session.output.say("there is no key yet: udo serve key add NAME --allow status")
    server.serve(app, at, door.runs, certificate)


@command.group()
def key() -> None:
    """Make, list, rotate and revoke keys.

    What opens is shown once; only its digest is kept here.
    """


@key.command()
@click.argument("name")
@click.option("--allow", multiple=True, metavar="WORDS", help="What it may do, with commas: stacks:create,status ..")
@click.option(
    "--stacks", multiple=True, metavar="PATTERNS", help="The stacks it may be asked of, by their names in AWS."
)
@click.option("--expires", metavar="TIME", help="How long it opens: 90d (default: until it is revoked).")
def add(name: str, allow: Sequence[str], stacks: Sequence[str], expires: str | None) -> Result:
    """Make a key, and print it; that is the only time it is shown.

    Words: stacks:list, stacks:state, stacks:events, stacks:create, stacks:update, stacks:delete, status, runs:VERB,
    and runs:protected for roles and stacks that udo.yml protects.

    \b
    udo serve key add desk --allow stacks:create,stacks:state,status --stacks 'shop-review-*' --expires 90d
    """
    from udo.serve.scopes import scope

    secret = _keys().add(name, scope(allow, stacks, _verbs()), _until(expires))
    return _secret(name, secret)


@key.command("list")
def list_() -> Result:
    """Show the keys there are, without what opens."""
    now = time.time()
    rows = [_row(one, now) for one in _keys().all()]
    return Result(
        rows, COLUMNS, rows, notes=() if rows else ("there is no key: udo serve key add NAME --allow status",)
    )


@key.command()
@click.argument("name")
@click.option("--expires", metavar="TIME", help="How long the new one opens (default: as long as the old one).")
def rotate(name: str, expires: str | None) -> Result:
    """Put another secret in the place of a key's, and print it; the old one opens nothing from now on."""
    return _secret(name, _keys().rotate(name, _until(expires)))


@key.command()
@click.argument("name")
def revoke(name: str) -> Result:
    """Delete a key: it opens nothing from now on."""
    return Result({"name": _keys().revoke(name).name, "revoked": True}, notes=(f"key {name} opens nothing any more",))


def _check_address(host: str, tls: object, *, behind_proxy: bool) -> None:
    if tls and behind_proxy:
        raise UsageError("--tls and --behind-proxy exclude each other", hint="choose one")
    if host not in _LOOPBACK and not tls and not behind_proxy:
        raise Refused(
            f"keys would pass {host} unencrypted",
            hint="give --tls CERTIFICATE KEY, or --behind-proxy where one does it",
        )


def _keys() -> Keys:
    from udo.serve import keys

    try:
        return keys.Keys(keys.file())
    except OSError as error:
        raise UdoError(f"{error.filename}: {error.strerror}") from error


def _until(expires: str | None) -> float | None:
    return None if expires is None else time.time() + duration.given(expires)


def _secret(name: str, secret: str) -> Result:
    return Result({"name": name, "key": secret}, text=secret, notes=(f"this is key {name}: it is shown this once",))


def _row(one: Key, now: float) -> dict[str, Any]:
    return {
        "name": one.name,
        "allow": list(one.scope.allow),
        "stacks": list(one.scope.stacks),
        "made": _day(one.made),
        "expires": None if one.expires is None else "expired" if one.is_expired(now) else _day(one.expires),
    }


def _day(when: float) -> str:
    return datetime.fromtimestamp(when, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _verbs() -> list[str]:
    ctx = click.get_current_context().find_root()
    return ctx.command.list_commands(ctx) if isinstance(ctx.command, click.Group) else []


def options(root: click.Command, verb: str) -> Mapping[str, Option] | None:
    """The options of a verb, or of a verb's own verb, by their long names; None where there is none."""
    from udo.serve.orders import Option

    ctx, found = click.Context(root), root
    for word in verb.split():
        below = found.get_command(ctx, word) if isinstance(found, click.Group) else None
        if below is None:
            return None
        found = below
    known = {}
    for param in (one for one in found.params if isinstance(one, click.Option) and not one.hidden):
        for name in param.opts:
            if name.startswith("--"):
                off = next((one for one in param.secondary_opts if one.startswith("--")), "")
                known[name[2:]] = Option(name[2:], param.is_flag, param.multiple, _is_local(param), off)
    return known


# Those that choose whose credentials, which udo.yml and which answers are the server's to choose.
_OWN = frozenset({"config", "profile", "output", "debug", "sandbox", "color", "wide", "verbose", "quiet"})


def _is_local(param: click.Option) -> bool:
    words = set((param.metavar or "").replace("=", " ").split())
    is_path = isinstance(param.type, click.Path | click.File) or bool(words & {"FILE", "DIR", "PATH", "FOLDER"})
    return is_path or param.name in _OWN
