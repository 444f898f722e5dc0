"""Change sets: made to see what a change of a stack comes to, and removed again.

To look at a change of a stack something has to be made in AWS. That is the one write that no plan holds: it goes
through `looked_up` alone, by the one writer.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

from udo import signals
from udo.change import waiting
from udo.change.events import Notice, Progress
from udo.change.holder import Holder, stale, this_process
from udo.change.mark import RUN
from udo.change.plan import Call, Pair, Plan, Read, Ref, Wait
from udo.change.runner import carry_out
from udo.change.tools import Tools
from udo.errors import Absent, AwsError, Conflict, Interrupted, LostAnswer, NotSent, PermissionDenied, Refused, UdoError
from udo.frozen import frozen
from udo.model.stacks import ChangeSet
from udo.stacks.protection import protection
from udo.stacks.states import REVIEW

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from udo.aws import Aws
    from udo.change.events import Event
    from udo.change.outcome import Outcome
    from udo.errors import Failure
    from udo.model.stacks import Stack
    from udo.session import Session

_NAME = re.compile(rf"udo-({RUN.pattern})(?:-\d+)?")
_MAKER = re.compile(rf"udo:({RUN.pattern}) by (.+) on (\S+), process (\d+)/(\w*)", re.DOTALL)
_UNCHANGED = re.compile(r"didn't contain changes|No updates are to be performed", re.IGNORECASE)
_CAPABILITIES = re.compile(r"CAPABILITY_\w+")
# How the making of one ends.
_MADE = ("CREATE_COMPLETE", "FAILED")
# Or somebody else removes it, as executing another one does.
_ENDED = (*_MADE, None)
# What CloudFormation says of a template that S3 does not give it.
_UNFETCHED = re.compile(r"S3 error: (.*?)\.?(?:\s+For more information.*|$)", re.DOTALL)
# How long CloudFormation may take to make a change set.
_SECONDS = 900.0


@frozen
class Wanted:
    """What a change set is asked for with: the parameters of CreateChangeSet that say what the stack is to be.

    `uploads` put the template where CloudFormation takes it from; `where` is the place in udo.yml that grants
    capabilities, `template` what udo.yml calls the template, with its place.
    """

    name: str
    params: Mapping[str, Any]
    uploads: tuple[Call, ...]
    where: str
    template: str


class ChangeSets:
    """The change sets that one run makes of one stack; what is left of them is removed in the end."""

    def __init__(self, session: Session, aws: Aws, operator: str) -> None:
        self._session, self._aws, self._count = session, aws, 0
        self._holder = this_process(session.run_id, operator)
        self._made: list[tuple[ChangeSet, bool]] = []
        self.notes: list[str] = []

    def made(self, wanted: Wanted, live: Stack | None) -> ChangeSet:
        """The change set of what is wanted, with all its changes and what early validation says.

        What dead runs have left of theirs is removed first.

        Raises: Refused where a capability is not granted; another UdoError.
        """
        name = self._name()
        left = self._left(live)
        is_new = live is None or live.status == REVIEW
        says = f"change set {name} of stack {wanted.name}"
        listed = f"Summaries[?ChangeSetName=='{name}'] | [0]"
        read = partial(Read, "cloudformation", "ListChangeSets", {"StackName": wanted.name})
        call = Call(
            f"make {says}",
            "cloudformation",
            "CreateChangeSet",
            {
                **wanted.params,
                "StackName": wanted.name,
                "ChangeSetName": name,
                "ChangeSetType": "CREATE" if is_new else "UPDATE",
                "Description": _made_by(self._holder),
                "ClientToken": name,
            },
            save={"change_set": "Id", "stack": "StackId"},
            proof=(
                Pair(read(f"{listed}.ChangeSetId"), Ref("change_set")),
                Pair(read(f"{listed}.StackId"), Ref("stack")),
            ),
        )
        wait = Wait(
            f"change set of stack {wanted.name}",
            Read("cloudformation", "DescribeChangeSet", {"ChangeSetName": Ref("change_set")}, "Status"),
            success=_ENDED,
            every=1.0,
            timeout=_SECONDS,
        )
        outcome = looked_up(self._session, self._aws, Plan("stack", wanted.name, (*wanted.uploads, call, wait)))
        if "change_set" in outcome.saved:
            one = ChangeSet(outcome.saved["change_set"], name, outcome.saved["stack"], wanted.name, "")
            self._made.append((one, is_new and (live is None or bool(left))))
        if outcome.error:
            _explain(wanted, outcome.error)
            if "change_set" not in outcome.saved:
                self._refuse_moved(wanted.name, live, outcome.error)
            raise outcome.error
        return self._found(outcome.saved["stack"], outcome.saved["change_set"])

    def remove(self) -> None:
        """Removes those that were not executed, and the stack that was made for them; what cannot be is told."""
        while self._made:
            found, with_stack = self._made.pop()
            try:
                with signals.putting_back():
                    self._remove(found, with_stack=with_stack)
            except (UdoError, Interrupted) as error:
                told = f"{found.name} of stack {found.stack_name} was not removed: {error.message}"
                self._session.emit(Notice(f"change set {told}; the next run removes it", "warning"))

    def _name(self) -> str:
        """One that no change set of this run had before."""
        self._count += 1
        return f"udo-{self._session.run_id}" + (f"-{self._count}" if self._count > 1 else "")

    def _refuse_moved(self, name: str, live: Stack | None, error: Failure) -> None:
        """Lets a stack pass that is still what it was, where AWS refused the change set. Raises: Conflict."""
        if not isinstance(error, AwsError) or isinstance(error, NotSent | LostAnswer):
            return
        now = self._aws.cloudformation.stack(name)
        if (live and (live.stack_id, live.status)) != (now and (now.stack_id, now.status)):
            told = f"stack {name} is {now.status if now else 'gone'} now, it was {live.status if live else 'not there'}"
            raise Conflict(f"{told} a moment ago", hint="somebody else is at work; run it again") from error

    def _found(self, stack_id: str, change_set_id: str) -> ChangeSet:
        found = self._aws.cloudformation.change_set(stack_id, change_set_id)
        if found is None:
            name = self._made[-1][0].stack_name
            told = f"somebody else is at work on stack {name}, and with that our change set is gone"
            raise Conflict(told, hint=f"nothing was changed; see 'udo stack events {name}', then run it again")
        if is_unchanged(found):
            return found
        try:
            return replace(found, validations=self._aws.cloudformation.validations(change_set_id))
        except (AwsError, PermissionDenied) as error:
            self.notes.append(f"what early validation says is unknown: {error.message}")
            return found

    def _left(self, live: Stack | None) -> tuple[ChangeSet, ...]:
        """What dead runs have left of their change sets. It is removed; that of a stack which was never made together
        with ours.

        Raises: Conflict where somebody else is about to make the stack.
        """
        found = self._aws.cloudformation.change_sets(live.stack_id) if live else ()
        if live and live.status == REVIEW:
            refuse_waiting(live, found)
        dead = tuple(one for one in found if self._is_left(one))
        for one in found:
            if one not in dead and (run := _NAME.fullmatch(one.name)):
                self.notes.append(f"run {run[1]} has a change set of it too, and may be at work")
        for one in dead:
            self._session.emit(Notice(f"change set {one.name} was left by a run that is dead: it is removed"))
            if live and live.status == REVIEW:
                continue
            looked_up(self._session, self._aws, _removal(one))
        return dead

    def _is_left(self, one: ChangeSet) -> bool:
        """Whether it is of a run that is dead, or so old that nobody waits for it."""
        maker = _MAKER.fullmatch(one.description)
        if not (maker and _NAME.fullmatch(one.name)):
            return False
        holder = Holder(maker[1], maker[2], maker[3], one.created_at, int(maker[4]), maker[5])
        return holder.run != self._session.run_id and (holder.gone or stale(one.created_at, self._session.clock.time()))

    def _remove(self, one: ChangeSet, *, with_stack: bool) -> None:
        now = self._aws.cloudformation.change_set(one.stack_id, one.change_set_id)
        if now is None or now.execution.startswith("EXECUTE") or now.execution == "OBSOLETE":
            return
        plan = _removal(one)
        if with_stack:
            others = self._aws.cloudformation.change_sets(one.stack_id)
            if all(other.change_set_id == one.change_set_id or self._is_left(other) for other in others):
                live = self._aws.cloudformation.stack(one.stack_id)
                plan = _stack_removal(one, [other.change_set_id for other in others], live)
        outcome = looked_up(self._session, self._aws, plan)
        # Somebody else was faster, whatever it is that they did.
        if outcome.error and not isinstance(outcome.error, Conflict):
            raise outcome.error


@contextmanager
def change_sets(session: Session, aws: Aws, operator: str) -> Iterator[ChangeSets]:
    """The change sets of one run, of which none that was not executed is left afterwards."""
    made = ChangeSets(session, aws, operator)
    try:
        yield made
    finally:
        made.remove()


def looked_up(session: Session, aws: Aws, plan: Plan) -> Outcome:
    """What became of a plan about change sets, which is carried out although something is only looked at.

    The one place beside `change.finish` that hands the writer on. Its steps are not those of the run: of them only
    what is wrong is told, and what takes longer than a second.
    """

    def emit(event: Event) -> None:
        # How it ended is told by what follows.
        is_slow = isinstance(event, Progress) and event.waited >= 1 and not event.says.endswith(_MADE)
        if isinstance(event, Notice) or is_slow:
            session.emit(event)

    tools = Tools(
        call=aws.call,
        read=aws.read,
        search=aws.search,
        fan_out=_no_step,
        local=_no_step,
        emit=emit,
        record=lambda *_: None,
        clock=session.clock,
        watching=partial(waiting.watcher, aws, session.clock),
    )
    return carry_out(plan, tools)


def refuse_waiting(live: Stack, found: Sequence[ChangeSet]) -> None:
    """Raises: Conflict where a change set that is none of Udo's is to make the stack."""
    if others := [one.name for one in found if not _NAME.fullmatch(one.name)]:
        told = f"somebody else is about to make a stack {live.name}: change set {others[0]} waits"
        raise Conflict(told, hint="nothing was changed; execute or delete that one first")


def is_unchanged(found: ChangeSet) -> bool:
    """Whether a change set failed because there is nothing to change."""
    return found.status == "FAILED" and bool(_UNCHANGED.search(found.reason))


def _made_by(holder: Holder) -> str:
    """The mark of a run in the description of a change set, with who made it."""
    return f"udo:{holder.run} by {holder.holder} on {holder.host}, process {holder.pid}/{holder.started}"


def _removal(one: ChangeSet) -> Plan:
    read = Read(
        "cloudformation",
        "ListChangeSets",
        {"StackName": one.stack_id},
        f"Summaries[?ChangeSetId=='{one.change_set_id}'] | [0].ChangeSetId",
    )
    call = Call(
        f"remove change set {one.name}",
        "cloudformation",
        "DeleteChangeSet",
        {"ChangeSetName": one.change_set_id},
        proof=(Pair(read, None),),
    )
    return Plan("stack", one.stack_name, (call,))


def _stack_removal(one: ChangeSet, known: Sequence[str], live: Stack | None) -> Plan:
    """The plan that removes a stack which was made for change sets alone, and these with it.

    What was to be made with termination protection has it already.
    """
    asked = {"StackName": one.stack_id}
    status = Read("cloudformation", "DescribeStacks", asked, "Stacks[0].StackStatus")
    others = Read("cloudformation", "ListChangeSets", asked, "sort(Summaries[].ChangeSetId)")
    there = "Stacks[?StackStatus!='DELETE_COMPLETE'] | [0].StackStatus"
    empty = (Pair(status, REVIEW, "state"), Pair(others, sorted(known), "its change sets"))
    unprotected = [protection(one.stack_id, one.stack_name, on=False, expect=empty)] if live and live.protected else []
    call = Call(
        f"remove the empty stack {one.stack_name}",
        "cloudformation",
        "DeleteStack",
        asked,
        expect=empty,
        proof=(Pair(Read("cloudformation", "DescribeStacks", asked, there), None),),
    )
    wait = Wait(
        f"remove the empty stack {one.stack_name}",
        Read("cloudformation", "DescribeStacks", asked, there),
        success=(None,),
        failure=("DELETE_FAILED",),
        every=1.0,
        timeout=_SECONDS,
    )
    return Plan("stack", one.stack_name, (*unprotected, call, wait))


def _explain(wanted: Wanted, error: Failure) -> None:
    """Raises: Refused for what udo.yml does not grant; Absent for a template that CloudFormation cannot fetch."""
    if not isinstance(error, AwsError):
        return
    if unfetched := _UNFETCHED.search(error.message):
        told = f"CloudFormation cannot fetch the template {wanted.template}: {unfetched[1]}"
        raise Absent(told, hint="nothing was made; put it there, or correct `template`") from error
    if "InsufficientCapabilities" not in error.aws_code:
        return
    names = ", ".join(_CAPABILITIES.findall(error.message)) or "a capability"
    raise Refused(
        f"the template of stack {wanted.name} wants {names}, which udo.yml does not grant ({wanted.where})",
        hint=f"nothing was made; if it may have that, say capabilities: [{names}]",
    ) from error


def _no_step(step: Any) -> NoReturn:
    raise NotImplementedError(f"{step.says}: no plan about change sets holds that")
