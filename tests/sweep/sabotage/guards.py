"""Sabotages of alarms and freeze windows."""

from __future__ import annotations

from sabotage.mutant import Mutant

_GUARDS = "tests/commands/test_guards.py::test_"
_DEPLOY = "tests/commands/test_deploy_guards.py::test_"
_FREEZE = "tests/commands/test_freeze.py::test_"
_WINDOW = "tests/test_window.py::test_"

MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "let a change pass whatever its window says",
        "change/gate.py",
        "        yield from self._frozen(plan)\n",
        "",
        (f"{_FREEZE}a_change_in_a_window_is_refused_with_the_end_of_it_in_its_zone",),
    ),
    Mutant(
        "freeze the ways back",
        "change/gate.py",
        "        if plan.guarded == NEVER or _verb(plan) not in FROZEN:",
        "        if _verb(plan) not in FROZEN:",
        (f"{_FREEZE}the_ways_back_are_never_frozen",),
    ),
    Mutant(
        "read alarms where nothing is to change",
        "change/gate.py",
        "        if self._is_judged or not plan.writes:",
        "        if self._is_judged:",
        (f"{_DEPLOY}whoever_only_follows_or_leaves_it_to_aws_stops_nothing",),
    ),
    Mutant(
        "take a missing alarm for one that is OK",
        "change/alarms.py",
        "    missing = [name for name in alarms.names if name not in states]",
        "    missing: list[str] = []",
        (f"{_GUARDS}one_in_alarm_missing_or_unreadable_stops_it_before_the_first_write",),
    ),
    Mutant(
        "pass alarms that cannot be read",
        "change/gate.py",
        '            found, hint = f"{named(alarms.names)} cannot be read: {error.message}", ""',
        '            found, hint = "", f"{named(alarms.names)} cannot be read: {error.message}"',
        (f"{_GUARDS}one_in_alarm_missing_or_unreadable_stops_it_before_the_first_write",),
    ),
    Mutant(
        "guard a change before its first write alone",
        "change/finish.py",
        "        guarded = self._gate.guarded(plan)\n",
        "        guarded = plan\n",
        (f"{_GUARDS}an_alarm_that_goes_off_between_two_writes_stops_it_there_and_the_same_command_goes_on",),
    ),
    Mutant(
        "leave at once when all is done",
        "change/finish.py",
        "        plan = self._gate.afterwards(self._plan) if outcome.changed and not ended else None",
        "        plan = None",
        (f"{_GUARDS}once_done_the_alarms_are_watched_for_as_long_as_udo_yml_says",),
    ),
    Mutant(
        "forget the alarms that a killed run has left to watch",
        "change/gate.py",
        "        before = watch and broken_off(",
        "        before = None and broken_off(",
        (f"{_GUARDS}after_kill_9_while_they_are_watched_the_same_command_watches_the_rest_of_the_time",),
    ),
    Mutant(
        "refuse what was begun by a run that was killed",
        "change/runner.py",
        " or bool(self._plan.back) or self._plan.inherits\n",
        " or bool(self._plan.back)\n",
        (f"{_GUARDS}one_that_went_off_after_kill_9_ends_the_same_command_as_it_would_have_ended_the_first",),
    ),
    Mutant(
        "end a refresh that AWS has ended already",
        "change/runner.py",
        "                if isinstance(step, Call) and step.proof and self._seems_to_hold(step.proof):\n",
        "                if False:\n",
        (
            "tests/commands/test_refresh_guards.py::test_where_aws_has_ended_it_for_the_alarm_nothing_is_missed",
            "--whole",
        ),
    ),
    Mutant(
        "go back from what was never launched",
        "refresh/bringing.py",
        "        if self._is_brought or self._is_carried(outcome):",
        "        if self._is_carried(outcome):",
        (
            "tests/commands/test_refresh_guards.py",
            "-k",
            "one_that_goes_off_before_the_refresh_is_begun_takes_nothing_further_back",
        ),
    ),
    Mutant(
        "tell the end of a window that another follows at once",
        "change/freeze.py",
        "        later = _last(held, found[0].timestamp())",
        "        later = None",
        (f"{_FREEZE}windows_add_up_over_the_levels_and_profiles_and_the_last_end_counts",),
    ),
    Mutant(
        "leave processes suspended while alarms are watched",
        "change/finish.py",
        "            outcome = self._watched(tools, self._put_back(tools, outcome))",
        "            outcome = self._watched(tools, outcome)",
        (f"{_DEPLOY}what_was_suspended_is_resumed_before_the_alarms_are_watched",),
    ),
    Mutant(
        "leave out a step for an alarm",
        "change/runner.py",
        "_ENDS_ALL = (CredentialsError, GuardRaised, Refused)",
        "_ENDS_ALL = (CredentialsError,)",
        ("tests/test_long_changes.py::test_a_write_that_may_be_left_out_is_not_for_a_guard",),
    ),
    Mutant(
        "take back what was never made",
        "change/guarding.py",
        "    return not is_open([known_part(step.params, known), *known_pairs(step.expect, known)])",
        "    return not is_open(known_part(step.params, known))",
        ("tests/test_long_changes.py::test_a_way_back_that_expects_what_was_never_made_is_not_taken",),
    ),
    Mutant(
        "stop a deployment without a rollback",
        "deploy/guards.py",
        '{"deploymentId": deployment_id, "autoRollbackEnabled": True}',
        '{"deploymentId": deployment_id, "autoRollbackEnabled": False}',
        (f"{_DEPLOY}an_alarm_that_goes_off_meanwhile_has_it_stopped_and_rolled_back",),
    ),
    Mutant(
        "put alarms in place of those of the deployment group",
        "deploy/guards.py",
        "    wanted = list(dict.fromkeys([*group.alarms, *names]))",
        "    wanted = list(names)",
        (f"{_DEPLOY}codedeploy_gets_them_beside_those_of_the_deployment_group",),
    ),
    Mutant(
        "give up where alarms may not be given",
        "deploy/guards.py",
        "    return refused and isinstance(outcome.error, PermissionDenied)",
        "    return False",
        (f"{_DEPLOY}without_the_permission_to_give_them_udo_watches_alone_and_says_so",),
    ),
    Mutant(
        "follow a deployment of its own unguarded",
        "deploy/plan.py",
        "back=() if wanted.follow else way_back(role, active.deployment_id, wanted.timeout),",
        "back=(),",
        (f"{_DEPLOY}a_run_after_kill_9_follows_it_guarded_and_takes_it_back",),
    ),
    Mutant(
        "give AWS alarms that are not OK with a refresh",
        "refresh/observe.py",
        'if states.get(name) == "OK")',
        "if name in states)",
        ("tests/commands/test_refresh_guards.py::test_aws_gets_those_that_are_ok",),
    ),
    Mutant(
        "guard the cancelling of a refresh",
        "change/gate.py",
        "        goes_back = plan.guarded == NEVER or _verb(plan) in _BACK",
        "        goes_back = _verb(plan) in _BACK",
        ("tests/commands/test_refresh_guards.py::test_cancel_and_rollback_are_neither_frozen_nor_guarded",),
    ),
    Mutant(
        "end a window at the first of two such times",
        "window.py",
        "        return late if last else early\n",
        "        return early\n",
        (f"{_WINDOW}a_window_holds_where_the_clocks_change",),
    ),
    Mutant(
        "begin a window that the clocks skip at its old time",
        "window.py",
        "        early += timedelta(minutes=1)",
        "        return late",
        (f"{_WINDOW}a_window_holds_where_the_clocks_change",),
    ),
    Mutant(
        "forget why an alarm was ignored",
        "change/finish.py",
        "for one in (plan.reason, self._session.reason))",
        "for one in (plan.reason,))",
        (f"{_FREEZE}a_saved_plan_is_held_up_when_it_is_applied",),
    ),
    Mutant(
        "waive without a reason",
        "commands/_options.py",
        "            if is_given and not session.reason.strip():",
        "            if False:",
        (f"{_FREEZE}no_reason_no_override",),
    ),
)
