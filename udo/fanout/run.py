"""Carries a remote command to its end on all hosts, and tells how each of them ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from udo import signals
from udo.change.events import Copied, HostAgain, HostBegan, HostDone, Notice, StepBegan, StepDone, exit_status
from udo.change.finish import finish
from udo.change.plan import FanOut, Plan
from udo.errors import DeadlinePassed, Interrupted, UdoError
from udo.fanout.engine import fan_out
from udo.fanout.last_run import FINE, remember
from udo.fanout.outputs import Outputs
from udo.fanout.totals import summary, totals
from udo.frozen import frozen
from udo.groups.target import role_target
from udo.result import Result

if TYPE_CHECKING:
    from udo.change.events import Event
    from udo.config import Role
    from udo.errors import Failure
    from udo.fanout.copy import Files
    from udo.fanout.given import Given
    from udo.fanout.how import How, Remote
    from udo.fanout.reach import Host
    from udo.output.hosts import Hosts
    from udo.session import Session


@frozen
class Part:
    """Hosts reached through the same AWS account with the same options: one plan."""

    role: Role
    hosts: tuple[Host, ...]
    options: Mapping[str, Any]


def parts(session: Session, hosts: Sequence[Host], how: How, *, sudo: bool = False) -> list[Part]:
    """The hosts as the plans they make, in their order."""
    together: dict[tuple[Any, ...], list[Host]] = {}
    for host in hosts:
        options = _options(session, host, how, sudo=sudo).items()
        key = (id(session.aws(host.role)), host.role.account, _is_by_ssm(host), *options)
        together.setdefault(key, []).append(host)
    rolling = how.rolling(len(hosts))
    return [
        Part(found[0].role, tuple(found), _options(session, found[0], how, sudo=sudo) | rolling)
        for found in together.values()
    ]


def _options(session: Session, host: Host, how: How, *, sudo: bool) -> dict[str, Any]:
    """How this host is reached, and those like it: ssh.Options, or those of Systems Manager."""
    if not _is_by_ssm(host):
        return how.options(session, host.role)
    where = {name: session.setting(host.role, f"ssh.ssm.{name}") or "" for name in ("bucket", "prefix")}
    return how.options(session, host.role, by_ssm=True) | {"user": host.target.get("user"), "sudo": sudo} | where


def _is_by_ssm(host: Host) -> bool:
    return host.target.get("via") == "ssm"


def plan_ssh(hosts: Sequence[Host], remote: Remote, options: Mapping[str, Any]) -> Plan:
    """The plan that runs the command on the hosts (without one: logs in to the first)."""
    targets = tuple(host.target for host in hosts if not host.ending)
    labels = ", ".join(dict.fromkeys(host.role.label for host in hosts))
    if not remote.command:
        targets = targets[:1]
        says = f"log in to {targets[0]['instance_id'] if targets else 'nobody'} of {labels}"
    else:
        count = f"{len(targets)} instance{'s' if len(targets) != 1 else ''}"
        says = f"{remote.says} on {count} of {labels}"
    read: dict[str, Any] = {"stdin": remote.stdin} if remote.stdin else {}
    read |= {"tty": True} if remote.tty else {}
    by_ssm = any(_is_by_ssm(host) for host in hosts)
    command = remote.plain if by_ssm else remote.command
    says = f"{says} through Systems Manager" if by_ssm else says
    steps = (FanOut(says, command, targets, {**options, **read}),) if targets else ()
    notes = [f"{host.instance_id} is gone" for host in hosts if host.ending and host.ending.outcome == "gone"]
    return Plan("ssh", labels, steps, notes=tuple(notes), unchanged="no instance to work on")


Planned = Callable[[Sequence["Host"], Any, Mapping[str, Any]], Plan]


class Run:
    """The parts on their way through, and what is known of each host; `given` is what the command reads besides."""

    def __init__(
        self,
        session: Session,
        parts: Sequence[Part],
        shown: Hosts,
        given: Given | None = None,
        planned: Planned = plan_ssh,
        verb: str = "ssh",
    ) -> None:
        self._session = session
        self._given = given
        self._parts = parts
        self._shown = shown
        self._planned = planned
        self._verb = verb
        self._copied: dict[str, Copied] = {}
        self._began: set[str] = set()
        self._told: set[str] = set()
        self._lost: dict[str, str] = {}
        self._done: dict[str, HostDone] = {}
        self._start = session.clock.monotonic()
        self._asked = False
        self._outputs: Outputs | None = None

    def result(self, remote: Remote | Files) -> Result:
        """How it went, once every host is done.

        Raises: UdoError, once a host had begun with what each had reached.
        """
        self._outputs = self._kept(remote)
        try:
            results = [self._finish(part, remote) for part in self._parts]
            self._shown.end(self._done)
        except (UdoError, Interrupted) as error:
            if self._began or isinstance(error, Interrupted | DeadlinePassed):
                self._cut_short(error)
            raise
        finally:
            self._remember()
            self._shown.close()
            if self._outputs and self._began:
                self._outputs.end()
        if not self._done:
            texts = [result.text or "" for result in results]
            data = [result.data for result in results]
            is_plan = any(result.is_plan for result in results)
            data = data if data[1:] else data[0]
            return Result(data, text="\n".join(texts), notes=results[0].notes, is_plan=is_plan)
        code = exit_status(self._done.values())
        told = self._summary()
        if code == 0 or not remote.command:
            return Result(self._data(), notes=[told] if remote.command else [], exit=code)
        return Result(self._data(), exit=code, error=("failed", told, None))

    def _kept(self, remote: Remote | Files) -> Outputs | None:
        """What keeps the output of a command: a login and files that are copied have none."""
        if self._verb != "ssh" or not remote.command:
            return None
        return Outputs(self._session, [host for part in self._parts for host in part.hosts], remote.says)

    def _finish(self, part: Part, remote: Remote | Files) -> Result:
        if why := self._halted(part.options):
            self._leave_out(part, "not started", why)
            return Result(None)
        plan = self._planned(part.hosts, remote, self._left(part.options))
        if plan.steps and not self._asked:
            # One question before the first host, for all parts.
            plan, self._asked = replace(plan, asks=self._question()), True
        try:
            result = finish(
                self._session,
                role_target(self._session, part.role),
                plan,
                emit=self._emit,
                fan_out=partial(fan_out, self._session, part.role, self._given),
            )
        except DeadlinePassed:
            raise
        except UdoError as error:
            if not self._began or any(host.instance_id in self._began for host in part.hosts):
                raise
            self._leave_out(part, "refused", str(error))
            return Result(None)
        if self._began or not plan.steps:
            for host in part.hosts:
                if host.ending:
                    self._emit(host.ending)
            self._shown.write()
        return result

    def _question(self) -> str | None:
        hosts = (host for part in self._parts for host in part.hosts if not host.ending)
        labels = list(dict.fromkeys(host.role.label for host in hosts if host.role.protects(self._verb)))
        return f"{', '.join(labels)} {'is' if len(labels) == 1 else 'are'} protected. {self._verb}?" if labels else None

    def _halted(self, options: Mapping[str, Any]) -> str:
        """Why no host of a further part is started; empty where they are."""
        outcomes = Counter(done.outcome for done in self._done.values())
        failed = sum(outcomes.values()) - sum(outcomes[fine] for fine in FINE)
        if outcomes["not started"]:
            return next(done.reason for done in self._done.values() if done.outcome == "not started")
        if failed and outcomes["ok"] < options.get("canary", 0):
            return "not started: a canary failed"
        return f"not started: {failed} failed" if failed >= options.get("max_failures", failed + 1) else ""

    def _left(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """The options of the next part: what holds for all hosts together is partly used up."""
        if not self._began:
            return dict(options)
        ok = sum(done.outcome == "ok" for done in self._done.values())
        left = {**options, "canary": max(0, options.get("canary", 0) - ok), "delay": options.get("pause", 0.0)}
        if "max_failures" in left:
            left["max_failures"] -= sum(done.outcome not in FINE for done in self._done.values())
        if "deadline" in left:
            left["spent"] = self._session.clock.monotonic() - self._start
        return left

    def _emit(self, event: Event) -> None:
        match event:
            case Notice(says, "info"):
                # Of a role in two parts it is told once where it is.
                if says in self._told:
                    return
                self._told.add(says)
            case StepBegan():
                self._shown.begin()
                return
            case StepDone():
                return
            case HostBegan(instance_id):
                self._began.add(instance_id)
            case HostAgain(instance_id, reason):
                self._lost[instance_id] = reason
            case Copied(instance_id):
                self._copied[instance_id] = event
            case HostDone(instance_id):
                self._done[instance_id] = event
        self._shown.emit(event)
        # Of a run that reached nobody there is nothing to show again.
        if self._outputs and self._began:
            self._outputs.emit(event)
        self._session.emit(event)

    def _cut_short(self, error: Failure) -> None:
        """Ends all hosts that have not ended, and puts into the error what each had reached."""
        interrupted = isinstance(error, Interrupted)
        why = "the deadline passed" if isinstance(error, DeadlinePassed) else error.message
        with signals.putting_back():
            for part in self._parts:
                self._leave_out(part, "not started", "not started" if interrupted else f"not started: {why}")
            self._shown.write()
            self._shown.end(self._done)
        error.message = f"{'interrupted' if interrupted else error.message}: {self._summary()}"
        error.data = self._data()

    def _leave_out(self, part: Part, outcome: str, why: str) -> None:
        """Ends the hosts of a part that have not ended; those that had begun are interrupted."""
        for host in part.hosts:
            if host.instance_id in self._done:
                continue
            if host.instance_id in self._began:
                seconds = self._session.clock.monotonic() - self._start
                lost = self._lost.get(host.instance_id)
                told = (
                    f"interrupted while it was dialled again, or ran ({lost})" if lost else "interrupted while it ran"
                )
                self._emit(HostDone(host.instance_id, "interrupted", None, told, seconds))
            else:
                self._emit(host.ending or HostDone(host.instance_id, outcome, None, why, 0.0))

    def _remember(self) -> None:
        outcomes: dict[str, tuple[Role, dict[str, str]]] = {}
        for part in self._parts:
            for host in part.hosts:
                if host.instance_id in self._done:
                    mine = outcomes.setdefault(host.role.label, (host.role, {}))[1]
                    mine[host.instance_id] = self._done[host.instance_id].outcome
        for role, ended in outcomes.values():
            remember(self._session, role, ended)

    def _summary(self) -> str:
        return summary(self._done.values(), self._session.clock.monotonic() - self._start)

    def _data(self) -> dict[str, Any]:
        hosts = [host for part in self._parts for host in part.hosts if host.instance_id in self._done]
        told = totals(self._done.values(), self._session.clock.monotonic() - self._start)
        return {"run": self._session.run_id, "totals": told, "hosts": [self._row(host) for host in hosts]}

    def _row(self, host: Host) -> dict[str, Any]:
        done = self._done[host.instance_id]
        return {
            "cluster": host.role.cluster,
            "role": host.role.name,
            "address": host.target.get("address"),
            **vars(done),
            "seconds": round(done.seconds, 3),
            **_counts(self._copied.get(host.instance_id)),
            **self._shown.said(host.instance_id),
        }


def _counts(copied: Copied | None) -> dict[str, Any]:
    """What was copied, as keys of a host's row; nothing where a command ran."""
    if copied is None:
        return {}
    return {"files": copied.files, "bytes": copied.size, "unchanged": copied.unchanged, "left_out": copied.left_out}
