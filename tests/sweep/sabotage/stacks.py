"""Sabotages of what makes, changes, follows and deletes stacks."""

from __future__ import annotations

from sabotage.mutant import Mutant

_STACK = ("tests/commands/test_stack.py",)
_SHARED = "tests/sweep/test_stacks_shared.py"
_PLAN = "stacks/plan.py"
MUTANTS = (
    Mutant(
        "a stack that Udo did not make is changed",
        _PLAN,
        "    if TAG not in live.tags and live.status != REVIEW:",
        "    if TAG not in live.tags and live.status == REVIEW:",
        (*_STACK, "-k", "did_not_make"),
    ),
    Mutant(
        "a protected stack is deleted",
        _PLAN,
        "    if live.protected:\n        raise Refused(",
        "    if False:\n        raise Refused(",
        (*_STACK, "-k", "termination_protection"),
    ),
    Mutant(
        "delete does not ask",
        _PLAN,
        'asks=f"Delete stack {name}{what} for ever?",',
        "asks=None,",
        (*_STACK, "-k", "delete_asks"),
    ),
    Mutant(
        "a replacement is not asked about",
        "model/stacks.py",
        'return self.replacement in ("True", "Conditional")',
        'return self.replacement == "Never"',
        (*_STACK, "-k", "replacement_is_asked"),
    ),
    Mutant(
        "a change set is left behind",
        "stacks/change_sets.py",
        "    finally:\n        made.remove()",
        "    finally:\n        made.notes.clear()",
        (*_STACK, "-k", "leaves_nothing"),
    ),
    Mutant(
        "a stack of nobody's is deleted",
        "stacks/deletion.py",
        "    if what.order is None and TAG not in live.tags:",
        "    if what.order is None and TAG in ():",
        (*_STACK, "-k", "nobody_we_know"),
    ),
    Mutant(
        "what somebody else has begun is followed as our own",
        "stacks/course.py",
        "return TAG in live.tags and begun is not None and begun_by_udo(begun.token)",
        "return True",
        (*_STACK, "-k", "somebody_else"),
    ),
    Mutant(
        "a cancellation is told as the cause",
        "stacks/events.py",
        "        if not is_cancellation(event)\n    ]",
        "        if event\n    ]",
        ("tests/stacks/test_events.py",),
    ),
    Mutant(
        "resources of nested stacks are lost",
        "stacks/events.py",
        "            inside += found.children if found else ()",
        "            inside += ()",
        ("tests/stacks/test_events.py",),
    ),
    Mutant(
        "the removal of what was replaced is told as its end",
        "stacks/events.py",
        "and event.physical_id != kept[-1]]",
        "and event.physical_id == kept[0] + kept[0]]",
        ("tests/stacks/test_events.py",),
    ),
    Mutant(
        "a stack that somebody else has deleted is waited for",
        _PLAN,
        """gone = f" || ResourceStatus=='{DELETED}'" if verb == DELETE else \"\"""",
        'gone = ""',
        (f"{_SHARED}::test_another_stack_of_the_same_name_is_left_alone",),
    ),
    Mutant(
        "what is refused because of somebody else is a failure of AWS",
        "stacks/meanwhile.py",
        "return replace(outcome, error=conflict)",
        "return outcome",
        (f"{_SHARED}::test_a_stack_that_a_colleague_protects_meanwhile_is_not_deleted",),
    ),
    Mutant(
        "a change set that somebody else has removed is waited for",
        "stacks/change_sets.py",
        "_ENDED = (*_MADE, None)",
        "_ENDED = _MADE",
        (f"{_SHARED}::test_of_two_runs_at_once_one_begins_it_and_both_end_well",),
    ),
)
