"""What a group has beside what udo.yml says of it, and may be deleted: never what somebody's service keeps there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from udo.change.plan import Call, Pair, Read
from udo.groups.alarm_calls import gone_alarms
from udo.groups.alarms import wanted_alarms
from udo.groups.points import literal
from udo.groups.settings import says, wanted_metrics, wanted_parts, wanted_traffic
from udo.groups.tags import group_read, untag_call
from udo.groups.traffic import traffic_read

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from udo.config import Role
    from udo.groups.settings import Parts
    from udo.model.groups import AutoScalingGroup

# Source: docs.aws.amazon.com/codedeploy/latest/userguide/integrations-aws-auto-scaling.html;
# docs.aws.amazon.com/AmazonECS/latest/developerguide/asg-capacity-providers.html;
# docs.aws.amazon.com/eks/latest/userguide/managed-node-groups.html.
_KEPT_HOOKS = ("CodeDeploy-managed-", "ecs-managed-", "Launch-LC-Hook", "Terminate-LC-Hook")
_KEPT_POLICIES = ("ECSManagedAutoScalingPolicy-",)
_KEPT_TAGS = ("aws:", "udo:", "eks:", "k8s.io/", "kubernetes.io/", "AmazonECSManaged")
# What a group is made with, whether udo.yml says it or not.
_OWN_TAGS = ("cluster", "role", "Name")
_TYPES = {"elbs": "elb", "target_groups": "elbv2", "traffic_sources": "vpc-lattice"}


class Extra(NamedTuple):
    """One thing that udo.yml does not say, and the call that deletes it."""

    name: str
    call: Call


def extra_calls(role: Role, group: AutoScalingGroup, parts: Parts, arns: Mapping[str, str]) -> list[Extra]:
    """Everything of the keys that udo.yml says which stands only in AWS.

    Raises: ConfigError.
    """
    return [
        *_named(role, group, parts),
        *_traffic(role, group, parts, arns),
        *_metrics(role, group),
        *_tags(role, group),
        *_alarms(role, parts),
    ]


def named(extras: Iterable[Extra]) -> str:
    """Their names in one line."""
    return ", ".join(one.name for one in extras)


def _named(role: Role, group: AutoScalingGroup, parts: Parts) -> Iterator[Extra]:
    listed: tuple[tuple[str, str, str, str, str, tuple[str, ...]], ...] = (
        ("scaling_policies", "DeletePolicy", "PolicyName", "DescribePolicies", "ScalingPolicies", _KEPT_POLICIES),
        (
            "scheduled_actions",
            "DeleteScheduledAction",
            "ScheduledActionName",
            "DescribeScheduledActions",
            "ScheduledUpdateGroupActions",
            (),
        ),
        (
            "lifecycle_hooks",
            "DeleteLifecycleHook",
            "LifecycleHookName",
            "DescribeLifecycleHooks",
            "LifecycleHooks",
            _KEPT_HOOKS,
        ),
    )
    for key, operation, member, describe, rows, kept in listed:
        if not says(role, key):
            continue
        wanted = wanted_parts(role, key)
        for name in getattr(parts, key):
            if name not in wanted and not name.startswith(kept):
                asked = {"AutoScalingGroupName": group.name, f"{member}s": [name]}
                gone = Pair(Read("autoscaling", describe, asked, f"{rows}[0].{member}"), None, name)
                yield _extra(f"{key}.{name}", group, operation, {member: name}, gone)


def _traffic(role: Role, group: AutoScalingGroup, parts: Parts, arns: Mapping[str, str]) -> Iterator[Extra]:
    wanted = wanted_traffic(role, arns) if says(role, *_TYPES) else {}
    types = {kind for key, kind in _TYPES.items() if says(role, key)}
    # Of the other kinds those that stand among the sources.
    types |= {*wanted.values()} if says(role, "traffic_sources") else set()
    for one, kind in parts.traffic.items():
        if kind in types and one not in wanted:
            read = traffic_read(group.name, f"contains([].Identifier, {literal(one)})")
            sources = {"TrafficSources": [{"Identifier": one, "Type": kind}]}
            yield _extra(f"traffic {one}", group, "DetachTrafficSources", sources, Pair(read, False, one))


def _metrics(role: Role, group: AutoScalingGroup) -> Iterator[Extra]:
    there = [one["Metric"] for one in group.raw.get("EnabledMetrics") or ()]
    wanted = wanted_metrics(role) if says(role, "metrics") else there
    if more := [name for name in there if name not in wanted]:
        path = f"[{', '.join(f'contains(EnabledMetrics[].Metric || `[]`, {literal(one)})' for one in more)}]"
        gone = Pair(group_read(group.name, path), [False] * len(more), f"metrics of {group.name}")
        yield _extra(f"metrics {', '.join(more)}", group, "DisableMetricsCollection", {"Metrics": more}, gone)


def _tags(role: Role, group: AutoScalingGroup) -> Iterator[Extra]:
    said = (role.get("tags") or {}) if says(role, "tags") else group.tags
    for key, value in group.tags.items():
        if key not in said and key not in _OWN_TAGS and not key.startswith(_KEPT_TAGS):
            yield Extra(f"tags.{key}", untag_call(group.name, key, value, f"remove tag {key} of {group.name}"))


def _alarms(role: Role, parts: Parts) -> Iterator[Extra]:
    kept = [one.full for one in wanted_alarms(role, parts.topics)]
    for one in gone_alarms(role, parts.alarms, kept):
        yield Extra(f"alarms.{one.name}", one.call)


def _extra(name: str, group: AutoScalingGroup, operation: str, params: Mapping[str, Any], gone: Pair) -> Extra:
    says_it = f"{'detach' if operation.startswith('Detach') else 'delete'} {name} of {group.name}"
    asked = {"AutoScalingGroupName": group.name, **params}
    return Extra(name, Call(says_it, "autoscaling", operation, asked, proof=(gone,)))
