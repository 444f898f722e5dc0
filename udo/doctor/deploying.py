"""Checks of what deploys to a group: its deployment group, and whether the agents of its members answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from udo.deploy.codes import AGENT_LOST
from udo.doctor.finding import Finding, Subject, fails, key
from udo.doctor.launching import listed
from udo.status.page import deployment_group

if TYPE_CHECKING:
    from udo.model.deployments import DeploymentGroup
    from udo.model.groups import AutoScalingGroup

_ISSUE = "AGENT_ISSUE"


def coverage(subject: Subject) -> Iterator[Finding]:
    """A deployment group that is not there, or deploys to other groups."""
    named = deployment_group(subject.role)
    if named is None:
        return
    over = subject.facts.deployment_groups.get(named)
    where = key(subject, "deploy.deployment_group")
    if over is None:
        says = f"deployment group {named[1]} of application {named[0]} does not exist: udo deploy fails"
        yield fails(says, where, f"set deploy.service_role, then udo create {subject.words}, or correct the key")
    elif _group(subject).name not in over.auto_scaling_groups and not over.unnamed_groups:
        others = " and ".join(over.auto_scaling_groups) or "no group"
        yield fails(f"deployment group {over.name} deploys to {others}", where, "correct the key, or group_name")


def agents(subject: Subject) -> Iterator[Finding]:
    """Members whose CodeDeploy agent did not answer the last deployment, or cannot."""
    named = deployment_group(subject.role)
    over = subject.facts.deployment_groups.get(named) if named else None
    if over is None:
        return
    group = _group(subject)
    if silent := _silent(subject, over, group):
        says = f"the CodeDeploy agent of {listed(silent)} did not answer deployment {over.last_attempted}"
        yield fails(says, over.name, f"udo ssh {subject.words} 'systemctl status codedeploy-agent'")


def _silent(subject: Subject, over: DeploymentGroup, group: AutoScalingGroup) -> list[str]:
    last = subject.facts.deployments.get(over.last_attempted or "")
    targets = subject.facts.failed.get(last.deployment_id, ()) if last else ()
    if last and last.error_code != _ISSUE:
        targets = tuple(one for one in targets if any(AGENT_LOST in event.message for event in one.events))
    silent = {one.instance_id for one in targets}
    return [one.instance_id for one in group.members if one.instance_id in silent]


def profiles(subject: Subject) -> Iterator[Finding]:
    """Instances without a profile in a role that is deployed to: their agents have no credentials."""
    if deployment_group(subject.role) is None:
        return
    group, facts = _group(subject), subject.facts
    for one in facts.launched(group):
        if not one.profile:
            says = "it names no instance profile: the CodeDeploy agent has no credentials, and deployments fail"
            yield fails(says, one.where, f"set {key(subject, 'iam_profile')}, then udo updatelc {subject.words}")
    hosts = (facts.hosts.get(one.instance_id) for one in group.members if one.in_service)
    without = [host.instance_id for host in hosts if host and not host.profile]
    if without and all(one.profile for one in facts.launched(group)):
        says = f"{listed(without)} has no instance profile: the CodeDeploy agent has no credentials"
        yield fails(says, group.name, f"udo refresh {subject.words}")


def _group(subject: Subject) -> AutoScalingGroup:
    assert subject.group  # noqa: S101  (these are checks of roles whose group exists)
    return subject.group
