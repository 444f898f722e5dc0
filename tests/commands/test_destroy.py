"""destroy: a group ends with what is its own, whatever cuts it off, and nothing of others is touched."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from deploy_worlds import at, begin, config, members, writes
from refresh_worlds import under_way
from test_scale import sizes
from test_suspend import suspended
from whole import some

from udo.sandbox.faults import Fault, Killed
from udo.sandbox.strict.delays import delays

Udo = Callable[..., Any]
Seeded = Callable[..., Any]
DESTROY = ("destroy", "prod", "webapp")
SURE = (*DESTROY, "--confirm", "prod-webapp")
OTHERS = {"prod-web", "stage2-empty", "stage2-web_app-x"}
STRAYS = ("prod-webapp-v2-keep", "prod-webapp2-v1", "prod-web-v2")


@pytest.fixture
def shop(world: Any, seeded: Seeded) -> Any:
    """prod webapp and prod web, each with a deployment group, and launch configurations named almost like theirs."""
    seeded(config())
    for name in STRAYS:
        configuration(world, name)
    world.log.clear()
    return world


def configuration(world: Any, name: str) -> None:
    asked = {"ImageId": "ami-0aaaaaaaaaaaaaaaa", "InstanceType": "t3.small"}
    world.client("autoscaling").create_launch_configuration(LaunchConfigurationName=name, **asked)


def configurations(world: Any) -> set[str]:
    told = world.client("autoscaling").describe_launch_configurations()["LaunchConfigurations"]
    return {one["LaunchConfigurationName"] for one in told}


def groups(world: Any) -> set[str]:
    told = world.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    return {one["AutoScalingGroupName"] for one in told}


def joined(world: Any, name: str = "prod-webapp") -> set[str]:
    asked = {"applicationName": "shop", "deploymentGroupName": name}
    told = world.client("codedeploy").get_deployment_group(**asked)["deploymentGroupInfo"]
    return {one["name"] for one in told["autoScalingGroups"]}


def join(world: Any, *names: str) -> None:
    asked = {"applicationName": "shop", "currentDeploymentGroupName": "prod-webapp"}
    world.client("codedeploy").update_deployment_group(**asked, autoScalingGroups=list(names))


def hold(world: Any) -> None:
    """Terminations wait for somebody's word, for a minute."""
    world.client("autoscaling").put_lifecycle_hook(
        LifecycleHookName="drain",
        AutoScalingGroupName="prod-webapp",
        LifecycleTransition="autoscaling:EC2_INSTANCE_TERMINATING",
        HeartbeatTimeout=60,
        DefaultResult="CONTINUE",
    )


def change(world: Any, **more: Any) -> None:
    world.client("autoscaling").update_auto_scaling_group(AutoScalingGroupName="prod-webapp", **more)


def tag(world: Any, key: str, value: str) -> None:
    one = {"ResourceId": "prod-webapp", "ResourceType": "auto-scaling-group", "Key": key, "Value": value}
    world.client("autoscaling").create_or_update_tags(Tags=[{**one, "PropagateAtLaunch": False}])


def is_gone(world: Any) -> bool:
    """Whether the group is gone with all that was its own, and everything else is there."""
    names = world.client("ec2").describe_launch_templates()["LaunchTemplates"]
    locks = world.client("ssm").describe_parameters()["Parameters"]
    own = {"prod-webapp"} & {one["LaunchTemplateName"] for one in names}
    assert configurations(world) == {*STRAYS}
    assert (joined(world, "prod-web"), sizes(world, "prod-web")) == ({"prod-web"}, (0, 1, 9))
    return not (own or locks or "prod-webapp" in joined(world)) and groups(world) == OTHERS


def nothing_was_written(world: Any) -> bool:
    return not writes(world) and sizes(world) == (0, 3, 9)


def test_a_group_ends_with_what_is_its_own_and_nothing_of_others(shop: Any, udo: Udo) -> None:
    for name in ("prod-webapp", "prod-webapp-v3"):
        configuration(shop, name)
    done = udo(*SURE)
    assert (done.exit, done.stdout) == (0, "prod-webapp is destroyed\n"), done.stderr
    assert writes(shop) == [
        "CreateOrUpdateTags",
        "SuspendProcesses",
        "UpdateAutoScalingGroup",
        "UpdateDeploymentGroup",
        "DeleteAutoScalingGroup",
        "DeleteLaunchConfiguration",
        "DeleteLaunchConfiguration",
        "DeleteLaunchTemplate",
    ]
    assert is_gone(shop)
    done = udo(*SURE)
    assert (done.exit, done.stdout) == (0, "nothing to destroy: prod-webapp does not exist\n")


def test_a_dry_run_shows_all_steps(shop: Any, udo: Udo) -> None:
    shown = udo(*DESTROY, "--dry-run").stdout
    told = ("udo:asleep", "suspend", "set the sizes", "is empty", "take prod-webapp out", "delete group", "is gone")
    at_lines = [shown.index(text) for text in (*told, "delete launch template prod-webapp")]
    assert at_lines == sorted(at_lines)
    assert nothing_was_written(shop)


@pytest.mark.parametrize("more", [("--yes",), (), ("--yes", "--confirm", "prod-web"), ("--confirm", "prod-webapp2")])
def test_nothing_but_the_name_of_the_group_confirms(shop: Any, udo: Udo, more: tuple[str, ...]) -> None:
    done = udo(*DESTROY, *more)
    assert done.exit == 7
    assert ("--confirm prod-webapp" in done.stderr) == ("--confirm" not in more)
    assert nothing_was_written(shop)


@pytest.mark.parametrize(("typed", "code"), [("prod-webapp\n", 0), ("y\n", 7), ("\n", 7), ("", 7), ("prod-web\n", 7)])
def test_on_a_terminal_the_name_is_typed(
    shop: Any, udo: Udo, monkeypatch: pytest.MonkeyPatch, typed: str, code: int
) -> None:
    answer = io.StringIO(typed)
    answer.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr("sys.stdin", answer)
    done = udo(*DESTROY, "--yes")
    assert (done.exit, "terminate its 3 members? Type its name:" in done.stderr) == (code, True)
    # What is asked about is shown before.
    assert "delete group prod-webapp" in done.stderr.partition("Type its name:")[0]
    assert (done.exit == 0) == ("prod-webapp" not in groups(shop))
    # --yes is no answer; what is one is named.
    assert (done.exit == 0) == ("without a question: udo destroy prod webapp --confirm prod-webapp" not in done.stderr)


@pytest.mark.parametrize("nth", some(range(1, 60, 2), *range(1, 60, 16)))
@pytest.mark.parametrize("fault", [Fault("kill"), Fault("drop", after=True)], ids=["kill", "drop"])
@pytest.mark.whole
def test_whatever_cuts_it_off_the_same_command_ends_it(shop: Any, udo: Udo, fault: Fault, nth: int) -> None:
    configuration(shop, "prod-webapp-v1")
    delays.terminate = 30.0
    shop.faults.add(replace(fault, nth=nth))
    with suppress(Killed):
        udo(*SURE)
    shop.faults.clear()
    assert udo("unlock", "prod", "webapp", "--yes").exit == 0
    assert udo(*SURE).exit == 0
    assert is_gone(shop)


def test_until_it_is_deleted_it_can_be_woken(shop: Any, udo: Udo) -> None:
    change(shop, MinSize=1, DesiredCapacity=2, MaxSize=7)
    shop.faults.add(Fault("kill", "DeleteAutoScalingGroup"))
    with pytest.raises(Killed):
        udo(*SURE)
    shop.faults.clear()
    assert (sizes(shop), members(shop)) == ((0, 0, 0), [])
    assert udo("unlock", "prod", "webapp", "--yes").exit == 0
    assert udo("wake", "prod", "webapp").exit == 0
    assert (sizes(shop), len(members(shop)), suspended(shop)) == ((1, 2, 7), 2, set())


def test_it_waits_for_the_lifecycle_hooks_and_tells_who_is_left(shop: Any, udo: Udo) -> None:
    hold(shop)
    begun = shop.clock.now()
    done = udo(*SURE)
    assert done.exit == 0, done.stderr
    assert "3 left, 3 Terminating:Wait" in done.stderr
    assert shop.clock.now() - begun >= 60
    assert is_gone(shop)


def test_force_skips_the_hooks_and_says_so(shop: Any, udo: Udo) -> None:
    hold(shop)
    begun = shop.clock.now()
    done = udo(*SURE, "--force")
    assert (done.exit, "--force skips the termination hooks" in done.stderr) == (0, True), done.stderr
    assert shop.clock.now() - begun < 60
    assert writes(shop)[:2] == ["UpdateDeploymentGroup", "DeleteAutoScalingGroup"]
    assert is_gone(shop)


def test_without_force_nothing_is_deleted_by_force(shop: Any, udo: Udo) -> None:
    assert udo(*SURE).exit == 0
    (sent,) = [one for one in shop.log if one.operation == "DeleteAutoScalingGroup"]
    assert "ForceDelete" not in sent.params


def test_a_deadline_says_how_to_go_on_and_the_wait_goes_on(shop: Any, udo: Udo) -> None:
    hold(shop)
    done = udo(*SURE, "--timeout", "10s")
    assert done.exit == 124
    assert "udo destroy prod webapp --confirm prod-webapp" in done.stderr
    assert "udo wake prod webapp" in done.stderr
    assert "prod-webapp" in joined(shop)
    assert udo(*SURE).exit == 0
    assert is_gone(shop)


@pytest.mark.parametrize(
    ("level", "more", "code"),
    [
        ("prevent-all-deletion", (), 7),
        ("prevent-all-deletion", ("--force",), 7),
        ("prevent-force-deletion", ("--force",), 7),
        ("prevent-force-deletion", (), 0),
    ],
)
def test_deletion_protection_refuses_and_says_how(
    shop: Any, udo: Udo, level: str, more: tuple[str, ...], code: int
) -> None:
    change(shop, DeletionProtection=level)
    shop.log.clear()
    done = udo(*SURE, *more)
    assert done.exit == code, done.stderr
    if code:
        assert "set 'deletion_protection: none' for it in udo.yml, then: udo update prod webapp" in done.stderr
        assert ("leave out --force" in done.stderr) == (level == "prevent-force-deletion")
        assert nothing_was_written(shop)


@pytest.mark.parametrize("protected", ["true", "[destroy]"])
def test_a_protected_role_is_refused_and_the_place_is_named(
    world: Any, udo: Udo, seeded: Seeded, protected: str
) -> None:
    seeded(config(f"protected: {protected}"))
    done = udo(*SURE, "--yes", "--force")
    assert (done.exit, "udo.yml:" in done.stderr) == (7, True)
    assert nothing_was_written(world)


def test_a_group_of_a_stack_is_refused(shop: Any, udo: Udo) -> None:
    tag(shop, "aws:cloudformation:stack-name", "shop-stack")
    shop.log.clear()
    done = udo(*SURE, "--force")
    assert (done.exit, "CloudFormation stack shop-stack" in done.stderr) == (7, True)
    assert nothing_was_written(shop)


def test_members_that_would_stay_are_named_with_what_to_do(shop: Any, udo: Udo) -> None:
    client, (one, *_) = shop.client("autoscaling"), members(shop)
    who = {"AutoScalingGroupName": "prod-webapp", "InstanceIds": [one]}
    client.set_instance_protection(**who, ProtectedFromScaleIn=True)
    done = udo(*SURE)
    assert (done.exit, f"--instance-ids {one} --no-protected-from-scale-in" in done.stderr) == (7, True)
    client.set_instance_protection(**who, ProtectedFromScaleIn=False)
    client.suspend_processes(AutoScalingGroupName="prod-webapp", ScalingProcesses=["Terminate"])
    done = udo(*SURE)
    assert (done.exit, "udo resume prod webapp Terminate" in done.stderr) == (7, True)
    client.resume_processes(AutoScalingGroupName="prod-webapp", ScalingProcesses=["Terminate"])
    client.enter_standby(**who, ShouldDecrementDesiredCapacity=True)
    done = udo(*SURE)
    assert (done.exit, f"udo standby prod webapp {one} --return" in done.stderr) == (7, True)
    assert sizes(shop) == (0, 2, 9)
    assert "prod-webapp" in joined(shop)
    assert udo(*SURE, "--force").exit == 0
    assert is_gone(shop)


def test_a_member_that_is_protected_meanwhile_ends_the_wait(shop: Any, udo: Udo) -> None:
    who = {"AutoScalingGroupName": "prod-webapp", "InstanceIds": members(shop)}
    client = shop.client("autoscaling")
    at(shop, "UpdateAutoScalingGroup", lambda: client.set_instance_protection(**who, ProtectedFromScaleIn=True))
    done = udo(*SURE)
    assert (done.exit, "protected from scale-in" in done.stderr) == (1, True)
    assert "prod-webapp" in joined(shop)


def test_somebody_who_scales_up_meanwhile_is_not_overrun(shop: Any, udo: Udo) -> None:
    hold(shop)
    shop.faults.add(
        Fault("hook", "DescribeAutoScalingGroups", nth=9, hook=lambda _: change(shop, MaxSize=5, DesiredCapacity=2))
    )
    done = udo(*SURE)
    assert (done.exit, "is 2 again" in done.stderr) == (4, True), done.stderr
    assert "DeleteAutoScalingGroup" not in writes(shop)
    assert "prod-webapp" in joined(shop)


def test_sizes_that_move_just_before_it_is_deleted_keep_it(shop: Any, udo: Udo) -> None:
    at(shop, "UpdateDeploymentGroup", lambda: change(shop, MaxSize=5, DesiredCapacity=2))
    done = udo(*SURE)
    assert (done.exit, "sizes of prod-webapp" in done.stderr) == (4, True), done.stderr
    assert len(members(shop)) == 2
    assert udo(*SURE).exit == 0
    assert is_gone(shop)


def test_an_active_deployment_is_somebody_at_work(shop: Any, udo: Udo) -> None:
    begin(shop)
    shop.log.clear()
    done = udo(*SURE)
    assert (done.exit, "wait for its end, or use 'udo stop'" in done.stderr) == (4, True), done.stderr
    assert nothing_was_written(shop)


def test_an_instance_refresh_is_somebody_at_work(shop: Any, udo: Udo) -> None:
    under_way(shop)
    done = udo(*SURE)
    assert (done.exit, "an instance refresh of prod-webapp is" in done.stderr) == (4, True), done.stderr
    assert nothing_was_written(shop)


def test_what_another_group_launches_from_stays(shop: Any, udo: Udo) -> None:
    configuration(shop, "prod-webapp-v3")
    client = shop.client("autoscaling")
    sent = {"AvailabilityZones": ["us-west-2a"], "MinSize": 0, "MaxSize": 1}
    template = {"LaunchTemplateName": "prod-webapp", "Version": "1"}
    client.create_auto_scaling_group(AutoScalingGroupName="a", LaunchConfigurationName="prod-webapp-v3", **sent)
    client.create_auto_scaling_group(AutoScalingGroupName="b", LaunchTemplate=template, **sent)
    done = udo(*SURE)
    assert (done.exit, "prod-webapp" in groups(shop)) == (0, False)
    assert "launch configuration prod-webapp-v3 stays: a uses it" in done.stderr
    assert "launch template prod-webapp stays: b uses it" in done.stderr
    assert "prod-webapp-v3" in configurations(shop)
    assert udo(*SURE).stdout == "nothing to destroy: prod-webapp does not exist\n"


def test_who_comes_to_use_its_launch_template_meanwhile_keeps_it(shop: Any, udo: Udo) -> None:
    client = shop.client("autoscaling")
    template = {"LaunchTemplateName": "prod-webapp", "Version": "1"}
    sent = {"AvailabilityZones": ["us-west-2a"], "MinSize": 0, "MaxSize": 1, "LaunchTemplate": template}
    at(shop, "DeleteAutoScalingGroup", lambda: client.create_auto_scaling_group(AutoScalingGroupName="b", **sent))
    assert udo(*SURE).exit == 4
    assert "DeleteLaunchTemplate" not in writes(shop)
    assert udo(*SURE).exit == 0


def test_launch_data_of_another_name_stays_and_is_named(shop: Any, udo: Udo) -> None:
    change(shop, LaunchConfigurationName="prod-webapp2-v1")
    done = udo(*SURE)
    assert "launch configuration prod-webapp2-v1 stays: its name is not one of prod-webapp's family" in done.stderr
    assert is_gone(shop)


def test_a_group_in_deletion_is_waited_for_and_the_rest_follows(shop: Any, udo: Udo) -> None:
    delays.terminate = 90.0
    shop.client("autoscaling").delete_auto_scaling_group(AutoScalingGroupName="prod-webapp", ForceDelete=True)
    shop.log.clear()
    done = udo(*SURE)
    assert done.exit == 0, done.stderr
    assert writes(shop) == ["UpdateDeploymentGroup", "DeleteLaunchTemplate"]
    assert is_gone(shop)


def test_an_empty_group_is_not_put_to_rest_first(shop: Any, udo: Udo) -> None:
    assert udo("destroy", "stage2", "empty", "--confirm", "stage2-empty").exit == 0
    assert writes(shop)[-3:] == ["UpdateDeploymentGroup", "DeleteAutoScalingGroup", "DeleteLaunchTemplate"]


def test_a_group_that_another_one_serves_in_place_of_is_told_and_that_one_stays(shop: Any, udo: Udo) -> None:
    assert udo(*SURE).exit == 0
    asked = {"applicationName": "shop", "currentDeploymentGroupName": "prod-webapp"}
    style = {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITHOUT_TRAFFIC_CONTROL"}
    shop.client("codedeploy").update_deployment_group(**asked, deploymentStyle=style, autoScalingGroups=["prod-web"])
    shop.log.clear()
    done = udo(*SURE)
    assert (done.exit, writes(shop), joined(shop)) == (0, [], {"prod-web"})
    assert "prod webapp is served by prod-web now (blue/green)" in done.stderr


def test_reload_names_what_does_it_without_losing_anything(shop: Any, udo: Udo) -> None:
    done = udo("reload", "prod", "webapp")
    assert (done.exit, writes(shop)) == (2, [])
    for verb in ("update", "updatelc", "deploy"):
        assert f"'udo {verb} prod webapp" in done.stderr
