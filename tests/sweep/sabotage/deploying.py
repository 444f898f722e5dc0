"""Sabotages of deploying."""

from __future__ import annotations

from sabotage.mutant import Mutant

_SWEEP = "tests/sweep/test_single_faults.py"
MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "take a success with a failed instance for the whole",
        "deploy/plan.py",
        "    if observed.lacking:\n        count",
        "    if observed.lacking and wanted.again:\n        count",
        (
            "tests/commands/test_deploy_partly.py::test_the_same_command_deploys_to_the_instance_that_failed_and_then_nothing_is_left",
        ),
    ),
    Mutant(
        "deploy once more to those that have it",
        "deploy/plan.py",
        'params["updateOutdatedInstancesOnly"] = True',
        'params["updateOutdatedInstancesOnly"] = False',
        (
            "tests/commands/test_deploy_partly.py::test_the_same_command_deploys_to_the_instance_that_failed_and_then_nothing_is_left",
        ),
    ),
    Mutant(
        "take what a new instance got for what the group has",
        "deploy/observe.py",
        "if one.creator not in OF_SOME_INSTANCES and not (ours",
        "if not (ours",
        (
            "tests/commands/test_deploy_partly.py::test_another_revision_on_a_newborn_instance_is_not_what_the_group_has",
        ),
    ),
    Mutant(
        "pass over another revision on outdated instances",
        "deploy/observe.py",
        "not (ours and one.outdated_only)",
        "not one.outdated_only",
        ("tests/commands/test_deploy_partly.py::test_outdated_instances_that_got_another_revision_count_as_all",),
    ),
    Mutant(
        "forget what CodeDeploy deployed at a launch",
        "deploy/observe.py",
        "(last, *partial)",
        "(last,)",
        (
            "tests/commands/test_deploy_partly.py"
            "::test_an_instance_launched_since_has_it_from_codedeploy_and_one_attached_is_deployed_to",
        ),
    ),
    Mutant(
        "call it done where who has it is not told",
        "deploy/observe.py",
        'lacking=("?",) * last.overview.get("Failed", 0)',
        "lacking=()",
        (
            "tests/commands/test_deploy_partly.py::test_who_has_it_that_is_not_told_is_a_warning_and_the_overview_decides",
        ),
    ),
    Mutant(
        "count no failure without an overview",
        "deploy/outcome.py",
        "return found if found.overview else",
        "return found if found else",
        ("tests/commands/test_deploy_partly.py::test_where_the_overview_is_missing_the_instances_tell",),
    ),
    Mutant(
        "status without how many failed",
        "commands/status.py",
        "found.outcome if found else group.last_status",
        "group.last_status",
        ("tests/commands/test_deploy_partly.py::test_status_history_and_json_say_how_many_failed",),
    ),
    Mutant(
        "stop after a failure, and do not say so to AWS",
        "deploy/plan.py",
        'params["autoRollbackConfiguration"] = {"enabled": False}',
        "pass",
        ("tests/commands/test_deploy_watch.py::test_what_happens_after_a_failure_is_sent_where_udo_yml_says_it",),
    ),
    Mutant(
        "deploy to a group that is being deleted",
        "groups/observe.py",
        "    if group.status:",
        '    if group.status == "Deleted":',
        ("tests/commands/test_deploy_watch.py::test_a_group_that_is_being_deleted_is_left_alone",),
    ),
    Mutant(
        "look at the first 25 instances only",
        "deploy/watch.py",
        "self._turn = start + room",
        "self._turn = start",
        (
            "tests/commands/test_deploy_watch.py::test_a_large_deployment_is_gone_round_until_whoever_is_at_work_is_found",
        ),
    ),
    Mutant(
        "say no more after one hiccup",
        "deploy/watch.py",
        "not isinstance(error, NotSent | LostAnswer)",
        "True",
        (
            "tests/commands/test_deploy_watch.py::test_after_a_hiccup_of_the_network_it_is_told_again_how_instances_stand",
        ),
    ),
    Mutant(
        "a line for each instance that waits",
        "deploy/watch.py",
        'if target.status != "Pending" and (',
        "if (",
        ("tests/commands/test_deploy_watch.py::test_an_instance_that_waits_for_its_turn_has_no_line",),
    ),
    Mutant(
        "ask the first remote only",
        "deploy/git.py",
        "any(git.contained(commit, remote) for remote in remotes)",
        "git.contained(commit, remotes[0])",
        ("tests/test_git_revision.py::test_every_remote_that_is_the_repository_is_asked_for_the_commit",),
    ),
    Mutant(
        "take a name of ssh_config for a host of the web",
        "deploy/git.py",
        "(over_ssh and named(host).lower() in _GITHUB)",
        "named(host).lower() in _GITHUB",
        ("tests/test_git_revision.py::test_no_other_way_to_a_host_goes_by_ssh_config",),
    ),
    Mutant(
        "decode what a version id holds",
        "deploy/revision.py",
        'word.removeprefix("s3://").rpartition',
        'unquote(word).removeprefix("s3://").rpartition',
        ("tests/test_revision.py::test_an_archive_that_is_told_can_be_given_back",),
    ),
    Mutant(
        "minutes become seconds unsaid",
        "commands/deploy.py",
        "if text[-1:].isdigit() and given(text):",
        "if False:",
        ("tests/commands/test_deploy.py::test_a_wrong_command_line_is_exit_2_and_asks_aws_nothing",),
    ),
    Mutant(
        "files in the way as udo.yml says, whatever is given",
        "commands/deploy.py",
        'options["file_exists"] or role.get("deploy.file_exists")',
        'role.get("deploy.file_exists") or file_exists',
        ("tests/commands/test_deploy.py::test_what_becomes_of_files_in_the_way_is_configured_given_and_shown",),
    ),
    Mutant(
        "tell of a race that was joined as a failure",
        "commands/deploy.py",
        "if not (isinstance(error, AwsError) and error.aws_code in (OVERTAKEN, COMPLETED)):",
        "if True:",
        ("tests/commands/test_announcements.py::test_a_race_that_is_joined_is_told_once_and_as_the_success_it_is",),
    ),
    Mutant(
        "tell of what was never begun",
        "change/finish.py",
        "if not (outcome.steps and self._is_told):",
        "if not self._is_told:",
        ("tests/commands/test_announcements.py::test_what_was_never_begun_or_changes_nothing_is_told_nobody",),
    ),
    Mutant(
        "start one more beside an active deployment",
        "deploy/plan.py",
        "    if busy:\n",
        "    if busy and not wanted.wait:\n",
        (_SWEEP, "-k", "undisturbed and deploy-attached"),
    ),
    Mutant(
        "take a lost answer for no deployment",
        "deploy/plan.py",
        "proof=_proof(where, marked, observed),",
        "proof=(),",
        (_SWEEP, "-k", "deploy-next-dropped-after"),
    ),
    Mutant(
        "no hook after a deployment that is followed",
        "deploy/plan.py",
        "return wait, *_hooks(role, wanted, application, deployment_id)",
        "return wait, *(_hooks(role, wanted, application, deployment_id) if isinstance(deployment_id, Ref) else ())",
        (_SWEEP, "-k", "deploy-hook-killed-after"),
    ),
    Mutant(
        "leave out a tag whose answer is lost",
        "groups/tags.py",
        '{"Tags": [tag]}, proof=(proof,), optional=optional)',
        '{"Tags": [tag]}, optional=optional)',
        (_SWEEP, "-k", "updatelc-configuration-dropped-after"),
    ),
    Mutant(
        "leave out whatever AWS refuses",
        "change/runner.py",
        "if isinstance(step, Call) and step.optional and not isinstance(error, CredentialsError):",
        "if isinstance(step, Call) and not isinstance(error, CredentialsError):",
        (_SWEEP, "-k", "updatelc-configuration-denied or deploy-next-denied"),
    ),
)
