"""Stacks that somebody else works on before every call of a change: nothing of theirs is changed or deleted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from arena import Arena, Run
from botocore.exceptions import ClientError
from stack_scenarios import OURS, template
from state import state_of
from sweeping import WHOLE, positions, undisturbed

pytestmark = [pytest.mark.usefixtures("one_thread"), pytest.mark.whole]
THEIRS = template("theirs", "Theirs")
BEGINS = {"stack-delete": "DeleteStack", "stack-update": "ExecuteChangeSet", "stack-create": "ExecuteChangeSet"}
# A selection, where not all is swept.
FEW = None if WHOLE else 1
Does = Callable[[Any], None]
Cases = Callable[[int], None]


def _struck(
    arena: Arena, cases: Cases, name: str, does: Does, *, lock: bool = True
) -> Iterator[tuple[bool, int, Run, Any]]:
    """Runs the scenario once for each of its calls, a colleague at work just before it.

    Gives whether AWS let them, how far our call that begins it is away, the run, and what to tell.
    """
    let: list[bool] = []

    def colleague(world: Any) -> None:
        try:
            does(world)
        except ClientError:
            let.append(False)
        else:
            let.append(True)

    for nth, call, run in positions(arena, name, colleague, lock=lock):
        begun = [at for at, one in enumerate(run.asked, 1) if one.endswith(BEGINS[name])]
        taken = bool(let) and let.pop()
        cases(1)
        yield taken, (begun[0] if begun else len(run.asked) + 1) - nth, run, (nth, call, taken, run.exit, run.stderr)


def _stack(arena: Arena) -> Any:
    return state_of(arena.world)["stacks"].get(OURS)


def _converges(arena: Arena, name: str, told: Any) -> None:
    """The same command ends as an undisturbed one does, and then has nothing to do."""
    known = undisturbed(arena, name)
    again = arena.run(*known.scenario.words)
    assert again.exit == 0, (told, again.stderr)
    assert known.scenario.check.same(state_of(arena.world), known.end, frozenset()), told
    third = arena.run(*known.scenario.words)
    assert (third.exit, third.writes) == (0, ()), (told, third.stderr)


def _makes(world: Any) -> None:
    world.client("cloudformation").create_stack(StackName=OURS, TemplateBody=THEIRS)


def _orders(world: Any) -> None:
    """Makes it by a change set of their own."""
    client, asked = world.client("cloudformation"), {"StackName": OURS, "ChangeSetName": "theirs"}
    client.create_change_set(**asked, ChangeSetType="CREATE", TemplateBody=THEIRS)
    world.clock.step(30.0)
    client.execute_change_set(**asked)


@pytest.mark.parametrize("does", [_makes, _orders][:FEW])
def test_a_stack_that_a_colleague_makes_first_is_theirs(arena: Arena, cases: Cases, does: Does) -> None:
    undisturbed(arena, "stack-create")
    came_first = 0
    for taken, _, run, told in _struck(arena, cases, "stack-create", does):
        came_first += taken
        arena.world.clock.step(60.0)
        arena.world.advance()
        stack = _stack(arena)
        assert run.exit == (4 if taken else 0), told
        assert stack["status"] == "CREATE_COMPLETE", told
        assert ("Theirs" in stack["resources"]) == taken, told
        assert state_of(arena.world)["stacks_made"][OURS] == {"made": 1, "updated": 0, "deleted": 0}, told
    assert came_first


def _updates(world: Any) -> None:
    world.client("cloudformation").update_stack(StackName=OURS, TemplateBody=THEIRS)


@pytest.mark.parametrize("name", ["stack-delete", "stack-update"][:FEW])
def test_what_a_colleague_has_begun_meanwhile_is_neither_overwritten_nor_deleted(
    arena: Arena, cases: Cases, name: str
) -> None:
    for taken, ahead, run, told in _struck(arena, cases, name, _updates):
        arena.world.clock.step(60.0)
        arena.world.advance()
        stack = _stack(arena)
        if taken:
            assert "Theirs" in stack["resources"], told
        assert run.exit == (4 if taken and ahead >= 0 else 0), told


def _protects(world: Any) -> None:
    world.client("cloudformation").update_termination_protection(StackName=OURS, EnableTerminationProtection=True)


def test_a_stack_that_a_colleague_protects_meanwhile_is_not_deleted(arena: Arena, cases: Cases) -> None:
    for _, ahead, run, told in _struck(arena, cases, "stack-delete", _protects):
        stack = _stack(arena)
        if ahead >= 0:
            assert (stack["status"], stack["protected"]) == ("CREATE_COMPLETE", True), told
            assert run.exit in (4, 7), told
        else:
            assert (stack, run.exit) == (None, 0), told


def _replaces(world: Any) -> None:
    """Deletes our stack and makes another one of the same name."""
    client = world.client("cloudformation")
    client.delete_stack(StackName=OURS)
    world.clock.step(120.0)
    client.create_stack(StackName=OURS, TemplateBody=THEIRS)


@pytest.mark.parametrize("name", [*BEGINS][:FEW])
def test_another_stack_of_the_same_name_is_left_alone(arena: Arena, cases: Cases, name: str) -> None:
    for taken, _, run, told in _struck(arena, cases, name, _replaces):
        arena.world.clock.step(60.0)
        arena.world.advance()
        stack = _stack(arena)
        if taken:
            assert (stack["status"], sorted(stack["resources"])) == ("CREATE_COMPLETE", ["First", "Theirs"]), told
            assert stack["tags"] == {}, told
        assert run.exit in ((0, 4) if name == "stack-delete" else (0, 1, 4)), told


@pytest.mark.parametrize("lock", [False, True][:FEW])
@pytest.mark.parametrize("name", [*BEGINS][::-1][:FEW])
def test_of_two_runs_at_once_one_begins_it_and_both_end_well(
    arena: Arena, cases: Cases, name: str, *, lock: bool
) -> None:
    known = undisturbed(arena, name)

    def same(_world: Any) -> None:
        # An earlier run of this very process would count as dead.
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("socket.gethostname", lambda: "elsewhere")
            theirs = arena.run(*known.scenario.words)
        assert theirs.exit in (0, 4), theirs.stderr

    for _, _, run, told in _struck(arena, cases, name, same, lock=lock):
        assert run.exit in (0, 4), told
        counts = state_of(arena.world)["stacks_made"][OURS]
        assert sum(counts.values()) - sum(known.before["stacks_made"].get(OURS, {}).values()) == 1, told
        _converges(arena, name, told)
