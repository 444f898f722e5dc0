"""The plan of a deployment: the call, the wait for its end, the programs after it; or why there is nothing to do."""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from udo.change.mark import mark
from udo.change.plan import (
    AT_THE_START,
    NEVER,
    TO_THE_END,
    Call,
    Difference,
    LocalCommand,
    Pair,
    Plan,
    Read,
    Ref,
    Upload,
    Wait,
)
from udo.deploy.blue_green import moved, refuse
from udo.deploy.guards import given_to_codedeploy, way_back
from udo.deploy.observe import OF_ONE_INSTANCE
from udo.deploy.revision import same, told
from udo.deploy.stop import ROLLBACK, stop_steps
from udo.deploy.suspend import disturbed_less, inherited, recovered
from udo.deploy.watch import ENDED, instances, listed
from udo.errors import Conflict, Refused
from udo.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from udo.config import Role
    from udo.deploy.canary import Canary
    from udo.deploy.observe import Observed
    from udo.model.deployments import Deployment

_QUEUES = "nothing was deployed; the same command queues again"
# Under which name the id of a run's own deployment is saved.
FIRST = "deployment_id"


@frozen
class Wanted:
    """What the command line asks for; `revision` is CodeDeploy's mapping, `timeout` in seconds.

    With `follow` whatever is active is followed. `supersede` names the operator who stops another deployment for this
    one. `verb` is the one that was typed. `uploads` bring the revision to S3 first. `alarms` are given to CodeDeploy.
    With a `pause` the first zone is a canary, after which so many seconds are waited; `canary` is the configuration for
    that, once it is known.
    """

    revision: Mapping[str, Any]
    run_id: str
    timeout: float = 3600.0
    wait: bool = True
    again: bool = False
    reason: str = ""
    file_exists: str | None = None
    region: str = ""
    follow: bool = False
    supersede: str = ""
    notes: tuple[str, ...] = ()
    verb: str = "deploy"
    uploads: tuple[Call | Upload, ...] = ()
    alarms: tuple[str, ...] = ()
    pause: int | None = None
    canary: Canary | None = None

    @property
    def guarded(self) -> str:
        """How far alarms and freeze windows hold it up."""
        return NEVER if self.follow else TO_THE_END if self.wait else AT_THE_START

    @property
    def pinned(self) -> Mapping[str, Any]:
        """The revision with version and eTag; of one that is uploaded first they are known then."""
        if not self.uploads:
            return self.revision
        pins = {"version": Ref("upload_version"), "eTag": Ref("upload_etag")}
        return {**self.revision, "s3Location": {**self.revision["s3Location"], **pins}}


def plan_deploy(role: Role, observed: Observed, wanted: Wanted) -> Plan:
    """The plan that brings the revision to the group, or follows the deployment that already does.

    Raises: Refused where the deployment group does not contain the group; Conflict beside another deployment.
    """
    notes = (*_containment(role, observed), *observed.notes, *wanted.notes)
    busy = [one for one in observed.active if one.creator not in OF_ONE_INSTANCE]
    heading = Plan(wanted.verb, role.label, (), notes=notes, reason=wanted.reason, guarded=wanted.guarded)
    if other := None if wanted.follow else in_the_way(observed, wanted.revision):
        refuse(role, observed.deployment_group)
        if not wanted.supersede or other.creator == ROLLBACK:
            raise _conflict(role, wanted, other)
        return _superseding(role, heading, observed, wanted, other)
    if busy:
        return _attached(role, heading, observed, busy[0], wanted)
    last = observed.last
    if last is None or last.status != "Succeeded" or not same(last.revision, wanted.revision) or wanted.again:
        return _created(role, heading, replace(observed, lacking=()), wanted)
    if observed.lacking:
        count = f"{len(observed.lacking)} of {instances(len(observed.group.members))}"
        note = f"{count} without {told(wanted.revision)} after {last.deployment_id} ({last.outcome})"
        return _created(role, replace(heading, notes=(*notes, f"{note}: {listed(observed.lacking)}")), observed, wanted)
    latest = observed.latest or last
    how = "succeeded" if latest.outcome == latest.status else f"({latest.outcome})"
    end = f"{latest.deployment_id} {how} at {latest.completed_at or latest.created_at}"
    again = "--again deploys it once more" if wanted.verb == "deploy" else "to bring another one use udo deploy"
    again = "" if observed.deployment_group.is_blue_green else f"; {again}"
    unchanged = f"every instance of {role.label} has {told(wanted.revision)}: {end}{again}"
    return recovered(replace(heading, unchanged=unchanged), observed)


def in_the_way(observed: Observed, revision: Mapping[str, Any]) -> Deployment | None:
    """The active deployment that keeps this revision from being deployed: of another one, or not begun by a person."""
    busy = (one for one in observed.active if one.creator not in OF_ONE_INSTANCE)
    return next((one for one in busy if one.creator not in ("", "user") or not same(one.revision, revision)), None)


def wait_for_other(other: Deployment, timeout: float, detached: str = _QUEUES) -> Wait:
    """The wait until somebody else's deployment has ended, however it ends."""
    one = other.deployment_id
    return Wait(
        f"wait for deployment {one} of {told(other.revision)} by {other.creator or 'somebody'} to end",
        _deployment(one, "deploymentInfo.status"),
        success=ENDED,
        timeout=timeout,
        detached=detached,
        watch="deployment",
    )


def _superseding(role: Role, heading: Plan, observed: Observed, wanted: Wanted, other: Deployment) -> Plan:
    """The plan that stops another deployment, without a rollback, and then deploys."""
    stopping = stop_steps(role, other, wanted.supersede, wanted.run_id, rollback=False, timeout=wanted.timeout)
    # What the stopped one had reached is unknown before it has stopped: everybody is deployed to.
    created = _created(role, heading, replace(observed, lacking=()), wanted)
    asks = f"Stop deployment {other.deployment_id} of {told(other.revision)}, active since {other.created_at}"
    reached = [name for name in observed.deployment_group.auto_scaling_groups if name != observed.group.name]
    also = f" (also on {', '.join(reached)})" if reached else ""
    asks += f"{also}, and deploy {told(wanted.revision)} in its place?"
    first = [step for step in created.steps if isinstance(step, LocalCommand) or step in wanted.uploads]
    return replace(created, steps=(*first, *stopping, *created.steps[len(first) :]), asks=asks)


def _containment(role: Role, observed: Observed) -> list[str]:
    found = observed.deployment_group
    groups, name = found.auto_scaling_groups, f"deployment group {found.name} of {found.application}"
    if found.is_blue_green:
        # Where it deploys to changes with each deployment.
        return list(filter(None, [moved(role, found)]))
    if role.group_name in groups:
        others = ", ".join(group for group in groups if group != role.group_name)
        return [f"warning: {name} also deploys to {others}"] if others else []
    if found.unnamed_groups and not groups:
        # AWS always names them; some stand-ins for AWS keep only how many there are.
        return [f"warning: {name} does not say to which Auto Scaling groups it deploys"]
    held = f"the Auto Scaling groups {', '.join(groups)}" if groups else "no Auto Scaling group"
    where = role.where("deploy.deployment_group")
    raise Refused(f"{name} ({where}) contains {held}, not {role.group_name}", hint="nothing was deployed")


def _conflict(role: Role, wanted: Wanted, other: Deployment) -> Conflict:
    hint = "--queue waits for its end, --supersede stops it, --follow watches it"
    if wanted.verb == "rollback":
        hint = f"'udo stop {role.cluster} {role.name} --rollback' stops it and goes back"
    who = " ".join(filter(None, (other.creator or "somebody", f"({other.description})" if other.description else "")))
    return Conflict(
        f"deployment {other.deployment_id} of {told(other.revision)} by {who} is active since {other.created_at} "
        f"({other.status})",
        hint=f"nothing was deployed; {hint}",
    )


def _attached(role: Role, heading: Plan, observed: Observed, active: Deployment, wanted: Wanted) -> Plan:
    what = told(active.revision) if wanted.follow else "this revision"
    found = f"deployment {active.deployment_id} of {what} is active since {active.created_at}"
    if not wanted.wait:
        return replace(heading, unchanged=f"{found} ({active.status})")
    followed = replace(
        heading,
        notes=(*heading.notes, f"{found}: following it"),
        steps=(_until_its_end(role, wanted, active.deployment_id),),
        back=() if wanted.follow else way_back(role, active.deployment_id, wanted.timeout),
    )
    return inherited(followed, role, observed, active.deployment_id)


def _created(role: Role, heading: Plan, observed: Observed, wanted: Wanted, name: str = FIRST) -> Plan:
    group = observed.deployment_group
    refuse(role, group)
    call = _call(role, observed, wanted, name)
    watched, alone = given_to_codedeploy(group, wanted.alarms, call.params)
    call = replace(call, params={**call.params, **watched})
    before = told(group.revision) if group.revision else ""
    now = told(wanted.revision)
    differences = (Difference("revision", before, now),) if before not in ("", now) else ()
    waits = (_until_its_end(role, wanted, Ref(name)),) if wanted.wait else ()
    started = Pair(_deployment(Ref(name), "deploymentInfo.deploymentId"), Ref(name), "deployment")
    # A wait reads its own end back.
    before_it = (
        _programs(role, "pre_deploy_hook", _environment(role, wanted, group.application)) if name == FIRST else ()
    )
    canary = _canary(observed, wanted, name)
    configs = (canary.call,) if canary and not canary.is_there else ()
    steps = (*before_it, *wanted.uploads, *configs, call, *waits)
    plan = replace(heading, steps=steps, goal=() if waits else (started,), differences=differences)
    plan = replace(plan, notes=(*plan.notes, alone) if alone else plan.notes)
    plan = replace(plan, back=way_back(role, Ref(name), wanted.timeout) if waits else ())
    return disturbed_less(plan, role, observed, wanted.run_id)


def _call(role: Role, observed: Observed, wanted: Wanted, name: str) -> Call:
    group = observed.deployment_group
    where = {"applicationName": group.application, "deploymentGroupName": group.name}
    marked = mark(wanted.run_id)
    params: dict[str, Any] = {**where, "revision": wanted.pinned, "description": mark(wanted.run_id, wanted.reason)}
    canary = _canary(observed, wanted, name)
    if config := canary.config.name if canary else role.get("deploy.config"):
        params["deploymentConfigName"] = config
    match role.get("deploy.on_failure"):
        case "rollback":
            params["autoRollbackConfiguration"] = {"enabled": True, "events": ["DEPLOYMENT_FAILURE"]}
        case "stop":
            params["autoRollbackConfiguration"] = {"enabled": False}
    if role.get("deploy.ignore_stop_failures"):
        params["ignoreApplicationStopFailures"] = True
    if wanted.file_exists:
        params["fileExistsBehavior"] = wanted.file_exists.upper()
    reached = instances(sum(member.in_service for member in observed.group.members))
    if observed.lacking:
        params["updateOutdatedInstancesOnly"] = True
        reached = f"only the {instances(len(observed.lacking))} without it"
    reached += f", one zone first, {canary.waits}" if canary else ""
    in_the_way = f", files in the way: {wanted.file_exists}" if wanted.file_exists else ""
    return Call(
        f"deploy {told(wanted.revision)} to {group.application} {group.name} ({reached}{in_the_way})",
        "codedeploy",
        "CreateDeployment",
        params,
        save={name: "deploymentId"},
        expect=(_still_contained(where, observed),),
        proof=_proof(where, marked, observed, name),
    )


def _canary(observed: Observed, wanted: Wanted, name: str) -> Canary | None:
    """The canary of the first deployment to all; those that lack what others have need none."""
    return wanted.canary if name == FIRST and not observed.lacking else None


def _still_contained(where: Mapping[str, Any], observed: Observed) -> Pair:
    path = "sort(deploymentGroupInfo.autoScalingGroups[].name || `[]`)"
    names = sorted(observed.deployment_group.auto_scaling_groups)
    return Pair(Read("codedeploy", "GetDeploymentGroup", where, path), names, "Auto Scaling groups deployed to")


def _proof(where: Mapping[str, Any], marked: str, observed: Observed, name: str) -> tuple[Pair, ...]:
    """Finds the new deployment that carries our run id among the newest ones, since ids are all that AWS lists."""
    newest = max((one.created_at for one in observed.deployments), default="")
    since = {"createTimeRange": {"start": newest}} if newest else {}
    ids = Read("codedeploy", "ListDeployments", {**where, **since}, "deployments[:25] || `null`")
    known = "".join(f" && deploymentId != '{one.deployment_id}'" for one in observed.deployments)
    path = f"deploymentsInfo[?starts_with(description || '', '{marked}'){known}].deploymentId | [0]"
    ours = Read("codedeploy", "BatchGetDeployments", {"deploymentIds": Ref("newest_ids")}, path)
    return Pair(ids, Ref("newest_ids")), Pair(ours, Ref(name))


def _deployment(deployment_id: str | Ref, path: str) -> Read:
    return Read("codedeploy", "GetDeployment", {"deploymentId": deployment_id}, path)


def _until_its_end(role: Role, wanted: Wanted, deployment_id: str | Ref) -> Wait:
    shown = f"{{{deployment_id.name}}}" if isinstance(deployment_id, Ref) else deployment_id
    again = f"udo deploy {role.cluster} {role.name} {shlex.quote(rev(wanted.revision))}"
    if wanted.verb == "rollback":
        again = f"udo rollback {role.cluster} {role.name} --code"
    return Wait(
        f"wait for the deployment to {role.label} to end",
        _deployment(deployment_id, "deploymentInfo.status"),
        success=("Succeeded",),
        failure=("Failed", "Stopped"),
        timeout=wanted.timeout,
        detached=f"deployment {shown} continues in AWS; look again with: {again}",
        watch="deployment",
    )


def plan_rest(role: Role, observed: Observed, wanted: Wanted, number: int) -> Plan:
    """The plan of a further deployment of the same run, to the members that lack the revision."""
    return _created(
        role, Plan(wanted.verb, role.label, (), guarded=wanted.guarded), observed, wanted, f"deployment_{number}"
    )


def plan_hooks(role: Role, wanted: Wanted, application: str, deployment_id: str | Ref) -> Plan:
    """The plan of what follows a success: the programs of post_deploy_hook."""
    env = _environment(role, wanted, application) | {"UDO_DEPLOYMENT_ID": deployment_id}
    return Plan(wanted.verb, role.label, _programs(role, "post_deploy_hook", env))


def _environment(role: Role, wanted: Wanted, application: str) -> dict[str, Any]:
    return {
        "UDO_CLUSTER": role.cluster,
        "UDO_ROLE": role.name,
        "UDO_REGION": wanted.region,
        "UDO_APP": role.get("app_name") or application,
        "UDO_REVISION": rev(wanted.revision),
        "CLUSTER_NAME": role.cluster,
        "ROLE_NAME": role.name,
    }


def _programs(role: Role, key: str, env: Mapping[str, Any]) -> tuple[LocalCommand, ...]:
    # Only the program is named: its arguments may hold a secret.
    return tuple(
        LocalCommand(f"{key} {words[0]}", tuple(words), env, required=key.startswith("pre"))
        for words in role.get(key) or ()
    )


def rev(revision: Mapping[str, Any]) -> str:
    """A revision of CodeDeploy's as REV."""
    if commit := revision.get("gitHubLocation"):
        return str(commit["commitId"])
    stored = revision["s3Location"]
    version = f"?versionId={stored['version']}" if stored.get("version") else ""
    return f"s3://{stored['bucket']}/{stored['key']}{version}"
