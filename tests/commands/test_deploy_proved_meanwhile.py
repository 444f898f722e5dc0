"""While a real bundle is on its way instances come and go, somebody stops it, AWS rolls back, the network is away."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from deploy_worlds import hook
from processes import Ended, begun, ended
from rehearsal import CONFIG, GROUP, Rehearsal, bundle, rehearsal  # noqa: F401 - a fixture
from whole import some

from udo.sandbox.clock import Clock
from udo.sandbox.faults import Cut, Fault


@pytest.fixture
def shop(rehearsal: Rehearsal) -> Iterator[Rehearsal]:  # noqa: F811
    """The group with `a` on all of its instances, and `b` ready to be deployed to one after another."""
    assert rehearsal.deploy(rehearsal.put("a", bundle(page="first\n"))).exit == 0
    rehearsal.put("b", bundle("ApplicationStart", page="second\n"))
    return rehearsal


def meanwhile(shop: Rehearsal, act: Callable[[], Any], operation: str = "GetDeployment", nth: int = 3) -> None:
    """Has something happen while a deployment is followed."""
    shop.world.faults.add(Fault("hook", operation, nth=nth, hook=lambda _: act()))


def everywhere(shop: Rehearsal, rev: str = "b") -> None:
    """Checks that the same command has nothing left to do, and that every instance in service has the page."""
    count = len(shop.deployments())
    done = shop.deploy(rev)
    assert (done.exit, len(shop.deployments())) == (0, count), done.stderr
    assert shop.pages() == {"second\n"}


@pytest.mark.whole
def test_an_instance_that_dies_is_told_and_its_successor_has_the_revision(shop: Rehearsal) -> None:
    victim = shop.members()[1]
    shop.configure(deploymentConfigName="CodeDeployDefault.HalfAtATime")
    shop.world.agents.troubles.add({"kind": "dies-at", "event": "AfterInstall", "instance_id": victim})
    done = shop.deploy("b")
    # It serves no more, and everybody who does has the revision.
    assert done.exit == 0, done.stderr
    assert f"{victim} failed in AfterInstall (the agent did not answer)" in done.stdout
    assert "'systemctl status codedeploy-agent'" in done.stdout
    assert done.stdout.endswith(f"no members of the group any more: {victim}\n")
    assert f"{victim} failed in AfterInstall" in shop.why()
    shop.end()
    assert (len(shop.members()), victim in shop.members()) == (4, False)
    everywhere(shop)


@pytest.mark.whole
def test_one_that_dies_where_none_may_fails_it_and_the_same_command_reaches_its_successor(shop: Rehearsal) -> None:
    shop.world.agents.troubles.add({"kind": "dies-at", "event": "Install", "instance_id": shop.members()[1]})
    done = shop.deploy("b")
    assert done.exit == 1
    assert "failed in Install (the agent did not answer)" in done.stderr.splitlines()[-1]
    shop.world.agents.troubles.clear()
    shop.end()
    assert shop.deploy("b").exit == 0
    everywhere(shop)


@pytest.mark.parametrize("helped", [True, pytest.param(False, marks=pytest.mark.whole)])
def test_instances_that_are_added_have_it_from_the_hook_of_their_launch_or_from_us(
    shop: Rehearsal, *, helped: bool
) -> None:
    if not helped:
        shop.configure(outdatedInstancesStrategy="IGNORE")
        for one in shop.autoscaling.describe_lifecycle_hooks(AutoScalingGroupName=GROUP)["LifecycleHooks"]:
            words = {"AutoScalingGroupName": GROUP, "LifecycleHookName": one["LifecycleHookName"]}
            shop.autoscaling.delete_lifecycle_hook(**words)
    more = {"AutoScalingGroupName": GROUP, "DesiredCapacity": 6}
    meanwhile(shop, lambda: shop.autoscaling.set_desired_capacity(**more), nth=4 if helped else 3)
    done = shop.deploy("b")
    assert done.exit == 0, done.stderr
    serving = len(shop.members())
    assert shop.pages() == {"second\n"}
    assert ("(only the 2 instances without it)" in done.stderr) == (not helped)
    shop.end()
    assert (serving in (4, 6), len(shop.members())) == (True, 6)
    everywhere(shop)


@pytest.mark.whole
def test_a_deployment_by_autoscaling_that_is_active_is_no_obstacle(shop: Rehearsal) -> None:
    shop.autoscaling.set_desired_capacity(AutoScalingGroupName=GROUP, DesiredCapacity=5)
    shop.world.clock.step(3)
    shop.world.advance()
    newest = shop.deployments()[0]
    assert (newest["creator"], newest["status"]) == ("autoscaling", "InProgress")
    done = shop.deploy("b")
    assert done.exit == 0, done.stderr
    shop.end()
    assert len(shop.members()) == 5
    everywhere(shop)


@pytest.mark.whole
def test_whoever_stops_it_by_udo_is_named_and_the_same_command_goes_on(shop: Rehearsal) -> None:
    meanwhile(shop, lambda: shop.udo("stop", "prod", "webapp"))
    done = shop.deploy("b")
    assert done.exit == 1
    last = done.stderr.splitlines()[-1]
    assert "of b.tgz to prod webapp stopped by arn:aws:iam::123456789012:user/" in last
    assert "MANUAL_STOP" not in last
    assert last.endswith("udo rollback prod webapp --code brings back a.tgz")
    assert " of b.tgz: Stopped by arn:aws:iam::123456789012:user/" in shop.why()
    assert shop.deploy("b").exit == 0
    everywhere(shop)


@pytest.mark.whole
def test_whoever_stops_it_otherwise_is_somebody(shop: Rehearsal) -> None:
    meanwhile(shop, lambda: shop.codedeploy.stop_deployment(deploymentId=shop.deployments()[0]["deploymentId"]))
    done = shop.deploy("b")
    assert done.exit == 1
    assert "to prod webapp stopped: MANUAL_STOP: somebody stopped it" in done.stderr.splitlines()[-1]
    assert "    MANUAL_STOP: somebody stopped it" in shop.why()
    assert shop.deploy("b").exit == 0
    everywhere(shop)


def rolls_back(shop: Rehearsal, *events: str) -> None:
    """Has CodeDeploy roll back after these, and `b` fail on every instance."""
    shop.configure(autoRollbackConfiguration={"enabled": True, "events": list(events or ["DEPLOYMENT_FAILURE"])})
    shop.fail("ApplicationStart", shop.members())


@pytest.mark.whole
def test_a_rollback_of_codedeploys_is_followed_and_the_exit_code_still_says_failed(shop: Rehearsal) -> None:
    rolls_back(shop)
    shop.write(CONFIG.format(more=hook(), deploy="", count=4))
    done = shop.deploy("b", "-o", "json")
    assert (done.exit, Path("hook.json").exists()) == (1, False)
    back, failed = shop.deployments()[:2]
    assert (back["status"], back["creator"], failed["status"]) == ("Succeeded", "codeDeployRollback", "Failed")
    assert shop.pages() == {"first\n"}
    assert done.json["error"]["message"].endswith(f"; CodeDeploy has rolled back with {back['deploymentId']}")
    assert f"wait for the rollback {back['deploymentId']} to s3://releases/a.tgz" in done.stderr
    data = done.json["data"]
    assert (data["deployment_id"], data["status"]) == (failed["deploymentId"], "Failed")
    assert f"since then: deployment {back['deploymentId']} of a.tgz succeeded" in shop.why()
    shop.mend()
    assert shop.deploy("b").exit == 0
    everywhere(shop)


@pytest.mark.whole
def test_a_rollback_that_fails_too_is_told_with_both_reasons(shop: Rehearsal) -> None:
    shop.put("a2", bundle("ValidateService", page="first\n"))
    assert shop.deploy("a2").exit == 0
    rolls_back(shop)
    shop.fail("ValidateService", shop.members(), "no answer\n")
    done = shop.deploy("b")
    back, failed = (one["deploymentId"] for one in shop.deployments()[:2])
    assert done.exit == 1
    assert (
        f"failed in ApplicationStart (scripts/ApplicationStart, exit 3); its rollback {back} failed too" in done.stderr
    )
    assert done.stdout.count("no port is free") == done.stdout.count("no answer") == 1
    lines = [line for line in shop.why().splitlines() if not line.startswith(" ")]
    assert f"deployment {back} of a2.tgz, the rollback of {failed}: Failed, " in lines[0]
    assert f"deployment {failed} of b.tgz: Failed, " in lines[1]
    shop.mend()
    assert shop.deploy("b").exit == 0
    everywhere(shop)


@pytest.mark.whole
def test_a_stop_that_asks_for_a_rollback_has_it_followed(shop: Rehearsal) -> None:
    meanwhile(shop, lambda: shop.udo("stop", "prod", "webapp", "--rollback"))
    done = shop.deploy("b")
    assert done.exit == 1
    back = shop.deployments()[0]
    assert (back["creator"], back["status"]) == ("codeDeployRollback", "Succeeded")
    last = done.stderr.splitlines()[-1]
    assert "stopped by arn:aws:" in last
    assert last.endswith(f"CodeDeploy has rolled back with {back['deploymentId']}")
    assert shop.pages() == {"first\n"}


@pytest.mark.whole
def test_an_alarm_that_goes_off_is_named(shop: Rehearsal, aws: Callable[..., Any]) -> None:
    cloudwatch = aws("cloudwatch")
    words = {"Namespace": "x", "MetricName": "y", "Period": 60, "EvaluationPeriods": 1, "Threshold": 1.0}
    compared = {"ComparisonOperator": "GreaterThanThreshold", "Statistic": "Sum", "TreatMissingData": "ignore"}
    cloudwatch.put_metric_alarm(AlarmName="slow-pages", **words, **compared)
    shop.configure(alarmConfiguration={"enabled": True, "alarms": [{"name": "slow-pages"}]})
    state = {"AlarmName": "slow-pages", "StateReason": "x"}
    meanwhile(shop, lambda: cloudwatch.set_alarm_state(StateValue="ALARM", **state))
    done = shop.deploy("b")
    assert done.exit == 1
    said = "ALARM_ACTIVE: an alarm of the deployment group, or of guards, went off (slow-pages)"
    assert said in done.stderr.splitlines()[-1]
    assert "-> see what the alarm says before you deploy again" in done.stdout
    assert f"    {said}\n" in shop.why()
    cloudwatch.set_alarm_state(StateValue="OK", **state)
    assert shop.deploy("b").exit == 0
    everywhere(shop)


@pytest.mark.whole
def test_throttled_at_a_third_of_all_requests_it_arrives_all_the_same(shop: Rehearsal) -> None:
    drawn = random.Random(13)
    for nth in range(1, 400):
        if drawn.random() < 0.35:
            shop.world.faults.add(Fault("throttle", nth=nth))
    done = shop.deploy("b")
    assert done.exit == 0, done.stderr
    shop.world.faults.clear()
    assert sum(one["creator"] == "user" for one in shop.deployments()) == 2
    everywhere(shop)


@pytest.mark.parametrize("how", some(("refused", "closed", "timeout"), "refused"))
@pytest.mark.parametrize("question", ["codedeploy:GetDeployment", "autoscaling:DescribeAutoScalingGroups"])
def test_a_network_that_is_away_for_minutes_is_survived_and_told_once(shop: Rehearsal, how: str, question: str) -> None:
    clock = shop.world.clock
    asked = 0

    def leave() -> None:
        until = clock.now() + 180

        def away(_request: Any) -> None:
            nonlocal asked
            asked += 1
            if clock.now() < until:
                raise Cut(how)

        shop.world.faults.add(Fault("hook", question, times=None, hook=away))

    # The second is asked once the deployment has ended.
    meanwhile(shop, leave)
    done = shop.deploy("b")
    assert done.exit == 0, done.stderr
    assert asked > 2
    assert done.stderr.count(f"warning: {question}: ") == 1
    assert done.stderr.count("AWS answers again") == 1
    shop.world.faults.clear()
    everywhere(shop)


def race(shop: Rehearsal, *revs: str) -> list[Ended]:
    """Runs a deployment of each in a process of its own, all at once, on a clock that runs."""
    shop.world.clock = Clock(speed=10, start=shop.world.clock.now())
    return [ended(one, 120) for one in [begun("deploy", "prod", "webapp", rev) for rev in revs]]


@pytest.mark.whole
def test_of_two_who_deploy_at_once_one_does_and_the_other_follows_or_is_told(
    shop: Rehearsal, served_world: Any
) -> None:
    for rev in ("c", "d"):
        shop.put(rev, bundle(page=f"{rev}\n"))
    for revs in (("b", "c"), ("d", "d")):
        before = len(shop.deployments())
        told = race(shop, *revs)
        assert sorted(one.code for one in told) in ([0, 0], [0, 4]), told
        loser = next((one for one in told if one.code == 4), None)
        if loser:
            assert re.search(r"deployment d-\w+ of .* is active since|locked by|DeploymentLimit", loser.stderr), loser
        made = [one for one in shop.deployments()[: len(shop.deployments()) - before] if one["creator"] == "user"]
        assert len(made) == (1 if loser or len(set(revs)) == 1 else 2)
        again = ended(begun("why", "prod", "webapp"))
        assert (again.code, again.stdout) == (0, "nothing has failed on prod webapp, as far back as AWS tells\n")


@pytest.mark.whole
def test_what_failed_is_told_by_a_process_that_knows_nothing_of_it(shop: Rehearsal, served_world: Any) -> None:
    shop.fail("ApplicationStart", shop.members())
    done = shop.deploy("b")
    story = done.stdout.splitlines()
    again = ended(begun("why", "prod", "webapp", env={"XDG_STATE_HOME": "/nonexistent"}))
    assert (again.code, again.stderr.count("warning")) == (0, 0), again
    told = [line.removeprefix("    ") for line in again.stdout.splitlines()[1:]]
    assert told[: len(story)] == story
    assert [line.split(":")[0] for line in told[len(story) :]] == ["-> once it is mended", "-> or back to a.tgz"]
