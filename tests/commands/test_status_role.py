"""The page of one role: its group's settings, what goes on with it, and its members with why they are not healthy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from deploy_worlds import OTHER, SHA, begin, config, end, members, revision
from launch_worlds import CONFIG, configuration_world, template_world, write_config
from test_screens import _compare, _on, _same_everywhere
from test_status_page import target_group

from udo.sandbox.faults import Fault, InstanceFault
from udo.sandbox.strict import DeploymentFault, delays, deployment_faults

__all__ = ["_same_everywhere"]
Udo = Callable[..., Any]
ROLE = ("status", "prod", "webapp")
READS = {
    "DescribeInstanceRefreshes": "refresh",
    "DescribeLifecycleHooks": "hooks",
    "DescribePolicies": "policies",
    "DescribeScheduledActions": "schedules",
}


@pytest.fixture
def busy(world: Any, seeded: Any) -> Any:
    """prod-webapp in trouble: behind a target group, a deployment that failed, one that runs, hooks and policies."""
    seeded(config("target_groups: [front], tags: {team: web}, protected: [deploy]"))
    autoscaling = world.client("autoscaling")
    words = {"AutoScalingGroupName": "prod-webapp"}
    autoscaling.put_scaling_policy(
        **words,
        PolicyName="cpu",
        PolicyType="TargetTrackingScaling",
        TargetTrackingConfiguration={
            "PredefinedMetricSpecification": {"PredefinedMetricType": "ASGAverageCPUUtilization"},
            "TargetValue": 55.0,
        },
    )
    autoscaling.put_lifecycle_hook(
        **words,
        LifecycleHookName="drain",
        LifecycleTransition="autoscaling:EC2_INSTANCE_TERMINATING",
        HeartbeatTimeout=120,
        DefaultResult="CONTINUE",
    )
    autoscaling.suspend_processes(**words, ScalingProcesses=["ReplaceUnhealthy", "AddToLoadBalancer", "HealthCheck"])
    world.clock.step(86_400)
    begin(world)
    end(world)
    deployment_faults.add(DeploymentFault(event="ValidateService"))
    begin(world, OTHER)
    end(world)
    deployment_faults.clear()
    world.clock.step(7_200)
    autoscaling.put_scheduled_update_group_action(
        **words, ScheduledActionName="night", Recurrence="0 22 * * *", MinSize=0, DesiredCapacity=0
    )
    first, second, third = members(world)
    autoscaling.set_instance_health(InstanceId=first, HealthStatus="Unhealthy", ShouldRespectGracePeriod=False)
    autoscaling.set_instance_protection(**words, InstanceIds=[second], ProtectedFromScaleIn=True)
    world.faults.add(InstanceFault("unhealthy", third))
    tag = {"ResourceId": "prod-webapp", "ResourceType": "auto-scaling-group", "PropagateAtLaunch": False}
    autoscaling.create_or_update_tags(Tags=[tag | {"Key": "team", "Value": "shop"}])
    return world


def test_a_role_has_its_settings_and_a_row_a_member_with_why_it_is_not_healthy(busy: Any, udo: Udo) -> None:
    (row,) = udo(*ROLE, "-o", "json").json["data"]
    first, second, third = row["instances"]
    assert row["health"] == {"unhealthy": 2, "healthy": 1}
    assert (first["condition"], first["why"]) == ("unhealthy", ["the group says Unhealthy"])
    assert (second["condition"], second["why"], second["protected_from_scale_in"]) == ("healthy", [], True)
    why = "front: unhealthy (Target.ResponseCodeMismatch, Health checks failed with these codes: [502])"
    assert (third["condition"], third["why"]) == ("unhealthy", [why])
    assert [hook["name"] for hook in row["hooks"]][-1] == "drain"
    assert row["hooks"][-1] == {"name": "drain", "holds": "terminating", "seconds": 120, "default_result": "CONTINUE"}
    assert row["policies"][0]["aim"] == "ASGAverageCPUUtilization 55"
    assert row["schedules"][0]["recurrence"] == "0 22 * * *"
    assert row["refresh"] is None
    told = udo(*ROLE)
    assert (told.exit, told.stderr) == (0, "")
    assert f"not healthy    1 member: the group says Unhealthy; 1 member: {why}\n" in told.stdout


def test_each_member_has_the_revision_that_last_succeeded_on_it(
    world: Any, udo: Udo, seeded: Callable[[str], Any]
) -> None:
    seeded(config())
    one = begin(world)
    end(world)
    deployment_faults.add(DeploymentFault(event="ValidateService", instance=3))
    two = begin(world, OTHER)
    end(world)
    (row,) = udo(*ROLE, "-o", "json").json["data"]
    told = [(member["deployment_id"], member["revision"]) for member in row["instances"]]
    assert told.count((one, revision())) == 1
    assert told.count((two, revision(OTHER))) == 2
    lines = [line for line in udo(*ROLE).stdout.splitlines() if line.startswith("i-")]
    assert [sum(commit in line for line in lines) for commit in (OTHER, SHA)] == [2, 1]


def test_who_never_was_deployed_to_has_no_revision(world: Any, udo: Udo, seeded: Callable[[str], Any]) -> None:
    seeded(config())
    (row,) = udo(*ROLE, "-o", "json").json["data"]
    assert [member["revision"] for member in row["instances"]] == [None] * 3


@pytest.mark.parametrize("operation", READS)
def test_what_aws_does_not_tell_of_one_group_is_a_question_mark_and_a_footnote(
    world: Any, udo: Udo, operation: str
) -> None:
    configuration_world(world)
    write_config()
    world.faults.add(Fault("deny", operation, times=None))
    told = udo(*ROLE, "-o", "json")
    assert (told.exit, told.json["data"][0][READS[operation]]) == (0, "?")
    text = udo(*ROLE)
    assert text.stderr.startswith(f"?: autoscaling:{operation}")
    assert any(line.split() == [READS[operation], "?"] for line in text.stdout.splitlines())


def test_members_that_ec2_does_not_tell_of_have_question_marks(world: Any, udo: Udo) -> None:
    template_world(world)
    write_config()
    world.faults.add(Fault("deny", "DescribeInstances", times=None))
    told = udo(*ROLE)
    assert (told.exit, told.stderr.count("\n")) == (0, 1)
    lines = [line for line in told.stdout.splitlines() if line.startswith("i-")]
    assert [line.split()[-1] for line in lines] == ["?", "?"]


def test_lists_of_one_are_the_page_of_all_and_an_absent_group_is_a_row(world: Any, udo: Udo) -> None:
    configuration_world(world)
    write_config(CONFIG + "      worker: {}\n")
    for words in (("prod", "*"), ("prod.*",), ("prod", "webapp,worker"), ("prod", "worker")):
        assert "IN SERVICE/DESIRED" in udo("status", *words).stdout
    for words in (("prod", "webapp"), ("prod.webapp",)):
        assert udo("status", *words).stdout.startswith("group ")


def test_of_a_group_that_does_not_exist_nothing_else_is_told(world: Any, udo: Udo) -> None:
    configuration_world(world)
    world.client("autoscaling").delete_auto_scaling_group(AutoScalingGroupName="prod-webapp", ForceDelete=True)
    write_config()
    told = udo(*ROLE)
    assert (told.exit, told.stderr, "absent" in told.stdout) == (0, "", True)


def test_the_page_of_an_empty_group_says_so(world: Any, udo: Udo) -> None:
    configuration_world(world)
    client = world.client("autoscaling")
    client.update_auto_scaling_group(AutoScalingGroupName="prod-webapp", MinSize=0, DesiredCapacity=0)
    write_config()
    told = udo(*ROLE)
    assert (told.exit, told.stderr) == (0, "group prod-webapp is empty\n")
    assert "INSTANCE" not in told.stdout
    assert "DescribeInstances" not in [one.operation for one in world.log]


def test_a_target_that_does_not_answer_is_named_with_the_reason_of_its_target_group(world: Any, udo: Udo) -> None:
    configuration_world(world)
    arn = target_group(world)
    client = world.client("autoscaling")
    client.attach_load_balancer_target_groups(AutoScalingGroupName="prod-webapp", TargetGroupARNs=[arn])
    write_config()
    second = members(world)[1]
    world.faults.add(InstanceFault("unhealthy", second))
    (row,) = udo(*ROLE, "-o", "json").json["data"]
    why = "front: unhealthy (Target.ResponseCodeMismatch, Health checks failed with these codes: [502])"
    assert [member["why"] for member in row["instances"]] == [[], [why]]
    assert row["targets"][arn][1]["reason"] == "Target.ResponseCodeMismatch"
    assert udo("status", "-o", "json").json["data"][0]["health"] == {"unhealthy": 1, "healthy": 1}
    assert f"not healthy    1 member: {why}\n" in udo(*ROLE).stdout
    world.clock.step(100)
    delays.target = 30
    client.set_desired_capacity(AutoScalingGroupName="prod-webapp", DesiredCapacity=3)
    assert udo("status", "-o", "json").json["data"][0]["health"] == {"unhealthy": 1, "initial": 1, "healthy": 1}


def test_a_target_that_is_stopped_is_named_with_the_reason_that_its_target_group_gives(world: Any, udo: Udo) -> None:
    configuration_world(world)
    arn = target_group(world)
    client = world.client("autoscaling")
    client.attach_load_balancer_target_groups(AutoScalingGroupName="prod-webapp", TargetGroupARNs=[arn])
    client.suspend_processes(AutoScalingGroupName="prod-webapp", ScalingProcesses=["HealthCheck", "ReplaceUnhealthy"])
    first = members(world)[0]
    world.client("ec2").stop_instances(InstanceIds=[first])
    write_config()
    told = udo(*ROLE, "-o", "json").json["data"][0]["instances"][0]
    assert told["why"] == ["front: unused (Target.InvalidState, Target is in the stopped state)"]


@pytest.mark.parametrize("name", ["status-of-a-role", "status-in-trouble"])
def test_the_pages_fit_their_terminals(busy: Any, udo: Udo, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    busy.client("autoscaling").terminate_instance_in_auto_scaling_group(
        InstanceId=members(busy, "prod-web")[0], ShouldDecrementDesiredCapacity=False
    )
    begin(busy, "2" * 40, group="s")
    words = ROLE if name == "status-of-a-role" else ("status",)
    screens = {f"{columns} columns": _on(columns, monkeypatch, lambda: udo(*words)) for columns in (60, 80, 140)}
    _compare(name, screens | {"a pipe": udo(*words).stdout})


@pytest.mark.parametrize(
    ("tag", "stack", "said"),
    [
        ({"Key": "aws:cloudformation:stack-name", "Value": "shop"}, "shop", "the CloudFormation stack shop"),
        ({"Key": "ManagedBy", "Value": "terraform"}, None, "Terraform (tag ManagedBy: terraform)"),
    ],
)
def test_what_a_group_belongs_to_is_named_on_its_page(
    world: Any, udo: Udo, tag: dict[str, str], stack: str | None, said: str
) -> None:
    configuration_world(world)
    write_config(CONFIG)
    assert udo(*ROLE, "-o", "json").json["data"][0]["stack"] is None
    assert "belongs to" not in udo(*ROLE).stdout
    where = {"ResourceId": "prod-webapp", "ResourceType": "auto-scaling-group", "PropagateAtLaunch": False}
    world.client("autoscaling").create_or_update_tags(Tags=[{**tag, **where}])
    assert udo(*ROLE, "-o", "json").json["data"][0]["stack"] == stack
    assert [line.split(maxsplit=2)[2] for line in udo(*ROLE).stdout.splitlines() if "belongs to" in line] == [said]
