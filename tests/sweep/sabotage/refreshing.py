"""Refreshes: what is forecast, begun, followed, explained, taken back and remembered."""

from __future__ import annotations

from sabotage.mutant import Mutant

_REFRESH = "tests/commands/test_refresh.py::test_"
_BOTH = "tests/commands/test_updatelc_refresh.py::test_"
_STALLED = "tests/commands/test_refresh_stalled.py::test_"

MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "start a refresh where nobody differs",
        "refresh/plan.py",
        "    if not found.is_needed(wanted.preferences):\n",
        "    if False:\n",
        (f"{_REFRESH}those_that_differ_are_replaced_and_a_second_run_starts_nothing",),
    ),
    Mutant(
        "take any refresh for the one that a lost answer began",
        "refresh/plan.py",
        'f"InstanceRefreshes[:1] | [?!contains(`{known}`, InstanceRefreshId)] | [0].InstanceRefreshId"',
        '"InstanceRefreshes[0].Nothing"',
        (f"{_REFRESH}a_lost_answer_is_settled_by_the_refresh_that_is_there",),
    ),
    Mutant(
        "cancel a rollback unasked",
        "refresh/plan.py",
        '    if active.status == "RollbackInProgress":\n        asks',
        '    if active.status == "Nothing":\n        asks',
        (f"{_REFRESH}cancelling_a_rollback_is_asked_about",),
    ),
    Mutant(
        "have AWS roll back what brought no configuration",
        "refresh/plan.py",
        "    if not active.is_desired:\n",
        "    if False:\n",
        (f"{_REFRESH}a_refresh_without_a_configuration_is_not_rolled_back_and_the_lines_that_go_back_are_told",),
    ),
    Mutant(
        "round the minimum in service up",
        "refresh/arithmetic.py",
        "    least, most = -(-desired * low // 100), desired * high // 100",
        "    least, most = -(-desired * low // 100) + 1, desired * high // 100",
        ("tests/test_refresh_arithmetic.py",),
    ),
    Mutant(
        "explain a stall at every poll",
        "refresh/watch.py",
        "        if found and found != self._told:\n",
        "        if found:\n",
        (f"{_STALLED}a_suspended_process_is_named_and_said_again_by_no_poll",),
    ),
    Mutant(
        "take a pause at a checkpoint for a stall",
        "refresh/watch.py",
        " or self._waits_by_itself(refresh, at) or",
        " or",
        (f"{_REFRESH}a_canary_pauses_and_the_bake_time_is_counted_down",),
    ),
    Mutant(
        "begin a refresh before the tag says what it brings",
        "refresh/bringing.py",
        "        steps = (remember_pending(group, live, pending), call, noted)\n",
        "        steps = (call, noted)\n",
        ("tests/sweep/test_single_faults.py", "-k", "updatelc-refresh-template and killed", "--whole"),
    ),
    Mutant(
        "leave what is pending in the tag once it is over",
        "launch/changes.py",
        "    over = () if state.refresh else settled(group)\n    # What",
        "    over = ()\n    # What",
        (f"{_BOTH}the_next_verb_settles_what_has_come_of_it",),
    ),
    Mutant(
        "prune the version that a refresh brings",
        "launch/changes.py",
        "        needed.add(int(told.pending.version))\n",
        "        pass\n",
        (f"{_BOTH}prune_keeps_the_version_that_comes",),
    ),
    Mutant(
        "stay where a refresh has failed that AWS cannot take back",
        "refresh/bringing.py",
        "        if not (failed and self._wanted.preferences.auto_rollback and self._undone is None):\n",
        "        if True:\n",
        (f"{_BOTH}where_it_fails_the_group_goes_back_and_is_refreshed_again",),
    ),
    Mutant(
        "follow a refresh that brings something else",
        "refresh/bringing.py",
        "        if swap and not (active.desired and active.desired.version == number):\n",
        "        if False:\n",
        (f"{_BOTH}another_one_that_runs_is_a_conflict",),
    ),
)
