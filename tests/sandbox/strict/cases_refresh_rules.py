"""What instance refreshes may be asked for, and what is refused meanwhile: one case for each rule, named like it."""

from __future__ import annotations

from typing import Any

from account import Account, accepted, holds, refused
from cases_refreshes import NEXT, OWN, _alarm, _group, _shown, _start


def _refused(aws: Account, code: str, text: str = "", desired: Any = None, **preferences: Any) -> None:
    more = {"DesiredConfiguration": desired} if desired else {}
    refused(aws.autoscaling.start_instance_refresh, code, text, **OWN, Preferences=preferences, **more)


def one_refresh_at_a_time(aws: Account) -> None:
    _group(aws)
    _start(aws)
    _refused(aws, "InstanceRefreshInProgress", "An Instance Refresh is already in progress and blocks the execution")


def some_refreshes_are_irreversible(aws: Account) -> None:
    _group(aws, 2)
    back = aws.autoscaling.rollback_instance_refresh
    _start(aws)
    refused(back, "IrreversibleInstanceRefresh", **OWN)
    aws.autoscaling.cancel_instance_refresh(**OWN)
    aws.step(5)
    aws.update(LaunchTemplate={"LaunchTemplateName": "web", "Version": "$Latest"})
    _start(aws, NEXT)
    refused(back, "IrreversibleInstanceRefresh", "$Latest", **OWN)
    aws.autoscaling.cancel_instance_refresh(**OWN)
    aws.step(5)
    aws.ssm.put_parameter(Name="/image", Value=aws.image, Type="String")
    data = {"ImageId": "resolve:ssm:/image", "InstanceType": "t3.small"}
    aws.ec2.create_launch_template_version(LaunchTemplateName="web", LaunchTemplateData=data)
    aws.update(LaunchTemplate={"LaunchTemplateName": "web", "Version": "3"})
    _start(aws, NEXT)
    refused(back, "IrreversibleInstanceRefresh", "Systems Manager", **OWN)


def alarms_are_ok_when_a_refresh_starts(aws: Account) -> None:
    _group(aws, 2)
    _refused(aws, "ValidationError", "must be in the OK state", AlarmSpecification={"Alarms": ["errors"]})
    for state in ("ALARM", "INSUFFICIENT_DATA"):
        _alarm(aws, state)
        _refused(aws, "ValidationError", "must be in the OK state", AlarmSpecification={"Alarms": ["errors"]})
    names = [f"errors{number}" for number in range(11)]
    for name in names:
        _alarm(aws, "OK", name)
    _refused(aws, "ValidationError", "limited to 10", AlarmSpecification={"Alarms": names})
    _start(aws, AlarmSpecification={"Alarms": names[1:]})


def maximum_needs_a_minimum_within_a_hundred(aws: Account) -> None:
    _group(aws, 2)
    _refused(aws, "ValidationError", "MinHealthyPercentage must be specified", MaxHealthyPercentage=110)
    _refused(aws, "ValidationError", "less than or equal to 100", MinHealthyPercentage=50, MaxHealthyPercentage=151)
    _start(aws, MinHealthyPercentage=50, MaxHealthyPercentage=150)


def checkpoints_ascend(aws: Account) -> None:
    _group(aws, 2)
    for wrong in ([50, 20], [50, 50]):
        _refused(aws, "ValidationError", "ascending", CheckpointPercentages=wrong)
    _refused(aws, "ValidationError", "CheckpointPercentages must be specified", CheckpointDelay=60)


def automatic_rollbacks_need_a_desired_configuration(aws: Account) -> None:
    _group(aws, 2)
    _refused(aws, "ValidationError", "when the DesiredConfiguration parameter is empty", AutoRollback=True)
    aws.update(LaunchTemplate={"LaunchTemplateName": "web", "Version": "$Default"})
    _refused(aws, "ValidationError", "$Default", NEXT, AutoRollback=True)


def desired_configurations_name_one_source(aws: Account) -> None:
    _group(aws, 2)
    policy = {"LaunchTemplate": {"LaunchTemplateSpecification": NEXT["LaunchTemplate"]}}
    _refused(aws, "ValidationError", "either LaunchTemplate or", NEXT | {"MixedInstancesPolicy": policy})
    unknown = {"LaunchTemplate": {"LaunchTemplateName": "web", "Version": "7"}}
    _refused(aws, "ValidationError", "valid fully-formed launch template", unknown)


def attribute_based_groups_fail(aws: Account) -> None:
    aws.template()
    required = {"VCpuCount": {"Min": 1}, "MemoryMiB": {"Min": 512}}
    named = {"LaunchTemplateName": "web", "Version": "1"}
    policy = {
        "LaunchTemplate": {
            "LaunchTemplateSpecification": named,
            "Overrides": [{"InstanceRequirements": required}],
        }
    }
    aws.group(MixedInstancesPolicy=policy)
    for desired, more in ((None, {"SkipMatching": True}), ({"MixedInstancesPolicy": policy}, {})):
        _start(aws, desired, **more)
        aws.step(3)
        holds(_shown(aws)["Status"] == "Failed")
    _start(aws)
    aws.step(3)
    holds(_shown(aws)["Status"] == "Successful")


def launch_data_waits_for_the_refresh(aws: Account) -> None:
    _group(aws, 2)
    _start(aws, NEXT)
    told = "An active instance refresh with a desired configuration exists."
    refused(aws.update, "ValidationError", told, LaunchTemplate={"LaunchTemplateName": "web", "Version": "2"})
    accepted(aws.update, MaxSize=8)
    aws.autoscaling.cancel_instance_refresh(**OWN)
    aws.step(5)
    _start(aws)
    accepted(aws.update, LaunchTemplate={"LaunchTemplateName": "web", "Version": "2"})


def balancers_and_warm_pools_wait_for_the_refresh(aws: Account) -> None:
    _group(aws, 2)
    front = aws.balanced()
    _start(aws)
    api, code = aws.autoscaling, "InstanceRefreshInProgress"
    refused(api.attach_traffic_sources, code, **OWN, TrafficSources=[{"Identifier": front}])
    refused(api.attach_load_balancer_target_groups, code, **OWN, TargetGroupARNs=[front])
    refused(api.put_warm_pool, code, **OWN)
    aws.step(10)
    accepted(api.attach_load_balancer_target_groups, **OWN, TargetGroupARNs=[front])


def refreshes_last_two_weeks_at_most(aws: Account) -> None:
    _group(aws, 2)
    aws.autoscaling.suspend_processes(**OWN, ScalingProcesses=["Launch"])
    _start(aws)
    aws.step(13 * 86_400)
    holds(_shown(aws)["Status"] == "InProgress")
    aws.step(86_401)
    holds(_shown(aws)["Status"] == "Failed")


def groups_with_a_warm_pool_tell_of_both(aws: Account) -> None:
    _group(aws, 2)
    _start(aws)
    holds("ProgressDetails" not in _shown(aws))
    aws.step(10)
    accepted(aws.autoscaling.put_warm_pool, **OWN)
    _start(aws, NEXT, InstanceWarmup=60)
    aws.step(70)
    pools = _shown(aws)["ProgressDetails"]
    holds(pools["LivePoolProgress"] == {"PercentageComplete": 50, "InstancesToUpdate": 0}, str(pools))
    aws.autoscaling.rollback_instance_refresh(**OWN)
    holds(_shown(aws)["RollbackDetails"]["ProgressDetailsOnRollback"] == pools)


def root_volumes_are_replaced_where_they_can_be(aws: Account) -> None:
    named = {"LaunchTemplateName": "web", "Version": "1"}

    def policy(*overrides: dict[str, str], version: str = "1") -> dict[str, Any]:
        template = {"LaunchTemplateSpecification": named | {"Version": version}, "Overrides": list(overrides)}
        return {"MixedInstancesPolicy": {"LaunchTemplate": template}}

    def wrong(text: str, desired: dict[str, Any], name: str = "web") -> None:
        words = {"AutoScalingGroupName": name, "Strategy": "ReplaceRootVolume", "DesiredConfiguration": desired}
        refused(aws.autoscaling.start_instance_refresh, "ValidationError", text, **words)

    aws.template()
    small, large = ({"InstanceType": one, "ImageId": aws.image} for one in ("t3.small", "t3.large"))
    aws.group(LaunchTemplate=named)
    wrong("mixed instances policy", policy(small))
    aws.update(**policy(small))
    wrong("mixed instances policy", {"LaunchTemplate": named})
    wrong("must specify an ImageId", policy(small, {"InstanceType": "t3.large"}))
    wrong("specific version", policy(small, version="$Latest"))
    own = {"LaunchTemplateSpecification": named | {"Version": "$Default"}}
    wrong("specific version", policy(small | own))
    wrong("not of an instance type", policy(large))
    aws.group("balanced", TargetGroupARNs=[aws.balanced()], **policy(small))
    wrong("Elastic Load Balancing", policy(small), "balanced")
    aws.group("moving", **policy(small, version="$Latest"))
    wrong("specific version", policy(small), "moving")
    aws.template("other")
    aws.update(
        "web",
        MixedInstancesPolicy={
            "LaunchTemplate": {"LaunchTemplateSpecification": named | {"LaunchTemplateName": "other"}}
        },
    )
    wrong("not of the launch template of the group", policy(small))
    aws.autoscaling.put_warm_pool(**OWN)
    wrong("warm pools", policy(small))
