"""What is known of the roles that are reached the same way, and what could not be read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from udo.config.alarm_rules import RuleError, names, words
from udo.frozen import frozen
from udo.model.launch import LaunchConfigurationReference, LaunchTemplateReference

if TYPE_CHECKING:
    from udo.groups.locks import Lock
    from udo.model.checkup import Caller, Decision, EventRule, Host
    from udo.model.deployments import Deployment, DeploymentGroup, DeploymentTarget
    from udo.model.groups import AutoScalingGroup, Member
    from udo.model.instances import SecurityGroup, Subnet
    from udo.model.launch import Image, LaunchConfiguration, LaunchTemplateVersion
    from udo.model.refreshes import Refresh
    from udo.model.scaling import LifecycleHook
    from udo.model.targets import TargetHealth

Alarm = Mapping[str, Any]


@frozen
class Launched:
    """What something launches from: `where` names it, `profile` is the name of an instance profile or empty.

    `tokens` and `endpoint` are what it says of instance metadata, empty for nothing.
    """

    where: str
    image: str
    key_pair: str
    security_groups: tuple[str, ...]
    profile: str
    tokens: str
    endpoint: str


@dataclass
class Facts:
    """What AWS tells of some roles; `unread` are the names of those parts that could not be read.

    `refused` is why the credentials are none: what is said, where they come from, what to do. Parts of one group are by
    its name; `versions` are by the template's id and number, None for one that was deleted; `numbers` are what $Latest
    and $Default mean, by template; `profiles` hold the ARNs of the roles in each instance profile. `needs` are what
    verbs need, `decisions` what the simulator says to each, and `no_simulation` is why it is not asked.
    """

    region: str
    caller: Caller | None = None
    refused: tuple[str, str, str] | None = None
    skew: float | None = None
    groups: dict[str, AutoScalingGroup] = field(default_factory=dict)
    deployment_groups: dict[tuple[str, str], DeploymentGroup] = field(default_factory=dict)
    locks: dict[str, Lock] = field(default_factory=dict)
    alarms: tuple[Alarm, ...] = ()
    configurations: dict[str, LaunchConfiguration] = field(default_factory=dict)
    numbers: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    versions: dict[tuple[str, str], LaunchTemplateVersion | None] = field(default_factory=dict)
    hosts: dict[str, Host] = field(default_factory=dict)
    subnets: dict[str, Subnet] = field(default_factory=dict)
    target_groups: frozenset[str] = frozenset()
    load_balancers: frozenset[str] = frozenset()
    targets: dict[str, tuple[TargetHealth, ...]] = field(default_factory=dict)
    hooks: dict[str, tuple[LifecycleHook, ...]] = field(default_factory=dict)
    refreshes: dict[str, list[Refresh]] = field(default_factory=dict)
    warm: dict[str, tuple[Member, ...]] = field(default_factory=dict)
    deployments: dict[str, Deployment] = field(default_factory=dict)
    failed: dict[str, tuple[DeploymentTarget, ...]] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
    images: dict[str, Image] = field(default_factory=dict)
    key_pairs: frozenset[str] = frozenset()
    security_groups: dict[str, SecurityGroup] = field(default_factory=dict)
    profiles: dict[str, tuple[str, ...]] = field(default_factory=dict)
    tokens: str = ""
    subscribed: frozenset[str] = frozenset()
    listeners: dict[str, int] = field(default_factory=dict)
    rules: tuple[EventRule, ...] = ()
    needs: dict[Any, dict[tuple[str, str], None]] = field(default_factory=dict)
    decisions: dict[Any, Decision] = field(default_factory=dict)
    no_simulation: str = ""
    unread: set[str] = field(default_factory=set)

    @cached_property
    def by_dimension(self) -> Mapping[tuple[str, str], tuple[Alarm, ...]]:
        """The alarms that look at something with this dimension, by its name and value."""
        found: dict[tuple[str, str], list[Alarm]] = {}
        for alarm in self.alarms:
            for pair in dict.fromkeys(_dimensions(alarm)):
                found.setdefault(pair, []).append(alarm)
        return {pair: tuple(alarms) for pair, alarms in found.items()}

    @cached_property
    def by_name(self) -> Mapping[str, Alarm]:
        """The alarms by their names."""
        return {alarm["AlarmName"]: alarm for alarm in self.alarms}

    @cached_property
    def made_of(self) -> Mapping[str, frozenset[str]]:
        """The composite alarms by name, each with the alarms that its rule names."""
        return {name: named_in(one["AlarmRule"]) for name, one in self.by_name.items() if one.get("AlarmRule")}

    def pinned(self, launch: LaunchTemplateReference) -> tuple[str, str]:
        """The id of a template and the number of the version that is meant, where that is known."""
        return launch.id, self.numbers.get(launch.id, {}).get(launch.version, launch.version)

    def gone(self, group: AutoScalingGroup) -> list[LaunchTemplateReference]:
        """The templates or versions that the group launches from and that were deleted."""
        named = [one for one in (group.launch, *group.own_templates) if isinstance(one, LaunchTemplateReference)]
        return [one for one in dict.fromkeys(named) if self.versions.get(self.pinned(one)) is None]

    def launched(self, group: AutoScalingGroup) -> Iterator[Launched]:
        """What the group launches from, and what overrides of its mixed instances policy name for themselves."""
        for launch in dict.fromkeys(one for one in (group.launch, *group.own_templates) if one):
            if isinstance(launch, LaunchConfigurationReference):
                known = self.configurations.get(launch.name)
                data = known.data if known else None
            else:
                version = self.versions.get(self.pinned(launch))
                data = version.data if version else None
            if data is not None:
                yield _launched(str(launch), data)

    def image_ids(self, group: AutoScalingGroup) -> dict[str, str]:
        """The images that the group launches, each with where it is named: ids, or the parameters that hold one."""
        found = {one.image: one.where for one in self.launched(group) if one.image}
        if group.overrides and all(one.image_id or one.launch for one in group.overrides):
            # Every override has one of its own, or a template: that of the policy's is launched by none.
            own = {str(one) for one in group.own_templates}
            found = {image: where for image, where in found.items() if where in own}
        return found | {one.image_id: f"override {one}" for one in group.overrides if one.image_id}


def named_in(rule: str) -> frozenset[str]:
    """The alarms that the rule of a composite alarm names, by name or by ARN."""
    with suppress(RuleError):
        return frozenset(one.rpartition(":alarm:")[2] for one in names(words(rule)))
    return frozenset()


def _dimensions(alarm: Alarm) -> Iterator[tuple[str, str]]:
    inside = (((one.get("MetricStat") or {}).get("Metric") or {}) for one in alarm.get("Metrics") or ())
    for metric in (alarm, *inside):
        yield from ((one["Name"], one["Value"]) for one in metric.get("Dimensions") or ())


def _launched(where: str, data: Mapping[str, Any]) -> Launched:
    profile = data.get("IamInstanceProfile") or ""
    if isinstance(profile, Mapping):
        profile = profile.get("Name") or profile.get("Arn") or ""
    cards = (one.get("Groups") or () for one in data.get("NetworkInterfaces") or ())
    groups = [
        *(data.get("SecurityGroupIds") or data.get("SecurityGroups") or ()),
        *(one for card in cards for one in card),
    ]
    metadata = data.get("MetadataOptions") or {}
    return Launched(
        where=where,
        image=data.get("ImageId") or "",
        key_pair=data.get("KeyName") or "",
        security_groups=tuple(one for one in dict.fromkeys(groups) if one.startswith("sg-")),
        profile=str(profile).rpartition("/")[2],
        tokens=metadata.get("HttpTokens") or "",
        endpoint=metadata.get("HttpEndpoint") or "",
    )
