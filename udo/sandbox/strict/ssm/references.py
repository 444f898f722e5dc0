"""References to Parameter Store within commands, which agents resolve before a shell sees them."""

from __future__ import annotations

import re
from typing import Any

from udo.sandbox.strict.rules import rule

# Source: aws/amazon-ssm-agent 1c217c8, parameterstore.go (getValidSSMParamRegexCompiler).
_REFERENCE = re.compile(r"\{\{ *ssm:([/\w.:-]+) *\}\}", re.ASCII)


class Unresolved(Exception):
    """A reference leads to nothing that may stand there."""


@rule("ssm", "SendCommand", moto="runs nothing")
def commands_refer_to_parameters(backend: Any, lines: tuple[str, ...]) -> tuple[str, ...]:
    """`{{ssm:name}}` in a command, however it is quoted, is replaced by the value of that parameter; a list that stands
    alone becomes lines of its own. One that is missing, or a SecureString, fails the invocation before it begins.

    Source: AWS Systems Manager User Guide, "Working with parameters using Run Command commands"; amazon-ssm-agent
    1c217c8, parameterstore.go (Resolve) and parser.go.
    """
    named = dict.fromkeys(name for line in lines for name in _REFERENCE.findall(line))
    if not named:
        return lines
    found = {name: one for name, one in ((name, _parameter(backend, name)) for name in named) if one is not None}
    if missing := [name for name in named if name not in found]:
        raise Unresolved(f"Input contains invalid parameters [{' '.join(missing)}]")
    if secret := [one.name for one in found.values() if one.parameter_type == "SecureString"]:
        raise Unresolved(f"Parameters [{' '.join(secret)}] of type SecureString are not supported")
    return tuple(one for line in lines for one in _resolved(line, found))


def _resolved(line: str, found: dict[str, Any]) -> list[str]:
    alone = _REFERENCE.fullmatch(line.strip())
    if alone and found[alone[1]].parameter_type == "StringList":
        return str(found[alone[1]].value).split(",")
    return [_REFERENCE.sub(lambda match: _value(found[match[1]]), line)]


def _value(parameter: Any) -> str:
    if parameter.parameter_type == "StringList":
        raise Unresolved(f"Parameter {parameter.name} of type StringList cannot be used as a String")
    return str(parameter.value)


def _parameter(backend: Any, name: str) -> Any:
    from moto.ssm.exceptions import ParameterVersionNotFound

    try:
        return backend.get_parameter(name)
    except ParameterVersionNotFound:
        return None
