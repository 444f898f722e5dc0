"""What AWS refuses because somebody else was faster, between Udo's last look and its write."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from udo.change.conditions import brief, read_together
from udo.change.plan import Call
from udo.errors import AwsError, Conflict, LostAnswer, NotSent, UdoError

if TYPE_CHECKING:
    from udo.aws import Aws
    from udo.change.outcome import Outcome
    from udo.change.plan import Plan


def meanwhile(aws: Aws, plan: Plan, outcome: Outcome) -> Outcome:
    """The outcome; where a write was refused that rests on what is not so any more, its error is that."""
    error = outcome.error
    if not isinstance(error, AwsError) or isinstance(error, NotSent | LostAnswer) or not outcome.steps:
        return outcome
    last = outcome.steps[-1]
    refused = next((one for one in plan.steps if isinstance(one, Call) and one.says == last.step), None)
    if refused is None or last.outcome != "failed":
        return outcome
    try:
        for pair, found in read_together(refused.expect, {}, aws.read):
            if found != pair.value:
                told = f"{pair.says}: {brief(found)} now, it was {brief(pair.value)} a moment ago: {error.message}"
                conflict = Conflict(
                    told, hint="somebody else is at work; nothing was overwritten, look and run it again"
                )
                return replace(outcome, error=conflict)
    except UdoError:
        # What AWS said is what there is to tell.
        return outcome
    return outcome
