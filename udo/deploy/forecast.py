"""What a deployment meets, told before it is made: a line for each thing that matters, and its parts for scripts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from udo.deploy.arithmetic import arithmetic
from udo.deploy.outlook import observe_outlook, rolls_back
from udo.deploy.revision import brief, same, told
from udo.deploy.watch import listed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from udo.aws import Aws
    from udo.change.plan import Plan
    from udo.config import Role
    from udo.deploy.observe import Observed
    from udo.deploy.outlook import Outlook, Together
    from udo.model.deployments import DeploymentConfig
    from udo.model.groups import Member

# What it means for a deployment that a process is suspended; of the others it means nothing, or less disturbance.
# Source: docs.aws.amazon.com/autoscaling/ec2/userguide/as-suspend-resume-processes.html.
_SUSPENDED = {
    "Launch": "a member that is lost is not replaced",
    "Terminate": "an unhealthy member stays",
    "HealthCheck": "a member that dies goes unnoticed",
    "ReplaceUnhealthy": "an unhealthy member stays",
    "AddToLoadBalancer": "a new member gets no traffic",
}
# Source: API_AutoRollbackConfiguration, events.
_ROLLED_BACK = {"DEPLOYMENT_FAILURE": "it fails", "DEPLOYMENT_STOP_ON_ALARM": "an alarm stops it"}

Row = dict[str, Any]


def with_forecast(
    aws: Aws, role: Role, observed: Observed, plan: Plan, together: Together, config: DeploymentConfig | None = None
) -> Plan:
    """The plan with its forecast, where it makes a deployment: as notes, and in parts for scripts.

    With `config` it is deployed by that one, and not by what udo.yml and the deployment group say.
    """
    made = next((call for call in plan.writes if call.operation == "CreateDeployment"), None)
    if made is None:
        return plan
    only = observed.lacking if made.params.get("updateOutdatedInstancesOnly") else ()
    outlook = observe_outlook(aws, role, observed, together, config)
    rows = tuple(forecast(role, observed, outlook, made.params["revision"], only))
    return replace(plan, notes=(*plan.notes, *(row["says"] for row in rows)), forecast=rows)


def forecast(
    role: Role, observed: Observed, outlook: Outlook, revision: Mapping[str, Any], only: Sequence[str] = ()
) -> Iterator[Row]:
    """The forecast of a deployment of the revision, be it to those alone that lack it; a row a thing."""
    reached = [member for member in outlook.in_service if not only or member.instance_id in only]
    unlisted = len(only) - len(reached) if only else 0
    yield from _arithmetic(observed, outlook, reached, unlisted)
    yield from _members(observed, outlook)
    yield from _order(outlook, reached)
    yield from _processes(observed)
    if outlook.refresh:
        says = f"instance refresh {outlook.refresh}: members it replaces meanwhile count as failed"
        yield _row("refresh", says, status=outlook.refresh)
    yield from _alarms(observed, outlook)
    yield from _rollback(role, observed, outlook, revision)
    yield from (_row("unknown", says) for says in outlook.unknown)


def _row(kind: str, says: str, **parts: Any) -> Row:
    return {"kind": kind, "says": says, **parts}


def _arithmetic(observed: Observed, outlook: Outlook, reached: Sequence[Member], unlisted: int) -> Iterator[Row]:
    if not reached and not unlisted:
        yield _row("members", "warning: no member is in service: it fails with NO_INSTANCES")
        return
    if outlook.config is None:
        return
    zones = Counter(member.availability_zone for member in reached)
    if unlisted > 0:
        zones["?"] += unlisted
    stopped = Counter(one.availability_zone for one in reached if one.instance_id in outlook.stopped)
    found = arithmetic(outlook.config, zones, stopped)
    warning = "warning: " if found.is_impossible else ""
    more = ", those found by tags not counted" if observed.deployment_group.has_tags else ""
    yield _row("arithmetic", f"{warning}{found.says}{more}", **found.row())
    if found.zones_say:
        yield _row("zones", found.zones_say)


def _members(observed: Observed, outlook: Outlook) -> Iterator[Row]:
    members = observed.group.members
    out = {one.instance_id: one.lifecycle_state for one in members if not one.in_service}
    if out:
        counts = sorted(Counter(out.values()).items())
        states = counts[0][0] if len(counts) == 1 else ", ".join(f"{count} {state}" for state, count in counts)
        are = "is" if len(out) == 1 else "are"
        says = f"{len(out)} of {len(members)} {are} left out ({states}): {listed(list(out))}"
        yield _row("left_out", says, instances=out)
    ill = [one for one in members if one.in_service and not one.is_healthy]
    if ids := [one.instance_id for one in ill if one.instance_id in outlook.stopped]:
        yield _row("stopped", f"not running, which counts as failed: {listed(ids)}", instances=ids)
    if ids := [one.instance_id for one in ill if one.instance_id not in outlook.stopped]:
        says = f"unhealthy, which Auto Scaling may end meanwhile: {listed(ids)}"
        yield _row("unhealthy", says, instances=ids)


def _order(outlook: Outlook, reached: Sequence[Member]) -> Iterator[Row]:
    # Source: docs.aws.amazon.com/codedeploy/latest/userguide/instances-health.html.
    first = [one.instance_id for one in reached if one.instance_id in outlook.failed]
    if first and len(first) < len(reached):
        yield _row("order", f"first those that the last deployment failed on: {listed(first)}", instances=first)


def _processes(observed: Observed) -> Iterator[Row]:
    meant: dict[str, list[str]] = {}
    for name, what in _SUSPENDED.items():
        if name in observed.group.suspended_processes:
            meant.setdefault(what, []).append(name)
    for what, names in meant.items():
        says = f"{' and '.join(names)} {'is' if len(names) == 1 else 'are'} suspended: {what}"
        yield _row("suspended", says, processes=names)


def _alarms(observed: Observed, outlook: Outlook) -> Iterator[Row]:
    if outlook.alarms is None:
        return
    for name in observed.deployment_group.alarms:
        state = outlook.alarms.get(name)
        if state == "ALARM":
            yield _row("alarm", f"warning: alarm {name} is in ALARM, which stops it", alarm=name, state=state)
        elif state is None and not observed.deployment_group.alarms_may_be_unknown:
            yield _row("alarm", f"warning: alarm {name} does not exist, which stops it", alarm=name, state=None)


def _rollback(role: Role, observed: Observed, outlook: Outlook, revision: Mapping[str, Any]) -> Iterator[Row]:
    events = rolls_back(role, observed)
    when = " or ".join(says for event, says in _ROLLED_BACK.items() if event in events)
    if not when:
        return
    good = outlook.good
    if good is None:
        if observed.deployment_group.last_successful is None:
            says = f"nothing to roll back to if {when}: no deployment has succeeded yet"
            yield _row("rollback", says, deployment_id=None, revision=None)
        return
    what = "the same revision" if same(good.revision, revision) else brief(told(good.revision))
    says = f"if {when} CodeDeploy brings back {what} of {good.deployment_id}"
    yield _row("rollback", says, deployment_id=good.deployment_id, revision=dict(good.revision))
