"""What `stack delete` does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from udo.change.plan import Plan
from udo.change.who import Who
from udo.errors import Refused
from udo.stacks.change import followed
from udo.stacks.change_sets import refuse_waiting
from udo.stacks.find import named
from udo.stacks.plan import DELETE, OURS, follows, plan_deletion, plan_to_follow, refuse_to_change
from udo.stacks.rows import TAG
from udo.stacks.states import DELETED, REVIEW
from udo.stacks.target import stack_target

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from udo.result import Result
    from udo.session import Session
    from udo.stacks.find import Named


def deleted(session: Session, word: str, params: Mapping[str, str], retain: Sequence[str]) -> Result:
    """What became of deleting a stack. Raises: UdoError."""
    what = named(session, word, params)
    target = stack_target(session, what.base, what.name)
    # What is said of the stack is true of this account alone.
    Who(session, target, target.label, session.emit).known()
    plan = _planned(session, what, retain)
    return followed(session, target, plan, what.words)


def _planned(session: Session, what: Named, retain: Sequence[str]) -> Plan:
    """The plan that deletes the stack, or follows its deletion. Raises: UdoError."""
    aws = session.aws(what.base)
    live = aws.cloudformation.stack(what.name)
    if live is None or live.status == DELETED:
        return Plan(DELETE, what.label, (), unchanged=f"nothing to delete: {what.label} does not exist")
    if what.order is None and TAG not in live.tags:
        raise Refused(
            f"{what.label} is neither in udo.yml ({session.config.place}) nor has it the tag {TAG}",
            hint="nothing was changed; Udo deletes only what it has made",
        )
    if follows(DELETE, live):
        return plan_to_follow(DELETE, what, live)
    refuse_to_change(DELETE, what, live)
    if live.status == REVIEW:
        refuse_waiting(live, aws.cloudformation.change_sets(live.stack_id))
    return plan_deletion(what, live, aws.cloudformation.resources(live.stack_id), f"{OURS}{session.run_id}", retain)
