"""Which resources a request is about, as ARNs: those it names, looked up in the world where a name is not enough."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING

from udo.sandbox.iam.named import autoscaling, cloudformation, cloudwatch, codedeploy, ec2, iam, s3, ssm

if TYPE_CHECKING:
    from udo.sandbox.iam.reference import Action, Kind
    from udo.sandbox.iam.requests import Ask

Namer = Callable[["Ask"], Iterator[str]]
# Where the parameters of a request do not say it by the names of the reference.
_NAMERS: Mapping[str, Mapping[str, Namer]] = {
    "autoscaling": autoscaling.NAMERS,
    "cloudformation": cloudformation.NAMERS,
    "cloudwatch": cloudwatch.NAMERS,
    "codedeploy": codedeploy.NAMERS,
    "ec2": ec2.NAMERS,
    "iam": iam.NAMERS,
    "s3": s3.NAMERS,
    "ssm": ssm.NAMERS,
}
_VARIABLE = re.compile(r"\$\{(\w+)\}")
_WHERE = frozenset({"Partition", "Region", "Account"})


def resources(ask: Ask, action: Action) -> list[tuple[str, Kind | None]]:
    """The ARNs that an action of the request is about, each with its kind; `*` where AWS knows none for it.

    A kind that AWS requires and the request does not name stands with `*` in its ARN.
    """
    if ask.prefix == "apigateway":
        # Its resources are the paths of its requests.
        return [(ask.arn(str(ask.environ.get("PATH_INFO", "")), account=""), None)]
    found: list[tuple[str, Kind | None]] = []
    for kind in action.kinds:
        arns = list(dict.fromkeys(_named(ask, kind)))
        if not arns and kind.is_required:
            arns = [_written(ask, kind.template, {})]
        found += [(arn, kind) for arn in arns]
    return found or [("*", None)]


def _named(ask: Ask, kind: Kind) -> Iterator[str]:
    namer = _NAMERS.get(ask.prefix, {}).get(kind.name)
    if namer is not None:
        yield from namer(ask)
        return
    wanted = _expression(kind.template)
    arns = [one for one in ask.texts() if one.startswith("arn:") and wanted.fullmatch(one)]
    if arns:
        yield from arns
        return
    variables = [name for name in _VARIABLE.findall(kind.template) if name not in _WHERE]
    if len(variables) == 1:
        for value in ask.named(*_words(variables[0])):
            yield _written(ask, kind.template, {variables[0]: value})


def _words(variable: str) -> tuple[str, ...]:
    """The parameters that a variable of an ARN may stand for."""
    return (
        variable,
        f"{variable}s",
        f"{variable.removesuffix('y')}ies",
        *(("Name",) if variable[-4:] == "Name" else ()),
    )


def _written(ask: Ask, template: str, values: dict[str, str]) -> str:
    known = {"Partition": ask.partition, "Region": ask.region, "Account": ask.account, **values}
    return _VARIABLE.sub(lambda found: known.get(found[1], "*"), template)


@cache
def _expression(template: str) -> re.Pattern[str]:
    parts = _VARIABLE.split(template)
    return re.compile("".join(re.escape(one) if number % 2 == 0 else ".*" for number, one in enumerate(parts)))
