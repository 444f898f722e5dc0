"""One plan of what a group launches and of its settings: AWS takes both in one write, and neither undoes the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from udo.change.plan import Pair
from udo.groups.tags import launch_read, policy_read
from udo.launch.swapping import steady

if TYPE_CHECKING:
    from collections.abc import Iterator

    from udo.change.plan import Call, Plan, Step
    from udo.model.groups import AutoScalingGroup

_UPDATE = "UpdateAutoScalingGroup"
_POLICY = "MixedInstancesPolicy"
# The members of UpdateAutoScalingGroup that say what is launched.
_LAUNCH = ("LaunchConfigurationName", "LaunchTemplate", _POLICY)
# What of an update comes before the group launches anything else: a hook is there before what would need it.
_BEFORE = ("CreateOrUpdateTags", "PutLifecycleHook")


def swap_of(plan: Plan) -> Call | None:
    """The last write of the plan that says what its group launches from; None where it stays."""
    return next((one for one in reversed(plan.writes) if one.operation == _UPDATE and _launches(one)), None)


def after_swap(group: AutoScalingGroup, launch: Plan) -> AutoScalingGroup:
    """The group as AWS will show what it launches from once the launch change is done; Refs stand for what is made."""
    swap = swap_of(launch)
    if swap is None:
        return group
    rest = {member: value for member, value in group.raw.items() if member not in _LAUNCH}
    return replace(group, raw=rest | {member: swap.params[member] for member in _LAUNCH if member in swap.params})


def joined(launch: Plan, update: Plan) -> Plan:
    """Both changes as one: settings are set by the write that swaps the launch data, hooks and tags before it.

    `update` is planned for the group as it is `after_swap`.
    """
    if not update.steps:
        return replace(launch, notes=(*launch.notes, *update.notes))
    swap = swap_of(launch)
    settings = next((call for call in update.writes if call.operation == _UPDATE), None)
    both = _one_write(swap, settings) if swap and settings else swap or settings
    first = [step for step in update.steps if getattr(step, "operation", "") in _BEFORE]
    last = [step for step in update.steps if step not in first and step is not settings]
    at = launch.steps.index(swap) if swap else 0
    steps = (*launch.steps[:at], *first, *([both] if both else ()), *last, *launch.steps[at + bool(swap) :])
    return replace(
        launch,
        steps=steps,
        goal=(*(() if both else launch.goal), *(pair for step in (both, *first, *last) for pair in _proof(step))),
        seen=tuple(_still(launch, settings)),
        differences=(*launch.differences, *update.differences),
        notes=(*launch.notes, *update.notes),
        asks=update.asks,
        done=f"{launch.done}; its settings are as udo.yml says" if swap else update.done,
    )


def _launches(call: Call) -> bool:
    return any(member in call.params for member in _LAUNCH)


def _proof(step: Step | None) -> tuple[Pair, ...]:
    proof: tuple[Pair, ...] = getattr(step, "proof", ())
    return proof


def _one_write(swap: Call, settings: Call) -> Call:
    """The write of both. Of the policy it has what both say, since the settings were planned with the swap in it."""
    name = swap.params["AutoScalingGroupName"]
    policy = settings.params.get(_POLICY)
    known = [launch_read(name, mixed=True), launch_read(name, mixed=False), policy_read(name)]
    # What was launched before is what the swap was planned with, and the settings were planned as if it were done.
    expect = (*swap.expect, *(pair for pair in settings.expect if pair.read not in known))
    proof = swap.proof
    params = {**swap.params, **settings.params}
    if policy:
        launched = policy["LaunchTemplate"]["LaunchTemplateSpecification"]
        reference = [launched["LaunchTemplateId"], launched["Version"]]
        proof = (Pair(launch_read(name, mixed=True), reference, f"{name} launches from"),)
        params = {member: value for member, value in params.items() if member not in _LAUNCH} | {_POLICY: policy}
    says = f"{swap.says}; {settings.says}"
    return replace(swap, says=says, params=params, expect=expect, proof=(*proof, *settings.proof))


def _still(launch: Plan, settings: Call | None) -> Iterator[Pair]:
    """What else was seen and stays put, now that settings change."""
    set_now = settings.params if settings else {}
    for pair in launch.seen:
        if isinstance(pair.value, Mapping):
            yield from steady(pair.says, {key: value for key, value in pair.value.items() if key not in set_now})
        elif _POLICY not in set_now:
            yield pair
