"""What a launch change is held to: the group's launch data, its exact family, and whatever is named alike."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import Any

from arena import Run
from invariants import (
    CODES,
    capacity_is_never_lowered,
    every_group_launches_from_something,
    exit_0_means,
    exit_code_is_one_of,
    no_process_is_touched,
    only_these_change,
    the_lock_is_given_back,
)
from scenario import Case, Check
from state import OURS, State, launched, reference

TAG = "udo:launch"
TAGGING = "autoscaling:CreateOrUpdateTags"
_LEFT_OUT = "continuing without it"
_NUMBERED = re.compile(rf"{OURS}-v([1-9][0-9]*)")
_KINDS = ("groups", "configurations", "templates")
# What a launch change may change of the group itself; its tags are looked at one by one.
LAUNCH = frozenset(
    {
        "launch_config",
        "launch_configuration_name",
        "launch_template_version",
        "provided_launch_template_version",
        "ec2_launch_template",
        "mixed_instances_policy",
        "udo_mixed",
        "_tags",
    }
)


def launch_check(launches: str, kept: str, data: tuple[str, str]) -> Check:
    """At its end the group launches `data` (image, type) from `launches`, and of its family `kept` is there.

    `launches` is a configuration's name or `template:version`, `kept` the numbers, oldest first.
    """
    return Check(
        always=(
            every_group_launches_from_something,
            only_these_change(*_KINDS),
            nothing_of_others_changes,
            no_process_is_touched,
            capacity_is_never_lowered,
            only_launch_data_of_the_group_changes,
            nothing_needed_is_deleted,
            at_most_one_copy_is_made,
        ),
        told=(
            exit_code_is_one_of(*CODES),
            exit_0_means(at_goal),
            exit_0_means_all_of_it_unless_said,
            the_lock_is_given_back,
        ),
        end=partial(_check_end, launches, kept, data),
        same=same,
        excuses=excuses,
    )


def at_goal(case: Case) -> bool:
    """Whether the group launches what it launches after an undisturbed run."""
    now, then = case.after["groups"][OURS], case.end["groups"][OURS]
    same_reference = reference(now) == reference(then) and _own_templates(now) == _own_templates(then)
    return same_reference and launched(case.after) == launched(case.end)


def same(one: State, other: State, excused: frozenset[str]) -> bool:
    """Whether two states are the same but for locks; the tag Udo writes may be excused, too."""
    return _comparable(one, excused) == _comparable(other, excused)


def nothing_of_others_changes(case: Case) -> None:
    """I2: groups, configurations and templates that are not ours stay, whatever they are named, and none is added."""
    before, after = case.before, case.after
    for kind in _KINDS:
        theirs = {name for name in before[kind] if not _is_ours(kind, name, before)}
        for name in theirs:
            # A template of our overrides alone may get what it gets undisturbed.
            wanted = (before[kind][name], case.end[kind].get(name))
            assert after[kind].get(name) in wanted, f"{name} of somebody else changed"
        new = set(after[kind]) - set(before[kind])
        assert all(_is_ours(kind, name, before) for name in new), f"new: {new}"


def only_launch_data_of_the_group_changes(case: Case) -> None:
    """I2, of the group itself: neither its tags nor its mixed instances policy around what is launched."""
    before, after, end = (state["groups"][OURS] for state in (case.before, case.after, case.end))
    for key in (set(before) | set(after)) - LAUNCH:
        assert after.get(key) == before.get(key), f"{key} of the group changed"
    others = [[row for row in group.get("_tags", ()) if row["Key"] != TAG] for group in (before, after)]
    assert others[0] == others[1]
    policies = [_without_specification(group.get("mixed_instances_policy")) for group in (before, end)]
    now = _without_specification(after.get("mixed_instances_policy"))
    assert now in policies, "the mixed instances policy changed around what is launched"


def nothing_needed_is_deleted(case: Case) -> None:
    """I1 and I8: what overrides name and what a success keeps is there; nothing is deleted before the swap."""
    for own in _own_templates(case.after["groups"][OURS]):
        assert own["Version"] in case.after["templates"][own["LaunchTemplateName"]]["versions"], f"nothing is {own}"
    gone = _family(case.before) - _family(case.after)
    assert gone <= _family(case.before) - _family(case.end), f"deleted what is needed: {gone}"
    assert not gone or at_goal(case), f"deleted before the group launches from the new one: {gone}"


def at_most_one_copy_is_made(case: Case) -> None:
    """I6: a crash leaves at most one spare copy."""
    made = _family(case.after) - _family(case.before)
    assert len(made) <= 1, f"more than one copy: {made}"


def exit_0_means_all_of_it_unless_said(case: Case, run: Run) -> None:
    """I4: whatever a success leaves out, it says."""
    if run.exit == 0 and _LEFT_OUT not in run.stderr:
        assert same(case.after, case.end, case.excused), run.stderr


def excuses(run: Run) -> frozenset[str]:
    """What a run has said it leaves out."""
    # A tag that could not be written before the swap is not written after it: what was before is not known then.
    return frozenset({"tag"} if TAGGING in run.asked and _LEFT_OUT in run.stderr else ())


def _check_end(launches: str, kept: str, data: tuple[str, str], end: State) -> None:
    found = launched(end)
    assert ":".join(reference(end["groups"][OURS])) == launches
    assert (found["ImageId"], found["InstanceType"]) == data
    kind = "version" if ":" in launches else "configuration"
    numbers = sorted(number for one, number in _family(end) if one == kind)
    assert " ".join(map(str, numbers)) == kept
    assert not end["parameters"]


def _comparable(state: State, excused: frozenset[str]) -> Any:
    ours = state["groups"][OURS]
    tags = [str(row) for row in ours.get("_tags", ()) if "tag" not in excused or row["Key"] != TAG]
    # A copy cut off before its tag was written is used again, and whether anything launched from it is unknown.
    tags = [row.replace(', "made": true', "") for row in tags]
    groups = {**state["groups"], OURS: {**ours, "_tags": sorted(tags)}}
    return {**state, "groups": groups, "parameters": None}


def _own_templates(group: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The templates that overrides of the group name for themselves."""
    rows = (group.get("mixed_instances_policy") or {}).get("LaunchTemplate", {}).get("Overrides", ())
    return [row["LaunchTemplateSpecification"] for row in rows if "LaunchTemplateSpecification" in row]


def _without_specification(policy: Any) -> Any:
    if not policy:
        return policy
    template = {key: value for key, value in policy["LaunchTemplate"].items() if key != "LaunchTemplateSpecification"}
    return {**policy, "LaunchTemplate": template}


def _is_ours(kind: str, name: str, state: State) -> bool:
    if name == OURS:
        return True
    return kind == "configurations" and bool(_NUMBERED.fullmatch(name)) and name not in state["groups"]


def _family(state: State) -> set[tuple[str, int]]:
    """Ours, with numbers: configurations of the exact family and versions of the template of the group's name."""
    names = (name for name in state["configurations"] if _is_ours("configurations", name, state))
    found = {("configuration", _number(name)) for name in names}
    versions = state["templates"].get(OURS, {}).get("versions", {})
    return found | {("version", int(number)) for number in versions}


def _number(name: str) -> int:
    match = _NUMBERED.fullmatch(name)
    return int(match[1]) if match else 1
