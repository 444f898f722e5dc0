"""One deployment at a time: waiting for another's end, or stopping it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from deploy_worlds import OTHER, SHA, at, begin, config, deployments, end, writes

from udo.sandbox.strict import DeploymentFault
from udo.sandbox.strict.codedeploy.faults import deployment_faults

Udo = Callable[..., Any]
Seeded = Callable[..., Any]
DEPLOY = ("deploy", "prod", "webapp", SHA)
THIRD = "2222222222222222222222222222222222222222"


def commits(world: Any) -> list[str]:
    """The commits of all deployments, newest first."""
    return [one["revision"]["gitHubLocation"]["commitId"] for one in deployments(world)]


def test_without_a_word_on_it_another_one_is_a_conflict_that_names_the_ways_out(
    world: Any, udo: Udo, seeded: Seeded
) -> None:
    seeded(config())
    begin(world, OTHER)
    done = udo(*DEPLOY)
    assert done.exit == 4
    assert "--queue waits for its end, --supersede stops it, --follow watches it" in done.stderr


def test_in_the_queue_the_others_end_is_awaited_and_then_it_is_deployed(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    other = begin(world, OTHER)
    done = udo(*DEPLOY, "--queue")
    assert done.exit == 0, done.stderr
    assert f"wait for deployment {other} of example/shop {OTHER} by user to end" in done.stderr
    assert commits(world) == [SHA, OTHER]
    assert f"of example/shop {SHA} to prod webapp succeeded" in done.stdout
    assert done.stdout.count("succeeded") == 1


def test_however_the_other_ends_it_is_our_turn(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    deployment_faults.add(DeploymentFault(event="Install", times=1))
    begin(world, OTHER)
    done = udo(*DEPLOY, "--queue", "-o", "json")
    assert done.exit == 0, done.stderr
    assert [one["status"] for one in deployments(world)] == ["Succeeded", "Failed"]
    assert done.json["data"]["status"] == "Succeeded"


def test_however_often_another_one_slips_in_it_waits_again(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    begin(world, OTHER)
    for nth in (1, 2):
        at(world, "CreateDeployment", lambda: begin(world, THIRD), nth=nth)
    done = udo(*DEPLOY, "--queue")
    assert done.exit == 0, done.stderr
    assert commits(world) == [SHA, THIRD, THIRD, OTHER]


def test_who_waits_for_the_same_revision_finds_it_done(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    begin(world, OTHER)

    def faster() -> None:
        end(world)
        begin(world, SHA)
        end(world)

    at(world, "GetDeployment", faster, nth=2)
    done = udo(*DEPLOY, "--queue")
    assert done.exit == 0, done.stderr
    assert commits(world) == [SHA, OTHER]
    assert "has example/shop" in done.stdout


def test_a_queue_has_its_limit_and_nothing_was_deployed_then(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    begin(world, OTHER)
    done = udo(*DEPLOY, "--queue=5s")
    assert done.exit == 124
    assert "nothing was deployed; the same command queues again" in done.stderr
    assert commits(world) == [OTHER]


def test_the_queue_is_shown_in_a_dry_run(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    begin(world, OTHER)
    done = udo(*DEPLOY, "--queue", "-n")
    assert done.exit == 0
    assert "wait for deployment" in done.stdout
    assert f"then deploys example/shop {SHA}" in done.stdout + done.stderr
    assert writes(world) == []


def test_a_time_after_a_blank_is_told_how_to_be_written(udo: Udo, seeded: Seeded) -> None:
    seeded()
    done = udo("deploy", "prod", "webapp", SHA, "--queue", "20m")
    assert (done.exit, "write --queue=20m" in done.stderr) == (2, True)


def test_superseding_asks(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    other = begin(world, OTHER)
    done = udo(*DEPLOY, "--supersede")
    assert done.exit == 7
    assert f"Stop deployment {other} of example/shop {OTHER}" in done.stderr
    assert writes(world) == []


def test_superseding_stops_the_other_without_a_rollback_and_deploys(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    assert udo("deploy", "prod", "webapp", THIRD).exit == 0
    begin(world, OTHER, autoRollbackConfiguration={"enabled": True, "events": ["DEPLOYMENT_STOP_ON_REQUEST"]})
    world.clock.step(4)
    done = udo(*DEPLOY, "--supersede", "--yes")
    assert done.exit == 0, done.stderr
    assert commits(world) == [SHA, OTHER, THIRD]
    assert [one["status"] for one in deployments(world)] == ["Succeeded", "Stopped", "Succeeded"]
    assert udo(*DEPLOY).exit == 0
    assert len(commits(world)) == 3


def test_a_rollback_is_never_superseded(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config("deploy: {on_failure: rollback}"))
    assert udo("deploy", "prod", "webapp", THIRD).exit == 0
    deployment_faults.add(DeploymentFault(event="Install", times=1))
    begin(world, OTHER, autoRollbackConfiguration={"enabled": True, "events": ["DEPLOYMENT_FAILURE"]})
    while deployments(world)[0]["creator"] == "user":
        world.clock.step(2)
    done = udo(*DEPLOY, "--supersede", "--yes")
    assert done.exit == 4
    assert "by codeDeployRollback" in done.stderr
    assert "StopDeployment" not in writes(world)


def test_one_that_ends_before_it_can_be_stopped_is_superseded_all_the_same(
    world: Any, udo: Udo, seeded: Seeded
) -> None:
    seeded(config())
    begin(world, OTHER)
    at(world, "StopDeployment", lambda: end(world))
    done = udo(*DEPLOY, "--supersede", "--yes")
    assert done.exit == 0, done.stderr
    assert commits(world) == [SHA, OTHER]


def _slips_in_and_ends(world: Any) -> None:
    begin(world, THIRD)
    at(world, "GetDeploymentGroup", lambda: end(world))


def test_one_that_slipped_in_and_is_over_at_the_next_look_holds_up_the_queue_no_longer(
    world: Any, udo: Udo, seeded: Seeded
) -> None:
    seeded(config())
    begin(world, OTHER)
    at(world, "CreateDeployment", lambda: _slips_in_and_ends(world))
    done = udo(*DEPLOY, "--queue")
    assert done.exit == 0, done.stderr
    assert commits(world) == [SHA, THIRD, OTHER]


def _programs(folder: Any) -> str:
    """A post_deploy_hook that notes each time it is run, and for which deployment."""
    return f"post_deploy_hook: [[sh, -c, 'echo $UDO_DEPLOYMENT_ID >> {folder}/hooks']]"


def test_one_that_slips_in_where_nothing_was_active_is_awaited_too(
    world: Any, udo: Udo, seeded: Seeded, tmp_path: Any
) -> None:
    seeded(config(_programs(tmp_path)))
    at(world, "CreateDeployment", lambda: begin(world, THIRD))
    done = udo(*DEPLOY, "--queue")
    assert done.exit == 0, done.stderr
    assert commits(world) == [SHA, THIRD]
    assert (tmp_path / "hooks").read_text().split() == [deployments(world)[0]["deploymentId"]]


def test_programs_are_run_once_and_shown_where_the_queue_is_empty(
    world: Any, udo: Udo, seeded: Seeded, tmp_path: Any
) -> None:
    seeded(config(_programs(tmp_path)))
    assert "post_deploy_hook sh" in udo(*DEPLOY, "--queue", "-n").stdout
    assert udo(*DEPLOY, "--queue").exit == 0
    assert (tmp_path / "hooks").read_text().split() == [deployments(world)[0]["deploymentId"]]


def test_where_the_same_revision_slips_in_it_is_followed_and_the_programs_are_told_of_it(
    world: Any, udo: Udo, seeded: Seeded, tmp_path: Any
) -> None:
    seeded(config(_programs(tmp_path)))
    at(world, "CreateDeployment", lambda: begin(world, SHA))
    done = udo(*DEPLOY)
    assert done.exit == 0, done.stderr
    assert (tmp_path / "hooks").read_text().split() == [deployments(world)[0]["deploymentId"]]


def test_where_the_same_revision_slips_in_and_is_over_nothing_is_made_and_no_program_run(
    world: Any, udo: Udo, seeded: Seeded, tmp_path: Any
) -> None:
    seeded(config(_programs(tmp_path)))

    def faster() -> None:
        begin(world, SHA)
        at(world, "GetDeploymentGroup", lambda: end(world))

    for more in ((), ("--queue",)):
        world.faults.clear()
        at(world, "CreateDeployment", faster)
        done = udo(*DEPLOY, *more)
        assert done.exit == 0, done.stderr
        assert commits(world) == [SHA]
        assert not (tmp_path / "hooks").exists()


def test_who_queues_and_does_not_wait_leaves_the_deployment_to_aws(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    for first in (lambda: begin(world, OTHER), lambda: at(world, "CreateDeployment", lambda: begin(world, OTHER))):
        first()
        done = udo(*DEPLOY, "--queue", "--no-wait")
        assert done.exit == 0, done.stderr
        assert "is started and continues in AWS" in done.stdout
        assert commits(world)[:2] == [SHA, OTHER]
        assert deployments(world)[0]["status"] not in ("Succeeded", "Failed")
        end(world)
        assert udo("deploy", "prod", "webapp", THIRD).exit == 0
