"""Sabotages of the alarms of udo.yml: whose they are, what is put, and what is shown."""

from __future__ import annotations

from sabotage.mutant import Mutant

UPDATE = "tests/commands/test_update_alarms.py"
ELSEWHERE = "tests/commands/test_alarms_elsewhere.py"
SHOWN = "tests/commands/test_alarms_command.py"
BAD = "tests/config/test_bad_files.py"
SWEPT = "tests/sweep/test_single_faults.py::test_an_undisturbed_run_ends_as_it_should_and_a_second_writes_nothing"

MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "put an alarm that is not marked as ours",
        "groups/alarm_calls.py",
        "if live[TAGS] != _marked(role):",
        "if False:",
        (f"{UPDATE}::test_an_alarm_of_our_name_that_is_not_marked_as_ours_is_exit_4_and_nothing_is_written",),
    ),
    Mutant(
        "put an alarm again that is as it should be",
        "groups/alarm_calls.py",
        "if live is not None and not _differ(one, live):",
        "if False:",
        (f"{UPDATE}::test_alarms_are_made_as_udo_yml_says_them_and_a_third_run_writes_nothing",),
    ),
    Mutant(
        "ask whose an alarm is that is as it should be",
        "groups/alarm_calls.py",
        "row if name in equal else _tagged(reading, row)",
        "_tagged(reading, row)",
        (f"{UPDATE}::test_an_equal_alarm_of_somebody_else_is_left_as_it_is_without_asking_whose_it_is",),
    ),
    Mutant(
        "delete alarms that begin like ours",
        "groups/alarm_calls.py",
        "if name not in kept and row.get(TAGS) == _marked(role)}",
        "if name not in kept}",
        (f"{ELSEWHERE}::test_a_group_that_ends_takes_the_alarms_that_udo_made_with_it_and_no_others",),
    ),
    Mutant(
        "delete an alarm before the one that is made of it",
        "groups/alarm_calls.py",
        "for name in _parents_first(ours):",
        "for name in ours:",
        (f"{SWEPT}[update-alarms]",),
    ),
    Mutant(
        "put a composite alarm before those it is made of",
        "groups/alarms.py",
        "for one in depends(said, name):\n            add(one)",
        "for one in ():\n            add(one)",
        (f"{UPDATE}::test_extras_are_those_that_udo_made_and_go_parents_first",),
    ),
    Mutant(
        "put an alarm that somebody took over meanwhile",
        "groups/alarm_calls.py",
        "seen = (was, _ours(role, live))",
        "seen = (was,)",
        (f"{UPDATE}::test_an_alarm_that_somebody_takes_over_meanwhile_is_not_put",),
    ),
    Mutant(
        "leave the application out of an alarm's tags",
        "groups/alarms.py",
        "return found | ({APP_TAG: str(app)} if app else {})",
        "return found",
        (f"{ELSEWHERE}::test_a_new_group_has_its_alarms_and_a_third_run_writes_nothing",),
    ),
    Mutant(
        "switch actions on that somebody has switched off",
        "groups/alarms.py",
        'kept |= {"ActionsEnabled": False} if there.get("ActionsEnabled") is False else {}',
        "",
        (f"{UPDATE}::test_what_no_key_says_of_an_alarm_stays",),
    ),
    Mutant(
        "look at a metric of groups without the group",
        "groups/alarms.py",
        '"Value": role.group_name}] if namespace in _OF_GROUPS else []',
        '"Value": role.group_name}] if False else []',
        (f"{UPDATE}::test_the_group_is_the_dimension_of_metrics_of_its_own",),
    ),
    Mutant(
        "wait for an alarm that the plan makes itself",
        "change/gate.py",
        "if name not in made]) if made else alarms",
        "if name not in made]) if False else alarms",
        (f"{UPDATE}::test_an_alarm_that_guards_the_role_may_be_made_by_the_same_command",),
    ),
    Mutant(
        "make a group beside alarms that nobody looked for",
        "groups/create.py",
        "alarms=new.alarms,",
        "alarms={},",
        (f"{ELSEWHERE}::test_no_group_is_made_where_an_alarm_of_its_name_is_somebody_elses",),
    ),
    Mutant(
        "leave the alarms of a group that ends",
        "commands/destroy.py",
        "steps += (*seen.launch_data, *seen.alarms)",
        "steps += seen.launch_data",
        (f"{SWEPT}[destroy-alarms]",),
    ),
    Mutant(
        "take the mistakes of a profile for those of its line",
        "config/alarms.py",
        'return (part.used[-1], f" ({entry.mark})") if part.used else (entry.mark, "")',
        'return (entry.mark, "")',
        (f"{BAD}::test_a_bad_file_is_told_exactly[alarms_no_threshold_at_use]",),
    ),
    Mutant(
        "know no profile that ships with Udo",
        "config/loading.py",
        "Profiles({**used(_wanted(whole)), **whole.profiles}, walk)",
        "Profiles({**whole.profiles}, walk)",
        ("tests/commands/test_shipped_profiles.py::test_what_udo_yml_says_comes_before_what_a_profile_says",),
    ),
    Mutant(
        "look for profiles that ship with Udo in no profile",
        "config/loading.py",
        "sections = (*whole.profiles.values(), *clusters, *(role",
        "sections = (*clusters, *(role",
        ("tests/commands/test_shipped_profiles.py::test_a_cluster_and_a_profile_use_them_too",),
    ),
    Mutant(
        "let an alarm be made of itself by a detour",
        "config/alarms.py",
        "elif (way := _circle(name, said)) and name == min(way):",
        "elif (way := ()) and name == min(way):",
        (f"{BAD}::test_a_bad_file_is_told_exactly[alarms_composite_circle]",),
    ),
    Mutant(
        "ask for the alarms of status one by one",
        "status/page.py",
        "for names in _shares(alarms, _ALARMS))",
        "for names in _shares(alarms, 1))",
        ("tests/commands/test_status_page.py::test_the_page_of_all_roles_asks_never_once_a_group_or_an_instance[50]",),
    ),
    Mutant(
        "show of a low threshold the highest values",
        "alarms/rows.py",
        'extreme = min if str(live.get("ComparisonOperator", "")).startswith("Less") else max',
        "extreme = max",
        (f"{SHOWN}::test_the_line_of_an_alarm_below_a_threshold_has_the_lowest_values",),
    ),
    Mutant(
        "ask for metrics of two alarms by one id",
        "alarms/data.py",
        'f"{prefix}_{one[\'Id\']}" for one in row["Metrics"]}',
        "str(one['Id']) for one in row[\"Metrics\"]}",
        (f"{SHOWN}::test_metric_math_of_two_alarms_with_the_same_ids_is_kept_apart",),
    ),
)
