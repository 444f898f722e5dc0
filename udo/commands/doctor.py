"""Find what would go wrong with groups and verbs before it does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from udo.doctor.observe import observe
from udo.doctor.rows import lines, row, summary
from udo.result import Result
from udo.selectors import reading_roles

if TYPE_CHECKING:
    from udo.session import Session


@click.command()
@click.argument("words", nargs=-1, metavar="[CLUSTER [ROLE]]")
@click.option("--all", "whole", is_flag=True, help="Name the checks that passed too.")
@click.pass_obj
def command(session: Session, words: tuple[str, ...], whole: bool) -> Result:
    """Find what would go wrong with groups, and with verbs on them, before it does. Nothing is changed.

    First what roles have in common: credentials, the clock, and what verbs may not do (by IAM's simulator, where that
    may be asked and 'udo iam' is installed). Then role by role, the worst first, each with what to do: an x is what
    fails or will, a ! what may, a ? what could not be told, with a footnote. What is looked for: launch data that is
    gone or deprecated, launch configurations, IMDSv1, outdated members, a single zone, free addresses, load balancers
    and their health, locks, tags and processes that were left behind, lifecycle hooks nobody answers, deployment
    groups and silent agents, alarms that are missing, tell nobody or see nothing. docs/doctor.md has each check with
    its reason.

    Exits with 1 where something fails, else with 0. Without a word all roles; either may be a list (webapp,worker) or
    '*'.

    \b
    udo doctor
    udo doctor prod webapp --all
    udo doctor prod -o json
    """
    roles = reading_roles(session.config, words, all_by_default=True)
    examined, notes = observe(session, roles)
    rows = [row(one) for one in examined]
    shown = tuple(lines(examined, whole=whole or session.options.verbose))
    failing = summary(examined)
    error = ("unhealthy", f"this fails, or will: {failing}", None) if failing else None
    return Result(rows, facts=shown, notes=notes, exit=1 if failing else 0, error=error)
