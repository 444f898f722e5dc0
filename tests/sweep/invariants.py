"""What must hold after every fault, whatever the run made of it: a state before, a state after, and what was told."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from arena import OURS, Run, launched, reference
from scenarios import Scenario

State = Mapping[str, Mapping[str, Any]]
LOCK = f"/udo/lock/{OURS}"
TAG = "udo:launch"
_NUMBERED = re.compile(rf"{OURS}-v([1-9][0-9]*)")
# What a launch change may change of the group itself; its tags are looked at one by one.
_LAUNCH = frozenset(
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


def check_nothing_is_harmed(before: State, after: State, undisturbed: State) -> None:
    """No group points at nothing, nothing else changed, no more than one copy is spare, nothing needed is deleted."""
    for name in after["groups"]:
        assert launched(after, name), f"{name} launches from nothing"
    _check_others(before, after, undisturbed)
    _check_group(before["groups"][OURS], after["groups"][OURS], undisturbed["groups"][OURS])
    for own in _own_templates(after["groups"][OURS]):
        assert own["Version"] in after["templates"][own["LaunchTemplateName"]]["versions"], f"nothing is {own}"
    gone = _family(before) - _family(after)
    assert gone <= _family(before) - _family(undisturbed), f"deleted what is needed: {gone}"
    assert not gone or at_goal(after, undisturbed), f"deleted before the group launches from the new one: {gone}"
    made = _family(after) - _family(before)
    assert len(made) <= 1, f"more than one copy: {made}"


def check_told(run: Run, after: State, undisturbed: State) -> None:
    """Exit 0 only at the goal, and all of it unless something was said to be left out; locks are given back."""
    assert run.exit in (None, 0, 1, 6, 130), (run.exit, run.stderr)
    if run.exit == 0:
        assert at_goal(after, undisturbed), run.stderr
        if "continuing without it" not in run.stderr:
            assert same(after, undisturbed), run.stderr
    # A run that has nothing to do takes no lock, and leaves that of a killed one where it is.
    if run.exit is not None and LOCK in after["parameters"] and "ssm:PutParameter" in run.asked:
        assert "was not given back" in run.stderr


def check_end(scenario: Scenario, end: State) -> None:
    """An undisturbed run ends as the scenario says."""
    data = launched(end)
    assert ":".join(reference(end["groups"][OURS])) == scenario.launches
    assert (data["ImageId"], data["InstanceType"]) == scenario.data
    numbers = sorted(number for kind, number in _family(end) if kind == _kind(scenario.launches))
    assert " ".join(map(str, numbers)) == scenario.kept
    assert not end["parameters"]


def at_goal(after: State, undisturbed: State) -> bool:
    """Whether the group launches what it launches after an undisturbed run."""
    now, then = after["groups"][OURS], undisturbed["groups"][OURS]
    same_reference = reference(now) == reference(then) and _own_templates(now) == _own_templates(then)
    return same_reference and launched(after) == launched(undisturbed)


def same(one: State, other: State, *, tag: bool = True) -> bool:
    """Whether two states are the same but for locks, the tag Udo writes included unless said otherwise."""
    return _comparable(one, tag=tag) == _comparable(other, tag=tag)


def _comparable(state: State, *, tag: bool) -> Any:
    ours = state["groups"][OURS]
    tags = [str(row) for row in ours.get("_tags", ()) if tag or row["Key"] != TAG]
    # A copy cut off before its tag was written is used again, and whether anything launched from it is unknown.
    tags = [row.replace(', "made": true', "") for row in tags]
    groups = {**state["groups"], OURS: {**ours, "_tags": sorted(tags)}}
    return {**state, "groups": groups, "parameters": None}


def _check_others(before: State, after: State, undisturbed: State) -> None:
    for kind in ("groups", "configurations", "templates"):
        theirs = {name for name in before[kind] if not _is_ours(kind, name, before)}
        for name in theirs:
            # A template of our overrides alone may get what it gets undisturbed.
            wanted = (before[kind][name], undisturbed[kind].get(name))
            assert after[kind].get(name) in wanted, f"{name} of somebody else changed"
        new = set(after[kind]) - set(before[kind])
        assert all(_is_ours(kind, name, before) for name in new), f"new: {new}"
    assert after["instances"] == before["instances"], "no instance is touched"
    assert set(after["parameters"]) <= {LOCK}


def _check_group(before: Mapping[str, Any], after: Mapping[str, Any], undisturbed: Mapping[str, Any]) -> None:
    for key in (set(before) | set(after)) - _LAUNCH:
        assert after.get(key) == before.get(key), f"{key} of the group changed"
    others = [[row for row in group.get("_tags", ()) if row["Key"] != TAG] for group in (before, after)]
    assert others[0] == others[1]
    policies = [_without_specification(group.get("mixed_instances_policy")) for group in (before, undisturbed)]
    now = _without_specification(after.get("mixed_instances_policy"))
    assert now in policies, "the mixed instances policy changed around what is launched"


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


def _kind(launches: str) -> str:
    return "version" if ":" in launches else "configuration"
