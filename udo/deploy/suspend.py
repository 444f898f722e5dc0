"""Processes of the group that are suspended while a deployment is made, recorded before they are, and put back."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, TypeGuard

from udo.change.mark import RUN, marked
from udo.change.plan import Call, Pair, Plan, Read, Ref, Step, Wait
from udo.errors import Conflict, Refused, UsageError
from udo.frozen import frozen
from udo.groups.points import literal
from udo.groups.processes import BY_RUN, DANGERS, is_or_are, listed, ordered, resume_call, suspended_read
from udo.groups.tags import group_read, tag_call, tag_read, untag_call
from udo.schema.deploy import PROCESSES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from udo.config import Role
    from udo.deploy.observe import Observed
    from udo.model.deployments import Deployment
    from udo.model.groups import AutoScalingGroup

# Source: botocore codedeploy AutoScalingGroupProcess: those that CodeDeploy suspends and resumes by itself.
_CODEDEPLOYS = ("AZRebalance", "InstanceRefresh", "ScheduledActions", "Terminate")
_VALUE = re.compile(rf"({RUN.pattern})((?: [A-Za-z]+)+)")


@frozen
class Record:
    """What a run noted in a group's tag before it suspended processes; `value` is the tag's."""

    run: str
    processes: tuple[str, ...]
    value: str


def recorded(group: AutoScalingGroup) -> Record | None:
    """The record of a run on the group, None where there is none.

    Raises: Refused where the tag holds what Udo does not write.
    """
    value = group.tags.get(BY_RUN)
    if value is None:
        return None
    found = _VALUE.fullmatch(value)
    names = found[2].split() if found else []
    if found is None or any(name not in PROCESSES for name in names):
        raise Refused(
            f"tag {BY_RUN} of {group.name} holds {value!r}, which Udo does not write",
            hint="nothing was changed; look at the suspended processes, and remove the tag",
        )
    return Record(found[1], tuple(names), value)


def unattended(role: Role) -> None:
    """Refuses to leave a deployment whose processes only Udo could resume. Raises: UsageError."""
    if names := _by_udo(role):
        raise UsageError(
            f"--no-wait does not go with deploy.suspend of {listed(names)} ({role.where('deploy.suspend')}):"
            " nobody would resume what Udo suspends",
            hint=f"CodeDeploy itself resumes {listed(_CODEDEPLOYS)}",
        )


def disturbed_less(plan: Plan, role: Role, observed: Observed, run_id: str) -> Plan:
    """The plan of a deployment with what is suspended before it is made, and resumed once the run ends.

    What somebody else has suspended is left out of it. What a run before this one has left suspended is taken over.
    """
    group, record = observed.group, recorded(observed.group)
    before = set(group.suspended_processes)
    # What CodeDeploy has suspended for a deployment that is stopped first it resumes by itself.
    passing = before & {name for one in observed.active for name in one.suspends}
    before -= passing
    taken = [name for name in record.processes if name in before] if record else []
    theirs = [name for name in _wanted(role) if name in before and name not in taken]
    plan = replace(plan, notes=(*plan.notes, *_notes(role, theirs)))
    plan = _by_codedeploy(plan, role, observed, before, passing)
    if record and record.run == run_id:
        # Recorded and suspended for the first deployment of this run.
        return plan
    fresh = [name for name in _by_udo(role) if name not in before]
    if fresh or taken:
        seen = record.value if record else ""
        if record:
            says = f"{listed(record.processes)} suspended by run {record.run}: taken over by this one"
            plan = replace(plan, notes=(*plan.notes, f"{says}; where that fails '{_remedy(role)}' resumes it"))
        return _by_this_run(plan, role, Record(run_id, tuple(ordered([*fresh, *taken])), ""), seen, fresh)
    # What is left of a run is its record alone.
    gone = [_untag(group.name, record.value, record.processes)] if record else []
    return _with_steps(plan, gone)


def _by_this_run(plan: Plan, role: Role, record: Record, seen: str, fresh: Sequence[str]) -> Plan:
    """The plan with a record in place of the one that was seen, the suspension, and what undoes both."""
    name, taken = role.group_name, [one for one in record.processes if one not in fresh]
    value = " ".join((record.run, *record.processes))
    ours = Pair(tag_read(name, BY_RUN), value, f"tag {BY_RUN} of {name}")
    free = (Pair(suspended_read(name, fresh), [], f"suspended processes of {name}"),) if fresh else ()
    nobody = Pair(_others_record(name, seen), [], f"tag {BY_RUN} of {name}")
    says = f"tag {BY_RUN} of {name}: {listed(record.processes)}"
    says += f" (taken over from run {seen.partition(' ')[0]})" if taken else ""
    steps = [replace(tag_call(name, BY_RUN, value, says), expect=(nobody, *free))]
    # A run that is superseded may resume by itself what is taken over from it.
    if again := [one for one in record.processes if one in fresh or one in _by_udo(role)]:
        params = {"AutoScalingGroupName": name, "ScalingProcesses": again}
        proof = (Pair(suspended_read(name, again), sorted(again), f"suspended processes of {name}"),)
        call = Call(f"suspend {listed(again)} of {name}", "autoscaling", "SuspendProcesses", params)
        steps.append(replace(call, expect=(ours, *free), proof=proof))
    cleanup = [_resume(name, fresh, (ours,), "SuspendProcesses")] if fresh else []
    cleanup += [_resume(name, taken, (ours,), "CreateOrUpdateTags")] if taken else []
    cleanup += [_untag(name, value, record.processes, "CreateOrUpdateTags")]
    plan = replace(plan, cleanup=(*cleanup, *plan.cleanup), lasting=True, remedy=_remedy(role))
    return _with_steps(plan, steps, ours)


def inherited(plan: Plan, role: Role, observed: Observed, deployment_id: str) -> Plan:
    """The plan that follows a deployment, with what a run left suspended resumed once that has ended."""
    record = recorded(observed.group)
    if record is None:
        return plan
    path = "deploymentInfo.completeTime != null"
    ended = Pair(Read("codedeploy", "GetDeployment", {"deploymentId": deployment_id}, path), True, "deployment")
    *resumed, untag = _recovery(observed.group, record)
    # While it could not be resumed the record stays, for whoever comes next.
    untag = replace(untag, expect=(*untag.expect, *(pair for call in resumed for pair in call.proof)))
    steps = [replace(call, expect=(*call.expect, ended)) for call in (*resumed, untag)]
    note = f"{listed(record.processes)} suspended by run {record.run}: resumed once this deployment has ended"
    return replace(plan, cleanup=tuple(steps), inherits=True, remedy=_remedy(role), notes=(*plan.notes, note))


def recovered(plan: Plan, observed: Observed) -> Plan:
    """A plan that has nothing to do, with what a run left suspended resumed."""
    record = recorded(observed.group)
    if record is None:
        return plan
    return replace(plan, steps=_recovery(observed.group, record), done=f"{plan.unchanged}; {_resumed(record)}")


def plan_recovery(role: Role, observed: Observed) -> Plan:
    """The plan of `udo resume --recover`.

    Raises: Conflict while a deployment of the run that left something is active.
    """
    group = observed.group
    record = recorded(group)
    heading = Plan("resume", role.label, (), unchanged=f"no run has left a process of {group.name} suspended")
    if record is None:
        return heading
    if active := next((one for one in observed.active if _is_of(one, record.run)), None):
        raise Conflict(
            f"deployment {active.deployment_id} of run {record.run} is active since {active.created_at}: "
            f"until it has ended, suspended on {group.name}: {listed(record.processes)}",
            hint=f"nothing was changed; 'udo deploy {role.cluster} {role.name} --follow' follows it",
        )
    return replace(heading, steps=_recovery(group, record), done=_resumed(record))


def left_behind(role: Role, group: AutoScalingGroup) -> str | None:
    """One line on what a run has suspended on the group; None where there is nothing."""
    try:
        record = recorded(group)
    except Refused as error:
        return error.message
    if record is None:
        return None
    names = listed(record.processes)
    return f"{group.name}: {names} suspended by run {record.run}; if that is dead, '{_remedy(role)}' resumes it"


def _is_of(one: Deployment, run: str) -> bool:
    # A rollback says of what, and not whose that was.
    return marked(one.description)[0] == run or one.creator == "codeDeployRollback"


def _by_codedeploy(plan: Plan, role: Role, observed: Observed, before: set[str], passing: set[str]) -> Plan:
    """The plan with CodeDeploy told what to suspend beside what its deployment group says."""
    asked = [name for name in _wanted(role) if name in _CODEDEPLOYS]
    own = observed.deployment_group.suspends
    # What is suspended already CodeDeploy might resume at its end.
    names = [name for name in ordered([*own, *asked]) if name not in before]
    if not asked or not (names or own):
        return plan
    (number, call), *_ = ((at, step) for at, step in enumerate(plan.steps) if _creates(step))
    says = f"{call.says[:-1]}, {listed(names)} suspended meanwhile)" if names else call.says
    options = {"ec2DeploymentOptions": {"autoScalingGroupProcessesToSuspend": names}}
    told = replace(call, says=says, params={**call.params, **options})
    plan = replace(plan, steps=(*plan.steps[:number], told, *plan.steps[number + 1 :]))
    ours = [name for name in names if name not in passing]
    if not ours or not any(isinstance(step, Wait) for step in plan.steps):
        return plan
    (saved,) = call.save
    status = Read("codedeploy", "GetDeployment", {"deploymentId": Ref(saved)}, "deploymentInfo.status")
    failed = Pair(status, "Failed", "deployment")
    left = _resume(role.group_name, ours, (failed,), "CreateDeployment", " where CodeDeploy has not")
    return replace(plan, cleanup=(*plan.cleanup, left), lasting=True)


def _recovery(group: AutoScalingGroup, record: Record) -> tuple[Call, ...]:
    """Resumes what is still suspended of a record, then removes it; neither once it is another run's."""
    ours = Pair(tag_read(group.name, BY_RUN), record.value, f"tag {BY_RUN} of {group.name}")
    names = [name for name in record.processes if name in group.suspended_processes]
    resumed = (_resume(group.name, names, (ours,), "", f", left by run {record.run}"),) if names else ()
    return (*resumed, _untag(group.name, record.value, record.processes))


def _with_steps(plan: Plan, steps: Iterable[Call], ours: Pair | None = None) -> Plan:
    """The plan with these steps just before the deployment is made, which rests on our record."""
    found: list[Step] = []
    for step in plan.steps:
        if _creates(step):
            found += [*steps, replace(step, expect=(*step.expect, *filter(None, (ours,))))]
        else:
            found.append(step)
    return replace(plan, steps=tuple(found))


def _creates(step: Step) -> TypeGuard[Call]:
    return isinstance(step, Call) and step.operation == "CreateDeployment"


def _resume(group_name: str, names: Sequence[str], expect: tuple[Pair, ...], undoes: str, more: str = "") -> Call:
    call = resume_call(group_name, names)
    return replace(call, says=f"{call.says}{more}", expect=expect, undoes=undoes)


def _untag(group_name: str, value: str, names: Sequence[str], undoes: str = "") -> Call:
    return untag_call(group_name, BY_RUN, value, f"remove tag {BY_RUN} of {group_name}: {listed(names)}", undoes=undoes)


def _others_record(group_name: str, seen: str) -> Read:
    """The records of other runs than of the one that was seen."""
    return group_read(group_name, f"Tags[?Key=={literal(BY_RUN)} && Value!={literal(seen)}].Value || `[]`")


def _wanted(role: Role) -> Sequence[str]:
    return ordered(role.get("deploy.suspend") or ())


def _by_udo(role: Role) -> Sequence[str]:
    return [name for name in _wanted(role) if name not in _CODEDEPLOYS]


def _notes(role: Role, theirs: Sequence[str]) -> Iterable[str]:
    if theirs:
        yield f"{listed(theirs)} of {role.group_name} {is_or_are(theirs)} suspended by somebody else: left like this"
    for name in _wanted(role):
        if name in DANGERS and name not in theirs:
            yield f"warning: while {name} is suspended {DANGERS[name]}"


def _remedy(role: Role) -> str:
    return f"udo resume {role.cluster} {role.name} --recover"


def _resumed(record: Record) -> str:
    return f"{listed(record.processes)}, left suspended by run {record.run}, {is_or_are(record.processes)} resumed"
