"""Composite alarms: their rules, and what they make of the states of other alarms."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from udo.sandbox.strict.cloudwatch.alarm import ALARM, OK, STATES, UNKNOWN, Alarm
from udo.sandbox.strict.cloudwatch.alarms import known, put
from udo.sandbox.strict.rules import Refusal, Request, answers, rule

_WORD = re.compile(r'\s*(?:([()])|"([^"]*)"|([^\s()"]+))')
_MOST_CHILDREN = 100
# What a rule makes of the states of alarms, by name.
Rule = Callable[[Mapping[str, str]], bool]


@dataclass
class _Words:
    """The words of a rule that are left, each with whether it stands in quotes, and the alarms named so far."""

    left: list[tuple[str, bool]]
    names: list[str] = field(default_factory=list)

    def take(self) -> str:
        """The word that comes."""
        if not self.left:
            raise ValueError("something is missing at the end")
        return self.left.pop(0)[0]

    def comes(self, *words: str) -> str:
        """Which of these words comes and is taken, whatever its case; empty for none of them."""
        if not self.left or self.left[0][1] or self.left[0][0].upper() not in words:
            return ""
        return self.take().upper()

    def expect(self, word: str) -> None:
        """Takes the word that must come."""
        if (found := self.take()) != word:
            raise ValueError(f"'{word}' is expected instead of '{found}'")


@answers("cloudwatch", "PutCompositeAlarm", moto="has no such operation")
def composite_alarms_have_rules(request: Request) -> None:
    """The rule of a composite alarm is made of ALARM, OK and INSUFFICIENT_DATA of alarms that exist, AND, OR, NOT, TRUE
    and FALSE; it names 100 alarms at most, and is evaluated when it is put.

    Source: docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html (no source tells the
    words).
    """
    there, name = known(request), request.params["AlarmName"]
    if name in there and there[name].rule is None:
        raise Refusal("ValidationError", f"A metric alarm of this name already exists: {name}")
    names = parsed(request.params["AlarmRule"])[1]
    if missing := [one for one in names if one not in there]:
        raise Refusal("ValidationError", f"AlarmRule names alarms that do not exist: {', '.join(missing)}")
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
    holds, names = parsed(alarm.rule or "")
    states = {name: there[name].state_value for name in names if name in there}
    seen = tuple(f"{name} {state}" for name, state in states.items()) or ("nothing",)
    if alarm.seen == seen or alarm.held:
        return False
    alarm.seen = seen
    state = ALARM if holds(states) else OK
    return state != alarm.state_value and alarm.become(state, f"{alarm.rule} is {state == ALARM}")


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
    words = _Words([])
    place = 0
    while place < len(text.rstrip()):
        found = _WORD.match(text, place)
        if found is None:
            raise Refusal("ValidationError", f"AlarmRule is not valid: a quote is not closed in {text}")
        quoted = found[2]
        words.left.append((quoted, True) if quoted is not None else (found[1] or found[3], False))
        place = found.end()
    try:
        whole = _either(words)
        if words.left:
            raise ValueError(f"'{words.left[0][0]}' is not expected")
    except ValueError as error:
        raise Refusal("ValidationError", f"AlarmRule is not valid: {error} in {text}") from error
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
    wanted = words.comes(*STATES)
    if not wanted:
        raise ValueError(f"'{words.take()}' is not expected")
    words.expect("(")
    # An alarm is named by its ARN, too.
    name = words.take().rpartition(":alarm:")[2]
    words.expect(")")
    words.names.append(name)
    return lambda states: states.get(name) == wanted
