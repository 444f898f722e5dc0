"""What a refresh will do and meet, told before it is started: a line for each thing, and its parts for scripts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from udo.frozen import frozen
from udo.groups.processes import listed as joined
from udo.refresh.arithmetic import Course, course
from udo.refresh.observe import is_attribute_based
from udo.refresh.text import instances, length, listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from udo.model.groups import AutoScalingGroup, Member
    from udo.model.refreshes import Preferences
    from udo.refresh.observe import Observed, Outlook

# Source: docs.aws.amazon.com/autoscaling/ec2/userguide/instance-refresh-overview.html: with one of these suspended it
# makes no progress, and fails after an hour.
NEEDED = ("Launch", "Terminate", "InstanceRefresh")
# A hook that holds longer than this may hold up a refresh.
_LONG = 600
OF_CODEDEPLOY = "CodeDeploy-managed-automatic-launch-deployment-hook-"

Row = dict[str, Any]


@frozen
class Reach:
    """Whom a refresh replaces, and whom it leaves though they differ; `blocks` are those for whom it waits.

    `alike` are how many it replaces though the group would launch them as they are.
    """

    replaced: tuple[Member, ...]
    left: tuple[Member, ...] = ()
    blocks: tuple[Member, ...] = ()
    alike: int = 0

    @property
    def count(self) -> int:
        """How many it replaces in the end."""
        return len(self.replaced) + len(self.blocks)

    def is_needed(self, preferences: Preferences) -> bool:
        """Whether anybody is replaced who has to be; where AWS cannot tell who matches it is not AWS who says so."""
        return self.count > (self.alike if preferences.skip_matching else 0)


def can_skip(group: AutoScalingGroup) -> bool:
    """Whether AWS can tell which members of the group match.

    Source: docs.aws.amazon.com/autoscaling/ec2/userguide/asg-instance-refresh-skip-matching.html: not those of a launch
    configuration; instance-refresh-overview.html: with attribute-based types the refresh fails.
    """
    return hasattr(group.launch, "version") and not is_attribute_based(group)


def reach(observed: Observed, preferences: Preferences) -> Reach:
    """Whom a refresh with these preferences replaces."""
    skips = preferences.skip_matching and can_skip(observed.group)
    meant = [one for one in observed.staying if not skips or one.instance_id in observed.outdated]
    replaced: list[Member] = []
    left: list[Member] = []
    blocks: list[Member] = []
    for one in meant:
        how = (preferences.standby if one.is_aside else "") or (
            preferences.protected if one.protected_from_scale_in else ""
        )
        (left if how == "Ignore" else blocks if how == "Wait" else replaced).append(one)
    alike = sum(one.instance_id not in observed.outdated for one in (*replaced, *blocks))
    return Reach(tuple(replaced), tuple(left), tuple(blocks), alike)


def warmup_of(group: AutoScalingGroup, preferences: Preferences) -> int:
    """How long a newcomer is given, in seconds.

    Source: botocore autoscaling RefreshPreferences, InstanceWarmup.
    """
    if preferences.warmup is not None:
        return preferences.warmup
    usual = group.raw.get("DefaultInstanceWarmup")
    return int(usual if usual not in (None, -1) else group.raw.get("HealthCheckGracePeriod") or 0)


def course_of(observed: Observed, found: Reach, preferences: Preferences) -> Course:
    """The course of a refresh of those."""
    group = observed.group
    return course(
        group.desired_capacity,
        [one.weight for one in (*found.replaced, *found.blocks)],
        preferences,
        warmup_of(group, preferences),
    )


def forecast(observed: Observed, outlook: Outlook, preferences: Preferences, what: str) -> Iterator[Row]:
    """The forecast; `what` is what the newcomers are launched from."""
    found = reach(observed, preferences)
    its = course_of(observed, found, preferences)
    group = observed.group
    yield from _whom(observed, found, what)
    yield _in_service(group, its)
    if its.stops and preferences.checkpoint_delay:
        yield _checkpoints(its, preferences)
    yield _time(group, its, preferences)
    yield from _left(found)
    yield from _stalls(group, its, outlook)
    yield from (_row("unknown", says) for says in outlook.unknown)


def _row(kind: str, says: str, **parts: Any) -> Row:
    return {"kind": kind, "says": says, **parts}


def _whom(observed: Observed, found: Reach, what: str) -> Iterator[Row]:
    count, members, alike = found.count, len(observed.group.members), found.alike
    if not alike:
        says = f"{count} of {instances(members)} {'differs' if count == 1 else 'differ'} from {what}"
    else:
        are = "is" if count == 1 else "are"
        says = f"{count} of {instances(members)} {are} replaced, {alike} of which would be launched alike"
    yield _row("members", says, replaced=count, members=members, alike=alike)


def _in_service(group: AutoScalingGroup, its: Course) -> Row:
    found, unit = its.bounds, "" if _is_light(group) else " units of capacity"
    serving = sum(one.weight for one in group.members if one.in_service)
    least = min(found.least, serving)
    first = (
        "a successor is in service before one goes" if found.launches_first else "some go before their successors serve"
    )
    many = "one at a time" if found.at_once == 1 else f"up to {found.at_once} at a time"
    says = f"at least {least} of {found.desired}{unit} in service, at most {found.most} there: {many}, {first}"
    return _row("in_service", says, **its.row() | {"least_in_service": least})


def _is_light(group: AutoScalingGroup) -> bool:
    return all(one.weight == 1 for one in group.members)


def _checkpoints(its: Course, preferences: Preferences) -> Row:
    stops = [f"{one} ({share} %)" for one, share in zip(its.stops, preferences.checkpoints, strict=False)]
    delay = preferences.checkpoint_delay or 0
    says = f"pauses {length(delay)} once {joined(stops)} of {its.count} {'is' if its.stops == (1,) else 'are'} replaced"
    return _row("checkpoints", says, instances=list(its.stops), percent=list(preferences.checkpoints), seconds=delay)


def _time(group: AutoScalingGroup, its: Course, preferences: Preferences) -> Row:
    warmup = warmup_of(group, preferences)
    each = f"a launch and {length(warmup)} of warmup" if warmup else "a launch"
    rounds = "1 round" if its.rounds == 1 else f"{its.rounds} rounds"
    bake = f", then {length(preferences.bake)} of bake time" if preferences.bake else ""
    says = f"roughly {length(its.seconds)}: {rounds}, each {each}{bake}"
    return _row("time", says, seconds=round(its.seconds), rounds=its.rounds, warmup=warmup, bake=preferences.bake or 0)


def _left(found: Reach) -> Iterator[Row]:
    for who, how, is_left in (
        (found.left, "left as they are", True),
        (found.blocks, "waited for, an hour at most", False),
    ):
        for word, some in (
            ("in Standby", [x for x in who if x.is_aside]),
            ("protected", [x for x in who if not x.is_aside]),
        ):
            if not some:
                continue
            ids = [one.instance_id for one in some]
            warning = "" if is_left else "warning: "
            yield _row("left" if is_left else "stall", f"{warning}{word}, and {how}: {listed(ids)}", instances=ids)


def _stalls(group: AutoScalingGroup, its: Course, outlook: Outlook) -> Iterator[Row]:
    suspended = [name for name in NEEDED if name in group.suspended_processes]
    if suspended:
        are = "is" if len(suspended) == 1 else "are"
        says = f"warning: {joined(suspended)} {are} suspended: it makes no progress, and fails after an hour"
        yield _row("stall", says, processes=suspended)
    for hook in outlook.hooks:
        if hook.name.startswith(OF_CODEDEPLOY):
            yield _row(
                "hook", "CodeDeploy brings each newcomer the last revision that succeeded, and holds it until then"
            )
        elif hook.seconds >= _LONG:
            held = "newcomer" if hook.holds == "launching" else "member that goes"
            says = f"hook {hook.name} may hold each {held} for {length(hook.seconds)}"
            yield _row("hook", says, hook=hook.name, seconds=hook.seconds)
    if its.bounds.most > group.max_size and its.bounds.least >= group.desired_capacity:
        says = f"warning: the maximum of {group.name} is {group.max_size}, and a successor comes before one goes"
        yield _row("maximum", says, max_size=group.max_size)
    needed = max(1, its.bounds.most - group.desired_capacity)
    if outlook.free and sum(outlook.free.values()) < needed:
        has = f"{listed(sorted(outlook.free))} {'has' if len(outlook.free) == 1 else 'have'}"
        says = f"warning: {has} no address free for {instances(needed)} more"
        yield _row("addresses", says, free=dict(outlook.free))


def note_on_launch(group: AutoScalingGroup, preferences: Preferences, outdated: int) -> Sequence[str]:
    """Why all are replaced though only some differ, where AWS cannot tell them apart."""
    if can_skip(group) or not preferences.skip_matching or outdated >= len(group.members):
        return ()
    why = (
        "instance requirements choose its types"
        if is_attribute_based(group)
        else "it launches from a launch configuration"
    )
    return (f"AWS cannot skip those that match, because {why}: all are replaced",)
