"""The course of a change of a stack: looked at, planned, followed where it is under way, and planned again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from udo.change.who import Who
from udo.errors import Absent, Refused
from udo.stacks.change_sets import Wanted, is_unchanged
from udo.stacks.differences import validation_lines
from udo.stacks.events import begins
from udo.stacks.plan import CREATE, UPDATE, begun_by_udo, follows, plan_change, plan_to_follow, refuse_to_change
from udo.stacks.rows import BY, TAG
from udo.stacks.states import REVIEW
from udo.stacks.target import stack_target
from udo.stacks.text import one_line

if TYPE_CHECKING:
    from udo.aws import Aws
    from udo.change.outcome import Outcome
    from udo.change.plan import Plan
    from udo.config.stacks import Stack as Order
    from udo.model.stacks import ChangeSet, Stack
    from udo.session import Session
    from udo.stacks.change_sets import ChangeSets
    from udo.stacks.places import Places
    from udo.stacks.source import Source

_ON_FAILURE = {"rollback": "ROLLBACK", "delete": "DELETE", "keep": "DO_NOTHING"}


class Course:
    """A change of one stack that udo.yml describes; `sets` are the change sets that it makes on the way."""

    def __init__(
        self, session: Session, order: Order, source: Source, places: Places, operator: str, sets: ChangeSets
    ) -> None:
        self._session, self._order, self._source, self._places = session, order, source, places
        self._aws: Aws = session.aws(order.base)
        self._operator, self._sets = operator, sets

    def live(self) -> Stack | None:
        """The stack as it stands; None where there is none."""
        return self._aws.cloudformation.stack(self._order.name)

    def plan(self, verb: str) -> Plan:
        """The plan of a change, from a fresh look.

        Raises: Absent, Conflict, Refused or another UdoError.
        """
        live, order = self.live(), self._order
        if verb == UPDATE and (live is None or live.status == REVIEW):
            told = f"stack {order.name} does not exist in {self._aws.region}"
            raise Absent(told, hint=f"make it with: udo stack create {order.words}")
        if live is not None:
            if follows(verb, live) and self._is_ours(live):
                return plan_to_follow(verb, order, live)
            refuse_to_change(verb, order, live)
        found = self._sets.made(self._wanted(live), live)
        self._refuse_invalid(found)
        plan = plan_change(verb, order, live, found)
        warnings = validation_lines([one for one in found.validations if not one.fails], self._places)
        return replace(plan, notes=(*plan.notes, *self._sets.notes, *(f"warning: {one}" for one in warnings)))

    def either(self) -> Plan:
        """The plan that makes the stack, or changes the one there is. Raises: UdoError."""
        live = self.live()
        return self.plan(CREATE if live is None or live.status in (REVIEW, "CREATE_IN_PROGRESS") else UPDATE)

    def again(self, verb: str, outcome: Outcome) -> Plan | None:
        """What is left to do once what was under way has ended."""
        return self.plan(verb)

    def _is_ours(self, live: Stack) -> bool:
        """Whether what is under way was begun by Udo, on a stack of Udo's."""
        begun = next((one for one in self._aws.cloudformation.events(live.stack_id) if begins(one)), None)
        return TAG in live.tags and begun is not None and begun_by_udo(begun.token)

    def _wanted(self, live: Stack | None) -> Wanted:
        order = self._order
        is_new = live is None or live.status == REVIEW
        whose = self._operator if is_new else (live.tags.get(BY, "") if live else "")
        params: dict[str, Any] = {
            **self._source.params,
            "Parameters": [{"ParameterKey": key, "ParameterValue": one} for key, one in order.parameters.items()],
            "Capabilities": list(order.capabilities),
            "Tags": [{"Key": key, "Value": one} for key, one in tags(order, whose).items()],
        }
        params |= {"RoleARN": order.role} if order.role else {}
        params |= {"OnStackFailure": _ON_FAILURE[order.on_failure]} if is_new else {}
        template = f"{order.template} ({order.where('template')})"
        return Wanted(order.name, params, self._source.uploads, order.where("capabilities"), template)

    def _refuse_invalid(self, found: ChangeSet) -> None:
        """Raises: Refused for a template that CloudFormation does not take, with each place in it."""
        if found.status != "FAILED" or is_unchanged(found):
            return
        wrong = validation_lines([one for one in found.validations if one.fails], self._places)
        told = "; ".join(wrong) or f"{self._places.label}: {one_line(found.reason)}"
        error = Refused(f"CloudFormation does not take the template: {told}", hint="nothing was changed")
        error.data = {"validations": wrong}
        raise error


def tags(order: Order, operator: str) -> dict[str, str]:
    """The tags of a stack, which CloudFormation gives to all that is in it: those of udo.yml, and Udo's own."""
    cluster = order.definition.cluster
    own = {TAG: order.definition.key, **({BY: operator} if operator and operator != "unknown" else {})}
    return {**({"cluster": cluster} if cluster else {}), **order.tags, **own}


def operator_of(session: Session, order: Order) -> str:
    """Who asks, once it is known that it is in the right account.

    Raises: Refused in another one than udo.yml names.
    """
    target = stack_target(session, order.base, order.name)
    return Who(session, target, target.label, session.emit).known()[1]
