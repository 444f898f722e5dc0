"""Whether a stack and its template go together: parameters, capabilities, and what cfn-lint finds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from udo.config.suggesting import among, suggestion
from udo.config.wording import brief
from udo.errors import ConfigError, Problem, Refused
from udo.frozen import frozen
from udo.stacks.lint import MISSING, findings
from udo.stacks.template import IAM, NAMED_IAM, Template, template_of

if TYPE_CHECKING:
    from udo.config.stack import Stack
    from udo.stacks.template import Declared

# A value of a type that begins like this is the name of a parameter of Systems Manager.
_LISTS = ("CommaDelimitedList", "List<")


@frozen
class Checked:
    """A template that fits its stack, None where it is an object in S3; `warnings` are what may surprise."""

    template: Template | None
    warnings: tuple[str, ...]


def checked_template(stack: Stack, region: str | None) -> Checked:
    """The template of a stack, which is to be made of it in a region, once all is right with both.

    Raises: ConfigError with every mistake; Refused where the template wants a capability that udo.yml does not grant.
    """
    template = template_of(stack)
    if template is None:
        return Checked(None, ())
    mistakes, warnings = judged(stack, template, region)
    if mistakes:
        raise ConfigError(*mistakes)
    if told := missing_capability(stack, template):
        raise Refused(told, hint="nothing was made; look whether it may, and grant it there")
    return Checked(template, tuple(warnings))


def judged(stack: Stack, template: Template, region: str | None) -> tuple[list[Problem], Sequence[str]]:
    """What is wrong with a template and what its stack gives it, and warnings, a line each."""
    mistakes = list(misfits(stack, template))
    found = findings(template, region)
    if found is None:
        return mistakes, (MISSING,)
    mistakes += (one.problem for one in found if not one.is_warning)
    return mistakes, [f"{one.problem} (warning)" for one in found if one.is_warning]


def missing_capability(stack: Stack, template: Template) -> str:
    """What the template wants and udo.yml does not grant, in words; nothing where it grants enough."""
    wanted = template.capability()
    granted = stack.capabilities
    if wanted is None or NAMED_IAM in granted or (wanted[0] == IAM and IAM in granted):
        return ""
    capability, name, mark = wanted
    where = stack.where("capabilities")
    return f"{stack.label} needs {capability} for its resource {name} ({mark}), which {where} does not grant"


def misfits(stack: Stack, template: Template) -> Iterator[Problem]:
    """What is wrong with the parameters that a stack gives its template; those that are not known yet fit."""
    given = stack.known_parameters()
    for name, value in given.items():
        place = stack.value_mark("parameters", name)
        if (declared := template.parameters.get(name)) is None:
            told = f"template {template.label} has no parameter '{brief(name)}'"
            yield Problem(*stack.mark_of("parameters", name), f"{told}: {among(name, template.parameters)}")
        elif value is not None and (told := _misfit(declared, value, is_secret=stack.is_looked_up(name))):
            yield Problem(*place, f"{told} ({declared.mark})")
    for name, declared in template.parameters.items():
        if name not in given and not declared.is_optional:
            told = f"{stack.label} gives the template no {name}, which has no default ({declared.mark})"
            yield Problem(*stack.mark_of("parameters"), f"{told}: write parameters: {{{name}: ..}}")


def _misfit(declared: Declared, value: str, *, is_secret: bool) -> str:
    values = [one.strip() for one in value.split(",")] if declared.type.startswith(_LISTS) else [value]
    for one in values:
        shown = "" if is_secret or declared.is_hidden else f", not '{brief(one)}'"
        if declared.allowed and one not in declared.allowed:
            near = "" if not shown else suggestion(one, declared.allowed)
            told = f"parameter {declared.name} is one of {', '.join(declared.allowed[:20])}{shown}"
            return f"{told}: {near}" if near else told
        if told := _shape(declared, one):
            return f"parameter {declared.name} {told}{shown}"
    return ""


def _shape(declared: Declared, value: str) -> str:
    if declared.type in ("Number", "List<Number>"):
        number = _number(value)
        if number is None:
            return "is a number"
        low, high = (_number(declared.words.get(key, "")) for key in ("MinValue", "MaxValue"))
        if (low is not None and number < low) or (high is not None and number > high):
            return f"is {_between(declared.words, 'MinValue', 'MaxValue')}"
        return ""
    low, high = (_number(declared.words.get(key, "")) for key in ("MinLength", "MaxLength"))
    if (low is not None and len(value) < low) or (high is not None and len(value) > high):
        return f"has {_between(declared.words, 'MinLength', 'MaxLength')} characters"
    return _pattern(declared, value)


def _pattern(declared: Declared, value: str) -> str:
    if not declared.pattern:
        return ""
    try:
        # CloudFormation's are Java's, which differ in what hardly anybody writes.
        fits = re.fullmatch(declared.pattern, value)
    except re.error:
        return ""
    described = declared.words.get("ConstraintDescription", "")
    return "" if fits else f"matches {brief(declared.pattern)}{f' ({brief(described)})' if described else ''}"


def _between(words: Mapping[str, str], low: str, high: str) -> str:
    if low in words and high in words:
        return f"{words[low]} to {words[high]}"
    return f"at least {words[low]}" if low in words else f"at most {words[high]}"


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
