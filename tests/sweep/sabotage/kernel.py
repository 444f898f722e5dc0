"""Sabotages of long changes: waits and their watchers, the lock between two writes, cleanup, guards, stages."""

from __future__ import annotations

from sabotage.mutant import Mutant

_LONG = "tests/test_long_changes.py::test_"
_PLANS = "tests/commands/test_long_plans.py::test_"
_GROUP = "tests/test_group_watch.py"
_ALL = ("tests/test_long_changes.py", "tests/commands/test_long_plans.py")

MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "take no lock again after a wait",
        "change/runner.py",
        "if isinstance(step, Call):\n            self._tools.lock.take()",
        "if isinstance(step, Call):\n            pass",
        _ALL,
    ),
    Mutant(
        "keep the lock while AWS is waited for",
        "change/runner.py",
        "        else:\n            self._tools.lock.give_back()",
        "        else:\n            pass",
        _ALL,
    ),
    Mutant(
        "let a lock that is held look left behind",
        "change/locking.py",
        "now - self._beaten < BEAT_SECONDS",
        "now - self._beaten < 1e9",
        (f"{_PLANS}a_lock_that_is_held_through_a_long_wait_is_written_again_before_it_looks_left_behind",),
    ),
    Mutant(
        "wait out what can never end",
        "change/waiting.py",
        "        if ends:\n",
        "        if False:\n",
        (f"{_LONG}a_wait_that_can_never_end_ends_with_the_reason_at_once",),
    ),
    Mutant(
        "overlook that nothing is launched",
        "groups/watch.py",
        'process = "Launch" if wanted > 0 else',
        'process = "" if wanted > 0 else',
        (f"{_PLANS}a_wait_that_can_never_end_ends_with_the_reason", _GROUP),
    ),
    Mutant(
        "count members instead of weights",
        "groups/watch.py",
        "group.desired_capacity - sum(member.weight for member in members)",
        "group.desired_capacity - len(members)",
        (_GROUP,),
    ),
    Mutant(
        "wait for members in Standby",
        "groups/watch.py",
        'if member.lifecycle_state != "Standby"]',
        "]",
        (_GROUP,),
    ),
    Mutant(
        "blame a process for another's work",
        "groups/watch.py",
        '"Terminate" if wanted < 0 else ""',
        '"Terminate"',
        (_GROUP,),
    ),
    Mutant(
        "call a change done while AWS is at work",
        "change/resume.py",
        ".poll().state in step.success",
        ".poll().state is not None",
        (_ALL[1],),
    ),
    Mutant(
        "clean up after success only",
        "change/runner.py",
        "        if not lasts:\n",
        "        if error is None and not lasts:\n",
        _ALL,
    ),
    Mutant(
        "clean up where nothing was sent",
        "change/runner.py",
        "if not (self._plan.cleanup and (self._sent or self._plan.inherits)):",
        "if not self._plan.cleanup:",
        (f"{_LONG}nothing_is_cleaned_up_where_nothing_was_sent",),
    ),
    Mutant(
        "take a lost answer for nothing sent",
        "change/runner.py",
        "            # It may have taken effect.\n            self._sent.add(call.operation)\n",
        "",
        (f"{_LONG}cleanup_is_sent_where_the_answer_of_the_first_write_was_lost",),
    ),
    Mutant(
        "put back what is no longer ours",
        "change/runner.py",
        "for pair, now in self._found(call.expect) if text(now) != text(resolve(pair.value, known))]",
        "for pair, now in ()]",
        (f"{_LONG}what_is_clean_or_no_longer_ours_is_left_alone",),
    ),
    Mutant(
        "say done of what could not be put back",
        "change/runner.py",
        "        self._failed.append(told)\n",
        "",
        (f"{_LONG}cleanup_that_cannot_be_sent_names_the_command_that_does_it",),
    ),
    Mutant(
        "look at guards before the first write only",
        "change/runner.py",
        "        self._guarding.look(self._known, begun=begun)",
        "        pass",
        (f"{_LONG}a_guard_that_turns_bad_between_two_polls_ends_the_run_and_cleans_up",),
    ),
    Mutant(
        "write whatever a guard says",
        "change/runner.py",
        "                guarding.look(self._known, begun=self._begun)",
        "                pass",
        (f"{_LONG}a_guard_that_is_bad_before_the_first_write_refuses_it",),
    ),
    Mutant(
        "take no way back where a guard ends the run",
        "change/runner.py",
        "run.go_back(ended) if isinstance(ended, GuardRaised) else ended",
        "ended",
        (f"{_LONG}where_a_guard_ends_a_wait_the_plans_way_back_is_carried_out_unguarded",),
    ),
    Mutant(
        "guard the way back",
        "change/runner.py",
        "        self._guarding.lifted = True\n",
        "",
        (f"{_LONG}where_a_guard_ends_a_wait_the_plans_way_back_is_carried_out_unguarded",),
    ),
    Mutant(
        "begin though a guard cannot be read",
        "change/guarding.py",
        "                if not begun:",
        "                if False:",
        (f"{_LONG}a_guard_that_cannot_be_read_refuses_the_first_write_and_later_is_told_once",),
    ),
    Mutant(
        "plan a stage after a failure",
        "change/finish.py",
        "while outcome.error is None and (plan := stage(outcome))",
        "while (plan := stage(outcome))",
        (f"{_PLANS}a_stage_after_a_failure_is_not_planned",),
    ),
    Mutant(
        "go on with stages past the deadline",
        "change/finish.py",
        "if until is not None and",
        "if False and",
        (f"{_PLANS}a_stage_that_never_ends_is_over_at_the_deadline",),
    ),
)
