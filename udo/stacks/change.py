"""What `stack create`, `update`, `plan` and `delete` do, from a word on the command line to what is told in the end."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from udo.change.events import Notice, Progress
from udo.change.finish import finish
from udo.change.plan import Wait
from udo.change.preview import dry_run
from udo.config.stacks import chosen
from udo.result import Result
from udo.stacks.change_sets import change_sets
from udo.stacks.course import Course, operator_of
from udo.stacks.fit import checked_template
from udo.stacks.meanwhile import meanwhile
from udo.stacks.outcome import told
from udo.stacks.places import places_of
from udo.stacks.source import observe_source
from udo.stacks.target import stack_target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from udo.change.events import Event
    from udo.change.outcome import Outcome
    from udo.change.plan import Plan
    from udo.change.target import Target
    from udo.config.stacks import Stack as Order
    from udo.session import Session


def changed(session: Session, verb: str, name: str, params: Mapping[str, str]) -> Result:
    """What became of making or changing a stack. Raises: UdoError."""
    with _course(session, name, params) as (order, course):
        plan = course.plan(verb)
        # Once what was under way has ended it is looked at again, whether all is as udo.yml says now.
        is_followed = bool(plan.steps) and all(isinstance(step, Wait) for step in plan.steps)
        later = [partial(course.again, verb)] if is_followed else []
        target = stack_target(session, order.base, order.name)
        return followed(session, target, plan, order.words, *later)


def planned(session: Session, name: str, params: Mapping[str, str]) -> Result:
    """What making or changing a stack would come to. Raises: UdoError."""
    with _course(session, name, params) as (_, course):
        plan = course.either()
        if plan.steps:
            return dry_run(plan)
        return Result({"plan": None, "target": plan.target}, text=plan.unchanged, notes=plan.notes)


def followed(session: Session, target: Target, plan: Plan, words: str, *later: Any) -> Result:
    """The end of a plan about a stack."""

    def tell(outcome: Outcome) -> Result:
        return told(target.aws, plan, words, session.clock.time(), meanwhile(target.aws, plan, outcome))

    if session.options.output != "jsonl":
        return finish(session, target, plan, *later, tell=tell)
    return finish(
        session, target, plan, *later, tell=partial(_last_document, session, tell), emit=partial(document, session)
    )


def document(session: Session, event: Event) -> None:
    """Writes how a stack stands, where that is told; all else is told as ever."""
    if isinstance(event, Progress) and event.data is not None:
        write(session, event.data)
    else:
        session.emit(event)


def write(session: Session, data: Mapping[str, Any]) -> None:
    """Writes a document in one line, with its time."""
    at = f"{datetime.fromtimestamp(session.clock.time(), UTC):%Y-%m-%dT%H:%M:%SZ}"
    session.output.line(json.dumps({"at": at, **data}))


def _last_document(session: Session, tell: Callable[[Outcome], Result], outcome: Outcome) -> Result:
    result = tell(outcome)
    session.output.line(json.dumps({"exit": result.exit, **result.data}))
    return replace(Result(result.data), exit=result.exit, error=result.error, continues=result.continues)


@contextmanager
def _course(session: Session, name: str, params: Mapping[str, str]) -> Iterator[tuple[Order, Course]]:
    """The course of a change of the stack that is meant; no change set of it is left in the end that was not executed.

    Raises: UdoError.
    """
    order = session.resolve_stack(chosen(session.config, name, params))
    aws = session.aws(order.base)
    checked = checked_template(order, aws.region)
    operator = operator_of(session, order)
    source = observe_source(aws, order, checked.template)
    for text in (*checked.warnings, source.note):
        if text:
            session.emit(Notice(text))
    places = places_of(order.template, checked.template)
    with change_sets(session, aws, operator) as sets:
        yield order, Course(session, order, source, places, operator, sets)
