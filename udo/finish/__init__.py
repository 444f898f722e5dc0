"""How a plan ends: checked, shown, confirmed, carried out, recorded, and told."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from udo.errors import Refused, UdoError
from udo.finish.confirming import confirm
from udo.finish.local import run
from udo.journal import Journal
from udo.lock import this_process
from udo.locking import Locking
from udo.output.text import plan_lines
from udo.plan import Call, FanOut, Notice, StepBegan, StepDone, StepFailed, exit_status, filled
from udo.result import Result
from udo.runner import Tools, carry_out, resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from udo.config import Role
    from udo.plan import Event, Plan
    from udo.runner import Follow
    from udo.session import Session


_MAKES, _NAME = "CreateLaunchConfiguration", "LaunchConfigurationName"


class _Samples(dict[str, str]):
    """A stand-in for every Ref, so that a plan can be checked before its first step."""

    def __missing__(self, key: str) -> str:
        return "1"


class Finish:
    """One plan on its way to the end."""

    def __init__(
        self,
        session: Session,
        role: Role,
        plan: Plan,
        *,
        follow: Follow | None,
        emit: Callable[[Event], None],
        locked: bool,
    ) -> None:
        self._locked = locked
        self._session = session
        self._role = role
        self._plan = plan
        self._follow = follow
        self._emit = emit
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
        return Result({"dry_run": True, "plan": self._session.previewed(self._plan)}, text=text, notes=self._plan.notes)

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
            error.data = {"plan": self._session.previewed(self._plan)}
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
        self._record = self._recorded(Journal(about, lambda text: self._emit(Notice(text, "warning"))))
        self.tell()
        tools = Tools(
            call=self._aws.call,
            read=self._aws.read,
            search=self._aws.search,
            fan_out=self._fan_out,
            local=partial(run, folder=self._role.file.parent),
            emit=self._noted,
            record=self._record,
            hold=self._session.hold,
            clock=self._session.clock,
        )
        try:
            known = self._within_lock(tools, about["operator"])
        except UdoError as error:
            error.data = self._data(error.data if isinstance(error.data, dict) else {})
            if self._steps:
                self._record("", error.code, error.message)
            raise
        self._record("", "failed" if exit_status(known.get("hosts", ())) else "done", "")
        return Result(self._data(known), text=filled(self._plan.done, known))

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
        return lambda says, outcome, note: journal.record(masked(says), outcome, masked(note), makes.get(says, ""))

    def _noted(self, event: Event) -> None:
        match event:
            case StepBegan(says):
                if not self._steps:
                    self._record("", "begun", "")
                self._steps.append({"step": says, "outcome": "begun"})
            case StepDone(_, _, note):
                self._steps[-1] |= {"outcome": "done"} | ({"note": note} if note else {})
            case StepFailed(_, reason):
                self._steps[-1] |= {"outcome": "failed", "note": reason}
        self._emit(event)

    def _fan_out(self, step: FanOut) -> Iterable[Event]:
        return self._session.fan_out(self._role, step)

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
