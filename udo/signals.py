"""What a signal does: it is noted and never forgotten, looked at before every call and step, and ends every wait."""

from __future__ import annotations

# Not `signal`, which makes its numbers an enum of Python's: what comes before the handlers cannot be interrupted well.
import _signal  # type: ignore[import-not-found]
import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType, TracebackType
    from typing import Any

    from udo.errors import Interrupted

# Ctrl-C, the end that others ask for, and the terminal that goes away.
_NUMBERS = (_signal.SIGINT, _signal.SIGTERM, _signal.SIGHUP)

# The longest that a sleep goes on which has begun a moment after a signal.
_NAP = 0.5


class _State:
    """The signals noted so far, how many of them are endured now, and whether the main thread only waits."""

    noted: list[int]
    answered: int
    putting_back: bool
    waiting: bool
    patience: int
    before: list[tuple[int, Any]] | None

    def __init__(self) -> None:
        self.before = None
        self.forget()

    def forget(self) -> None:
        self.noted, self.answered, self.putting_back, self.waiting, self.patience = [], 0, False, False, 0

    def too_many(self, patience: int) -> bool:
        return len(self.noted) > max(patience, self.answered, int(self.putting_back))


_state = _State()


def catch() -> bool:
    """Installs the handlers and says so: on the main thread, once; a signal the parent had ignored stays ignored."""
    if _state.before is not None or not _on_main():
        return False
    _state.forget()
    kept = [(number, _signal.getsignal(number)) for number in _NUMBERS]
    _state.before = [(number, handler) for number, handler in kept if handler is not _signal.SIG_IGN]
    for number, _ in _state.before:
        _signal.signal(number, _arrived)
    return True


def let_go(*, ended: bool = False) -> None:
    """Puts the handlers back that were there before `catch`, and forgets; those of the system where a process ends."""
    before, _state.before = _state.before, None
    for number, handler in before or ():
        _signal.signal(number, _signal.SIG_DFL if ended else handler)
    _state.forget()


def came() -> bool:
    """Whether there was any signal."""
    return bool(_state.noted)


def noted() -> bool:
    """Whether there is a signal that nobody has answered yet."""
    return len(_state.noted) > _state.answered


def over() -> bool:
    """Whether the run is being ended by signals: for other threads, which nobody breaks in on."""
    return bool(_state.noted) and _state.too_many(0)


def answer() -> None:
    """Takes the signals so far for answered: what is told from now on is not broken off by them."""
    _state.answered = len(_state.noted)


def look(patience: int = 0) -> None:
    """Ends the run where more signals have come than are endured, in the main thread; others are ended by it.

    Raises: Interrupted.
    """
    if _state.noted and _state.too_many(patience) and _on_main():
        raise interruption()


def interruption(message: str = "interrupted", hint: str | None = None) -> Interrupted:
    """What the first signal is answered with."""
    from udo.errors import Interrupted

    return Interrupted(message, signal=_state.noted[0] if _state.noted else _signal.SIGINT, hint=hint)


class waiting:
    """The one kind of place where a signal breaks in: Udo's own waits, where nothing is half done.

    With `patience` 1 the first signal is endured: what is waited for is a write in hand. Raises: Interrupted.
    """

    def __init__(self, patience: int = 0) -> None:
        self._patience = patience
        self._within = False

    def __enter__(self) -> None:
        if not _on_main():
            return
        self._within = True
        _state.patience = self._patience
        _state.waiting = True
        # After it: what arrives between the two must not be waited out.
        if _state.too_many(self._patience):
            _state.waiting = False
            raise interruption()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._within:
            _state.waiting = False


class putting_back:
    """Lets what must be put back be put back: the first signal is not looked at, the second ends this too."""

    def __enter__(self) -> None:
        self._before, _state.putting_back = _state.putting_back, True

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _state.putting_back = self._before


class Clock:
    """The time of this machine; a signal ends a sleep."""

    def time(self) -> float:
        """Seconds since 1970."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds that only ever grow."""
        return time.monotonic()

    def sleep(self, seconds: float, /) -> None:
        """Waits. Raises: Interrupted."""
        until = time.monotonic() + seconds
        with waiting():
            # A signal that comes just before a sleep is seen after it only: so by short ones.
            while (left := until - time.monotonic()) > 0:
                time.sleep(min(left, _NAP))


def _arrived(number: int, _frame: FrameType | None) -> None:
    _state.noted.append(number)
    if _state.waiting and _state.too_many(_state.patience):
        # At once: what is raised here is on its way, and no further signal may break in on it.
        _state.waiting = False
        raise interruption()
    if len(_state.noted) > 2 and not _state.putting_back:
        # Whoever asks a third time is not kept by a terminal that takes no more text.
        os._exit(128 + _state.noted[0])


def _on_main() -> bool:
    threading = sys.modules.get("threading")
    return threading is None or threading.current_thread() is threading.main_thread()
