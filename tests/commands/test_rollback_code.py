"""rollback --code: the application goes back to the revision before, once, however often it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from deploy_worlds import OTHER, SHA, at, begin, config, deployments, end, writes

from udo.sandbox.strict import DeploymentFault
from udo.sandbox.strict.codedeploy.faults import deployment_faults

Udo = Callable[..., Any]
Seeded = Callable[..., Any]
BACK = ("rollback", "prod", "webapp", "--code")
THIRD = "2222222222222222222222222222222222222222"


def deployed(world: Any, *commits: str) -> None:
    for commit in commits:
        begin(world, commit)
        end(world)


def commits(world: Any) -> list[tuple[str, str]]:
    """The commit and status of each deployment, newest first."""
    return [(one["revision"]["gitHubLocation"]["commitId"], one["status"]) for one in deployments(world)]


def test_the_revision_before_is_deployed_and_followed_and_known_as_a_rollback(
    world: Any, udo: Udo, seeded: Seeded
) -> None:
    seeded(config())
    deployed(world, SHA, OTHER)
    done = udo(*BACK, "--reason", "the cart is empty")
    assert done.exit == 0, done.stderr
    newest = deployments(world)[0]
    assert (newest["revision"]["gitHubLocation"]["commitId"], newest["status"]) == (SHA, "Succeeded")
    assert newest["description"].endswith(" rollback: the cart is empty")
    assert f"back from example/shop {OTHER} of d-" in done.stderr
    assert writes(world) == ["CreateDeployment"]


def test_a_second_one_has_nothing_to_do(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    deployed(world, SHA, OTHER)
    assert udo(*BACK).exit == 0
    world.log.clear()
    done = udo(*BACK)
    assert done.exit == 0, done.stderr
    assert f"every instance of prod webapp has example/shop {SHA}" in done.stdout
    assert writes(world) == []


def test_after_a_failed_deployment_it_goes_to_what_ran_before_that(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    deployed(world, SHA, OTHER)
    deployment_faults.add(DeploymentFault(event="Install"))
    deployed(world, THIRD)
    deployment_faults.clear()
    assert udo(*BACK).exit == 0
    assert commits(world)[:2] == [(OTHER, "Succeeded"), (THIRD, "Failed")]


def test_one_that_failed_goes_to_the_same_revision_again(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    deployed(world, SHA, OTHER)
    deployment_faults.add(DeploymentFault(event="Install"))
    assert udo(*BACK).exit == 1
    deployment_faults.clear()
    assert udo(*BACK).exit == 0
    assert commits(world)[:2] == [(SHA, "Succeeded"), (SHA, "Failed")]


def test_where_codedeploy_went_back_already_there_is_nothing_to_do(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config("deploy: {on_failure: rollback}"))
    deployed(world, SHA, OTHER)
    deployment_faults.add(DeploymentFault(event="Install", times=1))
    assert udo("deploy", "prod", "webapp", THIRD).exit == 1
    deployment_faults.clear()
    end(world)
    assert commits(world)[0] == (OTHER, "Succeeded")
    before = len(deployments(world))
    done = udo(*BACK)
    assert done.exit == 0, done.stderr
    assert len(deployments(world)) == before


def test_after_a_new_deployment_it_goes_back_again(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    deployed(world, SHA, OTHER)
    assert udo(*BACK).exit == 0
    assert udo("deploy", "prod", "webapp", THIRD).exit == 0
    assert udo(*BACK).exit == 0
    assert commits(world)[0] == (SHA, "Succeeded")


def test_a_dry_run_names_it_and_creates_nothing(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    deployed(world, SHA, OTHER)
    done = udo(*BACK, "-n")
    assert done.exit == 0, done.stderr
    assert done.stdout.startswith("rollback  prod webapp  (dry run")
    assert f"deploy example/shop {SHA} to shop prod-webapp" in done.stdout
    assert writes(world) == []


@pytest.mark.parametrize("said", ["protected: true", "protected: [rollback]"])
def test_where_the_role_is_protected_from_rollbacks_it_asks(world: Any, udo: Udo, seeded: Seeded, said: str) -> None:
    seeded(config(said))
    deployed(world, SHA, OTHER)
    done = udo(*BACK)
    assert done.exit == 7
    assert "prod webapp is protected. rollback?" in done.stderr
    assert writes(world) == []
    assert udo(*BACK, "--yes").exit == 0


def test_no_wait_leaves_it_to_aws_and_the_same_command_follows_it(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    deployed(world, SHA, OTHER)
    done = udo(*BACK, "--no-wait")
    assert (done.exit, commits(world)[0]) == (0, (SHA, "Created")), done.stderr
    assert udo(*BACK).exit == 0
    assert commits(world)[:2] == [(SHA, "Succeeded"), (OTHER, "Succeeded")]


def test_the_timeout_leaves_it_running_and_names_the_command_that_goes_on(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    deployed(world, SHA, OTHER)
    done = udo(*BACK, "--timeout", "1s")
    assert done.exit == 124
    assert "look again with: udo rollback prod webapp --code" in done.stderr


def test_codedeploys_own_rollback_that_is_on_its_way_is_followed(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    deployed(world, SHA, OTHER)
    begin(world, THIRD)
    world.clock.step(4)
    stopped = deployments(world)[0]["deploymentId"]
    world.client("codedeploy").stop_deployment(deploymentId=stopped, autoRollbackEnabled=True)
    for _ in range(30):
        world.clock.step(1)
        world.advance()
        if deployments(world)[0]["creator"] == "codeDeployRollback":
            break
    own = deployments(world)[0]
    assert (own["creator"], own["status"]) == ("codeDeployRollback", "Created")
    done = udo(*BACK)
    assert done.exit == 0, done.stderr
    assert deployments(world)[0]["deploymentId"] == own["deploymentId"]
    assert commits(world)[0] == (OTHER, "Succeeded")


def test_another_deployment_that_is_active_is_a_conflict(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    deployed(world, SHA, OTHER)
    begin(world, THIRD)
    done = udo(*BACK)
    assert done.exit == 4
    assert "'udo stop prod webapp --rollback' stops it and goes back" in done.stderr
    assert writes(world) == []


@pytest.mark.parametrize(("made", "told"), [((), "was never deployed to"), ((SHA, SHA), "no other revision than")])
def test_where_there_is_nothing_to_go_back_to_nothing_is_created(
    world: Any, udo: Udo, seeded: Seeded, made: tuple[str, ...], told: str
) -> None:
    seeded(config())
    deployed(world, *made)
    done = udo(*BACK)
    assert (done.exit, told in done.stderr) == (1, True), done.stderr
    assert len(deployments(world)) == len(made)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--code", "--to", "2"), "--code and --to exclude each other"),
        (("--code", "--anyway"), "--code and --anyway exclude each other"),
        (("--no-wait",), "--no-wait belongs to --code"),
        (("--timeout", "5m"), "--timeout belongs to --code"),
        (("--reason", "x"), "--reason belongs to --code"),
        (("--code", "--timeout", "60"), "--timeout 60 has no unit"),
        ((SHA, "--code"), "unexpected word"),
    ],
)
def test_options_that_make_no_sense_are_exit_2(
    world: Any, udo: Udo, seeded: Seeded, words: tuple[str, ...], told: str
) -> None:
    seeded(config())
    done = udo("rollback", "prod", "webapp", *words)
    assert (done.exit, told in done.stderr) == (2, True), done.stderr
    assert writes(world) == []


def test_somebody_who_was_faster_is_a_conflict(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    deployed(world, SHA, OTHER)
    at(world, "CreateDeployment", lambda: begin(world, THIRD))
    assert udo(*BACK).exit == 4
    assert commits(world)[0][0] == THIRD


def test_no_wait_leaves_nobody_to_resume_what_udo_suspends(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config("deploy: {suspend: [AlarmNotification]}"))
    deployed(world, SHA, OTHER)
    done = udo(*BACK, "--no-wait")
    assert (done.exit, "--no-wait does not go with deploy.suspend" in done.stderr) == (2, True), done.stderr
