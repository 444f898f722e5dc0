"""Instance refreshes: one case for each of their rules, named like it."""

from __future__ import annotations

from typing import Any

from account import Account, accepted, holds, refused

NEXT = {"LaunchTemplate": {"LaunchTemplateName": "web", "Version": "2"}}
OWN = {"AutoScalingGroupName": "web"}


def _group(aws: Account, size: int = 2, version: str = "1", **more: Any) -> list[str]:
    """A group on the first of two versions of a template, of different types; returns its members."""
    aws.template()
    data = {"ImageId": aws.image, "InstanceType": "t3.large"}
    aws.ec2.create_launch_template_version(LaunchTemplateName="web", LaunchTemplateData=data)
    return aws.group(size=size, LaunchTemplate={"LaunchTemplateName": "web", "Version": version}, **more)


def _start(aws: Account, desired: Any = None, **preferences: Any) -> str:
    more = {"DesiredConfiguration": desired} if desired else {}
    return str(
        accepted(aws.autoscaling.start_instance_refresh, **OWN, Preferences=preferences, **more)["InstanceRefreshId"]
    )


def _shown(aws: Account) -> dict[str, Any]:
    return dict(aws.autoscaling.describe_instance_refreshes(**OWN)["InstanceRefreshes"][0])


def _ended(aws: Account, step: float = 20.0, most: float = 6 * 3600.0) -> dict[str, Any]:
    """The refresh as it ended, the clock going on step by step."""
    passed = 0.0
    while "EndTime" not in _shown(aws):
        assert passed < most, _shown(aws)
        aws.step(step)
        passed += step
    return _shown(aws)


def _states(aws: Account) -> list[str]:
    return sorted(one["LifecycleState"] for one in aws.described()["Instances"])


def _versions(aws: Account) -> list[str]:
    return sorted(one["LaunchTemplate"]["Version"] for one in aws.described()["Instances"])


def _alarm(aws: Account, state: str, name: str = "errors") -> None:
    aws.cloudwatch.put_metric_alarm(
        AlarmName=name,
        ComparisonOperator="GreaterThanThreshold",
        EvaluationPeriods=1,
        Threshold=1.0,
        TreatMissingData="ignore",
        Period=60,
        MetricName="Errors",
        Namespace="shop",
        Statistic="Sum",
    )
    aws.cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="said")


def groups_show_their_refreshes(aws: Account) -> None:
    _group(aws)
    describe = aws.autoscaling.describe_instance_refreshes
    holds(accepted(describe, **OWN)["InstanceRefreshes"] == [])
    refused(describe, "ValidationError", "AutoScalingGroup name not found", AutoScalingGroupName="nothing")
    refused(describe, "ValidationError", "less than or equal to 100", **OWN, MaxRecords=101)
    ids = []
    for _ in range(3):
        ids.insert(0, _start(aws, SkipMatching=True))
        aws.step(3)
    first = describe(**OWN, MaxRecords=2)
    more = describe(**OWN, MaxRecords=2, NextToken=first["NextToken"])
    found = [one["InstanceRefreshId"] for page in (first, more) for one in page["InstanceRefreshes"]]
    holds(found == ids[: len(found)] and len(found) > 1, str(found))
    (one,) = describe(**OWN, InstanceRefreshIds=ids[1:2])["InstanceRefreshes"]
    holds(one["InstanceRefreshId"] == ids[1])
    aws.step(43 * 86_400)
    holds(describe(**OWN)["InstanceRefreshes"] == [])


def refreshes_begin_as_pending(aws: Account) -> None:
    _group(aws)
    made = _start(aws)
    holds((_shown(aws)["InstanceRefreshId"], _shown(aws)["Status"]) == (made, "Pending"))
    aws.delay(boot=30.0)
    aws.step(3)
    holds(_shown(aws)["Status"] == "InProgress")
    holds("EndTime" not in _shown(aws))


def unnamed_preferences_have_defaults(aws: Account) -> None:
    _group(aws, InstanceMaintenancePolicy={"MinHealthyPercentage": 50, "MaxHealthyPercentage": 120})
    _start(aws, CheckpointPercentages=[50, 100])
    shown = _shown(aws)["Preferences"]
    wanted = {"MinHealthyPercentage": 50, "MaxHealthyPercentage": 120, "CheckpointDelay": 3600, "SkipMatching": False}
    holds({key: shown.get(key) for key in wanted} == wanted, str(shown))


def healthy_percentages_bound_a_refresh(aws: Account) -> None:
    _group(aws, 9)
    aws.delay(boot=30.0)
    _start(aws, MinHealthyPercentage=75, MaxHealthyPercentage=130)
    aws.step(3)
    # 7 of 9 stay, and 11 there are at most.
    states = _states(aws)
    holds((states.count("InService"), states.count("Pending")) == (7, 4), str(states))


def bounds_that_meet_give_way(aws: Account) -> None:
    _group(aws, 1)
    aws.delay(boot=30.0)
    _start(aws, MinHealthyPercentage=100)
    aws.step(3)
    holds(_states(aws) == ["Pending"], "terminated and launched at once")
    aws.step(60)
    _start(aws, MinHealthyPercentage=100, MaxHealthyPercentage=100)
    aws.step(3)
    holds(_states(aws) == ["InService", "Pending"], "launched first")


def new_instances_warm_up(aws: Account) -> None:
    _group(aws, 2, HealthCheckGracePeriod=100)
    _start(aws, MinHealthyPercentage=50)
    aws.step(90)
    holds(_shown(aws)["PercentageComplete"] == 0)
    aws.step(20)
    holds(_shown(aws)["PercentageComplete"] == 50)
    aws.autoscaling.cancel_instance_refresh(**OWN)
    aws.update(DefaultInstanceWarmup=30)
    _start(aws, MinHealthyPercentage=50)
    aws.step(40)
    holds(_shown(aws)["PercentageComplete"] == 50)


def targets_that_are_checked_must_be_healthy(aws: Account) -> None:
    aws.delay(target=50.0)
    _group(aws, 1, TargetGroupARNs=[aws.balanced()], HealthCheckType="ELB")
    aws.step(60)
    _start(aws, MinHealthyPercentage=0, InstanceWarmup=0)
    aws.step(40)
    holds((_shown(aws)["Status"], _shown(aws)["PercentageComplete"]) == ("InProgress", 0))
    aws.step(30)
    holds(_shown(aws)["Status"] == "Successful")


def status_checks_may_fail(aws: Account) -> None:
    aws.group(size=1, HealthCheckGracePeriod=100)
    aws.launch_fault(error="unhealthy", times=1)
    aws.update(DesiredCapacity=2)
    before = aws.members()
    aws.step(90)
    holds(aws.members() == before)
    aws.step(20)
    holds(len(aws.members()) == 2 and before[0] in aws.members() and before[1] not in aws.members())


def matching_instances_are_skipped(aws: Account) -> None:
    members = _group(aws)
    _start(aws, SkipMatching=True)
    aws.step(3)
    holds((_shown(aws)["Status"], aws.members()) == ("Successful", members), "nothing differs")
    _start(aws, NEXT, SkipMatching=True)
    aws.step(3)
    holds(_versions(aws) == ["2", "2"])
    _start(aws)
    aws.step(3)
    holds(not set(members) & set(aws.members()) and _versions(aws) == ["2", "2"])


def refreshes_launch_the_desired_configuration(aws: Account) -> None:
    _group(aws)
    aws.delay(boot=30.0)
    _start(aws, NEXT)
    aws.step(3)
    aws.update(DesiredCapacity=4)
    holds(_versions(aws) == ["1", "2", "2", "2"], str(_versions(aws)))
    holds(aws.described()["LaunchTemplate"]["Version"] == "1")


def success_gives_the_group_its_desired_configuration(aws: Account) -> None:
    _group(aws)
    _start(aws, NEXT, BakeTime=60)
    aws.step(30)
    holds((_shown(aws)["Status"], aws.described()["LaunchTemplate"]["Version"]) == ("Baking", "1"))
    aws.step(60)
    holds((_shown(aws)["Status"], aws.described()["LaunchTemplate"]["Version"]) == ("Successful", "2"))


def checkpoints_pause_a_refresh(aws: Account) -> None:
    _group(aws, 2)
    _start(aws, NEXT, MinHealthyPercentage=50, CheckpointPercentages=[10, 40, 100], CheckpointDelay=100)
    aws.step(90)
    shown = _shown(aws)
    holds((_versions(aws), shown["PercentageComplete"], shown["InstancesToUpdate"]) == (["1", "2"], 50, 1), str(shown))
    aws.step(20)
    holds((_shown(aws)["Status"], _versions(aws)) == ("Successful", ["2", "2"]))
    _start(aws, MinHealthyPercentage=50, CheckpointPercentages=[50])
    aws.step(10)
    holds((_shown(aws)["Status"], _shown(aws)["PercentageComplete"]) == ("Successful", 50))


def standby_is_ignored_terminated_or_waited_for(aws: Account) -> None:
    def stand_by(behavior: str) -> tuple[str, list[str]]:
        aws.autoscaling.enter_standby(**OWN, InstanceIds=[aws.members()[0]], ShouldDecrementDesiredCapacity=True)
        _start(aws, StandbyInstances=behavior)
        aws.step(10)
        return _shown(aws)["Status"], _states(aws)

    _group(aws, 3)
    holds(stand_by("Terminate") == ("Successful", ["InService"] * 2))
    aws.update(DesiredCapacity=3)
    holds(stand_by("Ignore") == ("Successful", ["InService"] * 2 + ["Standby"]))
    aws.update(DesiredCapacity=3)
    aws.autoscaling.terminate_instance_in_auto_scaling_group(
        InstanceId=next(
            one["InstanceId"] for one in aws.described()["Instances"] if one["LifecycleState"] == "Standby"
        ),
        ShouldDecrementDesiredCapacity=False,
    )
    told = stand_by("Wait")
    holds(told == ("InProgress", ["InService"] * 2 + ["Standby"]), str(told))


def protection_is_ignored_waited_for_or_overridden(aws: Account) -> None:
    members = _group(aws, 2)

    def protect(behavior: str) -> tuple[str, bool]:
        one = aws.members()[0]
        aws.autoscaling.set_instance_protection(**OWN, InstanceIds=[one], ProtectedFromScaleIn=True)
        _start(aws, ScaleInProtectedInstances=behavior)
        aws.step(10)
        return _shown(aws)["Status"], one in aws.members()

    holds(protect("Ignore") == ("Successful", True))
    holds(set(members) & set(aws.members()) == set(members[:1]))
    holds(protect("Refresh") == ("Successful", False))
    holds(protect("Wait") == ("InProgress", True))


def blocked_instances_are_named(aws: Account) -> None:
    members = _group(aws, 2)
    aws.autoscaling.set_instance_protection(**OWN, InstanceIds=members[:1], ProtectedFromScaleIn=True)
    _start(aws)
    aws.step(10)
    told = f"{members[0]} is protected. Remove instance scale-in protection to continue."
    holds(told in _shown(aws)["StatusReason"])
    aws.autoscaling.set_instance_protection(**OWN, InstanceIds=members[:1], ProtectedFromScaleIn=False)
    aws.step(10)
    holds(_shown(aws)["Status"] == "Successful")


def an_hour_without_progress_fails(aws: Account) -> None:
    members = _group(aws, 2)
    aws.autoscaling.set_instance_protection(**OWN, InstanceIds=members[:1], ProtectedFromScaleIn=True)
    _start(aws, NEXT)
    aws.step(3590)
    holds((_shown(aws)["Status"], _versions(aws)) == ("InProgress", ["1", "2"]))
    aws.step(20)
    holds((_shown(aws)["Status"], _versions(aws)) == ("Failed", ["1", "2"]))
    _start(aws, NEXT, AutoRollback=True)
    aws.step(3700)
    holds((_shown(aws)["Status"], _versions(aws)) == ("RollbackSuccessful", ["1", "1"]), str(_shown(aws)))


def suspended_processes_hold_up_refreshes(aws: Account) -> None:
    members = _group(aws, 2)
    for process in ("InstanceRefresh", "Launch", "Terminate"):
        aws.autoscaling.suspend_processes(**OWN, ScalingProcesses=[process])
        made = _start(aws)
        aws.step(7200)
        holds((_shown(aws)["Status"], aws.members()) == ("InProgress", members), process)
        aws.autoscaling.cancel_instance_refresh(**OWN)
        aws.autoscaling.resume_processes(**OWN)
        aws.step(1)
        holds((_shown(aws)["InstanceRefreshId"], _shown(aws)["Status"]) == (made, "Cancelled"))


def refreshes_are_causes(aws: Account) -> None:
    _group(aws, 1)
    _start(aws)
    aws.step(3)
    rows = aws.autoscaling.describe_scaling_activities(**OWN)["Activities"]
    causes = [row["Cause"] for row in rows if "instance refresh" in row["Cause"]]
    holds(any("an instance was taken out of service in response to an instance refresh." in one for one in causes))
    holds(any("an instance was launched in response to an instance refresh." in one for one in causes))


def waiting_reason(aws: Account) -> None:
    _group(aws, 2)
    aws.delay(boot=30.0)
    _start(aws, NEXT, InstanceWarmup=60)
    aws.step(10)
    holds("has insufficient data to evaluate its health with Amazon EC2." in _shown(aws)["StatusReason"])
    aws.step(40)
    (new,) = (one["InstanceId"] for one in aws.described()["Instances"] if one["LaunchTemplate"]["Version"] == "2")
    told = f"Waiting for instances to warm up before continuing. For example: {new} is warming up."
    holds(_shown(aws)["StatusReason"] == told)


def refreshes_can_be_cancelled(aws: Account) -> None:
    _group(aws, 2)
    cancel = aws.autoscaling.cancel_instance_refresh
    refused(cancel, "ActiveInstanceRefreshNotFound", "No in progress or pending Instance Refresh found", **OWN)
    made = _start(aws, NEXT, InstanceWarmup=60)
    aws.step(10)
    holds(cancel(**OWN)["InstanceRefreshId"] == made)
    aws.step(600)
    shown = _shown(aws)
    holds((shown["Status"], shown["StatusReason"]) == ("Cancelled", "Cancelled due to user request."))
    holds(_versions(aws) == ["1", "2"], "what was replaced stays")
    holds(aws.described()["LaunchTemplate"]["Version"] == "1")


def cancelling_waits_for_transitions(aws: Account) -> None:
    _group(aws, 2)
    aws.delay(boot=30.0)
    for waits, wanted in ((True, "Cancelling"), (False, "Cancelled")):
        _start(aws)
        aws.step(10)
        aws.autoscaling.cancel_instance_refresh(**OWN, WaitForTransitioningInstances=waits)
        aws.step(1)
        holds(_shown(aws)["Status"] == wanted, str(waits))
        aws.step(60)
        holds(_shown(aws)["Status"] == "Cancelled")


def refreshes_can_be_rolled_back(aws: Account) -> None:
    _group(aws, 4)
    back = aws.autoscaling.rollback_instance_refresh
    refused(back, "ActiveInstanceRefreshNotFound", "No in progress or baking Instance Refresh found", **OWN)
    made = _start(aws, NEXT, MinHealthyPercentage=75, InstanceWarmup=60)
    aws.step(130)
    holds((_versions(aws), _shown(aws)["PercentageComplete"]) == (["1", "2", "2", "2"], 50), str(_shown(aws)))
    holds(back(**OWN)["InstanceRefreshId"] == made)
    shown = _shown(aws)
    details = shown["RollbackDetails"]
    holds(shown["Status"] == "RollbackInProgress")
    holds((details["PercentageCompleteOnRollback"], details["InstancesToUpdateOnRollback"]) == (50, 1), str(details))
    aws.step(600)
    holds((_shown(aws)["Status"], _versions(aws)) == ("RollbackSuccessful", ["1"] * 4))
    holds((_shown(aws)["PercentageComplete"], aws.described()["LaunchTemplate"]["Version"]) == (0, "1"))


def alarms_that_ring(aws: Account) -> None:
    _group(aws, 2)
    _alarm(aws, "OK")
    watched = {"AlarmSpecification": {"Alarms": ["errors"]}, "InstanceWarmup": 60}
    _start(aws, NEXT, **watched)
    aws.step(10)
    _alarm(aws, "ALARM")
    aws.step(1)
    holds((_shown(aws)["Status"], _versions(aws)) == ("Failed", ["1", "2"]))
    _alarm(aws, "OK")
    _start(aws, NEXT, **watched, AutoRollback=True)
    aws.step(10)
    _alarm(aws, "ALARM")
    aws.step(300)
    holds(_shown(aws)["Status"] == "RollbackSuccessful")
    holds("errors" in _shown(aws)["RollbackDetails"]["RollbackReason"])


def alarms_without_data_hold_up(aws: Account) -> None:
    members = _group(aws, 2)
    _alarm(aws, "OK")
    _start(aws, AlarmSpecification={"Alarms": ["errors"]})
    _alarm(aws, "INSUFFICIENT_DATA")
    aws.step(600)
    holds((_shown(aws)["Status"], aws.members()) == ("InProgress", members))
    _alarm(aws, "OK")
    aws.step(10)
    holds(_shown(aws)["Status"] == "Successful")
