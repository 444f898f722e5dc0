"""AWS's own examples, as botocore carries them: each is sent as it stands, and the answer has the keys AWS shows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore import xform_name
from botocore.loaders import Loader
from kept import WORLDS

from udo.sandbox import strict
from udo.sandbox.strict.rules import operations

# Keys of AWS's answers that the sandbox's lack, each with the reason.
LACKING: dict[str, dict[str, str]] = {
    "DescribePolicies": {
        "ScalingPolicies[].MinAdjustmentStep": "AWS has replaced it by MinAdjustmentMagnitude",
    },
    "DescribeTrafficSources": {"NextToken": "an empty token is none"},
}
# Its answer is moto's, made of what the instance was asked for; no verb calls it.
PARTLY = {"GetLaunchTemplateData"}
# Here the sandbox looks at nothing but the names of filters.
FILTERED_ONLY = {"DescribeImages", "DescribeKeyPairs", "DescribeSecurityGroups", "DescribeSubnets", "DescribeVpcs"}
GROUP = "my-auto-scaling-group"
SIZES = {"MinSize": 1, "MaxSize": 5, "DesiredCapacity": 3}
TEMPLATE = "my-template-for-auto-scaling"


def _examples_of(service: str) -> dict[str, Any]:
    found: dict[str, Any] = Loader().load_service_model(service, "examples-1")["examples"]
    return found


def _examples() -> Iterator[Any]:
    strict.rules()
    ours = {name for service, name in operations() if service == "ec2"} | {"GetConsoleOutput", "GetLaunchTemplateData"}
    ours -= FILTERED_ONLY
    wanted = {"ec2": ours, "sts": {"GetCallerIdentity"}}
    # botocore has no examples for codedeploy and ssm as yet.
    for service in ("autoscaling", "ec2", "codedeploy", "ssm", "sts"):
        for operation, examples in _examples_of(service).items():
            if operation in wanted.get(service, {operation}):
                for number, example in enumerate(examples, start=1):
                    yield pytest.param(service, operation, example, id=f"{operation}-{number}")


class Stage:
    """What the examples name, built in an empty account; `ids` are ours for the ones that AWS hands out."""

    def __init__(self, client: Callable[[str], Any], step: Callable[[float], None]) -> None:
        self._client = client
        self.step = step
        # A schedule of AWS's example has begun long ago.
        self.ids: dict[str, str] = {"2014-05-12T08:00:00Z": "2030-05-12T08:00:00Z"}

    def __getattr__(self, service: str) -> Any:
        return self._client(service)

    def network(self) -> None:
        vpc = self.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        for number, name in enumerate(("subnet-057fa0918fEXAMPLE", "subnet-610acd08EXAMPLE", "subnet-7b16de0c")):
            made = self.ec2.create_subnet(
                VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"us-west-2{'abc'[number]}"
            )
            self.ids[name] = made["Subnet"]["SubnetId"]
        group = self.ec2.create_security_group(GroupName="web", Description="web", VpcId=vpc)["GroupId"]
        self.ids["sg-eb2af88e"] = group
        self.ec2.create_key_pair(KeyName="kp-us-east")
        self.iam.create_instance_profile(InstanceProfileName="my-iam-role")
        self._balancers(vpc)

    def _balancers(self, vpc: str) -> None:
        target = self.elbv2.create_target_group(Name="my-targets", Protocol="HTTP", Port=80, VpcId=vpc)
        arn = "arn:aws:elasticloadbalancing:us-west-2:123456789012:targetgroup/my-targets/73e2d6bc24d8a067"
        self.ids[arn] = target["TargetGroups"][0]["TargetGroupArn"]
        listener = {"Protocol": "HTTP", "LoadBalancerPort": 80, "InstancePort": 80}
        self.elb.create_load_balancer(
            LoadBalancerName="my-load-balancer", Listeners=[listener], Subnets=[self.ids["subnet-057fa0918fEXAMPLE"]]
        )

    def launch(self) -> None:
        image = self.ec2.register_image(Name="one", Architecture="x86_64")["ImageId"]
        for name in ("ami-12345678", "ami-8c1be5f6", "ami-c998b6b2"):
            self.ids[name] = image
        card = {"DeviceIndex": 0, "AssociatePublicIpAddress": True, "Ipv6AddressCount": 1, "DeleteOnTermination": False}
        card |= {"SubnetId": self.ids["subnet-7b16de0c"], "Groups": [self.ids["sg-eb2af88e"]]}
        card["Ipv6Addresses"] = [{"Ipv6Address": "2001:db8:1234:1a00::123"}]
        plain: dict[str, Any] = {"ImageId": image, "InstanceType": "t3.micro"}
        for name in (TEMPLATE, "my-launch-template-for-x86", "my-launch-template-for-arm"):
            self.ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData=plain)
            self.ec2.create_launch_template_version(LaunchTemplateName=name, LaunchTemplateData=plain)
        rich = {**plain, "NetworkInterfaces": [card], "KeyName": "kp-us-east", "UserData": ""}
        made = self.ec2.create_launch_template(
            LaunchTemplateName="webservers", LaunchTemplateData=rich, VersionDescription="WebVersion1"
        )
        self.ec2.create_launch_template_version(LaunchTemplateName="webservers", LaunchTemplateData=rich)
        self.ec2.modify_launch_template(LaunchTemplateName="webservers", DefaultVersion="2")
        for name in ("lt-0abcd290751193123", "lt-01238c059e3466abc", "068f72b72934aff71"):
            self.ids[name] = made["LaunchTemplate"]["LaunchTemplateId"]
        self.ids["SourceImage"] = image

    def group(self) -> None:
        self.autoscaling.create_launch_configuration(
            LaunchConfigurationName="my-launch-config",
            ImageId=self.ids["ami-12345678"],
            InstanceType="t3.micro",
            SecurityGroups=[self.ids["sg-eb2af88e"]],
            AssociatePublicIpAddress=True,
        )
        self.autoscaling.create_auto_scaling_group(
            AutoScalingGroupName=GROUP,
            LaunchConfigurationName="my-launch-config",
            VPCZoneIdentifier=self.ids["subnet-057fa0918fEXAMPLE"],
            Tags=[{"Key": key, "Value": "web", "PropagateAtLaunch": True} for key in ("Dept", "Role")],
            **SIZES,
        )
        (found,) = self.autoscaling.describe_auto_scaling_groups()["AutoScalingGroups"]
        members = [one["InstanceId"] for one in found["Instances"]]
        for name in ("i-93633f9b", "i-05b4f7d5be44822a6", "i-1234567890abcdef0", "i-1234567890abcdef5"):
            self.ids[name] = members[0]
        self.ids["0123d646e8048babc"] = members[0]

    def belongings(self) -> None:
        """What belongs to the group: hooks, policies, scheduled actions, load balancers."""
        own = {"AutoScalingGroupName": GROUP}
        self.autoscaling.put_lifecycle_hook(
            **own,
            LifecycleHookName="my-lifecycle-hook",
            LifecycleTransition="autoscaling:EC2_INSTANCE_LAUNCHING",
            NotificationTargetARN="arn:aws:sns:us-west-2:123456789012:my-sns-topic",
            RoleARN="arn:aws:iam::123456789012:role/my-auto-scaling-role",
        )
        self.autoscaling.put_scaling_policy(
            **own,
            PolicyName="my-step-scale-out-policy",
            PolicyType="StepScaling",
            AdjustmentType="PercentChangeInCapacity",
            MinAdjustmentMagnitude=1,
            StepAdjustments=[{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 20}],
        )
        self.autoscaling.put_scaling_policy(
            **own,
            PolicyName="ScaleOut",
            PolicyType="SimpleScaling",
            AdjustmentType="PercentChangeInCapacity",
            MinAdjustmentStep=2,
            ScalingAdjustment=25,
            Cooldown=60,
        )
        self.autoscaling.put_scheduled_update_group_action(
            **own,
            ScheduledActionName="my-scheduled-action",
            StartTime="2030-05-12T08:00:00Z",
            Recurrence="30 0 1 12 0",
            MinSize=2,
            MaxSize=6,
            DesiredCapacity=4,
        )
        for topic in ("my-sns-topic", "my-sns-topic-2"):
            self.autoscaling.put_notification_configuration(
                **own,
                TopicARN=f"arn:aws:sns:us-west-2:123456789012:{topic}",
                NotificationTypes=["autoscaling:TEST_NOTIFICATION"],
            )
        targets = next(ours for theirs, ours in self.ids.items() if ":targetgroup/" in theirs)
        self.autoscaling.attach_load_balancer_target_groups(**own, TargetGroupARNs=[targets])
        self.autoscaling.attach_load_balancers(**own, LoadBalancerNames=["my-load-balancer"])


def _without_group(stage: Stage) -> None:
    stage.autoscaling.delete_auto_scaling_group(AutoScalingGroupName=GROUP, ForceDelete=True)
    stage.autoscaling.delete_launch_configuration(LaunchConfigurationName="my-launch-config")


def _without_members(stage: Stage) -> None:
    stage.autoscaling.update_auto_scaling_group(AutoScalingGroupName=GROUP, MinSize=0, DesiredCapacity=0)


def _attachable(stage: Stage) -> None:
    made = stage.ec2.run_instances(ImageId=stage.ids["SourceImage"], MinCount=1, MaxCount=1, InstanceType="t3.micro")
    stage.ids["i-93633f9b"] = made["Instances"][0]["InstanceId"]


def _stopped(stage: Stage) -> None:
    stage.autoscaling.suspend_processes(AutoScalingGroupName=GROUP)
    stage.ec2.stop_instances(InstanceIds=[stage.ids["i-1234567890abcdef0"]])


def _standing_by(stage: Stage) -> None:
    stage.autoscaling.enter_standby(
        AutoScalingGroupName=GROUP, InstanceIds=[stage.ids["i-93633f9b"]], ShouldDecrementDesiredCapacity=True
    )


def _free_configuration(stage: Stage) -> None:
    moved = {"LaunchTemplateName": TEMPLATE, "Version": "1"}
    stage.autoscaling.update_auto_scaling_group(AutoScalingGroupName=GROUP, LaunchTemplate=moved)


def _held(stage: Stage) -> None:
    """A member waits for the group's hook."""
    from moto.autoscaling.models import autoscaling_backends

    stage.autoscaling.update_auto_scaling_group(AutoScalingGroupName=GROUP, DesiredCapacity=4)
    group: Any = autoscaling_backends["123456789012"]["us-west-2"].autoscaling_groups[GROUP]
    (waiting,) = [one for one in group.instance_states if one.lifecycle_state == "Pending:Wait"]
    stage.ids["bcd2f1b8-9a78-44d3-8a7a-4dd07d7cf635"] = waiting.udo_actions[0].token


def _alarm(stage: Stage) -> None:
    """The alarm that the examples name is in the state OK."""
    words = {"Namespace": "shop", "MetricName": "Errors", "Statistic": "Sum", "Period": 60, "Threshold": 1.0}
    more = {"EvaluationPeriods": 1, "TreatMissingData": "ignore", "ComparisonOperator": "GreaterThanThreshold"}
    stage.cloudwatch.put_metric_alarm(AlarmName="my-alarm", **words, **more)
    stage.cloudwatch.set_alarm_state(AlarmName="my-alarm", StateValue="OK", StateReason="so it is")


def _refreshing(stage: Stage) -> None:
    """A refresh has succeeded, and another one is under way."""
    _alarm(stage)
    for hook in stage.autoscaling.describe_lifecycle_hooks(AutoScalingGroupName=GROUP)["LifecycleHooks"]:
        name = hook["LifecycleHookName"]
        stage.autoscaling.delete_lifecycle_hook(AutoScalingGroupName=GROUP, LifecycleHookName=name)
    shown = _examples_of("autoscaling")["DescribeInstanceRefreshes"][0]["output"]["InstanceRefreshes"]
    desired = {"LaunchTemplate": {"LaunchTemplateName": TEMPLATE, "Version": "1"}}
    for row in reversed(shown):
        words = {"DesiredConfiguration": desired, "Preferences": row["Preferences"]}
        stage.autoscaling.start_instance_refresh(AutoScalingGroupName=GROUP, **words)
        stage.step(2 if row is shown[0] else 3600)


# How the account has to be before the operation of an example makes sense.
BEFORE: dict[str, Callable[[Stage], None]] = {
    "AttachInstances": _attachable,
    "CancelInstanceRefresh": _refreshing,
    "CompleteLifecycleAction": _held,
    "CreateAutoScalingGroup": _without_group,
    "CreateLaunchConfiguration": _without_group,
    "DeleteLaunchConfiguration": _free_configuration,
    "DeleteAutoScalingGroup-1": _without_members,
    "DescribeInstanceRefreshes": _refreshing,
    "ExitStandby": _standing_by,
    "RecordLifecycleActionHeartbeat": _held,
    "StartInstanceRefresh": _alarm,
    "StartInstances": _stopped,
}


# Of the stage that is built once.
_ids: dict[str, str] = {}


@pytest.fixture
def stage(world: Any) -> Stage:
    made = Stage(world.client, lambda seconds: (world.clock.step(seconds), world.advance()))

    def build() -> None:
        made.network()
        made.launch()
        made.group()
        made.belongings()
        # The group's cooldown is over.
        world.clock.step(600)
        _ids.update(made.ids)

    WORLDS.build(world, "what examples name", build)
    made.ids.update(_ids)
    return made


@pytest.mark.parametrize(("service", "operation", "example"), [*_examples()])
def test_an_example_of_aws_is_answered_as_aws_does(
    stage: Stage, aws: Any, service: str, operation: str, example: Any, request: pytest.FixtureRequest
) -> None:
    BEFORE.get(request.node.callspec.id, BEFORE.get(operation, lambda _stage: None))(stage)
    text = json.dumps(example.get("input") or {})
    for theirs, ours in stage.ids.items():
        text = text.replace(theirs, ours)
    call = getattr(aws(service), xform_name(operation))
    answer = call(**json.loads(text))
    answer.pop("ResponseMetadata")
    missing = _paths(example.get("output") or {}) - _paths(answer)
    if operation not in PARTLY:
        assert missing == set(LACKING.get(operation, {}))


def test_every_exception_is_about_an_example() -> None:
    examined = {param.values[1] for param in _examples()}
    assert set(LACKING) | PARTLY <= examined


def _paths(value: Any, at: str = "") -> set[str]:
    """The keys of an answer, each with those above it; all elements of a list together."""
    found = set()
    if isinstance(value, dict):
        for key, one in value.items():
            path = f"{at}.{key}" if at else key
            found |= {path} | _paths(one, path)
    elif isinstance(value, list):
        for one in value:
            found |= _paths(one, f"{at}[]")
    return found
