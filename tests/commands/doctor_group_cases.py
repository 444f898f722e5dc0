"""The same of what a group lives with: addresses, load balancers, what was left behind, agents and alarms."""

from __future__ import annotations

from functools import partial
from typing import Any

import doctor_worlds as w
from doctor_cases import LOCK, REFRESH, UPDATE, UPDATELC, Case
from test_locks import held_by

from udo.sandbox.faults import InstanceFault


def _fill(world: Any, *places: int) -> None:
    """Takes every address of some of the subnets."""
    subnets = w.group(world)["VPCZoneIdentifier"].split(",")
    for place in places:
        (row,) = w.ec2(world).describe_subnets(SubnetIds=[subnets[place]])["Subnets"]
        for _ in range(row["AvailableIpAddressCount"]):
            w.ec2(world).create_network_interface(SubnetId=subnets[place])


def _held(world: Any, hours: float, **more: Any) -> None:
    held_by(world, parameter="/udo/lock/prod-web", **more)
    world.clock.step(hours * 3600)


def _gone_topic(world: Any) -> None:
    world.client("sns").delete_topic(TopicArn=w.TOPIC)


def _pending(world: Any) -> None:
    sns = world.client("sns")
    for row in sns.list_subscriptions()["Subscriptions"]:
        sns.unsubscribe(SubscriptionArn=row["SubscriptionArn"])
    sns.subscribe(TopicArn=w.TOPIC, Protocol="email", Endpoint="somebody@example.com")


def _silent(world: Any) -> None:
    world.client("cloudwatch").disable_alarm_actions(AlarmNames=["prod-web-busy"])


def _two_pending(world: Any) -> None:
    _pending(world)
    w.alarm(world, "theirs")


def _two_silent(world: Any) -> None:
    w.alarm(world, "theirs")
    world.client("cloudwatch").disable_alarm_actions(AlarmNames=["prod-web-busy", "theirs"])


def _two_blind(world: Any) -> None:
    w.alarm(world, "theirs")
    world.clock.step(49 * 3600)


def _no_alarm(world: Any) -> None:
    world.client("cloudwatch").delete_alarms(AlarmNames=["prod-web-busy"])


def _composite(world: Any) -> None:
    w.alarm(world, "part", AlarmActions=[], OKActions=[])
    asked = {"AlarmName": "all", "AlarmRule": 'ALARM("part")', "AlarmActions": [w.TOPIC]}
    world.client("cloudwatch").put_composite_alarm(**asked)


def _deploys_elsewhere(world: Any) -> None:
    asked = {"applicationName": "shop", "currentDeploymentGroupName": "prod-web", "autoScalingGroups": []}
    world.client("codedeploy").update_deployment_group(**asked)


def _recovered(world: Any) -> None:
    w.tag(world, "udo:suspended-by-run", "20260101T000000Z-abcdef AZRebalance")
    w.suspend(world, "AZRebalance", hours=48)


def _profile_since(world: Any) -> None:
    world.client("iam").create_instance_profile(InstanceProfileName="shop-instance")
    w.version(world, IamInstanceProfile={"Name": "shop-instance"})


def _unhealthy(world: Any) -> None:
    # By its own check it would replace them.
    w.update(world, HealthCheckType="EC2")
    for one in w.members(world):
        world.faults.add(InstanceFault("unhealthy", one))
    world.clock.step(3600)


LISTENS = '{"source": ["aws.autoscaling"], "detail": {"LifecycleHookName": [{"prefix": "dr"}]}}'
LISTENS_ELSEWHERE = '{"source": ["aws.autoscaling"], "detail": {"AutoScalingGroupName": ["prod-other"]}}'
HOOK = (
    "hook drain notifies nobody, and no rule of EventBridge listens: unless the instance answers itself, each "
    "terminating instance waits 5m, then "
)


GROUP_CASES = (
    Case(
        "addresses",
        lambda world: w.update(world, MaxSize=40),
        "warning",
        "20 addresses are free, and 38 more members may come (max_size)",
        f"set subnets_cidr (udo.yml:10) to larger subnets, then {UPDATE}",
    ),
    Case(
        "addresses",
        lambda world: _fill(world, 0, 1),
        "fails",
        "no address is free, and a refresh launches 1 before it ends one",
        f"set subnets_cidr (udo.yml:10) to larger subnets, then {UPDATE}",
    ),
    Case(
        "addresses",
        lambda world: _fill(world, 0),
        "warning",
        "no address free in {subnet}: launches in that zone fail",
        f"set subnets_cidr (udo.yml:10) to larger subnets, then {UPDATE}",
    ),
    Case("addresses", lambda world: w.update(world, MaxSize=22)),
    Case(
        "health check",
        lambda world: w.update(world, HealthCheckType="EC2"),
        "warning",
        "health check EC2 behind a load balancer: what that finds unhealthy is not replaced",
        f"set health_check.type (udo.yml:11): ELB, then {UPDATE}",
    ),
    Case("health check", lambda world: w.update(world, HealthCheckType="EBS,ELB")),
    Case(
        "load balancers",
        w.target_group_gone,
        "fails",
        "target group prod-web does not exist: no member is registered",
        f"set target_groups (udo.yml:19), then {UPDATE}",
    ),
    Case(
        "load balancers",
        w.load_balancer_gone,
        "fails",
        "load balancer prod-old does not exist: no member is registered",
        f"set elbs (udo.yml:20), then {UPDATE}",
    ),
    Case(
        "targets",
        _unhealthy,
        "fails",
        "no member is healthy in target group prod-web: unhealthy",
        "udo status prod web",
    ),
    Case("targets", lambda world: w.update(world, DesiredCapacity=0)),
    Case(
        "refresh",
        lambda world: (w.refresh(world), w.suspend(world, "Launch"))[0],
        "fails",
        "instance refresh {id} makes no progress while Launch is suspended",
        "udo resume prod web Launch",
    ),
    Case(
        "refresh",
        lambda world: (w.refresh(world, BakeTime=43200), world.clock.step(8 * 3600))[0],
        "warning",
        "instance refresh {id} has replaced all, and waits out its bake time for 8h, 100 % done: {why}",
        f"{REFRESH} --status",
    ),
    Case("refresh", lambda world: (w.refresh(world, BakeTime=43200), world.clock.step(3600))[0]),
    Case(
        "processes",
        lambda world: w.suspend(world, "AZRebalance", hours=49),
        "warning",
        "AZRebalance is suspended for 2d",
        "udo resume prod web AZRebalance",
    ),
    Case(
        "processes",
        lambda world: w.suspend(world, "Launch", hours=25),
        "warning",
        "Launch is suspended for 1d: nothing is launched, and what is unhealthy is terminated without a successor",
        "udo resume prod web Launch",
    ),
    Case("processes", lambda world: w.suspend(world, "AZRebalance", hours=23)),
    Case(
        "tags",
        lambda world: w.tag(world, "udo:creating", "20260101T000000Z-abcdef"),
        "warning",
        "prod-web is not whole: its creation broke off",
        "udo create prod web",
    ),
    Case(
        "tags",
        _recovered,
        "fails",
        "AZRebalance is suspended by run 20260101T000000Z-abcdef, which is over",
        "udo resume prod web --recover",
    ),
    Case(
        "tags",
        lambda world: w.tag(world, "udo:asleep", "1 2 4"),
        "warning",
        "tag udo:asleep says that it sleeps, and it has a desired capacity of 2",
        "udo wake prod web",
    ),
    Case(
        "tags",
        lambda world: w.tag(world, "udo:suspended", "AZRebalance"),
        "warning",
        "tag udo:suspended says that AZRebalance is suspended, and is not",
        "udo resume prod web",
    ),
    Case("tags", lambda world: (w.suspend(world, "Launch"), w.tag(world, "udo:suspended", "Launch"))),
    Case(
        "lock",
        lambda world: _held(world, 2),
        "fails",
        LOCK.format(how="by a run for more than an hour"),
        "udo unlock prod web",
    ),
    Case(
        "lock",
        lambda world: _held(world, 0, pid=0),
        "warning",
        LOCK.format(how="by hand"),
        "udo unlock prod web",
    ),
    Case("lock", lambda world: _held(world, 0.5)),
    Case(
        "lifecycle hooks",
        w.hook,
        "warning",
        f"{HOOK}then is terminated".replace("then then", "then"),
        "give it a NotificationTargetARN (lifecycle_hooks of udo.yml), or make a rule",
    ),
    Case(
        "lifecycle hooks",
        lambda world: w.heard_hook(world, LISTENS_ELSEWHERE),
        "warning",
        f"{HOOK}then is terminated".replace("then then", "then"),
        "give it a NotificationTargetARN (lifecycle_hooks of udo.yml), or make a rule",
    ),
    Case("lifecycle hooks", partial(w.heard_hook, pattern=LISTENS)),
    Case(
        "lifecycle hooks",
        lambda world: w.hook(world, NotificationTargetARN=w.TOPIC, RoleARN="arn:aws:iam::123456789012:role/hooks"),
    ),
    Case(
        "deployment group",
        _deploys_elsewhere,
        "fails",
        "deployment group prod-web deploys to no group",
        "correct the key, or group_name",
    ),
    Case(
        "deployment group",
        later=(("deployment_group: prod-web", "deployment_group: prod-gone"),),
        level="fails",
        what="deployment group prod-gone of application shop does not exist: udo deploy fails",
        remedy="set deploy.service_role, then udo create prod web, or correct the key",
    ),
    Case(
        "deployment agents",
        w.lost_agent,
        "fails",
        "the CodeDeploy agent of {one}, {two} did not answer deployment {id}",
        "udo ssh prod web 'systemctl status codedeploy-agent'",
    ),
    Case(
        "agent credentials",
        level="fails",
        what="it names no instance profile: the CodeDeploy agent has no credentials, and deployments fail",
        remedy=f"set iam_profile (udo.yml:16), then {UPDATELC}",
        config=(("iam_profile: shop-instance\n", ""),),
    ),
    Case(
        "agent credentials",
        _profile_since,
        "fails",
        "{one}, {two} has no instance profile: the CodeDeploy agent has no credentials",
        REFRESH,
        config=(("iam_profile: shop-instance\n", ""),),
    ),
    Case("alarms", _no_alarm, "warning", "alarm busy of udo.yml does not exist", UPDATE),
    Case(
        "alarms",
        _no_alarm,
        "warning",
        "alarms late, busy of udo.yml do not exist",
        UPDATE,
        later=(("alarms: {busy", "alarms: {late: {metric: Shop/Latency, above: 1}, busy"),),
    ),
    Case(
        "alarms",
        _no_alarm,
        "warning",
        "no alarm looks at it: nobody hears when it fails",
        f"set use (udo.yml:17): [{{udo/any-group: {{tell: TOPIC}}}}], then {UPDATE}",
        later=(("        alarms: {busy", "        x-alarms: {busy"),),
    ),
    Case(
        "alarm actions",
        _silent,
        "warning",
        "the actions of alarm prod-web-busy are switched off",
        "aws cloudwatch enable-alarm-actions --alarm-names prod-web-busy",
    ),
    Case(
        "alarm actions",
        lambda world: w.alarm(world, "theirs", AlarmActions=[], OKActions=[]),
        "warning",
        "alarm theirs tells nobody",
        "give it an alarm action, or delete it",
    ),
    Case("alarm actions", _composite),
    Case(
        "alarm actions",
        _gone_topic,
        "fails",
        f"alarm prod-web-busy tells topic {w.TOPIC}, which does not exist",
        f"set tell in alarms (udo.yml:21), then {UPDATE}",
    ),
    Case(
        "alarm actions",
        _pending,
        "warning",
        f"alarm prod-web-busy tells topic {w.TOPIC}, to which nobody listens (no subscription is confirmed)",
        f"aws sns subscribe --topic-arn {w.TOPIC} --protocol email --notification-endpoint WHO",
    ),
    Case(
        "alarm actions",
        _two_pending,
        "warning",
        f"alarms prod-web-busy, theirs tell topic {w.TOPIC}, to which nobody listens (no subscription is confirmed)",
        f"aws sns subscribe --topic-arn {w.TOPIC} --protocol email --notification-endpoint WHO",
    ),
    Case(
        "alarm actions",
        _two_silent,
        "warning",
        "the actions of alarms prod-web-busy, theirs are switched off",
        "aws cloudwatch enable-alarm-actions --alarm-names prod-web-busy theirs",
    ),
    Case(
        "alarm data",
        _two_blind,
        "warning",
        "alarms prod-web-busy, theirs are without data for 2d: they see nothing",
        "see whether its metric and dimensions exist: aws cloudwatch list-metrics",
    ),
    Case(
        "alarm data",
        lambda world: world.clock.step(49 * 3600),
        "warning",
        "alarm prod-web-busy is without data for 2d: it sees nothing",
        "see whether its metric and dimensions exist: aws cloudwatch list-metrics",
    ),
    Case("alarm data", lambda world: world.clock.step(23 * 3600)),
)
