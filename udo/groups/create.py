"""Make a group as udo.yml says of it: what one call can carry in one, the rest after it; and what of one is missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from typing import TYPE_CHECKING, Any

from udo.change.plan import NONE, Call, Difference, Pair, Read
from udo.errors import ConfigError, Problem, UsageError
from udo.frozen import frozen
from udo.groups.alarms import wanted_alarms
from udo.groups.ending import gone_goal
from udo.groups.points import literal, shown, together
from udo.groups.rest import Sizes, sizes_call
from udo.groups.settings import (
    Parts,
    Rows,
    Setting,
    says,
    settings,
    wanted_parts,
    wanted_traffic,
)
from udo.groups.tags import group_read, tag_read, untag_call
from udo.groups.traffic import TRAFFIC, traffic_read
from udo.groups.update import Live, drift, plan_update
from udo.model.groups import APP_TAG, AutoScalingGroup

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from udo.config import Role

# While calls are to follow the one that makes the group.
CREATING = "udo:creating"
# Source: docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-tagging.html.
_MOST_TAGS = 50
_PARTS = ("lifecycle_hooks", "scaling_policies", "scheduled_actions")


@frozen
class New:
    """What a new group needs to know beside udo.yml: what it launches from (as CreateAutoScalingGroup is told it) and
    what proves that, ARNs of target groups by name, the run, and when that is; alarms that are called like its own, and
    how the ARNs of topics begin where it will be.

    One that is `held` begins empty, until all is there that its first members need.
    """

    launch: Mapping[str, Any]
    launch_proof: Pair
    arns: Mapping[str, str] = field(default_factory=dict)
    run_id: str = ""
    now: float = 0.0
    held: bool = False
    alarms: Rows = field(default_factory=dict)
    topics: str = ""


def first_sizes(role: Role) -> Sizes:
    """The sizes that a new group begins with: its minimum, where udo.yml says nothing of the desired capacity.

    Raises: UsageError where udo.yml does not say its bounds; ConfigError where they do not fit.
    """
    low, high = role.get("scale_policy.min_size"), role.get("scale_policy.max_size")
    if missing := [name for name, size in (("min_size", low), ("max_size", high)) if size is None]:
        told = f"{role.label} does not say {' and '.join(f'scale_policy.{name}' for name in missing)} ({role.mark})"
        raise UsageError(told, hint="a new group needs it: set it in udo.yml")
    said = role.get("scale_policy.desired")
    desired = low if said is None else said
    if not low <= desired <= high:
        told = f"scale_policy of {role.label}: {desired} is not between min_size {low} and max_size {high}"
        raise ConfigError(Problem(*role.mark_of("scale_policy"), told))
    return Sizes(low, desired, high)


def first_calls(role: Role, new: New, joining: Sequence[Call]) -> tuple[list[Call], tuple[Pair, ...], tuple[str, ...]]:
    """The calls that make the group with all that is its own, what must be read back, and notes.

    Those of `joining` come before its first members, where it is held. What is cut off is marked by a tag.

    Raises: UsageError, ConfigError.
    """
    sizes = first_sizes(role)
    made = _as_made(role, new, sizes)
    after = plan_update(role, made)
    later = [*joining, *_start(made.group, sizes, new), *after.steps]
    marked = new.run_id if later else ""
    create = _create(role, new, sizes, made.group, marked)
    goal = (
        *_proof(role, new, sizes),
        *_beside(role, new),
        *(pair for call in (*joining, *after.writes) for pair in call.proof),
    )
    calls = [create, *(call for call in later if isinstance(call, Call))]
    return calls + ([finished(role.group_name, marked)] if marked else []), goal, after.notes


def finished(group_name: str, marked: str) -> Call:
    """The call that removes the mark of a group that is not whole yet."""
    return untag_call(group_name, CREATING, marked, f"{group_name} is whole: remove tag {CREATING}")


def missing_calls(role: Role, live: Live, joining: Sequence[Call]) -> list[Call]:
    """The calls that a run which was cut off has left undone, in a group that is as udo.yml says.

    Raises: UsageError, ConfigError.
    """
    sizes, group = first_sizes(role), live.group
    begun = Sizes(group.min_size, group.desired_capacity, group.max_size)
    held = begun == Sizes(0, 0, sizes.high) and sizes != begun
    # What it will be by then: an update of an empty group refuses the minimum that it is to get.
    raw = {**group.raw, "MinSize": sizes.low, "MaxSize": sizes.high}
    as_said = replace(group, min_size=sizes.low, max_size=sizes.high, desired_capacity=sizes.desired, raw=raw)
    steps = plan_update(role, replace(live, group=as_said)).writes
    start = [sizes_call(group, sizes)] if held else []
    return [*joining, *start, *steps, finished(group.name, group.tags[CREATING])]


def found_differences(role: Role, live: Live) -> tuple[Difference, ...]:
    """What of a group that exists is not as udo.yml says; never its desired capacity.

    Of one that is not whole yet, what is merely missing is none. Raises: ConfigError, UsageError.
    """
    group = live.group
    found = drift(role, live).plan.differences
    if CREATING not in group.tags:
        return found
    begins = (group.min_size, group.desired_capacity) == (0, 0)
    return tuple(one for one in found if not (_comes_later(one) or (begins and one.key == "scale_policy.min_size")))


def _comes_later(one: Difference) -> bool:
    """Whether it is the want of what is made after the group."""
    later = one.key.startswith(("scaling_policies.", "scheduled_actions.", "alarms.")) and one.old == NONE
    return later or one.key == "metrics"


def first_differences(role: Role, sizes: Sizes) -> tuple[Difference, ...]:
    """What a new group is, in rows."""
    blank = AutoScalingGroup(role.group_name, None, 0, 0, 0)
    rows = [Difference("sizes", NONE, str(sizes))]
    for one in settings(role, blank):
        if not one.key.startswith("scale_policy."):
            rows += [replace(point.difference(), old=NONE) for point in one.points if point.differs]
    for key in _PARTS:
        rows += [Difference(f"{key}.{name}", NONE, shown(wanted)) for name, wanted in _wanted(role, key).items()]
    for key in TRAFFIC:
        if said := role.get(key) if says(role, key) else None:
            rows.append(
                Difference(key, NONE, ", ".join(one if isinstance(one, str) else one["Identifier"] for one in said))
            )
    rows += [Difference(f"alarms.{one.name}", NONE, str(one)) for one in wanted_alarms(role, "")]
    rows += [Difference("metrics", NONE, _metrics(role))] if says(role, "metrics") else []
    rows += [Difference(f"tags.{tag['Key']}", NONE, tag["Value"]) for tag in _tags(role)]
    return tuple(rows)


def _metrics(role: Role) -> str:
    return ", ".join(role.get("metrics"))


def _wanted(role: Role, key: str) -> Mapping[str, Mapping[str, Any]]:
    return wanted_parts(role, key) if says(role, key) else {}


def _settings(role: Role, new: New) -> list[Setting]:
    """The settings of a new group, its mixed instances policy with what it launches from in it."""
    blank = AutoScalingGroup(role.group_name, None, 0, 0, 0)
    found = []
    for one in settings(role, blank):
        if not one.differs:
            # What a group has by itself, some of which only an update may say.
            continue
        if one.key == "mixed_instances":
            template = {**one.value["LaunchTemplate"], "LaunchTemplateSpecification": dict(new.launch)}
            found.append(one._replace(value={**one.value, "LaunchTemplate": template}))
        else:
            found.append(one)
    return found


def _launch(new: New, found: Sequence[Setting]) -> dict[str, Any]:
    if "LaunchConfigurationName" in new.launch:
        return dict(new.launch)
    return {} if any(one.key == "mixed_instances" for one in found) else {"LaunchTemplate": dict(new.launch)}


def _create(role: Role, new: New, sizes: Sizes, made: AutoScalingGroup, marked: str) -> Call:
    """The call that makes the group."""
    found = _settings(role, new)
    name, begins = role.group_name, Sizes(0, 0, sizes.high) if new.held else sizes
    tags = [*_tags(role), *([_tag(name, CREATING, marked, spreads=False)] if marked else [])]
    if len(tags) > _MOST_TAGS:
        told = f"{name} would have {len(tags)} tags with those of Udo, and AWS takes at most {_MOST_TAGS}"
        raise ConfigError(Problem(*role.mark_of("tags"), told))
    hooks = [{"LifecycleHookName": one, **members} for one, members in _wanted(role, "lifecycle_hooks").items()]
    params = {
        "AutoScalingGroupName": name,
        **{one.member: one.value for one in found},
        **_launch(new, found),
        "MinSize": begins.low,
        "MaxSize": begins.high,
        "DesiredCapacity": begins.desired,
        **_traffic(role, new.arns),
        **({"LifecycleHookSpecificationList": hooks} if hooks else {}),
        "Tags": tags,
    }
    first = "empty until it is whole" if new.held else f"with {begins}"
    return Call(
        f"make group {name} {first}",
        "autoscaling",
        "CreateAutoScalingGroup",
        params,
        expect=(gone_goal(name),),
        proof=(
            *_proof(role, new, begins),
            *((Pair(tag_read(name, CREATING), marked, f"tag {CREATING} of {name}"),) if marked else ()),
        ),
    )


def _proof(role: Role, new: New, sizes: Sizes) -> tuple[Pair, ...]:
    """What a group shows that is as udo.yml says, with these bounds."""
    name = role.group_name
    points = [point for one in _settings(role, new) if one.member not in ("MinSize", "MaxSize") for point in one.points]
    says_so = f"settings of {name}"
    return (
        new.launch_proof,
        Pair(group_read(name, "[MinSize, MaxSize]"), [sizes.low, sizes.high], f"bounds of {name}"),
        Pair(group_read(name, together(points)), [point.wanted for point in points], says_so),
    )


def _beside(role: Role, new: New) -> Iterator[Pair]:
    """What the call that makes a group gives it beside its settings, to be read back."""
    name, tags, sources = role.group_name, _tags(role), list(_identifiers(role, new.arns))
    values = ", ".join(f"Tags[?Key=={literal(tag['Key'])}] | [0].Value" for tag in tags)
    yield Pair(group_read(name, f"[{values}]"), [tag["Value"] for tag in tags], f"tags of {name}")
    for hook in _wanted(role, "lifecycle_hooks"):
        asked = {"AutoScalingGroupName": name, "LifecycleHookNames": [hook]}
        read = Read("autoscaling", "DescribeLifecycleHooks", asked, "LifecycleHooks[0].LifecycleHookName")
        yield Pair(read, hook, f"lifecycle hook {hook} of {name}")
    if sources:
        each = ", ".join(f"contains([].Identifier, {literal(one)})" for one in sources)
        yield Pair(traffic_read(name, f"[{each}]"), [True] * len(sources), f"traffic sources of {name}")


def _start(made: AutoScalingGroup, sizes: Sizes, new: New) -> list[Call]:
    """The call after which the first members come, where the group begins empty."""
    if not new.held or sizes == Sizes(0, 0, sizes.high):
        return []
    return [sizes_call(replace(made, min_size=0, desired_capacity=0), sizes)]


def _as_made(role: Role, new: New, sizes: Sizes) -> Live:
    """The group as it is once the call that makes it is done, so that what is left can be planned."""
    found = {one.member: one.value for one in _settings(role, new)}
    tags = _tags(role)
    raw = {**found, "MinSize": sizes.low, "MaxSize": sizes.high, "Tags": tags}
    group = AutoScalingGroup(
        role.group_name,
        None,
        sizes.low,
        sizes.high,
        sizes.desired,
        tags={tag["Key"]: tag["Value"] for tag in tags},
        raw=raw,
    )
    parts = Parts(
        lifecycle_hooks=_wanted(role, "lifecycle_hooks"),
        traffic=_identifiers(role, new.arns),
        alarms=new.alarms,
        topics=new.topics,
    )
    return Live(group, parts, new.arns, new.now)


def _identifiers(role: Role, arns: Mapping[str, str]) -> Mapping[str, str]:
    return wanted_traffic(role, arns) if says(role, *TRAFFIC) else {}


def _traffic(role: Role, arns: Mapping[str, str]) -> dict[str, Any]:
    """What members are registered with, each where CreateAutoScalingGroup takes it."""
    classic = list(role.get("elbs") or ())
    targets = [one if one.startswith("arn:") else arns[one] for one in role.get("target_groups") or ()]
    kinds, known = _identifiers(role, arns), {*classic, *targets}
    others = [{"Identifier": one, "Type": kind} for one, kind in kinds.items() if one not in known]
    found = {"LoadBalancerNames": classic, "TargetGroupARNs": targets, "TrafficSources": others}
    return {key: value for key, value in found.items() if value}


def _tags(role: Role) -> list[dict[str, Any]]:
    """The tags of a new group: which role it is, and those of udo.yml, which come first."""
    said = {key: str(value) for key, value in (role.get("tags") or {}).items()}
    own = {"cluster": role.cluster, "role": role.name, "Name": role.group_name}
    app = role.get("app_name")
    tags = [_tag(role.group_name, key, value) for key, value in {**own, **said}.items()]
    return tags + ([_tag(role.group_name, APP_TAG, str(app), spreads=False)] if app and APP_TAG not in said else [])


def _tag(group_name: str, key: str, value: str, *, spreads: bool = True) -> dict[str, Any]:
    return {
        "ResourceId": group_name,
        "ResourceType": "auto-scaling-group",
        "Key": key,
        "Value": value,
        "PropagateAtLaunch": spreads,
    }
