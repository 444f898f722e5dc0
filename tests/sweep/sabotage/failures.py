"""Sabotages of what becomes of a deployment that fails, and of how that is told."""

from __future__ import annotations

from sabotage.mutant import Mutant

_MEANWHILE = "tests/commands/test_deploy_proved_meanwhile.py"
MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "leave a rollback of CodeDeploy's to itself",
        "deploy/course.py",
        "return None if self.ending.further else self._rollback(outcome)",
        "return None",
        (f"{_MEANWHILE}::test_a_rollback_of_codedeploys_is_followed_and_the_exit_code_still_says_failed",),
    ),
    Mutant(
        "take a rollback that went well for a success",
        "deploy/course.py",
        "success=(), failure=ENDED)",
        "success=ENDED, failure=())",
        (_MEANWHILE, "-k", "rollback"),
    ),
    Mutant(
        "fail for who has left the group",
        "deploy/outcome.py",
        "failed -= len(gone)",
        "failed -= 0",
        (f"{_MEANWHILE}::test_an_instance_that_dies_is_told_and_its_successor_has_the_revision",),
    ),
    Mutant(
        "fail right after a success where the network is away",
        "deploy/course.py",
        "told_in_the_end(self._look, self._clock, self._emit, _PATIENCE)",
        "self._look()",
        (_MEANWHILE, "-k", "network and autoscaling"),
    ),
    Mutant(
        "tell of each instance apart",
        "deploy/why.py",
        'event.message.replace(target.instance_id, "")',
        "target.instance_id",
        ("tests/commands/test_deploy_proved.py", "-k", "odd_one"),
    ),
)
