"""Sabotages of the life of groups."""

from __future__ import annotations

from sabotage.mutant import Mutant

_SCALE = "tests/commands/test_scale.py::test_"

_SLEEP = "tests/commands/test_sleep.py::test_"
_SUSPEND = "tests/commands/test_suspend.py::test_"
_UPDATE = "tests/commands/test_update.py::test_"
_MEANWHILE = "tests/commands/test_update_trouble.py::test_"
_MOVES = "tests/commands/test_member_moves.py::test_"
_DESTROY = "tests/commands/test_destroy.py::test_"

MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "overwrite sizes that somebody else has moved",
        "groups/rest.py",
        '        expect=(Pair(group_read(group.name, SIZES), list(now), f"sizes of {group.name}"),),\n',
        "",
        (f"{_SCALE}sizes_that_moved_since_they_were_seen_are_not_overwritten_and_the_hint_has_the_number",),
    ),
    Mutant(
        "scale to zero without a question",
        "commands/scale.py",
        "wanted.desired == 0 and group.desired_capacity > 0",
        "False",
        (f"{_SCALE}to_zero_asks_and_above_it_does_not",),
    ),
    Mutant(
        "give the words that were typed where a number is needed to run it again",
        "change/plan.py",
        'f"run: {self.again}" if self.again else same',
        "same",
        (
            f"{_SCALE}interrupted_while_waiting_it_says_the_number_and_the_same_line_waits_again",
            "tests/sweep/test_single_faults.py",
        ),
    ),
    Mutant(
        "call sizes that are set already nothing to do while members are on their way",
        "commands/scale.py",
        "(not asked.wait or is_steady(group))",
        "True",
        (f"{_SCALE}sizes_that_are_set_while_members_are_on_their_way_are_awaited",),
    ),
    Mutant(
        "overwrite settings that somebody else has set meanwhile",
        "groups/update.py",
        '    seen = [Pair(read, [point.live for point in each], f"settings of {group.name}")]',
        "    seen: list[Pair] = []",
        (f"{_MEANWHILE}what_moved_since_it_was_seen_is_not_overwritten",),
    ),
    Mutant(
        "put a mixed instances policy back to the launch template version it was seen with",
        "groups/update.py",
        "[*seen, *_policy_seen(group)] if",
        "[*seen] if",
        (f"{_MEANWHILE}a_policy_is_not_sent_back_over_what_somebody_else_launches_meanwhile",),
    ),
    Mutant(
        "let AWS move the desired capacity with a bound",
        "groups/permitted.py",
        "        if beyond:\n",
        "        if False:\n",
        (f"{_UPDATE}the_desired_capacity_is_no_drift_and_bounds_that_would_move_it_are_refused",),
    ),
    Mutant(
        "delete the hooks by which CodeDeploy and ECS keep a group",
        "groups/extras.py",
        "name not in wanted and not name.startswith(kept)",
        "name not in wanted",
        (f"{_UPDATE}extras_are_named_and_left_and_deleted_where_that_is_asked",),
    ),
    Mutant(
        "delete extras that nobody asked to delete",
        "groups/update.py",
        "gone = tuple(extras) if delete_extras else ()",
        "gone = tuple(extras)",
        (f"{_UPDATE}extras_are_named_and_left_and_deleted_where_that_is_asked", "tests/sweep/test_single_faults.py"),
    ),
    Mutant(
        "change a group that a stack keeps",
        "groups/permitted.py",
        "    _refuse_others(group)\n",
        "",
        (f"{_UPDATE}a_group_of_a_stack_is_left_alone",),
    ),
    Mutant(
        "have AWS replace instances without a question",
        "groups/update.py",
        "one.key in _REPLACES]",
        "one.key in ()]",
        (f"{_UPDATE}what_makes_aws_replace_instances_asks",),
    ),
    Mutant(
        "lower the capacity for a member that leaves, unasked",
        "groups/moves.py",
        '"ShouldDecrementDesiredCapacity": asked.shrink',
        '"ShouldDecrementDesiredCapacity": True',
        (f"{_MOVES}one_in_standby_is_replaced_and_comes_back_beside_its_replacement",),
    ),
    Mutant(
        "remember zero as the size of a group that sleeps already",
        "groups/rest.py",
        "known.sizes if known and now in (known.sizes, asleep) else now",
        "now",
        (f"{_SLEEP}whatever_cuts_it_off_the_sizes_are_remembered_and_the_same_command_ends_it",),
    ),
    Mutant(
        "terminate who came while a group slept",
        "groups/rest.py",
        "max(now.desired, to.desired)) if now.desired",
        "to.desired) if now.desired",
        (f"{_SLEEP}waking_never_terminates_who_came_meanwhile",),
    ),
    Mutant(
        "resume whatever is suspended",
        "groups/processes.py",
        "names = words or noted",
        "names = words or ordered(before)",
        (f"{_SUSPEND}named_processes_are_suspended_and_exactly_those_resumed",),
    ),
    Mutant(
        "suspend processes before it is noted that Udo has",
        "groups/processes.py",
        "first, *rest = (*tag, suspend)",
        "first, *rest = (suspend, *tag)",
        (f"{_SUSPEND}whatever_is_cut_off_the_same_commands_put_right",),
    ),
    Mutant(
        "move members that have moved since they were seen",
        "groups/moves.py",
        "    return tuple(Pair(_state_of(group, one), states[one], one) for one in ids)",
        "    return ()",
        (f"{_MOVES}one_that_moved_since_it_was_seen_is_left",),
    ),
    Mutant(
        "take --yes for the name of a group that is destroyed",
        "change/confirm.py",
        "    if name:\n",
        "    if name and not session.options.yes:\n",
        (f"{_DESTROY}nothing_but_the_name_of_the_group_confirms",),
    ),
    Mutant(
        "take every group out of the deployment group of the one that is destroyed",
        "deploy/leaving.py",
        "[name for name in found.auto_scaling_groups if name != group_name]",
        "list[str]()",
        (f"{_DESTROY}the_other_groups_of_its_deployment_group_stay_in_it", "tests/sweep/test_single_faults.py"),
    ),
    Mutant(
        "delete a group that somebody has scaled up meanwhile",
        "groups/ending.py",
        "        expect=tuple(seen),\n",
        "",
        (f"{_DESTROY}sizes_that_move_just_before_it_is_deleted_keep_it",),
    ),
    Mutant(
        "delete the launch data of a group's family that another group uses",
        "launch/ending.py",
        "if other != name and meant in",
        "if other == name and meant in",
        (f"{_DESTROY}what_another_group_launches_from_stays",),
    ),
    Mutant(
        "empty a group that ends without noting what to wake it to",
        "groups/ending.py",
        "    _, calls = resting(group, _ZERO)\n",
        "    calls = resting(group, _ZERO)[1][1:]\n",
        (f"{_DESTROY}until_it_is_deleted_it_can_be_woken",),
    ),
)
