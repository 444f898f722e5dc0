"""Waits for AWS: apart from the main thread, so that a signal or a limit ends the wait whatever botocore is at.

What gives the credentials is waited for in the same way; a program that was started for them ends with the wait.
"""

from __future__ import annotations

import math
import subprocess
import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from botocore.credentials import AssumeRoleProvider, ProcessProvider

from udo import programs, signals
from udo.errors import LostAnswer, UdoError

if TYPE_CHECKING:
    from botocore.credentials import Credentials
    from botocore.session import Session

# Seconds after which it is said what is awaited.
_SOON = 5.0
# How often it is looked whether anything has been sent yet: before, a person may be asked for a code, without a limit.
_LOOK = 1.0

_here = threading.local()
# What is awaited now, by whatever thread.
_open: set[_Question] = set()


def watch(session: Session) -> None:
    """Makes every client that the session creates from now on tell when it sends."""
    session.register("before-send", _sending, unique_id="udo-sending")


def credentials(session: Session, *, tell: Callable[[str], None]) -> Credentials | None:
    """The session's credentials, looked for once; there is no limit, as a person may be asked for a code meanwhile.

    Raises: Interrupted.
    """

    def load() -> Any:
        resolver = session.get_component("credential_provider")
        for provider in getattr(resolver, "providers", ()):
            _let_end(provider)
        return session.get_credentials()

    found: Credentials | None = awaited(load, "what gives the AWS credentials", tell=tell)
    return found


def awaited(
    ask: Callable[[], Any],
    what: str,
    *,
    seconds: float = math.inf,
    writing: bool = False,
    tell: Callable[[str], None],
) -> Any:
    """What `ask` returns or raises; a signal ends the wait for it (for a write the second one), and so does the limit.

    Nobody waits any longer then, what comes is not looked at, and programs that it has started are ended. `tell` is
    handed what is awaited after 5 s.

    Raises: Interrupted, LostAnswer.
    """
    patience = int(writing)
    signals.look()
    if getattr(_here, "question", None) is not None:
        # Asked by what answers, where both are this process.
        return ask()
    question = _Question(ask)
    _open.add(question)
    try:
        if (over := getattr(_here, "over", None)) and over.is_set():
            raise UdoError("nobody waits for it any longer")
        helper = _Helper.any()
        helper.questions.put(question)
        with signals.waiting(patience):
            arrived = question.lock.acquire(timeout=min(_SOON, seconds))
        if not arrived:
            if seconds > _SOON and _tells():
                tell(_still(what, seconds))
            with signals.waiting(patience):
                arrived = question.is_answered_within(seconds)
        if not arrived:
            raise LostAnswer(f"{what}: no answer within {seconds:g} s", hint="check the network and the endpoint")
    except BaseException:
        question.give_up()
        raise
    finally:
        _open.discard(question)
    _Helper.idle.append(helper)
    return question.outcome()


def give_up() -> None:
    """Ends the programs that any thread waits for: a signal breaks in on the wait of the main thread alone."""
    for question in list(_open):
        question.give_up()


def tell_here(over: threading.Event) -> None:
    """Has what this thread waits for be told, as it is of the main thread; once it is `over` nothing more is asked."""
    _here.tells, _here.over = True, over


def _tells() -> bool:
    return getattr(_here, "tells", False) or threading.current_thread() is threading.main_thread()


def _still(what: str, seconds: float) -> str:
    return (
        f"still waiting for {what}" if seconds == math.inf else f"no answer yet to {what}; waiting up to {seconds:g} s"
    )


def _let_end(provider: Any) -> None:
    """Has the `credential_process` of a provider, and of those that it makes for other profiles, end with the wait."""
    if isinstance(provider, ProcessProvider):
        provider._popen = _begun  # type: ignore[attr-defined]
    builder = getattr(provider, "_profile_provider_builder", None)
    if isinstance(provider, AssumeRoleProvider) and builder is not None:
        make = builder.providers

        def providers(*words: Any, **more: Any) -> Any:
            made = make(*words, **more)
            for one in made:
                _let_end(one)
            return made

        builder.providers = providers


def _begun(words: list[str], **how: Any) -> subprocess.Popen[bytes]:
    question: _Question | None = getattr(_here, "question", None)
    return question.begun(words, how) if question else subprocess.Popen(words, **how)


class _Question:
    """One question to AWS on its way; the lock is held until there is an answer."""

    def __init__(self, ask: Callable[[], Any]) -> None:
        self._ask = ask
        self._answer: Any = None
        self._error: BaseException | None = None
        self._given_up = False
        self._programs: list[subprocess.Popen[bytes]] = []
        self._beginning = threading.Lock()
        self.sent: float | None = None
        # A bare lock: a signal that breaks in on the wait for it leaves nothing half done.
        self.lock = threading.Lock()
        self.lock.acquire()

    def work(self) -> None:
        """Asks, on the thread of a helper."""
        _here.question = self
        try:
            self._answer = self._ask()
        except BaseException as error:
            self._error = error
        _here.question = None
        self.lock.release()

    def begun(self, words: list[str], how: dict[str, Any]) -> subprocess.Popen[bytes]:
        """A program that is started for the answer, on the thread of the helper. Raises: UdoError once given up."""
        with self._beginning:
            if self._given_up:
                raise UdoError("nobody waits for it any longer")
            # In our own session and group: it may ask the person at the terminal.
            child = subprocess.Popen(words, **how)
            self._programs.append(child)
        return child

    def give_up(self) -> None:
        """Ends the programs that were started for the answer, and lets no further one begin."""
        with self._beginning:
            self._given_up = True
        for child in self._programs:
            programs.end(child)

    def is_answered_within(self, seconds: float) -> bool:
        """Waits until it is answered, or so many seconds have passed since it was sent."""
        while True:
            left = _LOOK if self.sent is None else self.sent + seconds - time.monotonic()
            if self.lock.acquire(timeout=max(0.0, min(left, _LOOK))):
                return True
            if left <= 0:
                return False

    def outcome(self) -> Any:
        """The answer, or the error, raised."""
        error, self._error = self._error, None
        try:
            if error is not None:
                raise error
        finally:
            # It holds this frame, and the frame would hold it.
            del error
        return self._answer


class _Helper:
    """A thread that asks; one that is given up on is never asked again."""

    idle: list[_Helper] = []  # noqa: RUF012 - of the process

    def __init__(self) -> None:
        self.questions: SimpleQueue[_Question] = SimpleQueue()
        try:
            threading.Thread(target=self._work, name="udo-aws", daemon=True).start()
        except RuntimeError as error:
            raise UdoError("no thread can be started", hint="too many processes: see 'ulimit -u'") from error

    @classmethod
    def any(cls) -> _Helper:
        """One that has nothing to do, or a new one."""
        try:
            return cls.idle.pop()
        except IndexError:
            return cls()

    def _work(self) -> None:
        while True:
            self.questions.get().work()


def _sending(**_event: Any) -> None:
    question: _Question | None = getattr(_here, "question", None)
    if question is not None and question.sent is None:
        question.sent = time.monotonic()
