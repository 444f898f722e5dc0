"""Deployments to instances that are born or die: CodeDeploy's hooks hold them until their deployment has ended."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from moto.autoscaling.models import autoscaling_backends
from moto.codedeploy.models import codedeploy_backends
from moto.moto_api._internal import mock_random

from udo.sandbox.strict.autoscaling.capacity import tick
from udo.sandbox.strict.autoscaling.holding import Action, listens
from udo.sandbox.strict.autoscaling.lifecycle_hooks import LAUNCHING, TERMINATING
from udo.sandbox.strict.codedeploy.creation import create
from udo.sandbox.strict.codedeploy.history import last_good, run_of
from udo.sandbox.strict.rules import rule

_PREFIX = "CodeDeploy-managed-automatic"
# What a hook of CodeDeploy's waits for without a sign of life, in seconds.
_HEARTBEAT = 600


@rule("codedeploy", "CreateDeploymentGroup", moto="installs no hook and loses the names")
def launch_hooks_are_installed(backend: Any, group: Any) -> None:
    """A deployment group puts a launch hook into each of its Auto Scaling groups, and shows name and hook of each.

    Source: botocore codedeploy AutoScalingGroup (name, hook); docs.aws.amazon.com/codedeploy/latest/userguide/
    integrations-aws-auto-scaling.html.
    """
    names = [str(name) for name in group.auto_scaling_groups or []]
    _install(backend, group, "udo_hooks", names, "launch", LAUNCHING)
    termination_hooks_are_optional(backend, group, names)


@rule("codedeploy", "CreateDeploymentGroup", "UpdateDeploymentGroup", moto="installs no hook")
def termination_hooks_are_optional(backend: Any, group: Any, names: list[str]) -> None:
    """With terminationHookEnabled a deployment group puts a termination hook into its Auto Scaling groups too, and
    shows it; without it none.

    Source: botocore codedeploy AutoScalingGroup (terminationHook) and CreateDeploymentGroupInput, member
    terminationHookEnabled.
    """
    wanted = names if group.termination_hook_enabled else []
    _install(backend, group, "udo_termination_hooks", wanted, "termination", TERMINATING)


def _install(backend: Any, group: Any, where: str, names: list[str], kind: str, transition: str) -> None:
    autoscaling = autoscaling_backends[backend.account_id][backend.region_name]
    hooks: dict[str, str] = group.__dict__.setdefault(where, {})
    for name in [name for name in hooks if name not in names]:
        autoscaling.delete_lifecycle_hook(name, hooks.pop(name))
    for name in names:
        if name not in hooks:
            hooks[name] = f"{_PREFIX}-{kind}-deployment-hook-{group.deployment_group_name}-{mock_random.uuid4()}"
            autoscaling.create_lifecycle_hook(hooks[name], name, transition, _HEARTBEAT, "ABANDON")


@listens
def held(scaling_group: Any, member: Any, action: Action) -> None:
    """Begins the deployment that an instance is held for, or lets it go on where there is nothing to deploy."""
    if not action.hook.name.startswith(_PREFIX):
        return
    backend = codedeploy_backends[scaling_group.account_id][scaling_group.region]
    for group in _groups(backend):
        if getattr(group, "udo_hooks", {}).get(scaling_group.name) == action.hook.name:
            newcomers_wait_for_their_deployment(backend, group, member, action)
        elif getattr(group, "udo_termination_hooks", {}).get(scaling_group.name) == action.hook.name:
            leavers_wait_for_their_deployment(backend, group, member, action)


def _groups(backend: Any) -> Iterator[Any]:
    for groups in list(backend.deployment_groups.values()):
        yield from list(groups.values())


@rule("codedeploy", "CreateDeployment", "ListDeployments", moto="deploys nothing to new instances")
def newcomers_wait_for_their_deployment(backend: Any, group: Any, member: Any, action: Action) -> None:
    """A new instance of an Auto Scaling group waits in Pending:Wait until a deployment created by autoscaling has
    brought it the group's last successful revision; without one it goes into service at once.

    Source: docs.aws.amazon.com/codedeploy/latest/userguide/integrations-aws-auto-scaling.html (scale-out event).
    """
    _begin(backend, group, member, action, "autoscaling")


@rule("codedeploy", "CreateDeployment", "ListDeployments", moto="has no hook to hold them")
def leavers_wait_for_their_deployment(backend: Any, group: Any, member: Any, action: Action) -> None:
    """With a termination hook an instance that scaling in takes waits in Terminating:Wait for a deployment created by
    autoscalingTermination, of the events BeforeBlockTraffic, BlockTraffic, AfterBlockTraffic and ApplicationStop.

    Source: docs.aws.amazon.com/codedeploy/latest/userguide/integrations-aws-auto-scaling.html (termination
    deployments); reference-appspec-file-structure-hooks.html (availability of events).
    """
    _begin(backend, group, member, action, "autoscalingTermination")


def _begin(backend: Any, group: Any, member: Any, action: Action, creator: str) -> None:
    good = last_good(backend, group)
    if good is None:
        action.complete("CONTINUE")
        return
    # CodeDeploy sends heartbeats as long as it is at work.
    action.due = action.end
    made = create(
        backend,
        group,
        good.revision,
        creator,
        udo_only=[member.instance_id],
        udo_held=(member, action),
        file_exists_behavior=good.file_exists_behavior,
    )
    made.description = None


def let_go(deployment: Any) -> None:
    """Lets an instance go on that waited for a deployment which has ended."""
    waiting: tuple[Any, Action] | None = getattr(deployment, "udo_held", None)
    if waiting is None:
        return
    member, action = waiting
    deployment.udo_held = None
    if action.result is None:
        action.complete(failed_launches_are_abandoned(deployment))
    tick(member.instance.autoscaling_group)


@rule("codedeploy", "CreateDeployment", "ListDeployments", moto="deploys nothing to new instances")
def failed_launches_are_abandoned(deployment: Any) -> str:
    """An instance whose launch deployment did not succeed is abandoned: terminated, and another launched; a termination
    goes on whatever became of its deployment.

    Source: docs.aws.amazon.com/codedeploy/latest/userguide/integrations-aws-auto-scaling.html (CONTINUE or ABANDON).
    """
    fine = deployment.creator == "autoscalingTermination" or run_of(deployment).status == "Succeeded"
    return "CONTINUE" if fine else "ABANDON"
