"""Stop the deployment that is active on a group."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import click

from udo.change.finish import finish, told
from udo.change.plan import Plan, Read, Wait
from udo.commands._options import wait_lock
from udo.deploy.observe import OF_ONE_INSTANCE, observe_active
from udo.deploy.revision import told as revision_text
from udo.deploy.rows import deployment_row, target_row
from udo.deploy.stop import COMPLETED, ROLLBACK, stop_steps
from udo.deploy.watch import instances
from udo.duration import given
from udo.errors import AwsError
from udo.groups.target import role_target
from udo.result import Result
from udo.selectors import no_more, one_role

if TYPE_CHECKING:
    from udo.aws import Aws
    from udo.change.outcome import Outcome
    from udo.config import Role
    from udo.deploy.observe import Observed
    from udo.model.deployments import Deployment
    from udo.session import Session

TAKES = ("--dry-run", "--yes")
# Source: docs.aws.amazon.com/codedeploy/latest/userguide/limits.html: a lifecycle event has an hour.
_HOUR = 3600.0


def plan_stop(role: Role, observed: Observed, who: tuple[str, str], *, rollback: bool, timeout: float) -> Plan:
    """The plan that stops what is active, whoever started it; `who` are the operator and the run."""
    busy = [one for one in observed.active if one.creator not in OF_ONE_INSTANCE]
    launches = len(observed.active) - len(busy)
    notes = (f"{launches} of newcomers alone left to CodeDeploy",) if launches else ()
    heading = Plan("stop", role.label, (), notes=(*observed.notes, *notes), unchanged="no deployment is active")
    if not busy:
        return heading
    active = busy[0]
    one = active.deployment_id
    others = [name for name in observed.deployment_group.auto_scaling_groups if name != observed.group.name]
    also = [f"it also deploys to {', '.join(others)}"] if others else []
    also += ["it is a rollback of CodeDeploy's"] if active.creator == ROLLBACK else []
    asks = f"Deployment {one} of {revision_text(active.revision)}: {'; '.join(also)}. Stop it?" if also else None
    steps = stop_steps(role, active, *who, rollback=rollback, timeout=timeout)
    return replace(heading, steps=steps, asks=asks)


@click.command()
@click.argument("words", nargs=-1, metavar="CLUSTER ROLE")
@click.option("--rollback", is_flag=True, help="Have CodeDeploy deploy the last good revision again, and wait for it.")
@click.option("--timeout", metavar="TIME", type=given, help="How long to wait for scripts that run (default: 1h).")
@wait_lock
@click.pass_obj
def command(session: Session, words: tuple[str, ...], rollback: bool, timeout: float | None) -> Result:
    """Stop the deployment that is active on the group of CLUSTER ROLE, whoever started it, and wait until it has.

    Instances that are done keep the new revision, scripts that run are let end, and the others are not begun. Where the
    deployment also goes to other groups that is asked first. Whoever follows it with 'udo deploy' sees who stopped
    it. Where nothing is active there is nothing to do.

    \b
    udo stop prod webapp
    udo stop prod webapp --rollback
    """
    return stop(session, words, rollback=rollback, timeout=timeout)


def stop(session: Session, words: tuple[str, ...], *, rollback: bool = False, timeout: float | None = None) -> Result:
    """What the command does.

    Raises: UdoError.
    """
    role, rest = one_role(session.config, words)
    no_more(rest)
    aws = session.aws(role)
    observed = observe_active(aws, role)
    who, seconds = (aws.identity()[1], session.run_id), timeout or _HOUR
    plan = plan_stop(role, observed, who, rollback=rollback, timeout=seconds)
    ids = [step.read.params["deploymentId"] for step in plan.steps if isinstance(step, Wait)]
    later = [partial(_rollback, aws, role, ids[0], seconds)] if rollback and ids else []
    tell = partial(_told, aws, plan, ids[0] if ids else "")
    return finish(session, role_target(session, role), plan, *later, tell=tell, instead=partial(_ended, plan))


def _ended(plan: Plan, outcome: Outcome) -> Plan | None:
    """What is left where the deployment ended before it could be stopped: to see how."""
    if isinstance(outcome.error, AwsError) and outcome.error.aws_code == COMPLETED:
        return replace(plan, steps=plan.steps[-1:])
    return None


def _rollback(aws: Aws, role: Role, stopped: str, timeout: float, outcome: Outcome) -> Plan | None:
    """The wait for the deployment by which CodeDeploy rolls back, where it has begun one."""
    found = aws.codedeploy.deployment(stopped).rollback_id
    if not found or any(found in step.step for step in outcome.steps):
        return None
    wait = Wait(
        f"wait for the rollback {found} to end",
        Read("codedeploy", "GetDeployment", {"deploymentId": found}, "deploymentInfo.status"),
        success=("Succeeded",),
        failure=("Failed", "Stopped"),
        timeout=timeout,
        detached=f"deployment {found} continues in AWS; look with: udo deployments {found}",
        watch="deployment",
    )
    return Plan("stop", role.label, (wait,))


def _told(aws: Aws, plan: Plan, stopped: str, outcome: Outcome) -> Result:
    if outcome.error or not outcome.steps:
        return told(plan, outcome)
    deployment = aws.codedeploy.deployment(stopped)
    data = outcome.document() | {
        "deployment": deployment_row(deployment),
        "targets": list(map(target_row, outcome.rows)),
    }
    return Result(data, text=_text(deployment))


def _text(deployment: Deployment) -> str:
    name = f"deployment {deployment.deployment_id} of {revision_text(deployment.revision)}"
    if deployment.status != "Stopped":
        return f"{name} had ended before it could be stopped: {deployment.outcome}"
    reached, total = deployment.overview.get("Succeeded", 0), sum(deployment.overview.values())
    told = f"{name} is stopped"
    told += f": {reached} of {instances(total)} {'has' if reached == 1 else 'have'} it" if total else ""
    return told + (f"; rolled back with {deployment.rollback_id}" if deployment.rollback_id else "")
