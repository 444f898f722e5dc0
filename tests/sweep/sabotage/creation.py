"""Sabotages of making groups."""

from __future__ import annotations

from sabotage.mutant import Mutant

_CREATE = "tests/commands/test_create.py::test_"
_JOINS = "tests/commands/test_create_joins.py::test_"
_TROUBLE = "tests/commands/test_create_trouble.py::test_"

MUTANTS = (
    Mutant(
        "make a group over one that came meanwhile",
        "groups/create.py",
        "        expect=(gone_goal(name),),\n",
        "",
        (f"{_TROUBLE}a_group_of_that_name_that_comes_meanwhile_is_not_taken_for_ours",),
    ),
    Mutant(
        "start a group that is to get a revision before it has joined",
        "commands/create.py",
        "    held = joining.deploys and sizes.desired > 0\n",
        "    held = False\n",
        (f"{_JOINS}where_a_revision_was_deployed_its_first_members_get_it",),
    ),
    Mutant(
        "make a group without the mark that it is not whole yet",
        "groups/create.py",
        '    marked = new.run_id if later else ""\n',
        '    marked = ""\n',
        (f"{_JOINS}what_was_cut_off_before_it_joined_goes_on_there",),
    ),
    Mutant(
        "leave the mark on a group that is whole",
        "groups/create.py",
        "    return calls + ([finished(role.group_name, marked)] if marked else []), goal, after.notes\n",
        "    return calls, goal, after.notes\n",
        (f"{_JOINS}where_a_revision_was_deployed_its_first_members_get_it",),
    ),
    Mutant(
        "join a deployment group alone",
        "deploy/joining.py",
        "    wanted = [*found.auto_scaling_groups, group_name]\n",
        "    wanted = [group_name]\n",
        (f"{_JOINS}it_joins_beside_the_others",),
    ),
    Mutant(
        "join a deployment group that is at work",
        "deploy/joining.py",
        "if one.creator not in OF_ONE_INSTANCE), None):\n        told",
        "if one.creator in OF_ONE_INSTANCE), None):\n        told",
        (f"{_JOINS}a_deployment_that_is_under_way_is_not_disturbed",),
    ),
    Mutant(
        "take a security group of the right name in another VPC",
        "launch/network.py",
        '        inside = [one for one in fitting if vpc in ("", one.vpc_id)]\n',
        "        inside = fitting[-1:]\n",
        (
            f"{_CREATE}subnets_and_security_groups_are_those_of_the_right_vpc",
            f"{_TROUBLE}what_is_in_another_vpc_or_zone_or_takes_no_instances",
        ),
    ),
    Mutant(
        "register a group with a target group that takes addresses",
        "groups/balancers.py",
        '    if one.kind not in (None, "instance"):\n',
        "    if not one.kind:\n",
        (f"{_TROUBLE}what_is_in_another_vpc_or_zone_or_takes_no_instances",),
    ),
    Mutant(
        "make launch data again that a broken-off run has made",
        "launch/first.py",
        "    twin = next((one for one in existing if satisfies(copied(one.data, shape), content)), None)\n",
        "    twin = None\n",
        (f"{_CREATE}launch_data_that_is_there_already_is_reused_and_other_data_is_left",),
    ),
    Mutant(
        "take a group that is otherwise for one that was made",
        "commands/create.py",
        "        if not asked.every:\n            raise error\n",
        "",
        (f"{_CREATE}the_desired_capacity_is_no_difference_and_everything_else_is",),
    ),
    Mutant(
        "wait for members that can never come",
        "groups/launches.py",
        '    return _line(ways[0]) if often or _LASTING.search(_said(new[0])) else ""\n',
        '    return ""\n',
        (
            f"{_TROUBLE}launches_that_fail_again_and_again_end_the_wait_with_the_reason",
            f"{_JOINS}launches_that_can_never_succeed_end_the_wait_with_the_reason",
        ),
    ),
    Mutant(
        "give up members for want of capacity",
        "groups/launches.py",
        ">= _IN_A_ROW and not passing\n",
        ">= _IN_A_ROW\n",
        (f"{_TROUBLE}for_want_of_capacity_it_waits_as_long_as_it_may",),
    ),
    Mutant(
        "call a group made whose traffic sources were lost",
        "groups/create.py",
        "    if sources:\n        each = ",
        "    if not sources:\n        each = ",
        (f"{_TROUBLE}what_aws_leaves_out_of_a_new_group_is_no_success",),
    ),
)
