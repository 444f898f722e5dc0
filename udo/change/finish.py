"""How a plan ends: checked, shown, confirmed, carried out, recorded, and told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from udo import signals
from udo.change.confirm import confirm
from udo.change.events import Notice, StepBegan, StepDone, StepFailed, exit_status
from udo.change.hooks import run
from udo.change.journal import Journal
from udo.change.lock import this_process
from udo.change.locking import Locking
from udo.change.plan import Call, FanOut, Wait, filled
from udo.change.preview import previewed
from udo.change.runner import Tools, carry_out, resolve
from udo.errors import Failure, Interrupted, Refused, UdoError
from udo.notify import announced, failure
from udo.output.text import plan_lines
from udo.result import Result

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from udo.change.events import Event
    from udo.change.plan import Plan
    from udo.change.runner import Follow
    from udo.config import Role
    from udo.session import Session


# What an end amounts to: a Result, or an error that is raised.
Judge = Callable[[Result | Failure], Result]
# The events of a remote command on the instances of a role.
FanningOut = Callable[["Role", FanOut], "Iterable[Event]"]

_BEGUN = "begun"
_LONGEST = 1000
_MOST_LINES = 500
_MAKES, _NAME = "CreateLaunchConfiguration", "LaunchConfigurationName"


class _Samples(dict[str, str]):
    """A stand-in for every Ref, so that a plan can be checked before its first step."""

    def __missing__(self, key: str) -> str:
        return "1"


def finish(
    session: Session,
    role: Role,
    plan: Plan,
    *,
    follow: Follow | None = None,
    emit: Callable[[Event], None] | None = None,
    locked: bool = True,
    judge: Judge | None = None,
    fan_out: FanningOut | None = None,
) -> Result:
    """The end of every change: show the plan, confirm it, carry it out, record it.

    The only place that knows of dry runs, confirmation and recording. `emit` takes the place of the session's; with
    `locked` the role's group is locked around the writes; `judge` says what an end amounts to; `fan_out` gives the
    events of a remote command, for a plan that holds one.

    Raises: UdoError, with what was done in its `data`.
    """
    advise(session, [plan])
    more: dict[str, Any] = {"follow": follow, "emit": emit, "locked": locked, "judge": judge, "fan_out": fan_out}
    return Finish(session, role, plan, **more).result()


def advise(session: Session, plans: Iterable[Plan]) -> None:
    """Says, where something is changed, what works in udo.yml but should be written otherwise."""
    if "config" in vars(session) and any(plan.writes for plan in plans):
        for one in session.config.advice:
            session.emit(Notice(f"{one} (advice)"))


class Finish:
    """One plan on its way to the end."""

    def __init__(
        self,
        session: Session,
        role: Role,
        plan: Plan,
        *,
        follow: Follow | None = None,
        emit: Callable[[Event], None] | None = None,
        locked: bool = True,
        judge: Judge | None = None,
        fan_out: FanningOut | None = None,
    ) -> None:
        self._fan_out = fan_out or _no_hosts
        self._locked = locked
        self._judge = judge
        self._session = session
        self._role = role
        self._plan = plan
        self._follow = follow
        self._show = emit or session.emit
        self._said: list[str] = []
        self._deployment = ""
        self._aws = session.aws(role)
        self._told = False
        self._who: tuple[str, str] | None = None
        self._steps: list[dict[str, Any]] = []
        self._record: Callable[[str, str, str], None] = lambda *_: None

    def result(self, *, confirmed: bool = False) -> Result:
        """What was done, or would be.

        Raises: UdoError.
        """
        for call in self._plan.writes:
            self._aws.check(call.service, call.operation, resolve(call.params, _Samples()))
        if not self._plan.steps:
            return Result(self._data({}), text=self._plan.unchanged, notes=self._plan.notes)
        if self._session.options.dry_run:
            return self._previewed()
        if not confirmed:
            self._confirm()
        return self._carried_out()

    def _previewed(self) -> Result:
        head = f"{self._plan.command}  {self._plan.target}  (dry run: nothing is changed)"
        text = "\n".join([head, "", *plan_lines(self._plan)])
        return Result({"dry_run": True, "plan": previewed(self._plan)}, text=text, notes=self._plan.notes)

    def _confirm(self) -> None:
        question = self._question()
        if question is None:
            return
        if not self._session.options.yes:
            self.introduce()
        self.tell()
        try:
            confirm(self._session, question)
        except Refused as error:
            error.data = {"plan": previewed(self._plan)}
            raise

    def _question(self) -> str | None:
        if self._plan.asks is None and self.guarded:
            return f"{self._role.label} is protected. {self._plan.command}?"
        return self._plan.asks

    @property
    def guarded(self) -> bool:
        """Whether the role is protected from what the plan writes."""
        return bool(self._plan.writes) and self._role.protects(self._plan.command.partition(" ")[0])

    def introduce(self) -> None:
        """Shows what is asked about: where it is (file, account, region), what differs and the steps.

        Raises: Refused in another account than udo.yml names.
        """
        self._identify()
        self._session.output.plan(self._plan)

    def tell(self) -> None:
        """Says what is worth knowing of the change, once: before the question where there is one."""
        for note in () if self._told else self._plan.notes:
            self._emit(Notice(note))
        self._told = True

    def _carried_out(self) -> Result:
        about = self._about()
        self._record = self._recorded(
            Journal(about, lambda text: self._emit(Notice(text, "warning")), self._session.clock.time)
        )
        self.tell()
        tools = Tools(
            call=self._call,
            read=self._aws.read,
            search=self._aws.search,
            fan_out=partial(self._fan_out, self._role),
            local=partial(run, folder=self._role.file.parent),
            emit=self._noted,
            record=self._record,
            clock=self._session.clock,
        )
        try:
            known = self._within_lock(tools, about["operator"])
        except (UdoError, Interrupted) as error:
            known = error.data if isinstance(error.data, dict) else {}
            error.data = self._data(known)
            return self._ended(error, error.code, known)
        word = "failed" if exit_status(known.get("hosts", ())) else "done"
        return self._ended(Result(self._data(known), text=filled(self._plan.done, known)), word, known)

    def _ended(self, outcome: Result | Failure, word: str, known: Mapping[str, Any]) -> Result:
        """The end as it is judged, recorded and told to others."""
        self._deployment = known.get("deployment_id") or self._deployment
        try:
            # What has ended is told in full: the first signal may be how it ended.
            with signals.putting_back():
                if self._judge:
                    outcome = self._judge(outcome)
                elif isinstance(outcome, UdoError | Interrupted):
                    self._announce(outcome)
            if not isinstance(outcome, Result):
                raise outcome
        except (UdoError, Interrupted) as error:
            if self._steps:
                self._record("", error.code, str(error))
            raise
        text = (outcome.text or "").partition("\n")[0]
        self._record("", *((outcome.error[0], outcome.error[1]) if outcome.error else (word, text)))
        return outcome

    def _announce(self, error: Failure) -> None:
        if self._steps and any(isinstance(step, Call | Wait) for step in self._plan.steps):
            unheard = announced(self._session, self._role, failure(self._plan.command, self._plan.target, error))
            if unheard:
                self._emit(Notice(f"slack was not told: {unheard}", "warning"))

    def _call(self, service: str, operation: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        answer = self._aws.call(service, operation, params)
        self._deployment = answer.get("deploymentId") or self._deployment
        return answer

    def _emit(self, event: Event) -> None:
        if isinstance(event, Notice) and event.level != "debug":
            self._said.append(event.says)
        self._show(event)

    def _within_lock(self, tools: Tools, operator: str) -> dict[str, Any]:
        if not (self._locked and self._plan.writes):
            return carry_out(self._plan, tools, self._follow)
        wait = self._session.wait_for_lock
        lock = Locking(tools, self._role.group_name, self._session.run_id, operator, wait=wait)
        lock.take()
        try:
            return carry_out(self._plan, replace(tools, before_waiting=lock.give_back), self._follow)
        finally:
            lock.give_back()

    def _identify(self) -> tuple[str, str]:
        """Account and operator, told with file and region the first time."""
        if self._who is None:
            account, _ = self._who = self._identity()
            endpoint = f", endpoint {self._aws.endpoint}" if self._aws.endpoint else ""
            where = f"account {account}, {self._aws.region}{endpoint}"
            self._emit(Notice(f"{self._session.config_path}: {self._plan.target}, {where}"))
        return self._who

    def _about(self) -> dict[str, Any]:
        account, operator = self._identify()
        mine = this_process(self._session.run_id, operator)
        return {
            "run": self._session.run_id,
            "operator": operator,
            "account": account,
            "command": self._session.command_line,
            "target": self._plan.target,
            "group": self._role.group_name,
            "region": self._aws.region,
            "host": mine.host,
            "pid": str(mine.pid),
            "started": mine.started,
        }

    def _identity(self) -> tuple[str, str]:
        """Account and operator; the wrong account is refused, one that cannot be told only where none is wanted.

        Raises: Refused.
        """
        wanted = self._role.account
        touches = any(isinstance(step, Call | FanOut) for step in self._plan.steps)
        try:
            account, operator = self._aws.identity()
        except UdoError as error:
            if wanted or error.exit != 1:
                raise
            self._emit(Notice(f"who is at work cannot be told: {error.message}", "warning"))
            return "unknown", "unknown"
        if wanted and touches and account != wanted:
            where = self._role.where("account")
            raise Refused(
                f"these credentials are of account {account}, {self._role.label} is in {wanted} ({where})",
                hint="nothing was changed; choose the right profile",
            )
        return account, operator

    def _recorded(self, journal: Journal) -> Callable[[str, str, str], None]:
        masked = self._session.output.masked
        makes = {call.says: call.params[_NAME] for call in self._plan.writes if call.operation == _MAKES}

        def record(says: str, outcome: str, note: str) -> None:
            more = {"made": makes.get(says, ""), "deployment": self._deployment} if says else self._whole(outcome)
            journal.record(masked(says), outcome, masked(note), **{name: masked(text) for name, text in more.items()})

        return record

    def _whole(self, outcome: str) -> dict[str, str]:
        """What is recorded of the run: at its begin what it changes and why, at its end what was said."""
        if outcome == _BEGUN:
            changes = "; ".join(f"{one.key} {one.old} -> {one.new}" for one in self._plan.differences)
            return {"reason": self._plan.reason, "changes": changes[:_LONGEST]}
        # Besides the notices, what a fan-out shows comes from its hosts.
        said = [] if any(isinstance(step, FanOut) for step in self._plan.steps) else self._said[-_MOST_LINES:]
        return {"deployment": self._deployment, "said": "\n".join(said)}

    def _noted(self, event: Event) -> None:
        match event:
            case StepBegan(says):
                if not self._steps:
                    self._record("", _BEGUN, "")
                self._steps.append({"step": says, "outcome": "begun"})
            case StepDone(_, _, note):
                self._steps[-1] |= {"outcome": "done"} | ({"note": note} if note else {})
            case StepFailed(_, reason):
                self._steps[-1] |= {"outcome": "failed", "note": reason}
        self._emit(event)

    def _data(self, known: dict[str, Any]) -> dict[str, Any]:
        return {
            "run": self._session.run_id,
            "target": self._plan.target,
            "changed": any(row["outcome"] == "done" for row in self._steps),
            "steps": self._steps,
            "differences": [difference.row() for difference in self._plan.differences],
            "saved": {name: value for name, value in known.items() if name != "hosts"},
            "notes": list(self._plan.notes),
        }


def _no_hosts(_role: Role, step: FanOut) -> Iterable[Event]:
    raise NotImplementedError(f"{step.says}: nothing was given that reaches hosts")
