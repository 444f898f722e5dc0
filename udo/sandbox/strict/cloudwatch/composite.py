"""Composite alarms: their rules, and what they make of the states of other alarms."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from udo.sandbox.strict.cloudwatch.alarm import ALARM, OK, STATES, UNKNOWN, Alarm
from udo.sandbox.strict.cloudwatch.alarms import known, put
from udo.sandbox.strict.rules import Refusal, Request, answers, rule

_WORD = re.compile(r'\s*(?:([()])|"([^"]*)"|([^\s()"]+))')
_MOST_CHILDREN = 100
# What a rule makes of the states of alarms, by name.
Rule = Callable[[Mapping[str, str]], bool]


class _Word(NamedTuple):
    """A word of a rule: whether it stands in quotes, and at which letter it begins, from zero on."""

    text: str
    quoted: bool
    place: int


@dataclass
class _Words:
    """The words of a rule that are left, and the alarms named so far."""

    left: list[_Word]
    names: list[str] = field(default_factory=list)

    def take(self) -> str:
        """The word that comes."""
        if not self.left:
            raise ValueError("Unexpected end of the rule")
        return self.left.pop(0).text

    def comes(self, *words: str) -> str:
        """Which of these words comes and is taken, whatever its case; empty for none of them."""
        if not self.left or self.left[0].quoted or self.left[0].text.upper() not in words:
            return ""
        return self.take().upper()

    def expect(self, word: str) -> None:
        """Takes the word that must come."""
        if not self.comes(word):
            raise self.unexpected(f"'{word}'")

    def unexpected(self, wanted: str) -> ValueError:
        """That another word comes than is wanted."""
        if not self.left:
            return ValueError(f"Unexpected end of the rule, must be: {wanted}")
        return ValueError(f"Unsupported token '{self.left[0].text}' at char {self.left[0].place}, must be: {wanted}")


@answers("cloudwatch", "PutCompositeAlarm", moto="has no such operation")
def composite_alarms_have_rules(request: Request) -> None:
    """The rule of a composite alarm is made of ALARM, OK and INSUFFICIENT_DATA of alarms that exist, AND, OR, NOT, TRUE
    and FALSE; it names 100 alarms at most, and is evaluated when it is put.

    Source: docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html;
    github.com/aws/aws-cdk/issues/13953 and 34662, awsdocs/aws-cloudformation-user-guide/issues/911 and
    hashicorp/terraform-provider-aws/issues/19575, which have AWS's words (no source tells those for a rule that ends
    too early, and for too many alarms).
    """
    there, name = known(request), request.params["AlarmName"]
    if name in there and there[name].rule is None:
        raise Refusal("ValidationError", f"A metric alarm of this name already exists: {name}")
    names = parsed(request.params["AlarmRule"])[1]
    if missing := [one for one in names if one not in there]:
        raise Refusal(
            "ValidationError",
            f"Could not save the composite alarm as alarms [{', '.join(missing)}] in the alarm rule do not exist",
        )
    if len(names) > _MOST_CHILDREN:
        raise Refusal("ValidationError", f"AlarmRule must not name more than {_MOST_CHILDREN} alarms")
    alarm = put(request, UNKNOWN)
    alarm.seen = ()
    composite_alarms_follow_their_children(alarm, there)


@rule("cloudwatch", "DescribeAlarms", "SetAlarmState", moto="has no composite alarms")
def composite_alarms_follow_their_children(alarm: Alarm, there: Mapping[str, Alarm]) -> bool:
    """A composite alarm is in ALARM while its rule holds and OK otherwise; it is evaluated when the state of one of its
    children changes, so that a state that was set stays until then. Returns whether it has another state.

    Source: docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_SetAlarmState.html; API_PutCompositeAlarm.html.
    """
    if composite_alarms_in_a_circle_stand_still(alarm, there):
        return False
    holds, names = parsed(alarm.rule or "")
    states = {name: there[name].state_value for name in names if name in there}
    seen = tuple(f"{name} {state}" for name, state in states.items()) or ("nothing",)
    if alarm.seen == seen or alarm.held:
        return False
    alarm.seen = seen
    state = ALARM if holds(states) else OK
    return state != alarm.state_value and alarm.become(state, f"{alarm.rule} is {state == ALARM}")


@rule("cloudwatch", "PutCompositeAlarm", moto="has no composite alarms")
def composite_alarms_in_a_circle_stand_still(alarm: Alarm, there: Mapping[str, Alarm]) -> bool:
    """Composite alarms may be made of each other in a circle: then none of them is evaluated, and none can be deleted
    until the rule of one is another. Returns whether this one is in, or above, a circle.

    Source: botocore cloudwatch PutCompositeAlarm, documentation.
    """

    def is_circular(name: str, above: tuple[str, ...]) -> bool:
        if name in above:
            return True
        rule = there[name].rule if name in there else None
        return rule is not None and any(is_circular(one, (*above, name)) for one in parsed(rule)[1])

    return is_circular(alarm.name, ())


@rule("cloudwatch", "DeleteAlarms", moto="has no composite alarms")
def children_are_not_deleted(going: list[Alarm], there: Mapping[str, Alarm]) -> None:
    """An alarm that a composite one is made of is not deleted before it.

    Source: docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DeleteAlarms.html (note on cycles).
    """
    used = {name for one in there.values() if one.rule is not None for name in parsed(one.rule)[1]}
    if kept := [one.name for one in going if one.name in used]:
        raise Refusal("ValidationError", f"Cannot delete {kept[0]} as there are composite alarm(s) depending on it.")


def parsed(text: str) -> tuple[Rule, list[str]]:
    """A rule and the alarms it names, each once. Raises: Refusal where it is none."""
    if text != text.strip() or not text:
        raise Refusal("ValidationError", "AlarmRule must not contain leading or trailing whitespace or be null")
    words = _Words([])
    place = 0
    try:
        while place < len(text):
            found = _WORD.match(text, place)
            if found is None:
                raise ValueError("Unexpected end of the rule, must be: '\"'")
            words.left.append(
                _Word(next(filter(None, found.groups()), ""), found[2] is not None, found.start(found.lastindex or 0))
            )
            place = found.end()
        whole = _either(words)
        if words.left:
            raise words.unexpected("'AND' or 'OR'")
    except ValueError as error:
        raise Refusal("ValidationError", f"Error in AlarmRule [{error}]") from error
    return whole, list(dict.fromkeys(words.names))


def _either(words: _Words) -> Rule:
    parts = [_both(words)]
    while words.comes("OR"):
        parts.append(_both(words))
    return lambda states: any(part(states) for part in parts)


def _both(words: _Words) -> Rule:
    parts = [_one(words)]
    while words.comes("AND"):
        parts.append(_one(words))
    return lambda states: all(part(states) for part in parts)


def _one(words: _Words) -> Rule:
    if words.comes("NOT"):
        inner = _one(words)
        return lambda states: not inner(states)
    if words.comes("("):
        inner = _either(words)
        words.expect(")")
        return inner
    if constant := words.comes("TRUE", "FALSE"):
        return lambda _states: constant == "TRUE"
    if words.comes("AT_LEAST"):
        raise NotImplementedError("AT_LEAST in the rule of a composite alarm")
    wanted = words.comes(*STATES)
    if not wanted:
        raise words.unexpected("'(', 'NOT', AT_LEAST, TRUE or FALSE, ALARM, OK, or INSUFFICIENT_DATA")
    words.expect("(")
    # An alarm is named by its ARN, too.
    name = words.take().rpartition(":alarm:")[2]
    words.expect(")")
    words.names.append(name)
    return lambda states: states.get(name) == wanted
