"""The global options as click takes them, before a verb and after it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from udo.errors import UsageError
from udo.session import Session

if TYPE_CHECKING:
    from collections.abc import Sequence

_GLOBALS: tuple[tuple[tuple[str, ...], dict[str, Any]], ...] = (
    (("-c", "--config"), {"metavar": "FILE", "help": "The configuration file (default: the nearest udo.yml upwards)."}),
    (("--profile",), {"metavar": "NAME", "help": "The AWS profile."}),
    (("--region",), {"metavar": "REGION", "help": "The AWS region."}),
    (("-n", "--dry-run"), {"is_flag": True, "help": "Show what would be changed, and change nothing."}),
    (("-y", "--yes"), {"is_flag": True, "help": "Answer yes to every question."}),
    (("-o", "--output"), {"metavar": "FORMAT", "help": "text (default) or json; some verbs have more."}),
    (("-q", "--quiet"), {"is_flag": True, "help": "Errors and data only."}),
    (("-v", "--verbose"), {"is_flag": True, "help": "Show every AWS call."}),
    (("--debug",), {"is_flag": True, "help": "Write what is done to debug-RUN.log in the state folder."}),
    (("--color",), {"type": click.Choice(["auto", "always", "never"]), "help": "Colours (default: auto)."}),
    (("--wide",), {"is_flag": True, "help": "All columns of a table, however wide the terminal is."}),
    (("--sandbox",), {"is_flag": True, "help": "Use the sandbox on this machine instead of AWS."}),
)
# A variable left over in a shell must never be what confirms a change.
_WITHOUT_VARIABLE = frozenset({"--yes"})
# Of use to some verbs only, which say so.
_OF_CHANGES = {"dry_run": "--dry-run", "yes": "--yes"}
USUAL_FORMATS = ("text", "json")
ELSEWHERE = "The options that every verb has (-c, -o, -q, -v ...) are in 'udo --help'."


def root_options() -> list[click.Parameter]:
    """The global options as they stand before a verb, each with its variable."""
    made: list[click.Parameter] = []
    for names, settings in _GLOBALS:
        variable = f"UDO_{names[-1].removeprefix('--').replace('-', '_').upper()}"
        envvar = None if names[-1] in _WITHOUT_VARIABLE else variable
        made.append(click.Option([*names], expose_value=False, callback=_take, envvar=envvar, **settings))
    return made


def options_after(formats: Sequence[str], takes: Sequence[str]) -> list[click.Parameter]:
    """The global options as they stand after a verb, which tells only those it has of its own."""
    made: list[click.Parameter] = []
    for names, settings in _GLOBALS:
        kind: type[click.Option] = _Untold
        callback, said = _take, settings
        if names[-1] in takes:
            kind = click.Option
        elif names[-1] in _OF_CHANGES.values():
            callback = _refuse
        elif names[-1] == "--output" and formats != USUAL_FORMATS:
            kind, said = click.Option, {"metavar": "FORMAT", "help": f"{', '.join(formats)}."}
        made.append(kind([*names], expose_value=False, callback=callback, **said))
    return made


def check_before(ctx: click.Context, takes: Sequence[str]) -> None:
    """Refuses what was typed before a verb that changes nothing and means nothing to it. Raises: UsageError.

    A variable is for all that is done in a shell, and passes.
    """
    for name, flag in _OF_CHANGES.items():
        if flag not in takes and ctx.find_root().get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise _refusal(ctx, flag)


def _refuse(ctx: click.Context, option: click.Parameter, value: Any) -> None:
    if value and not ctx.resilient_parsing:
        raise _refusal(ctx, _OF_CHANGES[option.name or ""])


def _refusal(ctx: click.Context, flag: str) -> UsageError:
    return UsageError(f"{ctx.command_path} takes no {flag}", hint="only verbs that change something do")


def _take(ctx: click.Context, option: click.Parameter, value: Any) -> None:
    if value is None or value is False or value == 0 or option.name is None:
        return
    if value == "" and ctx.get_parameter_source(option.name) is ParameterSource.COMMANDLINE:
        raise UsageError(f"{option.opts[-1]} is empty", hint="leave it out, or set the variable that it comes from")
    session = ctx.find_object(Session)
    if session is not None:
        session.set_option(option.name, value)


class _Untold(click.Option):
    """An option that works and that a verb's own help does not list."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Nothing."""
        return None
