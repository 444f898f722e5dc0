"""Instances that a deployment passed by: they came up while it ran, and another one brings them up to date."""

from __future__ import annotations

from typing import Any

from moto.autoscaling.models import autoscaling_backends

from udo.sandbox.strict.codedeploy.creation import create, is_blue_green
from udo.sandbox.strict.codedeploy.history import installed, last_good, of_whole_group, run_of
from udo.sandbox.strict.rules import rule

CREATOR = "CodeDeployAutoUpdate"


@rule("codedeploy", "CreateDeployment", moto="never starts a deployment")
def outdated_instances_are_updated(backend: Any, deployment: Any) -> None:
    """After a success, instances of the Auto Scaling groups that came up meanwhile with another revision get it by a
    deployment to the outdated ones, created by CodeDeployAutoUpdate, unless outdatedInstancesStrategy is IGNORE; the
    two are related.

    Source: docs.aws.amazon.com/codedeploy/latest/userguide/integrations-aws-auto-scaling.html (scale-out events during
    a deployment); botocore codedeploy OutdatedInstancesStrategy and RelatedDeployments.
    """
    group = deployment.deployment_group
    every = of_whole_group(backend, group)
    if group.outdated_instances_strategy == "IGNORE" or is_blue_green(group):
        return
    if any(not run_of(one).ended for one in every):
        return
    good = last_good(backend, group)
    if good is None or good is not next((one for one in every if run_of(one).status != "Stopped"), None):
        return
    root = backend.deployments.get(getattr(good, "udo_root", None), good)
    if not _outdated(backend, group, root):
        return
    made = create(
        backend,
        group,
        root.revision,
        CREATOR,
        after=deployment,
        update_outdated_instances_only=True,
        udo_root=root.deployment_id,
        file_exists_behavior=root.file_exists_behavior,
    )
    root.__dict__.setdefault("udo_updates", []).append(made.deployment_id)


def _outdated(backend: Any, group: Any, root: Any) -> list[str]:
    """The members in service that neither the root deployment nor one that followed it has tried."""
    have = installed(backend, group)
    followers = [backend.deployments[one] for one in getattr(root, "udo_updates", [])]
    tried = {target.instance_id for one in (root, *followers) for target in run_of(one).targets}
    groups = autoscaling_backends[backend.account_id][backend.region_name].autoscaling_groups
    members = [
        one for name in group.auto_scaling_groups or [] if name in groups for one in groups[name].instance_states
    ]
    return [
        one.instance_id
        for one in members
        if one.lifecycle_state == "InService"
        and one.instance_id not in tried
        and (one.instance_id not in have or have[one.instance_id].revision != root.revision)
    ]


def related(deployment: Any) -> dict[str, Any] | None:
    """The deployments related to one, as GetDeployment names them."""
    found = {
        "autoUpdateOutdatedInstancesRootDeploymentId": getattr(deployment, "udo_root", None),
        "autoUpdateOutdatedInstancesDeploymentIds": getattr(deployment, "udo_updates", None),
    }
    return {key: value for key, value in found.items() if value} or None
