"""What guards a plan while it is carried out: read before each write and at each poll, it ends the run."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from udo.change.conditions import brief, is_open, known_pairs, known_part, resolve
from udo.change.events import Progress
from udo.change.plan import Wait
from udo.change.waiting import Poll, Silence
from udo.errors import CredentialsError, GuardRaised, Interrupted, LostAnswer, Refused, UdoError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from udo.aws import Aws
    from udo.change.plan import Call, Guard
    from udo.change.tools import Tools
    from udo.change.waiting import Clock


class Guarding:
    """The guards of one run of a plan; `lifted` they are read no more."""

    def __init__(self, guards: Sequence[Guard], tools: Tools) -> None:
        self._guards = guards
        self._read = tools.read
        self._silence = Silence(tools.emit)
        self.lifted = False

    def look(self, known: Mapping[str, Any], *, begun: bool) -> None:
        """Reads them. Once the change has `begun`, what cannot be read is told, and no more.

        Raises: GuardRaised where one is bad, Refused before the change has begun; Refused for what cannot be read then.
        """
        for guard in () if self.lifted else self._guards:
            try:
                found = self._read(resolve(guard.read, known))
                if not (guard.bad or isinstance(found, str)):
                    raise LostAnswer(f"{guard.says}: unknown, what it names is not all there any more")
            except CredentialsError:
                raise
            except UdoError as error:
                if not begun:
                    told = f"{guard.says} cannot be read: {error.message}"
                    raise Refused(told, hint=error.hint or "nothing was changed") from error
                self._silence.tell(error)
                continue
            self._silence.ended()
            if found in guard.bad or (found and not guard.bad):
                told = f"{guard.says}: {brief(found)}"
                if begun:
                    raise GuardRaised(told, state=found, hint=guard.remedy or None)
                raise Refused(told, hint=guard.remedy or "nothing was changed")


def was_made(step: Call | Wait, known: Mapping[str, Any]) -> bool:
    """Whether all that a step of a way back is about is known, for it was made."""
    if isinstance(step, Wait):
        return not is_open(known_part(step.read, known))
    return not is_open([known_part(step.params, known), *known_pairs(step.expect, known)])


def last_look(back: Iterable[Call | Wait], known: Mapping[str, Any], tools: Tools) -> tuple[Poll | None, bool]:
    """How that stands which a way back waits for, None where it is unknown; and whether it has ended."""
    for wait in (one for one in back if isinstance(one, Wait)):
        with suppress(UdoError, Interrupted):
            found = tools.watching(replace(wait, read=resolve(wait.read, known))).poll()
            return found, found.state in (*wait.success, *wait.failure)
    return None, False


class Quiet:
    """Watches for nothing but time: what must not happen meanwhile guards the wait."""

    def __init__(self, _aws: Aws, _wait: Wait, _clock: Clock) -> None:
        pass

    def poll(self) -> Poll:
        """That nothing has happened."""
        return Poll("quiet", (Progress("no alarm so far"),))
