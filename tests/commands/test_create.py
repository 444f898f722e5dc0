"""create: a group as udo.yml says it in one plan, beside what is there, and nothing of that touched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from create_worlds import (
    BASE,
    CREATE,
    ZONES,
    asg,
    config,
    group,
    groups,
    security_group,
    sizes,
    subnet,
    tags,
    target_group,
    template,
    vpc,
    write,
)
from deploy_worlds import members, writes
from update_worlds import hooks, metrics, policies, schedules
from whole import some

Udo = Callable[..., Any]
Seeded = Callable[..., Any]
A, B = "us-west-2a", "us-west-2b"
PARTS = (
    "tags: {team: payments, Name: shop}",
    "health_check: {type: ELB, grace: 2m}",
    "default_instance_warmup: 1m",
    "termination_policies: [OldestInstance, Default]",
    "metrics: [GroupMinSize]",
    "lifecycle_hooks: {drain: {LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING', HeartbeatTimeout: 60}}",
    "scaling_policies: {up: {AdjustmentType: ChangeInCapacity, ScalingAdjustment: 2}}",
    "scheduled_actions: {night: {Recurrence: '0 22 * * *', MinSize: 0}}",
)


@pytest.fixture
def shop(world: Any, seeded: Seeded) -> Any:
    """prod web alone, and udo.yml with prod webapp beside it."""
    seeded(config().partition("      webapp:")[0])
    write()
    world.log.clear()
    return world


def test_a_group_is_made_with_its_launch_template_and_its_members_are_awaited(shop: Any, udo: Udo) -> None:
    done = udo(*CREATE)
    assert (done.exit, done.stdout) == (0, "prod-webapp has 2 in service\n"), done.stderr
    assert writes(shop) == ["CreateLaunchTemplate", "CreateAutoScalingGroup"]
    assert (sizes(shop), len(members(shop))) == ((1, 2, 4), 2)
    assert template(shop) == {"ImageId": "ami-0aaaaaaaaaaaaaaaa", "InstanceType": "t3.small"}
    assert group(shop)["LaunchTemplate"]["Version"] == "1"
    assert tags(shop) == {
        "cluster": ("prod", True),
        "role": ("webapp", True),
        "Name": ("prod-webapp", True),
        "udo:app": ("shop", False),
    }
    shop.log.clear()
    again = udo(*CREATE)
    assert (again.exit, again.stdout, writes(shop)) == (0, "prod-webapp exists as udo.yml says\n", [])


def test_a_dry_run_shows_what_there_will_be_and_each_call(shop: Any, udo: Udo) -> None:
    write(BASE, ZONES, *PARTS)
    shown = udo(*CREATE, "--dry-run").stdout
    told = ("ami-0aaaaaaaaaaaaaaaa", "2 (min 1, max 4)", "us-west-2a,us-west-2b", "tags.team", "payments", "drain")
    assert all(word in shown for word in (*told, "scaling_policies.up", "GroupMinSize", "1. launch template"))
    assert (writes(shop), groups(shop)) == ([], {"prod-web"})


@pytest.mark.whole
def test_what_one_call_carries_is_in_it_and_the_rest_follows(shop: Any, udo: Udo) -> None:
    write(BASE, ZONES, *PARTS)
    done = udo(*CREATE)
    assert done.exit == 0, done.stderr
    assert writes(shop) == [
        "CreateLaunchTemplate",
        "CreateAutoScalingGroup",
        "PutScalingPolicy",
        "PutScheduledUpdateGroupAction",
        "EnableMetricsCollection",
        "DeleteTags",
    ]
    made = group(shop)
    assert (made["HealthCheckType"], made["HealthCheckGracePeriod"]) == ("ELB", 120)
    assert (made["DefaultInstanceWarmup"], made["TerminationPolicies"]) == (60, ["OldestInstance", "Default"])
    assert hooks(shop)["drain"]["HeartbeatTimeout"] == 60
    assert policies(shop)["up"]["ScalingAdjustment"] == 2
    assert schedules(shop)["night"]["Recurrence"] == "0 22 * * *"
    assert metrics(shop) == {"GroupMinSize"}
    assert {key: one for key, (one, _) in tags(shop).items()} == {
        "cluster": "prod",
        "role": "webapp",
        "Name": "shop",
        "team": "payments",
        "udo:app": "shop",
    }
    for verb in ("create", "update", "updatelc"):
        shop.log.clear()
        assert udo(verb, "prod", "webapp").exit == 0
        assert writes(shop) == [], verb


def test_a_launch_configuration_where_it_is_asked_for(shop: Any, udo: Udo) -> None:
    write(BASE, ZONES, "launch: {as: configuration}", "spot_price: '0.02'")
    assert udo(*CREATE).exit == 0
    assert writes(shop) == ["CreateLaunchConfiguration", "CreateAutoScalingGroup"]
    assert group(shop)["LaunchConfigurationName"] == "prod-webapp-v1"
    assert udo(*CREATE).stdout == "prod-webapp exists as udo.yml says\n"


def test_instance_types_of_a_mixed_instances_policy_are_launched_from_the_template_in_it(shop: Any, udo: Udo) -> None:
    overrides = "Overrides: [{InstanceType: m7i.large, WeightedCapacity: 1}, {InstanceType: t3.small}]"
    mixed = f"mixed_instances: {{InstancesDistribution: {{OnDemandBaseCapacity: 1}}, {overrides}}}"
    write(BASE, ZONES, "instance_type: null", mixed)
    done = udo(*CREATE)
    assert done.exit == 0, done.stderr
    policy = group(shop)["MixedInstancesPolicy"]
    assert policy["LaunchTemplate"]["LaunchTemplateSpecification"]["LaunchTemplateName"] == "prod-webapp"
    assert [one["InstanceType"] for one in policy["LaunchTemplate"]["Overrides"]] == ["m7i.large", "t3.small"]
    assert policy["InstancesDistribution"]["OnDemandBaseCapacity"] == 1
    assert udo(*CREATE).stdout == "prod-webapp exists as udo.yml says\n"


@pytest.mark.parametrize("way", some(["ids", "blocks", "tags"], "tags"))
def test_subnets_and_security_groups_are_those_of_the_right_vpc(shop: Any, udo: Udo, way: str) -> None:
    ours, theirs = vpc(shop), vpc(shop)
    made = [subnet(shop, ours, f"10.1.{one}.0/24", zone, tier="private") for one, zone in ((1, A), (2, B))]
    subnet(shop, ours, "10.1.3.0/24", A, tier="public")
    subnet(shop, theirs, "10.1.1.0/24", A, tier="private")
    group_id = security_group(shop, ours, "db")
    security_group(shop, theirs, "db")
    said = {
        "ids": f"subnets: [{', '.join(made)}]",
        "blocks": "subnets_cidr: [10.1.1.0/24, 10.1.2.0/24]",
        "tags": "subnets_tags: {tier: private}",
    }
    write(BASE, said[way], f"vpc: {ours}", "security_groups: [db]")
    done = udo(*CREATE)
    assert done.exit == 0, done.stderr
    assert {*group(shop)["VPCZoneIdentifier"].split(",")} == {*made}
    assert template(shop)["SecurityGroupIds"] == [group_id]
    assert udo(*CREATE).stdout == "prod-webapp exists as udo.yml says\n"
    # Its names mean the same where what it launches is changed.
    write(BASE, said[way], f"vpc: {ours}", "security_groups: [db]", "instance_type: m7i.large")
    done = udo("updatelc", "prod", "webapp")
    assert done.exit == 0, done.stderr
    assert template(shop)["SecurityGroupIds"] == [group_id]


def test_names_of_security_groups_are_those_of_the_default_vpc_where_zones_are_said(shop: Any, udo: Udo) -> None:
    default = shop.client("ec2").describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]["VpcId"]
    made, _ = security_group(shop, default, "db"), security_group(shop, vpc(shop), "db")
    write(BASE, ZONES, "security_groups: [db]")
    assert udo(*CREATE).exit == 0
    assert template(shop)["SecurityGroupIds"] == [made]
    assert udo("plan", "prod", "webapp", "--exit-code").exit == 0
    assert udo("updatelc", "prod", "webapp").exit == 0
    assert template(shop)["SecurityGroupIds"] == [made]


@pytest.mark.whole
def test_members_are_registered_with_target_groups_and_load_balancers(shop: Any, udo: Udo) -> None:
    ours = vpc(shop)
    place = f"subnets: [{subnet(shop, ours, '10.1.1.0/24')}]"
    arn, other = target_group(shop, ours), target_group(shop, ours, "other")
    listener = {"Protocol": "HTTP", "LoadBalancerPort": 80, "InstancePort": 80}
    classic = {"LoadBalancerName": "classic", "Listeners": [listener], "AvailabilityZones": ["us-west-2a"]}
    shop.client("elb").create_load_balancer(**classic)
    write(BASE, place, "target_groups: [web]", "elbs: [classic]", f"traffic_sources: [{{Identifier: '{other}'}}]")
    done = udo(*CREATE)
    assert done.exit == 0, done.stderr
    made = group(shop)
    assert ({*made["TargetGroupARNs"]}, made["LoadBalancerNames"]) == ({arn, other}, ["classic"])
    told = shop.client("elbv2").describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
    assert {one["Target"]["Id"] for one in told} == {*members(shop)}
    assert udo(*CREATE).stdout == "prod-webapp exists as udo.yml says\n"


def test_an_image_is_pinned_to_what_it_means_now(shop: Any, udo: Udo) -> None:
    shop.client("ssm").put_parameter(Name="/images/web", Value="ami-0aaaaaaaaaaaaaaaa", Type="String")
    write(BASE, ZONES, "ami: ssm:/images/web")
    assert udo(*CREATE).exit == 0
    assert template(shop)["ImageId"] == "ami-0aaaaaaaaaaaaaaaa"


def test_a_group_begins_with_its_minimum_where_nothing_else_is_said(shop: Any, udo: Udo) -> None:
    write("scale_policy: {min_size: 3, max_size: 4}", ZONES)
    assert udo(*CREATE).exit == 0
    assert sizes(shop) == (3, 3, 4)
    write("scale_policy: {min_size: 0, max_size: 4}", ZONES)
    assert udo("destroy", "prod", "webapp", "--confirm", "prod-webapp").exit == 0
    assert udo(*CREATE).stdout == "prod-webapp is made\n"


def test_without_waiting_it_is_left_to_aws(shop: Any, udo: Udo) -> None:
    done = udo(*CREATE, "--no-wait")
    assert (done.exit, done.stdout) == (0, "prod-webapp is made, with 2 to come; not waited for\n")


@pytest.mark.whole
def test_the_desired_capacity_is_no_difference_and_everything_else_is(shop: Any, udo: Udo) -> None:
    assert udo(*CREATE).exit == 0
    asg(shop).set_desired_capacity(AutoScalingGroupName="prod-webapp", DesiredCapacity=3)
    assert udo(*CREATE).stdout == "prod-webapp exists as udo.yml says\n"
    write(BASE.replace("4", "5"), ZONES, "instance_type: m7i.large", *PARTS)
    shop.log.clear()
    done = udo(*CREATE, "-o", "json")
    assert (done.exit, writes(shop)) == (4, [])
    error, keys = done.json["error"], {one["key"] for one in done.json["data"]["differences"]}
    assert "instance_type t3.small -> m7i.large" in error["message"]
    assert error["hint"] == "'udo updatelc prod webapp' and 'udo update prod webapp' change that"
    assert keys >= {"scale_policy.max_size", "tags.team", "metrics", "scaling_policies.up", "scheduled_actions.night"}
    assert udo("update", "prod", "webapp").exit == udo("updatelc", "prod", "webapp").exit == 0
    assert udo(*CREATE).stdout == "prod-webapp exists as udo.yml says\n"


def test_launch_data_that_is_there_already_is_reused_and_other_data_is_left(shop: Any, udo: Udo) -> None:
    ec2 = shop.client("ec2")
    same = {"ImageId": "ami-0aaaaaaaaaaaaaaaa", "InstanceType": "t3.small"}
    ec2.create_launch_template(LaunchTemplateName="prod-webapp", LaunchTemplateData={**same, "InstanceType": "t2.nano"})
    ec2.create_launch_template_version(LaunchTemplateName="prod-webapp", LaunchTemplateData=same)
    ec2.create_launch_template_version(LaunchTemplateName="prod-webapp", LaunchTemplateData={"ImageId": "ami-1"})
    shop.log.clear()
    done = udo(*CREATE)
    assert (writes(shop), group(shop)["LaunchTemplate"]["Version"]) == (["CreateAutoScalingGroup"], "2")
    assert "version 2 of launch template prod-webapp has this content already: it is reused" in done.stderr


def test_the_next_version_of_a_template_that_is_there(shop: Any, udo: Udo) -> None:
    other = {"ImageId": "ami-0aaaaaaaaaaaaaaaa", "InstanceType": "t2.nano"}
    shop.client("ec2").create_launch_template(LaunchTemplateName="prod-webapp", LaunchTemplateData=other)
    shop.log.clear()
    assert udo(*CREATE).exit == 0
    assert writes(shop) == ["CreateLaunchTemplateVersion", "CreateAutoScalingGroup"]
    assert group(shop)["LaunchTemplate"]["Version"] == "2"


def test_the_next_name_of_a_family_of_configurations(shop: Any, udo: Udo) -> None:
    for name, kind in (("prod-webapp", "t2.nano"), ("prod-webapp-v4", "t2.nano"), ("prod-webapp2-v9", "t3.small")):
        asked = {"ImageId": "ami-0aaaaaaaaaaaaaaaa", "InstanceType": kind}
        asg(shop).create_launch_configuration(LaunchConfigurationName=name, **asked)
    write(BASE, ZONES, "launch: {as: configuration}")
    assert udo(*CREATE).exit == 0
    assert group(shop)["LaunchConfigurationName"] == "prod-webapp-v5"
    asg(shop).delete_auto_scaling_group(AutoScalingGroupName="prod-webapp", ForceDelete=True)
    shop.log.clear()
    assert udo(*CREATE).exit == 0
    assert (writes(shop), group(shop)["LaunchConfigurationName"]) == (["CreateAutoScalingGroup"], "prod-webapp-v5")


def test_destroy_after_create_leaves_nothing_and_it_can_be_made_again(shop: Any, udo: Udo) -> None:
    for kind in ("template", "configuration"):
        write(BASE, ZONES, f"launch: {{as: {kind}}}", *PARTS)
        before = everything(shop)
        assert udo(*CREATE).exit == 0
        done = udo("destroy", "prod", "webapp", "--confirm", "prod-webapp")
        assert done.exit == 0, done.stderr
        assert everything(shop) == before
        assert udo(*CREATE).exit == 0
        assert udo("destroy", "prod", "webapp", "--confirm", "prod-webapp").exit == 0


def everything(world: Any) -> Any:
    """What there is of groups, launch data and locks, by name."""
    ec2, client = world.client("ec2"), asg(world)
    return (
        groups(world),
        {one["LaunchTemplateName"] for one in ec2.describe_launch_templates()["LaunchTemplates"]},
        {one["LaunchConfigurationName"] for one in client.describe_launch_configurations()["LaunchConfigurations"]},
        world.client("ssm").describe_parameters()["Parameters"],
        [one["PolicyName"] for one in client.describe_policies()["ScalingPolicies"]],
    )
