"""Sabotages of what the sandbox does around deployments: arithmetic, alarms, rollbacks, newcomers, fleets."""

from __future__ import annotations

from sabotage.mutant import Mutant

_FOLDER = "sandbox/strict/codedeploy/"
_TESTS = "tests/sandbox/strict/"
_ARITHMETIC = _TESTS + "test_arithmetic.py::test_"
_NEWCOMERS = _TESTS + "test_newcomers.py::test_"


def _rule(name: str) -> tuple[str, ...]:
    return (f"{_TESTS}test_rules.py::test_the_rule_holds_in_the_sandbox[{name}]",)


MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "take one instance more than may be missing",
        _FOLDER + "arithmetic.py",
        "_spare(whole) <= run.config.healthy(len(whole))",
        "_spare(whole) < run.config.healthy(len(whole))",
        (_ARITHMETIC + "a_batch_is_all_less_the_minimum",),
    ),
    Mutant(
        "go by the fleet alone within a zone",
        _FOLDER + "arithmetic.py",
        "or not _zone_can_spare_one(run, whole, target.zone)",
        "or False",
        (_ARITHMETIC + "a_zone_is_taken_after_the_other_in_the_lesser_of_both_allowances",),
    ),
    Mutant(
        "go on though a zone has less than its minimum",
        _FOLDER + "arithmetic.py",
        "if not all(_zone_is_healthy(run, whole, zone) for zone in zones):",
        "if False:",
        (_ARITHMETIC + "a_zone_below_its_minimum_fails_the_deployment_everywhere",),
    ),
    Mutant(
        "round percentages down",
        _FOLDER + "configs.py",
        "return math.ceil(instances * value / 100)",
        "return instances * value // 100",
        (_ARITHMETIC + "a_batch_is_all_less_the_minimum",),
    ),
    Mutant(
        "count stopped instances as healthy",
        _FOLDER + "lifecycle.py",
        "if not alive(instance_id):",
        "if False:",
        (_ARITHMETIC + "a_stopped_host_counts_as_one_that_failed",),
    ),
    Mutant(
        "take unhealthy instances in their turn",
        _FOLDER + "history.py",
        "if not one.healthy:",
        "if False:",
        _rule("instances_are_taken_in_order"),
    ),
    Mutant(
        "roll back zone by zone",
        _FOLDER + "creation.py",
        "return dataclasses.replace(config, zonal=None)",
        "return config",
        _rule("rollbacks_are_not_zonal"),
    ),
    Mutant(
        "stop a rollback by the alarm that caused it",
        _FOLDER + "alarms.py",
        'or deployment.creator == "codeDeployRollback"',
        "",
        _rule("alarms_stop_deployments"),
    ),
    Mutant(
        "stop for a missing alarm that is to be ignored",
        _FOLDER + "alarms.py",
        'if missing and not settings.get("ignorePollAlarmFailure")',
        "if missing",
        _rule("missing_alarms_stop_deployments"),
    ),
    Mutant(
        "resume what somebody else suspended",
        _FOLDER + "suspension.py",
        "ours = [one for one in wanted if one not in suspended]",
        "ours = list(wanted)",
        _rule("processes_are_resumed_at_the_end"),
    ),
    Mutant(
        "roll back a stop that is not to be rolled back",
        _FOLDER + "rollback.py",
        "if asked is None else bool(asked)",
        "if not asked else True",
        _rule("failed_deployments_are_rolled_back"),
    ),
    Mutant(
        "let a hook of CodeDeploy's time out while it deploys",
        _FOLDER + "launch.py",
        "action.due = action.end",
        "pass",
        (_NEWCOMERS + "a_long_launch_deployment_outlives_the_heartbeat_of_its_hook",),
    ),
    Mutant(
        "abandon a termination whose deployment failed",
        _FOLDER + "launch.py",
        'deployment.creator == "autoscalingTermination" or ',
        "",
        (_NEWCOMERS + "a_termination_deployment_that_fails_lets_other_hooks_keep_the_instance",),
    ),
    Mutant(
        "update an instance again that was tried already",
        _FOLDER + "outdated.py",
        "and one.instance_id not in tried",
        "",
        _rule("instances_are_taken_in_order"),
    ),
    Mutant(
        "update outdated instances that are to be ignored",
        _FOLDER + "outdated.py",
        'group.outdated_instances_strategy == "IGNORE" or ',
        "",
        _rule("outdated_instances_are_updated"),
    ),
    Mutant(
        "replace instances that still get traffic",
        _FOLDER + "blue_green.py",
        'if any(target.status != "Succeeded" for target in _blue(run)):',
        "if False:",
        (_NEWCOMERS + "an_original_instance_that_keeps_its_traffic_fails_a_blue_green_deployment",),
    ),
    Mutant(
        "let a launch deployment block others",
        _FOLDER + "deployments.py",
        "and deployment.creator not in OF_ONE_INSTANCE:",
        "or False:",
        (_NEWCOMERS + "a_launch_deployment_lets_others_be_created",),
    ),
    Mutant(
        "ignore every failure where those of stopping are to be ignored",
        _FOLDER + "run.py",
        "return run.ignores_stop_failures and event.name in _IGNORABLE",
        "return run.ignores_stop_failures",
        _rule("stop_failures_may_be_ignored"),
    ),
    Mutant(
        "give an instance its traffic back while it is deployed to",
        "sandbox/strict/autoscaling/capacity.py",
        "for member in group.active_instances() if member.instance_id not in blocked]",
        "for member in group.active_instances()]",
        _rule("traffic_is_blocked_meanwhile"),
    ),
    Mutant(
        "succeed though processes stay suspended",
        _FOLDER + "run.py",
        "if touched and run.started is not None and (why := world.ends()):",
        "if False:",
        _rule("processes_are_resumed_at_the_end"),
    ),
)
