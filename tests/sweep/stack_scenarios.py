"""Stacks that are made, changed and deleted, and what that is held to: never two, never another's, never unasked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from arena import Arena
from invariants import CODES, exit_0_means, exit_code_is_one_of, only_these_change
from scenario import Case, Check, Scenario, cut_off
from stack_worlds import make
from state import State

from udo.sandbox.strict import StackFault, stack_faults

OURS = "shop"
LOCK = "/udo/lock/stack_3ashop"
_TOPICS = """
Parameters: {{Team: {{Type: String, Default: shop}}}}
Resources:
  First:
    Type: AWS::SNS::Topic
    Properties: {{DisplayName: {name}{more}}}
  {second}:
    Type: AWS::SNS::Topic
    DependsOn: First
Outputs: {{First: {{Value: !Ref First}}}}
"""
CONFIG = """
region: us-west-2
clusters: {prod: {roles: {webapp: {ami: ami-12345678}}}}
stacks: {shop: {template: shop.template.yml, timeout: 10m%s}}
"""
CREATE, UPDATE, DELETE = (
    ("stack", verb, OURS, *yes) for verb, yes in (("create", ()), ("update", ("--yes",)), ("delete", ("--yes",)))
)
# Others beside it, named almost alike; one of them was made by Udo from another key.
_OTHERS: Mapping[str, list[dict[str, str]]] = {
    "shop2": [],
    "sho": [{"Key": "udo:stack", "Value": "sho"}],
    "shop-review": [{"Key": "udo:stack", "Value": "review"}],
}


def template(name: str = "one", second: str = "Second", more: str = "") -> str:
    """A template of two topics."""
    return _TOPICS.format(name=name, second=second, more=more)


def _absent(arena: Arena) -> None:
    """No stack of ours, beside those of others."""
    for name, tags in _OTHERS.items():
        make(arena.world, name, template(), Tags=tags)


def _there(arena: Arena) -> None:
    """A stack of ours as an earlier template had it."""
    _absent(arena)
    tags = [{"Key": "udo:stack", "Value": OURS}, {"Key": "udo:by", "Value": "arn:aws:iam::123456789012:user/kim"}]
    make(arena.world, OURS, template("old", "Old"), Tags=tags)


def _failed(arena: Arena, verb: str, resource: str, *words: str) -> None:
    """What a command line leaves whose stack fails at a resource."""
    stack_faults.add(StackFault(verb, resource=resource))
    assert arena.run(*words).exit == 1
    stack_faults.clear()


def _rolled_back(arena: Arena) -> None:
    """A stack of ours whose creation failed: only its name is left."""
    _absent(arena)
    _failed(arena, "create", "Second", *CREATE)


def _tried(arena: Arena) -> None:
    """A stack of ours whose last update failed, and was rolled back."""
    _there(arena)
    _failed(arena, "update", "First", *UPDATE)


def _half_deleted(arena: Arena) -> None:
    """A stack of ours of which one resource could not be deleted."""
    _there(arena)
    _failed(arena, "delete", "First", *DELETE)


def others_stay(case: Case) -> None:
    """I2: no stack of others changes."""
    before, now = (
        {name: one for name, one in state["stacks"].items() if name != OURS} for state in (case.before, case.after)
    )
    assert now == before, "stacks of others changed"


def there_is_one_at_most(case: Case) -> None:
    """What was made under our name is one stack, whatever was made for change sets alone."""
    made = case.after["stacks_made"].get(OURS, {"made": 0})["made"]
    assert made <= 1, f"made {made} times"


def it_is_updated_once_at_most(case: Case) -> None:
    """The same change is begun once, whoever is cut off."""
    before, now = (state["stacks_made"].get(OURS, {}).get("updated", 0) for state in (case.before, case.after))
    assert now - before <= 1, f"updated {now - before} times"


def nothing_is_deleted_that_was_made(case: Case) -> None:
    """No stack that was made is deleted by what makes or changes one."""
    deleted = {name for name, one in case.after["stacks_made"].items() if one["deleted"]}
    assert not deleted, deleted


def _told(state: State) -> Mapping[str, Any]:
    return {"stack": state["stacks"].get(OURS), "topics": state["topics"]}


def same(one: State, other: State, _excused: frozenset[str]) -> bool:
    """Whether two states are the same but for locks."""
    return _told(one) == _told(other)


def _is(status: str, *names: str, protected: bool = False) -> Any:
    def holds(state: State) -> None:
        stack = state["stacks"][OURS]
        assert (stack["status"], sorted(stack["resources"]), stack["protected"]) == (status, sorted(names), protected)
        assert stack["tags"].items() >= {"udo:stack": OURS}.items()
        assert (stack["change_sets"], state["parameters"]) == (0, {})

    return holds


def _gone(state: State) -> None:
    assert OURS not in state["stacks"]
    assert not state["parameters"]


def _check(end: Any, *always: Any) -> Check:
    return Check(
        always=(only_these_change("stacks", "topics", "stacks_made", locks=(LOCK,)), others_stay, *always),
        told=(
            exit_code_is_one_of(*CODES, 4, 124),
            exit_0_means(lambda case: _told(case.after) == _told(case.end)),
        ),
        end=end,
        same=same,
    )


def _scenario(words: tuple[str, ...], build: Any, check: Check, text: str = template(), more: str = "") -> Scenario:
    return Scenario(words, build, check, CONFIG % more, files=(("shop.template.yml", text),))


_KEPT = (there_is_one_at_most, it_is_updated_once_at_most, nothing_is_deleted_that_was_made)
_MAKES = _check(_is("CREATE_COMPLETE", "First", "Second"), *_KEPT)
_MAKES_PROTECTED = _check(_is("CREATE_COMPLETE", "First", "Second", protected=True), *_KEPT)
_CHANGES = _check(_is("UPDATE_COMPLETE", "First", "Second"), *_KEPT)
_CHANGES_PROTECTED = _check(_is("UPDATE_COMPLETE", "First", "Second", protected=True), *_KEPT)
_DELETES = _check(_gone, there_is_one_at_most, it_is_updated_once_at_most)
CORE = {
    "stack-create": _scenario(CREATE, _absent, _MAKES),
    "stack-update": _scenario(UPDATE, _there, _CHANGES),
    "stack-delete": _scenario(DELETE, _there, _DELETES),
}
MORE = {
    "stack-create-protected": _scenario(CREATE, _absent, _MAKES_PROTECTED, more=", protect: true"),
    "stack-create-half": _scenario(CREATE, cut_off(_absent, "ExecuteChangeSet", *CREATE), _MAKES),
    "stack-create-under-way": _scenario(CREATE, cut_off(_absent, "DescribeStackEvents", *CREATE), _MAKES),
    "stack-update-protected": _scenario(UPDATE, _there, _CHANGES_PROTECTED, more=", protect: true"),
    "stack-update-half": _scenario(UPDATE, cut_off(_there, "ExecuteChangeSet", *UPDATE), _CHANGES),
    "stack-update-under-way": _scenario(UPDATE, cut_off(_there, "DescribeStackEvents", *UPDATE), _CHANGES),
    "stack-update-rolled-back": _scenario(UPDATE, _tried, _CHANGES),
    "stack-delete-under-way": _scenario(DELETE, cut_off(_there, "DescribeStackEvents", *DELETE), _DELETES),
    "stack-delete-rolled-back": _scenario(DELETE, _rolled_back, _DELETES),
    "stack-delete-retaining": _scenario((*DELETE, "--retain", "First"), _half_deleted, _DELETES),
}
