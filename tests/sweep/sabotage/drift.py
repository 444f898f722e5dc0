"""Sabotages of plans of launch data and settings together, shown and saved."""

from __future__ import annotations

from sabotage.mutant import Mutant

_APPLY = "tests/commands/test_apply_settings.py::test_"
_ONLINE = "tests/commands/test_check_online.py::test_"
_STATUS = "tests/commands/test_status.py::test_"
_PLAN = "tests/commands/test_plan_settings.py::test_"
MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "put a policy back to the version it launched before the swap",
        "launch/joint.py",
        "    return replace(group, raw=rest",
        "    return group or replace(group, raw=rest",
        (f"{_APPLY}a_mixed_instances_policy_and_what_it_launches_are_changed_by_one_write",),
    ),
    Mutant(
        "swap launch data in without looking what settings were seen",
        "launch/joint.py",
        "    expect = (*swap.expect, *(pair for pair in settings.expect if pair.read not in known))\n",
        "    expect = swap.expect\n",
        ("tests/sweep/test_second_operator.py::test_a_saved_plan_never_overwrites_what_a_colleague_sets_meanwhile",),
    ),
    Mutant(
        "call a setting that was set on purpose moved by somebody else",
        "launch/joint.py",
        "yield from steady(pair.says, {key: value for key, value in pair.value.items() if key not in set_now})",
        "yield pair",
        (f"{_APPLY}both_are_done_with_one_write_of_the_group_and_a_second_time_nothing",),
    ),
    Mutant(
        "set a group's settings and forget what it launches",
        "launch/joint.py",
        "both = _one_write(swap, settings) if swap and settings else swap or settings",
        "both = settings or swap",
        (f"{_APPLY}both_are_done_with_one_write_of_the_group_and_a_second_time_nothing",),
    ),
    Mutant(
        "begin again with a tag that an earlier run had to leave out",
        "change/resume.py",
        "        if all(map(_is_optional, rest)) and",
        "        if not rest and",
        (f"{_APPLY}a_tag_that_was_left_out_does_not_keep_the_rest_from_being_done_later",),
    ),
    Mutant(
        "save settings that update refuses",
        "commands/plan.py",
        "    plan = launch if found.refused else joined(launch, found.plan)\n",
        "    plan = joined(launch, found.plan)\n",
        (f"{_PLAN}a_group_of_a_stack_is_shown_and_its_settings_are_left",),
    ),
    Mutant(
        "call an absent group nothing to change",
        "commands/plan.py",
        "self.refused or self.absent)",
        "self.refused)",
        (f"{_PLAN}a_group_that_does_not_exist_is_absent_and_pending",),
    ),
    Mutant(
        "take policies of other groups for ours",
        "groups/drifts.py",
        """ if row["AutoScalingGroupName"] == read.params["AutoScalingGroupName"]]""",
        "]",
        (f"{_PLAN}what_is_listed_for_all_groups_is_asked_in_pages_where_that_is_less",),
    ),
    Mutant(
        "read what many roles need one role after the other",
        "commands/plan.py",
        "session.together(ahead(seen, map(groups.__getitem__, sorted(there))))",
        "[read() for read in ahead(seen, map(groups.__getitem__, sorted(there)))]",
        (f"{_PLAN}what_many_roles_need_is_asked_at_the_same_time_and_once",),
    ),
    Mutant(
        "count instances where sizes are units",
        "model/groups.py",
        "sum(member.weight for member in self.members if member.in_service)",
        "sum(member.in_service for member in self.members)",
        (
            "tests/commands/test_screens.py::test_settings_that_differ_and_sizes_in_units_are_readable_on_every_terminal",
        ),
    ),
    Mutant(
        "take $Default for $Latest",
        "aws/ec2.py",
        '{"$Latest": "LatestVersionNumber", "$Default": "DefaultVersionNumber"}',
        '{"$Latest": "DefaultVersionNumber", "$Default": "DefaultVersionNumber"}',
        (f"{_STATUS}of_a_group_that_follows_its_template_the_outdated_members_are_known_by_one_request",),
    ),
    Mutant(
        "list launch templates where no group follows one",
        "status/page.py",
        "if any(map(follows, self.groups.values())):",
        "if True:",
        (f"{_STATUS}a_group_that_is_pinned_asks_for_no_templates",),
    ),
    Mutant(
        "place a setting at the beginning of its key",
        "check/settings.py",
        "str(_deepest(entry, parts[size:]).mark)",
        "str(entry.mark)",
        (f"{_ONLINE}a_policy_that_has_one_member_otherwise_is_placed_at_that_member",),
    ),
    Mutant(
        "call a scheduled action whose time is over a difference",
        "groups/unapplied.py",
        'if not (key == "scheduled_actions" and has_passed(wanted, now)):',
        "if True:",
        ("tests/commands/test_unapplied.py::test_the_page_of_one_role_names_what_acts_on_the_group_otherwise_too",),
    ),
    Mutant(
        "take members of before for what the group launches now",
        "groups/unapplied.py",
        "members = [one for one in group.members if one.instance_id not in old]",
        "members = [one for one in group.members if one.instance_id not in {*old} - {*old}]",
        (f"{_STATUS}another_type_than_that_of_udo_yml_is_told_by_members_of_now_and_the_image_on_the_page_of_one",),
    ),
)
