"""Sabotages of the sandbox's rules."""

from __future__ import annotations

from sabotage.mutant import Mutant

_CORNERS = "tests/sandbox/strict/test_corners.py::test_"

MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "give a policy that is put again another ARN",
        "sandbox/strict/autoscaling/policies.py",
        "made.udo_id = before.udo_id",
        "pass",
        (_CORNERS + "a_policy_that_is_put_again_keeps_its_arn",),
    ),
    Mutant(
        "count the upper bound of a step to it",
        "sandbox/strict/autoscaling/policies.py",
        "breach < float(high)",
        "breach <= float(high)",
        (_CORNERS + "the_upper_bound_of_a_step_belongs_to_the_next_one",),
    ),
    Mutant(
        "scale by nothing where a percentage is less than one instance",
        "sandbox/strict/autoscaling/policies.py",
        "return int(change) if abs(change) >= 1 else (change > 0) - (change < 0)",
        "return int(change)",
        (_CORNERS + "a_percentage_is_rounded_towards_nothing_but_to_one_instance_at_least",),
    ),
    Mutant(
        "spare the oldest instance where another has old launch data",
        "sandbox/strict/autoscaling/capacity.py",
        'stale = 0 if policy == "OldestInstance" else int(_is_current(group, member))',
        "stale = int(_is_current(group, member))",
        (_CORNERS + "the_oldest_instance_goes_though_another_has_old_launch_data",),
    ),
    Mutant(
        "take the first revision of a deployment group for its present one",
        "sandbox/strict/codedeploy/revisions.py",
        "targets[deployment.deployment_group_name] = deployment.revision",
        "targets.setdefault(deployment.deployment_group_name, deployment.revision)",
        (_CORNERS + "a_revision_is_that_of_a_group_until_another_is_deployed_to_it",),
    ),
    Mutant(
        "roll back a stopped deployment that nobody wants rolled back",
        "sandbox/strict/codedeploy/ends.py",
        'bool(request.params["autoRollbackEnabled"])',
        "True",
        (_CORNERS + "a_deployment_that_is_stopped_is_rolled_back_only_where_it_is_asked_for",),
    ),
    Mutant(
        "roll back what is a rollback itself",
        "sandbox/strict/codedeploy/rollback.py",
        'if deployment.creator in ("codeDeployRollback", *OF_ONE_INSTANCE) or',
        "if deployment.creator in OF_ONE_INSTANCE or",
        (_CORNERS + "a_rollback_that_fails_is_not_rolled_back",),
    ),
    Mutant(
        "let one group that crashes hold up all others",
        "sandbox/strict/steady.py",
        "        except Exception as error:",
        "        except KeyboardInterrupt as error:",
        ("tests/sandbox/test_steadiness.py::test_a_group_that_cannot_be_moved_on_holds_up_no_other",),
    ),
    Mutant(
        "let a listener that fails end the world",
        "sandbox/hosts.py",
        "host.again = time.monotonic() + _TRIED_AGAIN\n            return",
        "raise",
        ("tests/sandbox/test_steadiness.py::test_an_address_that_is_taken_costs_one_instance_its_ssh_and_no_more",),
    ),
    Mutant(
        "keep the instances of a launch that failed",
        "sandbox/strict/ec2/volumes.py",
        "failed_launches_leave_nothing(backend, before)\n",
        "pass\n",
        ("tests/sandbox/test_steadiness.py::test_a_launch_that_crashes_is_an_activity_and_is_tried_again",),
    ),
    Mutant(
        "drop the speed of a gp3 volume",
        "sandbox/strict/ec2/volumes.py",
        'iops=volume.get("Iops") or',
        "iops=",
        (
            "tests/sandbox/strict/test_rules.py::test_the_rule_holds_in_the_sandbox[instances_have_the_volumes_they_name]",
        ),
    ),
    Mutant(
        "accept a second volume without size or snapshot",
        "sandbox/strict/ec2/volumes.py",
        'not snapshot and not volume.get("VolumeSize"),',
        "False,",
        ("tests/sandbox/strict/test_rules.py::test_the_rule_holds_in_the_sandbox[impossible_volumes_are_refused]",),
    ),
    Mutant(
        "take a schedule whose range runs backwards",
        "sandbox/strict/autoscaling/recurrence.py",
        "        if first > last:\n            return None",
        "        first, last = min(first, last), max(first, last)",
        (
            "tests/sandbox/strict/test_rules.py::test_the_rule_holds_in_the_sandbox[scheduled_actions_say_what_and_when]",
        ),
    ),
    Mutant(
        "run scheduled actions that are suspended",
        "sandbox/strict/autoscaling/schedule_runs.py",
        'return runs(group, "ScheduledActions")',
        "return True",
        ("tests/sandbox/strict/test_rules.py::test_the_rule_holds_in_the_sandbox[scheduled_actions_can_be_suspended]",),
    ),
    Mutant(
        "let alarms scale a group beyond its bounds",
        "sandbox/strict/autoscaling/scaling.py",
        "wanted = max(group.min_size, min(group.max_size, wanted))",
        "wanted = max(group.min_size, wanted)",
        ("tests/sandbox/strict/test_rules.py::test_the_rule_holds_in_the_sandbox[alarms_scale_groups]",),
    ),
    Mutant(
        "fill in missing data as if nothing were known",
        "sandbox/strict/cloudwatch/judgement.py",
        "filled = most - len(real)",
        "filled = most",
        ("tests/sandbox/strict/test_judgement.py",),
    ),
    Mutant(
        "ring for a point that may be the only one",
        "sandbox/strict/cloudwatch/judgement.py",
        "return ALARM if oldest >= least else OK",
        "return ALARM if oldest > least else OK",
        ("tests/sandbox/strict/test_judgement.py",),
    ),
    Mutant(
        "leave an alarm in the state that was set",
        "sandbox/strict/cloudwatch/evaluation.py",
        "if not alarm.held:",
        "if alarm.held:",
        ("tests/sandbox/strict/test_rules.py::test_the_rule_holds_in_the_sandbox[alarms_are_evaluated_every_minute]",),
    ),
    Mutant(
        "delete no schedule of a batch",
        "sandbox/strict/autoscaling/schedules.py",
        "unknown = [name for name in names if _kept(backend).pop((group.name, name), None) is None]",
        "unknown = [name for name in names if (group.name, name) not in _kept(backend)]",
        (
            "tests/sandbox/strict/test_rules.py::test_the_rule_holds_in_the_sandbox[deleted_schedules_that_are_unknown_are_listed]",
        ),
    ),
    Mutant(
        "let one of two hooks decide for both",
        "sandbox/strict/autoscaling/holding.py",
        'return "CONTINUE" if all(action',
        'return "CONTINUE" if any(action',
        ("tests/sandbox/strict/test_rules.py::test_the_rule_holds_in_the_sandbox[waits_are_completed]",),
    ),
    Mutant(
        "give a hook that is put again its first settings",
        "sandbox/strict/autoscaling/lifecycle_hooks.py",
        "hook = before or kind(",
        "hook = kind(",
        (
            "tests/sandbox/strict/test_rules.py::test_the_rule_holds_in_the_sandbox[updated_hooks_keep_what_is_not_named]",
        ),
    ),
    Mutant(
        "let heartbeats count for nothing",
        "sandbox/strict/autoscaling/lifecycle_actions.py",
        "action.due = moment.now() + action.hook.heartbeat_timeout",
        "pass",
        ("tests/sandbox/strict/test_rules.py::test_the_rule_holds_in_the_sandbox[heartbeats_prolong_waits]",),
    ),
    Mutant(
        "send requests to a member in standby",
        "sandbox/strict/autoscaling/capacity.py",
        "for member in group.active_instances() if member",
        "for member in group.instance_states if member",
        (
            "tests/sandbox/strict/test_rules.py::test_the_rule_holds_in_the_sandbox[only_members_in_service_are_targets]",
        ),
    ),
    Mutant(
        "forget the metrics that were on",
        "sandbox/strict/autoscaling/group_metrics.py",
        "wanted = {*group.metrics, *",
        "wanted = {*",
        (
            "tests/sandbox/strict/test_rules.py::test_the_rule_holds_in_the_sandbox[all_metrics_are_enabled_unless_named]",
        ),
    ),
    Mutant(
        "take a type of any generation",
        "sandbox/strict/ec2/references.py",
        "int(parts[2]) <= newest.get(parts[1], -1) + 1",
        "True",
        ("tests/sandbox/strict/test_rules.py::test_the_rule_holds_in_the_sandbox[templates_name_what_exists]",),
    ),
    Mutant(
        "follow a link out of an instance's folder",
        "sandbox/sftp.py",
        "if not parent.is_relative_to(self._root):",
        "if False:",
        ("tests/sandbox/test_sftp.py::test_nothing_outside_of_the_folder_is_reached",),
    ),
)
