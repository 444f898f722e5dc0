"""Reads what AWS tells group by group, for the page of one role."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from udo.groups.gone import is_gone
from udo.model.launch import LaunchTemplateReference
from udo.status.footnote import Footnote
from udo.status.revisions import observe_revisions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from udo.aws import Aws
    from udo.model.deployments import Deployment, DeploymentGroup
    from udo.model.groups import AutoScalingGroup
    from udo.model.instances import Instance
    from udo.model.refreshes import Refresh
    from udo.model.scaling import LifecycleHook, ScalingPolicy, ScheduledAction


@dataclass
class Details:
    """What only a request about the one group tells; None is unknown, with a footnote.

    `gone` is whether the launch template, or its version that the group launches, was deleted.
    """

    aws: Aws
    group_name: str
    refreshes: list[Refresh] | None = None
    policies: tuple[ScalingPolicy, ...] | None = None
    schedules: tuple[ScheduledAction, ...] | None = None
    hooks: tuple[LifecycleHook, ...] | None = None
    instances: Mapping[str, Instance] | None = None
    revisions: Mapping[str, Deployment | None] | None = None
    gone: bool | None = False
    footnotes: dict[str, str] = field(default_factory=dict)

    def first(self) -> Iterator[Callable[[], None]]:
        """The reads that rest on nothing but the name of the group."""
        autoscaling = self.aws.autoscaling
        for name, read in (
            ("refreshes", autoscaling.refreshes),
            ("policies", autoscaling.policies),
            ("schedules", autoscaling.schedules),
            ("hooks", autoscaling.hooks),
        ):
            yield partial(self._read, name, partial(read, self.group_name))

    def moved_to(self, name: str) -> bool:
        """Whether a group of another name serves; what was read of the one before is forgotten then."""
        if name == self.group_name:
            return False
        self.group_name, self.refreshes = name, None
        self.policies = self.schedules = self.hooks = None
        self.footnotes.clear()
        return True

    def then(
        self, group: AutoScalingGroup | None, deployment_group: DeploymentGroup | None
    ) -> Iterator[Callable[[], None]]:
        """The reads that rest on the members and on the deployment group."""
        ids = [member.instance_id for member in group.members] if group else []
        if group and isinstance(group.launch, LaunchTemplateReference):
            self.aws.open("ec2")
            self.gone = None
            yield partial(self._read, "gone", partial(is_gone, self.aws, group))
        if ids:
            self.aws.open("ec2")
            yield partial(self._read, "instances", partial(self.aws.ec2.instances, ids))
        else:
            self.instances = {}
        if ids and deployment_group:
            place = (deployment_group.application, deployment_group.name)
            yield partial(self._read, "revisions", partial(observe_revisions, self.aws, *place, ids))

    def parts(self) -> Mapping[str, Mapping[str, Any]]:
        """What AWS answers for all that acts on the group, by the key of udo.yml and by name, as far as it is known."""
        told = {"scaling_policies": self.policies, "scheduled_actions": self.schedules, "lifecycle_hooks": self.hooks}
        return {key: {one.name: one.raw for one in found} for key, found in told.items() if found is not None}

    def images(self) -> Mapping[str, str]:
        """What the members were made of, by their ids, as far as it is known."""
        return {one.instance_id: one.image_id for one in (self.instances or {}).values()}

    def _read(self, name: str, read: Callable[[], Any]) -> None:
        with Footnote(self.footnotes):
            setattr(self, name, read())
