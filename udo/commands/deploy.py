"""Deploy a revision to a group with CodeDeploy, and follow it to its end."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from udo.commands._deployed import Ending
from udo.commands._waiting import wait_lock
from udo.errors import Absent, AwsError, Conflict, PermissionDenied, Refused, UsageError
from udo.following import ENDED, instances
from udo.plan import Call, Difference, LocalCommand, Pair, Plan, Read, Ref, Step, Wait
from udo.revision import Archive, Commit, GitName, Sources, location, meaning, resolved, same, told
from udo.words import no_more, one_role

if TYPE_CHECKING:
    from collections.abc import Mapping

    from udo.aws import Aws
    from udo.config import Role
    from udo.model import AutoScalingGroup, Deployment, DeploymentGroup
    from udo.result import Result
    from udo.session import Session

_ACTIVE = ("Created", "Queued", "InProgress", "Baking", "Ready")
# Source: API_DeploymentInfo, creator: those that reach only the instances that were born, died or lag behind.
_OF_ONE_INSTANCE = ("autoscaling", "autoscalingTermination")
_OF_SOME_INSTANCES = (*_OF_ONE_INSTANCE, "CodeDeployAutoUpdate")
_KEYS = (
    "deploy.application",
    "deploy.deployment_group",
    "deploy.github.repo",
    "deploy.s3.bucket",
    "deploy.s3.prefix",
    "deploy.config",
    "post_deploy_hook",
    "slack.url",
)
_LONGEST_REASON = 200


@dataclass(frozen=True)
class Wanted:
    """What the command line asks for; `revision` is CodeDeploy's mapping, `timeout` in seconds."""

    revision: Mapping[str, Any]
    run_id: str
    timeout: float = 3600.0
    wait: bool = True
    again: bool = False
    reason: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Observed:
    """The group, the deployment group over it, its active deployments and the last one of all its instances."""

    group: AutoScalingGroup
    deployment_group: DeploymentGroup
    active: tuple[Deployment, ...] = ()
    last: Deployment | None = None
    notes: tuple[str, ...] = ()

    @property
    def deployments(self) -> tuple[Deployment, ...]:
        """The deployments seen, the active ones first."""
        return (*self.active, *((self.last,) if self.last else ()))


def observe_deploy(aws: Aws, role: Role) -> Observed:
    """What a deployment to the role's group rests on.

    Raises: UsageError, Absent, Conflict or another UdoError.
    """
    application, name = (_setting(role, f"deploy.{key}") for key in ("application", "deployment_group"))
    group = aws.autoscaling.groups([role.group_name]).get(role.group_name)
    if group is None:
        raise Absent(f"group {role.group_name} of {role.label} does not exist", hint=f"looked in {aws.region}")
    if group.status:
        raise Conflict(f"group {group.name} is being deleted ({group.status})", hint="nothing was deployed")
    if not group.members:
        raise Absent(f"group {group.name} of {role.label} is empty", hint="there is no instance to deploy to")
    observed = Observed(group, aws.codedeploy.deployment_group(application, name))
    try:
        active = tuple(aws.codedeploy.deployments(application, name, _ACTIVE))
        ended = aws.codedeploy.deployments(application, name, ENDED)
        last = next((one for one in ended if one.creator not in _OF_SOME_INSTANCES), None)
    except (AwsError, PermissionDenied) as error:
        return replace(observed, notes=(f"warning: earlier deployments cannot be told: {error.message}",))
    return replace(observed, active=active, last=last)


def plan_deploy(role: Role, observed: Observed, wanted: Wanted) -> Plan:
    """The plan that brings the revision to the group, or follows the deployment that already does.

    Raises: Refused where the deployment group does not contain the group; Conflict beside another deployment.
    """
    notes = (*_containment(role, observed), *observed.notes, *wanted.notes)
    busy = [one for one in observed.active if one.creator not in _OF_ONE_INSTANCE]
    others = [one for one in busy if one.creator not in ("", "user") or not same(one.revision, wanted.revision)]
    if others:
        raise _conflict(others[0])
    heading = Plan("deploy", role.label, (), notes=notes)
    if busy:
        return _attached(role, heading, busy[0], wanted)
    last = observed.last
    if last and last.status == "Succeeded" and same(last.revision, wanted.revision) and not wanted.again:
        end = f"{last.deployment_id} succeeded at {last.completed_at or last.created_at}"
        unchanged = f"{told(wanted.revision)} is what {role.label} has: {end}; --again deploys it once more"
        return replace(heading, unchanged=unchanged)
    return _created(role, heading, observed, wanted)


@click.command()
@click.argument("words", nargs=-1, metavar="CLUSTER ROLE REV")
@click.option("--again", is_flag=True, help="Deploy the revision even where it is what the group already has.")
@click.option("--no-wait", is_flag=True, help="Start the deployment, name it, and leave it to AWS.")
@click.option("--timeout", metavar="TIME", help="Follow it for so long: 90s, 30m, 1h or minutes (default: 60).")
@click.option("--reason", metavar="TEXT", default="", help="A few words that stand in the deployment's description.")
@wait_lock
@click.pass_obj
def command(
    session: Session, words: tuple[str, ...], again: bool, no_wait: bool, timeout: str | None, reason: str
) -> Result:
    """Deploy a revision to the group of CLUSTER ROLE, follow it to its end, and say how each instance fared.

    REV is 40 hex digits, or a branch, tag or short hash, which is resolved in the clone of deploy.github.repo you are
    in, to a commit that a branch on GitHub contains. It may also be s3://bucket/key[?versionId=ID]; and with deploy.s3
    alone a bare word is prefix/REV.type in the bucket. What is there now is looked up and pinned by version and eTag.

    The deployment group (deploy.application, deploy.deployment_group) must contain the role's Auto Scaling group. A
    deployment of the same revision that is already active is followed; another one is a conflict (exit 4). Where the
    last deployment was a success of this revision, nothing is done. Ctrl-C and the timeout leave the deployment alone:
    the same command again follows it.

    After a success that was waited for, post_deploy_hook is run on this machine (with UDO_CLUSTER, UDO_ROLE,
    UDO_REGION, UDO_APP, UDO_REVISION and UDO_DEPLOYMENT_ID) and slack is told; slack is told of a failure too.

    \b
    udo deploy stage worker 740800d --dry-run
    udo deploy prod webapp v1.4.2 --reason "fixes the cart"
    udo deploy prod.webapp s3://shop-releases/webapp/1.4.2.zip --timeout 30m
    udo deploy prod webapp main --no-wait

    \b
    exit 0    deployed, or already there          exit 4    another deployment is active
    exit 1    it failed, or there is no instance  exit 7    the deployment group is not of this group
    exit 3    deployed, but an instance, a hook   exit 124  the time is over, AWS goes on
              or the message failed
    """
    role, rest = one_role(session.config, words)
    if not rest:
        raise UsageError("which revision?", hint="say CLUSTER ROLE REV; see 'udo deploy --help'")
    no_more(rest[1:])
    role = session.resolve(role, *_KEYS) if role.lookups(*_KEYS) else role
    revision = _commit(rest[0], role)
    seconds = _seconds(timeout) if timeout else float(role.get("deploy.timeout"))
    wanted = Wanted({}, session.run_id, seconds, not no_wait, again, _reason(reason))
    aws = session.aws(role)
    observed = observe_deploy(aws, role)
    wanted = replace(wanted, revision=location(_pinned(aws, revision)), notes=_notes(revision))
    return _deployed(session, role, aws, observed, wanted)


def _deployed(session: Session, role: Role, aws: Aws, observed: Observed, wanted: Wanted) -> Result:
    plan = plan_deploy(role, observed, wanted)
    try:
        return Ending(session, role, aws, wanted.revision, observed.deployments).result(plan)
    except AwsError as error:
        if error.aws_code != "DeploymentLimitExceededException":
            raise
        # Somebody was faster: look again, and follow what is there if it is ours.
        now = observe_deploy(aws, role)
        plan = plan_deploy(role, now, wanted)
        if plan.writes:
            raise Conflict(error.message, hint="nothing was deployed; look and run it again") from error
        return Ending(session, role, aws, wanted.revision, now.deployments).result(plan)


def _setting(role: Role, key: str) -> str:
    value = role.get(key)
    if not value:
        raise UsageError(f"{role.label} has no {key} ({role.mark})", hint="deploy needs it: set it in udo.yml")
    return str(value)


def _commit(word: str, role: Role) -> Commit | Archive:
    """What REV means, before AWS is asked for anything."""
    for key in ("deploy.application", "deploy.deployment_group"):
        _setting(role, key)
    kind = role.get("deploy.s3.type") if role.has("deploy.s3.type") else None
    repository, bucket, prefix = (role.get(f"deploy.{key}") for key in ("github.repo", "s3.bucket", "s3.prefix"))
    found = meaning(word, Sources(role.label, repository, bucket, prefix, kind))
    return resolved(found, Path.cwd()) if isinstance(found, GitName) else found


def _pinned(aws: Aws, revision: Commit | Archive) -> Commit | Archive:
    if isinstance(revision, Commit):
        return revision
    stored = aws.s3.stored(revision.bucket, revision.key, revision.version)
    return replace(revision, version=stored.version, etag=stored.etag)


def _notes(revision: Commit | Archive) -> tuple[str, ...]:
    return (revision.note,) if isinstance(revision, Commit) and revision.note else ()


def _seconds(text: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", text)
    seconds = float(found[1]) * {"s": 1, "m": 60, "": 60, "h": 3600}[found[2]] if found else 0.0
    if not seconds:
        raise UsageError(f"--timeout {text!r} is not a time", hint="write 90s, 30m or 1h; a bare number is minutes")
    return seconds


def _reason(text: str) -> str:
    plain = " ".join(text.split())
    if len(plain) > _LONGEST_REASON:
        raise UsageError(f"--reason has {len(plain)} characters", hint=f"at most {_LONGEST_REASON}")
    return plain


def _containment(role: Role, observed: Observed) -> list[str]:
    found = observed.deployment_group
    groups, name = found.auto_scaling_groups, f"deployment group {found.name} of {found.application}"
    if role.group_name in groups:
        others = ", ".join(group for group in groups if group != role.group_name)
        return [f"warning: {name} also deploys to {others}"] if others else []
    if found.unnamed_groups and not groups:
        # AWS always names them; some stand-ins for AWS keep only how many there are.
        return [f"warning: {name} does not say to which Auto Scaling groups it deploys"]
    held = f"the Auto Scaling groups {', '.join(groups)}" if groups else "no Auto Scaling group"
    where = role.where("deploy.deployment_group")
    raise Refused(f"{name} ({where}) contains {held}, not {role.group_name}", hint="nothing was deployed")


def _conflict(other: Deployment) -> Conflict:
    who = " ".join(filter(None, (other.creator or "somebody", f"({other.description})" if other.description else "")))
    return Conflict(
        f"deployment {other.deployment_id} of {told(other.revision)} by {who} is active since {other.created_at} "
        f"({other.status})",
        hint="nothing was deployed; wait for its end, or stop it in CodeDeploy",
    )


def _attached(role: Role, heading: Plan, active: Deployment, wanted: Wanted) -> Plan:
    found = f"deployment {active.deployment_id} of this revision is active since {active.created_at}"
    if not wanted.wait:
        return replace(heading, unchanged=f"{found} ({active.status})")
    return replace(
        heading,
        notes=(*heading.notes, f"{found}: following it"),
        steps=_until_its_end(role, wanted, active.application, active.deployment_id),
    )


def _created(role: Role, heading: Plan, observed: Observed, wanted: Wanted) -> Plan:
    group = observed.deployment_group
    call = _call(role, observed, wanted)
    before = told(group.revision) if group.revision else ""
    now = told(wanted.revision)
    differences = (Difference("revision", before, now),) if before not in ("", now) else ()
    waits = _until_its_end(role, wanted, group.application, Ref("deployment_id")) if wanted.wait else ()
    started = Pair(_deployment(Ref("deployment_id"), "deploymentInfo.deploymentId"), Ref("deployment_id"), "deployment")
    # A wait reads its own end back.
    return replace(heading, steps=(call, *waits), goal=() if waits else (started,), differences=differences)


def _call(role: Role, observed: Observed, wanted: Wanted) -> Call:
    group = observed.deployment_group
    where = {"applicationName": group.application, "deploymentGroupName": group.name}
    marked = f"udo:{wanted.run_id}"
    params: dict[str, Any] = {**where, "revision": wanted.revision, "description": f"{marked} {wanted.reason}".strip()}
    if config := role.get("deploy.config"):
        params["deploymentConfigName"] = config
    match role.get("deploy.on_failure"):
        case "rollback":
            params["autoRollbackConfiguration"] = {"enabled": True, "events": ["DEPLOYMENT_FAILURE"]}
        case "stop":
            params["autoRollbackConfiguration"] = {"enabled": False}
    count = len(observed.group.members)
    return Call(
        f"deploy {told(wanted.revision)} to {group.application} {group.name} ({instances(count)})",
        "codedeploy",
        "CreateDeployment",
        params,
        save={"deployment_id": "deploymentId"},
        expect=(_still_contained(where, observed),),
        proof=_proof(where, marked, observed),
    )


def _still_contained(where: Mapping[str, Any], observed: Observed) -> Pair:
    path = "sort(deploymentGroupInfo.autoScalingGroups[].name || `[]`)"
    names = sorted(observed.deployment_group.auto_scaling_groups)
    return Pair(Read("codedeploy", "GetDeploymentGroup", where, path), names, "Auto Scaling groups deployed to")


def _proof(where: Mapping[str, Any], marked: str, observed: Observed) -> tuple[Pair, ...]:
    """Finds the deployment that carries our run id among the newest ones, since ids are all that AWS lists."""
    newest = max((one.created_at for one in observed.deployments), default="")
    since = {"createTimeRange": {"start": newest}} if newest else {}
    ids = Read("codedeploy", "ListDeployments", {**where, **since}, "deployments[:25] || `null`")
    path = f"deploymentsInfo[?starts_with(description || '', '{marked}')].deploymentId | [0]"
    ours = Read("codedeploy", "BatchGetDeployments", {"deploymentIds": Ref("newest_ids")}, path)
    return Pair(ids, Ref("newest_ids")), Pair(ours, Ref("deployment_id"))


def _deployment(deployment_id: str | Ref, path: str) -> Read:
    return Read("codedeploy", "GetDeployment", {"deploymentId": deployment_id}, path)


def _until_its_end(role: Role, wanted: Wanted, application: str, deployment_id: str | Ref) -> tuple[Step, ...]:
    shown = "{deployment_id}" if isinstance(deployment_id, Ref) else deployment_id
    again = f"udo deploy {role.cluster} {role.name} {shlex.quote(_word(wanted.revision))}"
    wait = Wait(
        f"wait for the deployment to {role.label} to end",
        _deployment(deployment_id, "deploymentInfo.status"),
        success=("Succeeded",),
        failure=("Failed", "Stopped"),
        timeout=wanted.timeout,
        detached=f"deployment {shown} goes on; look again with: {again}",
    )
    return wait, *_hooks(role, wanted, application, deployment_id)


def _hooks(role: Role, wanted: Wanted, application: str, deployment_id: str | Ref) -> tuple[LocalCommand, ...]:
    env = {
        "UDO_CLUSTER": role.cluster,
        "UDO_ROLE": role.name,
        "UDO_REGION": role.region or "",
        "UDO_APP": role.get("app_name") or application,
        "UDO_REVISION": _word(wanted.revision),
        "UDO_DEPLOYMENT_ID": deployment_id,
        "CLUSTER_NAME": role.cluster,
        "ROLE_NAME": role.name,
    }
    # Only the program is named: its arguments may hold a secret.
    return tuple(
        LocalCommand(f"post_deploy_hook {words[0]}", tuple(words), env) for words in role.get("post_deploy_hook") or ()
    )


def _word(revision: Mapping[str, Any]) -> str:
    """The revision as REV."""
    if commit := revision.get("gitHubLocation"):
        return str(commit["commitId"])
    stored = revision["s3Location"]
    version = f"?versionId={stored['version']}" if stored.get("version") else ""
    return f"s3://{stored['bucket']}/{stored['key']}{version}"
