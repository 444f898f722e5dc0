"""Sabotages of reading verbs."""

from __future__ import annotations

from sabotage.mutant import Mutant

MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "a reason that the plan carried is not recorded",
        "finish/__init__.py",
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
        "finish/__init__.py",
        'self._record("", error.code, str(error))',
        'self._record("", error.code, error.message)',
        ("tests/commands/test_history_told.py::test_what_stopped_a_launch_change_is_told_with_its_hint",),
    ),
    Mutant(
        "what a script wrote in the journal",
        "finish/__init__.py",
        "(outcome.error[0], outcome.error[1])",
        '(outcome.error[0], outcome.text or "")',
        (
            "tests/commands/test_history_told.py::test_a_failure_is_told_as_it_was_on_the_screen_and_nothing_that_a_script_wrote",
        ),
    ),
    Mutant(
        "an old value that is the new one",
        "commands/_kept.py",
        "before = told(deployment.previous) if deployment.previous else now",
        "before = now",
        ("tests/commands/test_history_told.py::test_a_deployment_is_told_with_its_id_and_the_revision_before_it",),
    ),
    Mutant(
        "an outcome without how many failed",
        "commands/_kept.py",
        "status=deployment.outcome",
        "status=deployment.status",
        ("tests/commands/test_deploy_partly.py::test_status_history_and_json_say_how_many_failed",),
    ),
)
