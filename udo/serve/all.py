"""Puts the front door together for one session: its paths behind its guard."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import time
from glob import escape
from typing import TYPE_CHECKING, Any

from udo.change.journal import Journal
from udo.config import load
from udo.config.stacks import known
from udo.errors import UdoError
from udo.files import write_private
from udo.selectors import roles_to_change
from udo.serve import keys
from udo.serve.door import Door
from udo.serve.guard import Guard
from udo.serve.limits import Strangers, Window
from udo.serve.orders import Meant, Orders

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from pathlib import Path

    from starlette.types import ASGIApp

    from udo.config import Config
    from udo.serve.child import Child
    from udo.serve.keys import Keys
    from udo.serve.orders import Option
    from udo.session import Session

# Command lines at once, those that only read included.
_AT_ONCE = 12
# What holds no data, and needs no key.
OPEN = frozenset({"/", "/docs", "/docs.css", "/healthz", "/openapi.json"})


def made(
    session: Session,
    opened: Keys,
    verbs: Collection[str],
    options: Callable[[str], Mapping[str, Option] | None],
    hosts: Collection[str],
    *,
    is_behind_proxy: bool,
) -> tuple[Door, ASGIApp]:
    """The door and the application that answers through it; `hosts` are the names it is asked by.

    Behind a proxy, addresses are those that it says.
    """
    configuration = _Configuration(session)
    orders = Orders(verbs, options, configuration.is_protected, configuration.meant, configuration.templates)
    slots = asyncio.Semaphore(_AT_ONCE)
    before = _before(session)

    async def work(child: Child) -> dict[str, Any]:
        async with slots:
            path = configuration.path if child.stacks is None else _beside(configuration.path, child.stacks)
            return await child.run(["--config", str(path), *before], {"UDO_OUTPUT": "", "NO_COLOR": "1"})

    door = Door(work, orders, time.monotonic)
    window, strangers = Window(time.monotonic), Strangers(time.monotonic)
    journal = Journal({"run": session.run_id, "command": "serve"}, session.output.say)

    def note(key: str | None, method: str, path: str, status: int) -> None:
        if path != "/healthz":
            journal.record(f"{method} {path[:200]}", str(status), key or "no key")

    return door, Guard(door.app(), opened, hosts, window, strangers, OPEN, time.time, note, is_behind_proxy)


def _before(session: Session) -> list[str]:
    """The global options that this server was begun with, for the command lines it runs."""
    options = session.options
    told = ["--profile", options.profile] if options.profile else []
    told += ["--region", options.region] if options.region else []
    return [*told, *(["--sandbox"] if options.sandbox else [])]


def _beside(path: Path, stacks: Mapping[str, Any]) -> Path:
    """A udo.yml that has these stacks besides; the same one for the same order, so that it can be carried on."""
    text = json.dumps({"include": [escape(str(path))], "stacks": stacks}, indent=2)
    folder = keys.file().with_name("orders")
    folder.mkdir(mode=0o700, exist_ok=True)
    made = folder / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.yml"
    write_private(made, text)
    return made


class _Configuration:
    """What udo.yml says, as it stands now."""

    def __init__(self, session: Session) -> None:
        self.path = session.config.file.absolute()
        self._seen: tuple[int, int] | None = None
        self._config = session.config

    def _now(self) -> Config:
        found = self.path.stat()
        seen = (found.st_mtime_ns, found.st_size)
        if seen != self._seen:
            self._config, self._seen = load(self.path, os.environ), seen
        return self._config

    def is_protected(self, verb: str, words: Sequence[str]) -> bool:
        """Whether a role that these words after a verb name is protected; any, where they name none."""
        config = self._now()
        try:
            roles, _ = roles_to_change(config, words)
        except UdoError:
            roles = tuple(role for cluster in config.clusters.values() for role in cluster.roles.values())
        return any(role.protects(verb) for role in roles)

    def meant(self, word: str, params: Mapping[str, str], how: str) -> Meant:
        """The stack that a word means: one of udo.yml, or one that is called so in AWS. Raises: UdoError."""
        config = self._now()
        if found := known(config, word, params):
            return Meant(found.name, True, found.base.protects(f"stack {how}"))
        # What udo.yml does not know is nobody's, and as protected as all that is said at its top.
        said = config.get("protected")
        return Meant(word, False, f"stack {how}" in said if isinstance(said, list) else bool(said))

    def templates(self) -> Sequence[str]:
        """The beginnings of URLs of templates that may be used."""
        config = self._now()
        bucket, region = config.get("stack_bucket"), config.get("region")
        own = (f"https://{bucket}.s3.{region}.amazonaws.com/",) if bucket and region else ()
        return (*(config.get("serve.template_urls") or ()), *own)
