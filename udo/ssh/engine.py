"""Carries a command to many hosts at once: one thread per host being served, one queue to the reader."""

from __future__ import annotations

import gc
import logging
import queue
import shutil
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import field, replace
from functools import partial
from typing import TYPE_CHECKING

import paramiko

from udo import signals
from udo.change.events import Copied, Event, HostAgain, HostBegan, HostDone, Idle, Notice
from udo.errors import DeadlinePassed, UdoError
from udo.frozen import frozen
from udo.ssh import known_hosts, openssh, remote, trust
from udo.ssh.again import Dialled
from udo.ssh.connection import Connection, connected, log_in
from udo.ssh.copy import by_openssh, by_paramiko
from udo.ssh.copy.job import Job
from udo.ssh.copy.tally import Told
from udo.ssh.descriptors import room_for
from udo.ssh.gone import DOUBTFUL, Doubts, Terminated
from udo.ssh.host_key import HostKey
from udo.ssh.identities import Identities, keyed
from udo.ssh.known_hosts import KnownHosts
from udo.ssh.limit import Limit
from udo.ssh.lines import Lines
from udo.ssh.outcome import Ending, Failed, Stopped
from udo.ssh.pins import Pins
from udo.ssh.resolving import certified, resolved
from udo.ssh.schedule import Schedule
from udo.ssh.shell import FirstWords
from udo.ssh.target import Options, Push, Target
from udo.ssh.ways import Entry, Ways
from udo.ssh.wire import Wires

if TYPE_CHECKING:
    from udo.ssh.one_time import OneTimeKey

# Pieces of at most 64 KiB that wait for the reader; when it is slow, the hosts wait too. What one host floods the
# reader with, all others wait behind: in lines of a letter these are a second's work, and more were no faster.
_WAITING = 8

# How often the reader looks for a signal while no host says anything.
_LOOK = 0.1
# How often it says that nothing has come, so that a person sees for how long.
_OFTEN = 0.5

logging.getLogger("paramiko").setLevel(logging.CRITICAL + 1)


@frozen
class _Piece:
    instance_id: str
    stream: str
    data: bytes


@frozen
class _Run:
    """What all threads of a run share."""

    command: str
    options: Options
    pins: Pins
    console_keys: trust.ConsoleKeys
    identities: dict[str | None, tuple[paramiko.PKey, ...]]
    known_hosts: dict[tuple[str, ...], KnownHosts]
    schedule: Schedule
    job: Job | None = None
    one_time: OneTimeKey | None = None
    dialled: Dialled[trust.Knowledge | Ending] = field(default_factory=Dialled)
    wires: Wires = field(default_factory=Wires)
    ways: Ways = field(default_factory=Ways)
    out: queue.Queue[_Piece | HostBegan | HostAgain | Copied | HostDone | Notice | BaseException | None] = field(
        default_factory=lambda: queue.Queue(maxsize=_WAITING)
    )


def events(
    targets: Sequence[Target],
    command: str,
    options: Options,
    console_keys: trust.ConsoleKeys,
    terminated: Terminated,
    pins: Pins,
    push: Push,
) -> Iterator[Event]:
    """The events of all hosts; see `udo.ssh.fan_out`. Raises: DeadlinePassed, once every host is done."""
    # What is loaded by now stays to the end; the collector need not walk through it again and again.
    gc.freeze()
    given, (targets, reasons), identities = targets, resolved(targets), Identities()
    targets, more = keyed(given, targets, identities)
    reasons += more
    known = {paths: known_hosts.read(paths) for paths in {tuple(target.known_hosts) for target in targets}}
    targets, more = certified(targets, known, pins)
    stack = ExitStack()
    targets, one_time = _told(targets, push, stack)
    own = sum(target.via == "paramiko" for target in targets)
    rest = [f"{own} of {len(targets)} hosts go through paramiko"] if own else []
    yield from (Notice(reason, "debug") for reason in (*reasons, *more, *rest))
    run = _Run(
        command,
        options,
        pins,
        console_keys,
        {path: identities.load(path) for path in {target.key for target in targets if _is_own(target)}},
        known,
        Schedule(targets, options),
        Job(options.copy) if options.copy else None,
        one_time=one_time,
    )
    widest = "copy" if options.copy else "openssh" if any(target.via == "openssh" for target in targets) else "paramiko"
    count = room_for(min(options.fanout, len(targets)), widest)
    threads = [threading.Thread(target=_work, args=(run,), daemon=True) for _ in range(count)]
    try:
        threads = _started(threads)
        late = yield from _read(run, len(threads), Doubts(terminated))
    finally:
        _stop(run, threads)
        identities.close()
        stack.close()
    if late:
        raise DeadlinePassed(f"the deadline of {options.deadline:g} s passed")


def _is_own(target: Target) -> bool:
    return target.via == "paramiko" and not target.instance_connect


def _told(targets: list[Target], push: Push, stack: ExitStack) -> tuple[list[Target], OneTimeKey | None]:
    """The targets with the agent that holds the key for those that are told of one; and that key."""
    if not any(target.instance_connect for target in targets):
        return targets, None
    # Late: without one no library of keys is loaded for it.
    from udo.ssh.one_time import OneTimeKey

    key = OneTimeKey(push)
    place = str(stack.enter_context(key.served()))
    return [replace(target, agent=place) if target.instance_connect else target for target in targets], key


def _started(threads: Sequence[threading.Thread]) -> list[threading.Thread]:
    """Those that could be started, fewer hosts at once where they are fewer. Raises: UdoError where there is none."""
    for count, thread in enumerate(threads):
        try:
            thread.start()
        except RuntimeError as error:
            if not count:
                raise UdoError("no thread can be started", hint="too many processes: see 'ulimit -u'") from error
            return list(threads[:count])
    return list(threads)


def _read(run: _Run, working: int, doubts: Doubts) -> Generator[Event, None, bool]:
    """The events of all hosts, those that were not started included; gives whether the deadline cut any off."""
    lines: dict[str, Lines] = {}
    cut_off = False
    while working or doubts.due is not None:
        if run.out.empty():
            yield Idle()
        if not working or doubts.due == 0:
            yield from _settled(run, doubts)
            continue
        match _next(run, doubts.due):
            case _Piece(instance_id, stream, data):
                yield from lines.setdefault(instance_id, Lines(instance_id)).feed(stream, data)
            case HostDone(instance_id) as done:
                if instance_id in lines:
                    yield from lines.pop(instance_id).rest()
                cut_off = cut_off or (done.outcome == "timeout" and run.schedule.late)
                if not doubts.hold(done):
                    yield done
            case HostBegan() | HostAgain() | Copied() | Notice() as event:
                yield event
            case BaseException() as error:
                raise error
            case Idle():
                pass
            case None:
                working = _one_less(run, working, doubts)
    left, why = run.schedule.left()
    for target in left:
        yield HostDone(target.instance_id, "not started", None, why, 0.0)
    return cut_off or (bool(left) and run.schedule.late)


def _next(
    run: _Run, seconds: float | None
) -> _Piece | HostBegan | HostAgain | Copied | HostDone | Notice | BaseException | Idle | None:
    """What comes next within so many seconds; Idle in long pauses, to say how long. Raises: Interrupted."""
    now = time.monotonic()
    until = now + (_OFTEN if seconds is None else min(seconds, _OFTEN))
    while True:
        signals.look()
        try:
            # Not broken in on: a queue that an exception leaves in the middle may stay locked for all others.
            return run.out.get(timeout=max(0.0, min(_LOOK, until - time.monotonic())))
        except queue.Empty:
            if time.monotonic() >= until:
                return Idle()


def _one_less(run: _Run, working: int, doubts: Doubts) -> int:
    """How many threads are left; with the last of them gone, hosts are not dialled again, and end as they did."""
    for target in run.schedule.resting() if working == 1 else ():
        doubts.hold(run.dialled.of(target.instance_id, lambda: Ending("not started")).done())
    return working - 1


def _settled(run: _Run, doubts: Doubts) -> Iterator[HostDone]:
    for done in doubts.settled():
        run.schedule.done(done.outcome)
        yield done


def _stop(run: _Run, threads: Sequence[threading.Thread]) -> None:
    run.schedule.stop()
    run.wires.stop()
    for thread in threads:
        while thread.is_alive():
            # Whoever waits to hand something over must get it out of their hands to see that all is over.
            while not run.out.empty():
                run.out.get_nowait()
            thread.join(0.01)


def _work(run: _Run) -> None:
    try:
        while target := run.schedule.next():
            done = _host(run, target)
            if done is None:
                continue
            if done.outcome not in DOUBTFUL:
                run.schedule.done(done.outcome)
            run.out.put(done)
        run.out.put(None)
    except Stopped:
        return
    except BaseException as error:
        run.out.put(error)


def _host(run: _Run, target: Target) -> HostDone | None:
    """How the host ended; None where it is dialled again later, and others have its place meanwhile."""
    attempts = run.dialled.of(target.instance_id, lambda: _known(run, target))
    if not attempts.number:
        run.out.put(HostBegan(target.instance_id))
    known = attempts.known
    attempts.note(known if isinstance(known, Ending) else _converse(run, target, known))
    if run.wires.stopped:
        raise Stopped
    if (again := attempts.again(run.options.retry)) and run.schedule.rest(target, again.seconds):
        run.out.put(again)
        return None
    return attempts.done()


def _known(run: _Run, target: Target) -> trust.Knowledge | Ending:
    try:
        return trust.knowledge(
            target,
            pins=run.pins,
            known_hosts=run.known_hosts[tuple(target.known_hosts)],
            console_keys=run.console_keys,
        )
    except UdoError as error:
        return Ending("refused", None, str(error))


def _converse(run: _Run, target: Target, known: trust.Knowledge) -> Ending:
    _, connect = limits = _limits(run, time.monotonic())

    def check(offered: HostKey) -> None:
        _check(run, target, known, offered)

    first = FirstWords(run.options.tty)

    def emit(stream: str, data: bytes) -> None:
        first.note(stream, data)
        run.out.put(_Piece(target.instance_id, stream, data))

    def by_ssh() -> Ending:
        way = target.jump or target.way

        def attempt(entry: Entry) -> Ending:
            now = _limits(run, time.monotonic()) if way else limits
            if run.one_time:
                run.one_time.push(target)
            return _through_ssh(run, target, known, emit, now, entry)

        return run.ways.tried(way, lambda: run.wires.stopped or run.schedule.late, attempt)

    def by_paramiko() -> Ending:
        logged_in = False
        own = run.one_time if target.instance_connect else None
        try:
            if own:
                own.push(target)
            with connected((target.address, target.port), run.wires, connect, known.algorithms, check) as connection:
                keys = (own.key,) if own else run.identities[target.key]
                log_in(connection, target.user, keys, connect)
                logged_in = True
                return _through_paramiko(run, target, connection, emit, limits)
        except Failed as failed:
            if not failed.disagreed:
                return failed.ending if logged_in else failed.before_login
            return _agreed(run, target, failed, by_ssh)

    try:
        return first.ending(by_ssh() if target.via == "openssh" else by_paramiko(), run.command)
    except UdoError as error:
        return Ending("refused", None, str(error))
    except (paramiko.SSHException, EOFError, OSError) as error:
        return Ending("dropped", None, f"the connection broke: {error}")


def _through_ssh(
    run: _Run, target: Target, known: trust.Knowledge, emit: remote.Emit, limits: tuple[Limit, Limit], entry: Entry
) -> Ending:
    if not run.job:
        return openssh.converse(target, known, run.command, run.options, run.wires, emit, limits, entry)
    told = Told(target.instance_id, run.out.put, emit)
    admit = partial(run.one_time.push, target) if run.one_time else lambda: None
    return by_openssh.carry(target, known, run.job, run.options, run.wires, told, limits, entry, admit)


def _through_paramiko(
    run: _Run, target: Target, connection: Connection, emit: remote.Emit, limits: tuple[Limit, Limit]
) -> Ending:
    limit, connect = limits
    if not run.job:
        return remote.run(connection, run.command, emit, connect, limit, run.options)
    told = Told(target.instance_id, run.out.put, emit)
    return by_paramiko.carry(connection, run.job, told, limits, run.options)


def _agreed(run: _Run, target: Target, failed: Failed, by_ssh: Callable[[], Ending]) -> Ending:
    """How the command ended through ssh, which knows more algorithms, where nothing weak was needed."""
    if not shutil.which("ssh"):
        return replace(failed.ending, reason=f"{failed}; the ssh program may do it, and is not installed")
    run.out.put(Notice(f"{target.instance_id} goes through ssh: {failed}", "debug"))
    ending = by_ssh()
    if ending.outcome in ("refused", "unreachable"):
        return replace(failed.ending, reason=f"{failed}; through ssh: {ending.reason}")
    return ending


def _limits(run: _Run, start: float) -> tuple[Limit, Limit]:
    """The limit of all of a host's time, and that of its way to the login."""
    options = run.options
    limit = Limit(None, "")
    if options.timeout:
        limit = Limit(start + options.timeout, f"within {options.timeout:g} s")
    if run.schedule.end is not None:
        limit = limit.sooner(Limit(run.schedule.end, f"within the deadline of {options.deadline:g} s"))
    return limit, limit.sooner(Limit(start + options.connect_timeout, f"within {options.connect_timeout:g} s"))


def _check(run: _Run, target: Target, known: trust.Knowledge, offered: HostKey) -> None:
    verdict = trust.decide(known, offered, run.options.host_keys)
    if not verdict.trusted:
        raise Failed("refused", verdict.reason)
    if verdict.pin and offered not in run.pins.pin(target.instance_id, [offered]):
        raise Failed("refused", f"host key {offered.fingerprint}: another one was pinned just now")
