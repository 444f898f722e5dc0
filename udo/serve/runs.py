"""Changes under way: each a command line at work, which can be asked about while it runs and for a while after."""

from __future__ import annotations

import asyncio
import secrets
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from udo.serve.child import Child

# Runs at once, and those that are remembered after their end.
AT_ONCE, _REMEMBERED = 8, 200
# Seconds that runs have to end once they were told to.
_LAST = 4.0


class Run:
    """One run: whose it is, what was asked, and how it stands."""

    def __init__(self, key: str, child: Child, stack: str | None) -> None:
        self.id = secrets.token_hex(8)
        self.key = key
        self.child = child
        self.stack = stack

    @property
    def state(self) -> str:
        """Running, succeeded or failed."""
        if self.child.document is None:
            return "running"
        return "succeeded" if self.child.document["ok"] else "failed"

    def row(self) -> dict[str, Any]:
        """What is told of it."""
        document = self.child.document
        data = (document or {}).get("data")
        return {
            "id": self.id,
            "command": " ".join(self.child.words),
            "by": self.key,
            "stack": self.stack,
            "state": self.state,
            "exit": self.child.exit,
            "steps": data.get("steps") if isinstance(data, dict) else None,
            "output": list(self.child.lines),
            "document": document,
        }


class Runs:
    """All runs; `work` carries one child out and gives its document."""

    def __init__(self, work: Callable[[Child], Awaitable[dict[str, Any]]]) -> None:
        self._work = work
        self._runs: OrderedDict[str, Run] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()
        self._ending = False

    def get(self, run_id: str) -> Run | None:
        """The run of that id, while it is remembered."""
        return self._runs.get(run_id)

    @property
    def is_full(self) -> bool:
        """Whether no other run may begin now."""
        return self._ending or len(self._tasks) >= AT_ONCE

    def begin(self, key: str, child: Child, stack: str | None = None) -> Run:
        """Begins a run."""
        run = Run(key, child, stack)
        self._runs[run.id] = run
        while len(self._runs) > _REMEMBERED + AT_ONCE:
            oldest = next(name for name, one in self._runs.items() if one.state != "running")
            del self._runs[oldest]
        task = asyncio.ensure_future(self._carry_out(run))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return run

    async def end(self) -> None:
        """Ends all as a Ctrl-C would; those that do not end in time are killed."""
        self._ending = True
        running = [run.child for run in self._runs.values() if run.state == "running"]
        for child in running:
            child.interrupt()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=_LAST)
            for child in running if late else ():
                child.kill()

    async def _carry_out(self, run: Run) -> None:
        await self._work(run.child)
