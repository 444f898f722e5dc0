"""Sabotages of where a group lives, what brings it traffic, and what it leaves when it ends."""

from __future__ import annotations

from sabotage.mutant import Mutant

_SUBNETS = "tests/commands/test_update_subnets.py::test_"
_TRAFFIC = "tests/commands/test_update_traffic.py::test_"
_LEAVES = "tests/commands/test_destroy_deployments.py::test_"
MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "take subnets of any VPC that has the block",
        "groups/subnets.py",
        "    inside = [one for one in fits if vpc in (None, one.vpc_id)]\n",
        "    inside = list(fits)\n",
        (f"{_SUBNETS}subnets_are_named_by_id_block_or_tags_and_settled[block]",),
    ),
    Mutant(
        "detach traffic of kinds that udo.yml does not say",
        "groups/extras.py",
        "        if kind in types and one not in wanted:\n",
        "        if one not in wanted:\n",
        (f"{_TRAFFIC}an_extra_of_another_kind_is_none_of_these",),
    ),
    Mutant(
        "leave the deployment group of udo.yml alone",
        "deploy/leaving.py",
        "    joined = tuple(one for one in found.values() if role.group_name in one.auto_scaling_groups)\n",
        "    joined = tuple(one for one in found.values() if one.name == name)\n",
        (f"{_LEAVES}it_leaves_every_deployment_group_of_the_application_that_lists_it",),
    ),
    Mutant(
        "forget what a run left suspended though it could not be resumed",
        "deploy/suspend.py",
        "    untag = replace(untag, expect=(*untag.expect, *(pair for call in resumed for pair in call.proof)))\n",
        "",
        ("tests/commands/test_resume.py::test_what_whoever_follows_cannot_resume_stays_recorded",),
    ),
    Mutant(
        "wait for the lock of a process that was killed",
        "change/holder.py",
        '        return "" if fields[0] in _ENDED else fields[19]\n',
        "        return fields[19]\n",
        ("tests/commands/test_locks.py::test_a_process_that_was_killed_holds_nothing_before_its_parent_takes_note",),
    ),
)
