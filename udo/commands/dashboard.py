"""Put the dashboard of a cluster, show what would change, or print it."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import click

from udo.change.finish import finish, told
from udo.dashboards.plan import in_words, observe_dashboard, plan_delete, plan_put
from udo.dashboards.seen import observe
from udo.errors import AwsError, UsageError
from udo.groups.target import cluster_target
from udo.model.dashboards import spelled
from udo.output.text import difference_lines
from udo.result import Result
from udo.selectors import cluster_roles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from udo.change.outcome import Outcome
    from udo.change.plan import Plan
    from udo.config import Role
    from udo.dashboards.body import Body
    from udo.dashboards.plan import Dashboard
    from udo.session import Session

FORMATS = ("text", "body", "json")
TAKES = ("--dry-run", "--yes")
# AWS's code for a body that it does not take.
_INVALID = "InvalidParameterInput"


@click.command()
@click.argument("words", nargs=-1, metavar="CLUSTER [ROLE]")
@click.option("--put", "puts", is_flag=True, help="Make it, or bring it to what is shown; asks before widgets go.")
@click.option("--delete", "deletes", is_flag=True, help="Delete it; asks.")
@click.pass_obj
def command(session: Session, /, words: tuple[str, ...], puts: bool, deletes: bool) -> Result:
    """Show what differs between the CloudWatch dashboard of a cluster and what it should be; --put puts it.

    What users would feel first stands on top: latency, errors and hosts of load balancers, depth and age of the queues
    that alarms look at. Then comes each role: capacity, health, CPU, what its alarms look at with a line at each
    threshold, and how they stand. Vertical lines are the last ten deployments and refreshes of the role.

    It is called APP-CLUSTER, and a text in it says that Udo has made it; one without is refused. ROLE shows that part
    alone; --put takes the whole cluster. -o body prints the body as JSON.

    \b
    udo dashboard prod
    udo dashboard prod --put
    udo dashboard prod webapp -o body
    """
    roles = cluster_roles(session.config, words)
    whole = session.config.roles(roles[0].cluster, "*")
    _refuse_together(session, puts, deletes, is_whole=len(roles) == len(whole))
    role = session.resolve(roles[0], "app_name")
    dashboard = observe_dashboard(session.aws(role), role)
    if deletes:
        return finish(
            session, cluster_target(session, f"dashboard {dashboard.name}", whole), plan_delete(dashboard), locked=False
        )
    notes: list[str] = []
    wanted = dashboard.wanted(observe(session, roles, notes.append))
    if session.options.output == "body":
        return Result(wanted, text=json.dumps(json.loads(spelled(wanted)), indent=2, ensure_ascii=False), notes=notes)
    if puts:
        return _put(session, dashboard, wanted, notes, whole)
    names = [one.name for one in roles] if len(roles) < len(whole) else []
    return _shown(dashboard, wanted, names, notes)


def _refuse_together(session: Session, puts: bool, deletes: bool, *, is_whole: bool) -> None:
    if puts and deletes:
        raise UsageError("--put and --delete exclude each other", hint="choose one")
    if (puts or deletes) and not is_whole:
        raise UsageError("--put and --delete are for the dashboard of the whole cluster", hint="leave ROLE out")
    if (puts or deletes) and session.options.output == "body":
        raise UsageError("-o body prints the dashboard alone", hint="leave --put and --delete out")


def _put(session: Session, dashboard: Dashboard, wanted: Body, notes: list[str], roles: Sequence[Role]) -> Result:
    plan = replace(plan_put(dashboard, wanted), notes=tuple(notes))
    target = cluster_target(session, f"dashboard {dashboard.name}", roles)
    return finish(session, target, plan, tell=partial(_put_told, plan, wanted), locked=False)


def _put_told(plan: Plan, wanted: Body, outcome: Outcome) -> Result:
    """What became of it; what AWS says of the body is told with the titles of widgets."""
    error = outcome.error
    if isinstance(error, AwsError) and error.aws_code == _INVALID:
        error.message = in_words(" ".join(error.message.split()), wanted)
    result = told(plan, outcome)
    warnings = outcome.saved.get("warnings")
    more = (f"warning: AWS says: {in_words(str(warnings), wanted)}",) if warnings else ()
    return replace(result, notes=(*result.notes, *more))


def _shown(dashboard: Dashboard, wanted: Body, roles: Sequence[str], notes: list[str]) -> Result:
    found = dashboard.differences(wanted, roles)
    state = "absent" if dashboard.live is None else "foreign" if dashboard.is_foreign else "differs"
    state = state if found or state != "differs" else "equal"
    data = {"name": dashboard.name, "state": state, "differences": [one.row() for one in found]}
    what = f"{', '.join(roles)} of dashboard {dashboard.name}" if roles else f"dashboard {dashboard.name}"
    again = f"'udo dashboard {dashboard.cluster} --put' puts it"
    says = {
        "absent": f"dashboard {dashboard.name} does not exist: {again}",
        "foreign": f"dashboard {dashboard.name} is not managed by Udo, and --put refuses it",
        "differs": f"{what} differs: {again}",
        "equal": f"{what} is as it should be",
    }
    lines = [*difference_lines(found), *([""] if found else []), says[state]]
    return Result(data, text="\n".join(lines), notes=notes, is_plan=True)
