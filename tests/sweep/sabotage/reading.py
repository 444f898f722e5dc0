"""Sabotages of reading verbs."""

from __future__ import annotations

from sabotage.mutant import Mutant

_PAGE = "tests/commands/test_status_page.py::test_"

MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "a reason that the plan carried is not recorded",
        "change/record.py",
        '"reason": self._plan.reason',
        '"reason": ""',
        ("tests/commands/test_history_told.py::test_a_saved_plan_that_is_applied_keeps_its_reason",),
    ),
    Mutant(
        "hide a hook that failed behind AWS's word",
        "commands/history.py",
        'outcome = run.outcome if (run.outcome, kept.status) == ("partial", "Succeeded") else kept.status',
        "outcome = kept.status",
        ("tests/commands/test_history_told.py::test_a_hook_that_fails_after_a_success_is_not_hidden_by_what_aws_says",),
    ),
    Mutant(
        "no deployment of a run that was killed",
        "commands/history.py",
        "deployment=kept.deployment",
        "deployment=run.deployment",
        ("tests/commands/test_history_told.py::test_the_deployment_of_a_run_that_was_killed_is_found_in_aws",),
    ),
    Mutant(
        "the reason of a failure without what to do",
        "change/finish.py",
        "record.end(error.code, str(error))",
        "record.end(error.code, error.message)",
        ("tests/commands/test_history_told.py::test_what_stopped_a_launch_change_is_told_with_its_hint",),
    ),
    Mutant(
        "what a script wrote in the journal",
        "change/finish.py",
        "(result.error[0], result.error[1])",
        '(result.error[0], result.text or "")',
        (
            "tests/commands/test_history_told.py::test_a_failure_is_told_as_it_was_on_the_screen_and_nothing_that_a_script_wrote",
        ),
    ),
    Mutant(
        "an old value that is the new one",
        "history/from_aws.py",
        "before = told(deployment.previous) if deployment.previous else now",
        "before = now",
        ("tests/commands/test_history_told.py::test_a_deployment_is_told_with_its_id_and_the_revision_before_it",),
    ),
    Mutant(
        "an outcome without how many failed",
        "history/from_aws.py",
        "status=deployment.outcome",
        "status=deployment.status",
        ("tests/commands/test_deploy_partly.py::test_status_history_and_json_say_how_many_failed",),
    ),
    Mutant(
        "stop at a deployment group that was deleted",
        "history/from_aws.py",
        '            _warn(error, f"deployments to {name}", warn)\n            continue\n',
        '            _warn(error, f"deployments to {name}", warn)\n            return\n',
        tests=("tests/commands/test_history.py::test_a_deployment_group_that_was_deleted_does_not_hide_the_others",),
    ),
    Mutant(
        "do not choose by the VPC that is named",
        "check/online.py",
        "return inside & {vpc} or inside if vpc else inside",
        "return inside",
        tests=(
            "tests/commands/test_check_online.py::test_the_vpc_that_is_named_chooses_among_equal_blocks_for_all_that_must_be_in_it",
        ),
    ),
    Mutant(
        "list instances as they were read",
        "groups/observe.py",
        "return tuple(sorted(seen, key=lambda one: order[one.role.label]))",
        "return tuple(seen)",
        tests=(
            "tests/commands/test_accounts.py::test_instances_are_listed_in_the_order_of_the_file_wherever_they_live",
        ),
    ),
    Mutant(
        "call a group unlocked where that is unknown",
        "groups/locks.py",
        'return "?"',
        "return None",
        tests=(
            "tests/commands/test_locks_shown.py::test_locks_that_may_not_be_read_are_a_question_mark_and_one_footnote",
        ),
    ),
    Mutant(
        "call the lock of a dead run one at work",
        "groups/locks.py",
        'return "dead" if self.holder.gone else',
        "return",
        tests=("tests/commands/test_locks_shown.py::test_lock_without_words_lists_them_all_with_their_state",),
    ),
    Mutant(
        "list the locks of udo.yml alone",
        "commands/lock.py",
        "for one in observe_locks(aws)",
        "for one in observe_locks(aws) if _labels(roles, one.group)",
        tests=("tests/commands/test_locks_shown.py::test_lock_without_words_lists_them_all_with_their_state",),
    ),
    Mutant(
        "know a target group by its ARN alone",
        "groups/unapplied.py",
        'arn if arn in said else arn.split("/")[1]',
        "arn",
        tests=("tests/commands/test_unapplied.py::test_target_groups_and_load_balancers_are_known_by_name_and_arn",),
    ),
    Mutant(
        "keep rows that are handed out one by one",
        "aws/cached.py",
        "if not isinstance(answer, Iterator):",
        "if True:",
        tests=("tests/commands/test_once.py::test_rows_that_are_handed_out_one_by_one_are_there_the_second_time_too",),
    ),
    Mutant(
        "status asks one thing after another",
        "aws/parallel.py",
        "min(len(reads), _AT_ONCE) - 1",
        "0",
        (f"{_PAGE}reads_that_do_not_rest_on_each_other_are_on_their_way_at_the_same_time",),
    ),
    Mutant(
        "an error of a read on another thread is nobody's",
        "aws/parallel.py",
        "    if failed:\n",
        "    if 0 in failed:\n",
        ("tests/aws/test_parallel.py::test_what_fails_first_in_their_order_is_raised_once_all_have_ended",),
    ),
    Mutant(
        "status asks for each target group of each group",
        "status/page.py",
        "arns = dict.fromkeys(arn for group in self.groups.values() for arn in target_groups(group))",
        "arns = [arn for group in self.groups.values() for arn in target_groups(group)]",
        (f"{_PAGE}the_page_of_all_roles_asks_never_once_a_group_or_an_instance[50]",),
    ),
    Mutant(
        "members are as healthy as the group alone says",
        "groups/health.py",
        "return min((own, *behind), key=_rank)",
        "return own",
        (f"{_PAGE}members_are_as_healthy_as_the_worst_that_group_and_target_groups_say",),
    ),
    Mutant(
        "the last success hides a later failure",
        "status/rows.py",
        'attempted != row["last_successful"]',
        'not row["last_successful"]',
        (f"{_PAGE}the_last_attempt_stands_beside_the_last_success_where_it_is_another",),
    ),
    Mutant(
        "a member has the revision of the last deployment, whether it got there or not",
        "status/revisions.py",
        'aws.codedeploy.target_ids(one.deployment_id, ("Succeeded",))',
        "aws.codedeploy.target_ids(one.deployment_id)",
        ("tests/commands/test_status_role.py::test_each_member_has_the_revision_that_last_succeeded_on_it",),
    ),
    Mutant(
        "a watch tells of what did not change",
        "status/watch.py",
        "if text != before[label][heading]",
        "if text",
        ("tests/commands/test_status_watch.py::test_off_a_terminal_the_page_stands_once_and_each_change_on_a_line",),
    ),
    Mutant(
        "instances lists those in service alone",
        "commands/instances.py",
        'whom if whom.states else replace(whom, states=("any",))',
        "whom",
        ("tests/commands/test_instances.py::test_the_selectors_of_ssh_choose_among_all_members_whatever_their_state",),
    ),
)
