"""Sabotages of the sandbox's rules."""

from __future__ import annotations

from sabotage.mutant import Mutant

_CORNERS = "tests/sandbox/strict/test_corners.py::test_"

MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "give a policy that is put again another ARN",
        "sandbox/strict/policies.py",
        "made.udo_id = before.udo_id",
        "pass",
        (_CORNERS + "a_policy_that_is_put_again_keeps_its_arn",),
    ),
    Mutant(
        "count the upper bound of a step to it",
        "sandbox/strict/policies.py",
        "breach < float(high)",
        "breach <= float(high)",
        (_CORNERS + "the_upper_bound_of_a_step_belongs_to_the_next_one",),
    ),
    Mutant(
        "scale by nothing where a percentage is less than one instance",
        "sandbox/strict/policies.py",
        "return int(change) if abs(change) >= 1 else (change > 0) - (change < 0)",
        "return int(change)",
        (_CORNERS + "a_percentage_is_rounded_towards_nothing_but_to_one_instance_at_least",),
    ),
    Mutant(
        "spare the oldest instance where another has old launch data",
        "sandbox/strict/capacity.py",
        'stale = 0 if policy == "OldestInstance" else int(_is_current(group, member))',
        "stale = int(_is_current(group, member))",
        (_CORNERS + "the_oldest_instance_goes_though_another_has_old_launch_data",),
    ),
    Mutant(
        "take the first revision of a deployment group for its present one",
        "sandbox/strict/revisions.py",
        "targets[deployment.deployment_group_name] = deployment.revision",
        "targets.setdefault(deployment.deployment_group_name, deployment.revision)",
        (_CORNERS + "a_revision_is_that_of_a_group_until_another_is_deployed_to_it",),
    ),
    Mutant(
        "roll back a stopped deployment that nobody wants rolled back",
        "sandbox/strict/deployments.py",
        'bool(request.params.get("autoRollbackEnabled"))',
        "True",
        (_CORNERS + "a_deployment_that_is_stopped_is_rolled_back_only_where_it_is_asked_for",),
    ),
    Mutant(
        "roll back what is a rollback itself",
        "sandbox/strict/deployments.py",
        'if not wanted or deployment.creator == "codeDeployRollback":',
        "if not wanted:",
        (_CORNERS + "a_rollback_that_fails_is_not_rolled_back",),
    ),
)
