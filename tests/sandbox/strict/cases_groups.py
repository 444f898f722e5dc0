"""Auto Scaling groups: one case for each rule about what a group may be, named like it."""

from __future__ import annotations

from typing import Any

from account import ZONE, Account, accepted, holds, refused

TEMPLATE = {"LaunchTemplateName": "web", "Version": "1"}


def group_names_are_unique(aws: Account) -> None:
    aws.group(size=1)
    refused(aws.group, "AlreadyExists", "web", LaunchConfigurationName="web")


def group_names_are_short_and_without_colon(aws: Account) -> None:
    aws.configuration()
    refused(aws.group, "ValidationError", "colon", name="a:b", LaunchConfigurationName="web")
    refused(aws.group, "ValidationError", "255", name="x" * 256, LaunchConfigurationName="web")


def groups_are_limited(aws: Account) -> None:
    aws.quota(groups=1)
    aws.group(size=0, MinSize=0)
    refused(aws.group, "LimitExceeded", name="two", size=0, MinSize=0)


def minimum_is_not_above_maximum(aws: Account) -> None:
    aws.group(size=1)
    refused(aws.update, "ValidationError", "greater than or equal", MinSize=10)
    refused(aws.group, "ValidationError", name="two", MinSize=3, MaxSize=2)


def desired_capacity_is_between_minimum_and_maximum(aws: Account) -> None:
    aws.group(size=1)
    refused(aws.update, "ValidationError", "between", DesiredCapacity=10)
    refused(aws.group, "ValidationError", "between", name="two", size=0)


def set_desired_capacity_keeps_the_bounds(aws: Account) -> None:
    aws.group(size=1)
    scale = aws.autoscaling.set_desired_capacity
    refused(scale, "ValidationError", "above max value 9", AutoScalingGroupName="web", DesiredCapacity=10)
    refused(scale, "ValidationError", "below min value 1", AutoScalingGroupName="web", DesiredCapacity=0)


def update_takes_over_every_property(aws: Account) -> None:
    aws.group(size=1)
    wanted = {"DefaultCooldown": 7, "TerminationPolicies": ["NewestInstance"], "MaxInstanceLifetime": 86400}
    aws.update(**wanted)
    shown = aws.described()
    holds({key: shown.get(key) for key in wanted} == wanted, "ignored")


def groups_with_instances_are_not_deleted(aws: Account) -> None:
    aws.group(size=1)
    delete = aws.autoscaling.delete_auto_scaling_group
    refused(delete, "ResourceInUse", "still in the group", AutoScalingGroupName="web")
    delete(AutoScalingGroupName="web", ForceDelete=True)
    holds(aws.described() == {})


def deleting_a_group_deletes_what_is_its_own(aws: Account) -> None:
    aws.group(size=1)
    words = {"AutoScalingGroupName": "web", "PolicyName": "grow", "ScalingAdjustment": 1}
    aws.autoscaling.put_scaling_policy(AdjustmentType="ChangeInCapacity", **words)
    aws.autoscaling.delete_auto_scaling_group(AutoScalingGroupName="web", ForceDelete=True)
    holds(aws.autoscaling.describe_policies()["ScalingPolicies"] == [], "the policy stays")


def groups_being_deleted_are_left_alone(aws: Account) -> None:
    aws.delay(terminate=30)
    aws.group(size=1)
    aws.autoscaling.delete_auto_scaling_group(AutoScalingGroupName="web", ForceDelete=True)
    holds(aws.described().get("Status") == "Delete in progress", "gone at once")
    refused(aws.update, "ScalingActivityInProgress", MaxSize=3)
    aws.step(31)
    holds(aws.described() == {})


def groups_come_in_pages(aws: Account) -> None:
    aws.configuration()
    for number in range(5):
        aws.group(f"web-{number}", size=0, MinSize=0, LaunchConfigurationName="web")
    describe = aws.autoscaling.describe_auto_scaling_groups
    refused(describe, "ValidationError", "100", MaxRecords=101)
    refused(describe, "InvalidNextToken", NextToken="nothing")
    shown = describe(MaxRecords=4)
    holds(len(shown["AutoScalingGroups"]) < 4 and shown["NextToken"], "a full page")
    pages = aws.autoscaling.get_paginator("describe_auto_scaling_groups").paginate(PaginationConfig={"PageSize": 2})
    holds(len(list(pages.search("AutoScalingGroups"))) == 5)


def no_more_names_than_records(aws: Account) -> None:
    names = [f"web-{number}" for number in range(51)]
    describe = aws.autoscaling.describe_auto_scaling_groups
    refused(describe, "ValidationError", "limited to 50", AutoScalingGroupNames=names)
    describe(AutoScalingGroupNames=names, MaxRecords=100)


def unknown_group_filters_are_refused(aws: Account) -> None:
    filters = [{"Name": "colour", "Values": ["red"]}]
    refused(aws.autoscaling.describe_auto_scaling_groups, "ValidationError", "colour", Filters=filters)


def subnets_are_separated_by_commas_and_spaces(aws: Account) -> None:
    subnets = [one["SubnetId"] for one in aws.ec2.describe_subnets()["Subnets"][:2]]
    accepted(aws.group, VPCZoneIdentifier=", ".join(subnets))
    holds(aws.described()["VPCZoneIdentifier"] == ",".join(subnets))


def account_limits_are_told(aws: Account) -> None:
    before = accepted(aws.autoscaling.describe_account_limits)
    aws.group()
    after = aws.autoscaling.describe_account_limits()
    for name in ("NumberOfAutoScalingGroups", "NumberOfLaunchConfigurations"):
        holds(after[name] == before[name] + 1, name)
    aws.quota(groups=2)
    holds(aws.autoscaling.describe_account_limits()["MaxNumberOfAutoScalingGroups"] == 2)


def groups_live_in_known_subnets(aws: Account) -> None:
    refused(aws.group, "ValidationError", "subnet-0", VPCZoneIdentifier="subnet-0123456789abcdef0")


def groups_live_in_known_zones(aws: Account) -> None:
    refused(aws.group, "ValidationError", "mars-1a", AvailabilityZones=["mars-1a"])


def groups_name_known_target_groups(aws: Account) -> None:
    arn = "arn:aws:elasticloadbalancing:us-west-2:123456789012:targetgroup/nothing/0123456789abcdef"
    aws.group(size=1)
    attach = aws.autoscaling.attach_load_balancer_target_groups
    refused(attach, "ValidationError", "Target Groups", AutoScalingGroupName="web", TargetGroupARNs=[arn])


def groups_name_known_load_balancers(aws: Account) -> None:
    refused(aws.group, "ValidationError", "Load Balancers", LoadBalancerNames=["nothing"])


def one_launch_source_at_a_time(aws: Account) -> None:
    aws.group(size=1)
    aws.template()
    policy = {"LaunchTemplate": {"LaunchTemplateSpecification": TEMPLATE}}
    refused(aws.update, "ValidationError", LaunchConfigurationName="web", MixedInstancesPolicy=policy)


def unknown_launch_configurations_are_refused(aws: Account) -> None:
    aws.group(size=1)
    refused(aws.update, "ValidationError", "Launch configuration name not found", LaunchConfigurationName="nothing")


def unknown_launch_templates_are_refused(aws: Account) -> None:
    aws.group(size=1)
    aws.template()
    text = "You must use a valid fully-formed launch template"
    refused(aws.update, "ValidationError", text, LaunchTemplate={"LaunchTemplateName": "web", "Version": "7"})
    refused(aws.update, "ValidationError", text, LaunchTemplate={"LaunchTemplateName": "nothing"})


def templates_name_what_exists(aws: Account) -> None:
    aws.template(KeyName="nobody")
    refused(aws.group, "ValidationError", "'nobody'", LaunchTemplate=TEMPLATE)
    for kind in ("m99.large", "q5.large", "m5.huge"):
        aws.template(kind, InstanceType=kind)
        words = {"LaunchTemplateName": kind, "Version": "1"}
        refused(aws.group, "ValidationError", f"'{kind}'", LaunchTemplate=words)


def security_groups_have_one_place(aws: Account) -> None:
    group = aws.ec2.describe_security_groups()["SecurityGroups"][0]["GroupId"]
    aws.template(SecurityGroupIds=[group], NetworkInterfaces=[{"DeviceIndex": 0, "AssociatePublicIpAddress": True}])
    refused(aws.group, "ValidationError", "Network interfaces", LaunchTemplate=TEMPLATE)


def a_switch_leaves_exactly_one(aws: Account) -> None:
    aws.group(size=1)
    aws.template(InstanceType="m5.large")
    aws.update(LaunchTemplate=TEMPLATE)
    holds("LaunchConfigurationName" not in aws.described(), "both")
    aws.update(LaunchConfigurationName="web", DesiredCapacity=2)
    shown = aws.described()
    holds("LaunchTemplate" not in shown, "both")
    holds([one["InstanceType"] for one in shown["Instances"]] == ["t3.small", "t3.small"])


def the_mixed_policy_stays_unless_named(aws: Account) -> None:
    aws.template()
    overrides = [{"InstanceType": "m5.large"}, {"InstanceType": "m6i.large"}]
    policy = {"LaunchTemplate": {"LaunchTemplateSpecification": TEMPLATE, "Overrides": overrides}}
    aws.group(size=1, MixedInstancesPolicy=policy)
    aws.update(MaxSize=4)
    kept = aws.described().get("MixedInstancesPolicy", {}).get("LaunchTemplate", {})
    holds([one["InstanceType"] for one in kept.get("Overrides", [])] == ["m5.large", "m6i.large"], "lost")
    aws.update(MixedInstancesPolicy={"InstancesDistribution": {"OnDemandBaseCapacity": 1}})
    changed = aws.described()["MixedInstancesPolicy"]
    holds(changed["InstancesDistribution"]["OnDemandBaseCapacity"] == 1)
    holds(len(changed["LaunchTemplate"]["Overrides"]) == 2)


def templates_are_shown_by_id_and_name(aws: Account) -> None:
    aws.template()
    rows = [{"InstanceType": "m5.large", "LaunchTemplateSpecification": TEMPLATE}]
    policy = {"LaunchTemplate": {"LaunchTemplateSpecification": TEMPLATE, "Overrides": rows}}
    aws.group(size=1, MixedInstancesPolicy=policy)
    shown = aws.described()["MixedInstancesPolicy"]["LaunchTemplate"]
    [own] = [row["LaunchTemplateSpecification"] for row in shown["Overrides"]]
    holds(own.get("LaunchTemplateName") == TEMPLATE["LaunchTemplateName"], "no name")
    holds(own.get("LaunchTemplateId") == shown["LaunchTemplateSpecification"]["LaunchTemplateId"], "no id")


def _mixed(*overrides: dict[str, Any]) -> dict[str, Any]:
    return {"LaunchTemplate": {"LaunchTemplateSpecification": TEMPLATE, "Overrides": list(overrides)}}


def overrides_name_known_images(aws: Account) -> None:
    aws.template()
    for image, text in (("ami-0123456789abcdef0", "does not exist"), ("resolve:ssm:/image", "imageId")):
        policy = _mixed({"InstanceType": "m5.large", "ImageId": image})
        refused(aws.group, "ValidationError", text, MixedInstancesPolicy=policy)


def overrides_name_known_types(aws: Account) -> None:
    aws.template()
    policy = _mixed({"InstanceType": "m5.large"}, {"InstanceType": "m99.large"})
    refused(aws.group, "ValidationError", "'m99.large'", MixedInstancesPolicy=policy)


def overrides_come_before_the_template(aws: Account) -> None:
    aws.template()
    other = aws.ec2.register_image(Name="two", Architecture="arm64")["ImageId"]
    policy = _mixed({"InstanceType": "m7g.large", "ImageId": other})
    [member] = aws.group(size=1, MixedInstancesPolicy=policy)
    [reservation] = aws.ec2.describe_instances(InstanceIds=[member])["Reservations"]
    holds(reservation["Instances"][0]["ImageId"] == other, "the template's")
    aws.template("own", InstanceType="m7g.medium")
    own = {"InstanceType": "m7g.large", "LaunchTemplateSpecification": {"LaunchTemplateName": "own", "Version": "1"}}
    aws.update(MixedInstancesPolicy=_mixed(own), DesiredCapacity=2)
    launched = [one["LaunchTemplate"]["LaunchTemplateName"] for one in aws.described()["Instances"]]
    holds(launched == ["web", "own"], str(launched))


def members_show_the_image_of_their_override(aws: Account) -> None:
    aws.template()
    aws.group(size=1, MixedInstancesPolicy=_mixed({"InstanceType": "m5.large"}))
    policy = _mixed({"InstanceType": "m5.large", "ImageId": aws.image})
    aws.update(MixedInstancesPolicy=policy, DesiredCapacity=2)
    shown = [one.get("ImageId") for one in aws.described()["Instances"]]
    holds(shown == [None, aws.image], str(shown))


def members_show_their_weight(aws: Account) -> None:
    aws.template()
    aws.group(size=1, MixedInstancesPolicy=_mixed({"InstanceType": "m5.large"}))
    policy = _mixed({"InstanceType": "m5.large", "WeightedCapacity": "2"})
    aws.update(MixedInstancesPolicy=policy, DesiredCapacity=4)
    shown = [one.get("WeightedCapacity") for one in aws.described()["Instances"]]
    holds(shown == [None, "2"], str(shown))


def unknown_groups_are_refused(aws: Account) -> None:
    text = "AutoScalingGroup name not found"
    nothing = {"AutoScalingGroupName": "nothing"}
    refused(aws.autoscaling.set_desired_capacity, "ValidationError", text, DesiredCapacity=1, **nothing)
    refused(aws.autoscaling.suspend_processes, "ValidationError", text, **nothing)
    refused(aws.autoscaling.put_lifecycle_hook, "ValidationError", text, LifecycleHookName="h", **nothing)
    refused(aws.update, "ValidationError", f"{text} - null", name="nothing", MaxSize=1)


def tags_of_unknown_groups_are_refused(aws: Account) -> None:
    tag = {"ResourceId": "nothing", "ResourceType": "auto-scaling-group", "Key": "a", "Value": "b"}
    refused(aws.autoscaling.create_or_update_tags, "ValidationError", Tags=[tag | {"PropagateAtLaunch": True}])


def zones_are_balanced(aws: Account) -> None:
    aws.group(size=4, AvailabilityZones=[ZONE, "us-west-2b"])
    zones = sorted(one["AvailabilityZone"] for one in aws.described()["Instances"])
    holds(zones == [ZONE, ZONE, "us-west-2b", "us-west-2b"], str(zones))


def values_fit_their_shapes(aws: Account) -> None:
    aws.group(size=1)
    refused(aws.update, "ValidationError", "enum value set", DeletionProtection="perhaps")
    tag = {"ResourceId": "web", "ResourceType": "auto-scaling-group", "Key": "k", "Value": "v"}
    put = aws.autoscaling.create_or_update_tags
    for wrong, told in (({"Key": "k" * 129}, "tags.1.member.key"), ({"Value": "v" * 257}, "equal to 256")):
        refused(put, "ValidationError", told, Tags=[tag | wrong])
    options = {"HttpPutResponseHopLimit": 65}
    refused(aws.configuration, "ValidationError", "equal to 64", name="two", MetadataOptions=options)
    refused(
        aws.configuration, "ValidationError", "[optional, required]", name="two", MetadataOptions={"HttpTokens": "no"}
    )


def sizes_are_not_negative(aws: Account) -> None:
    aws.configuration()
    refused(aws.group, "ValidationError", "MinSize", size=0, MinSize=-1, LaunchConfigurationName="web")


def health_checks_exist(aws: Account) -> None:
    aws.group(size=1)
    accepted(aws.update, HealthCheckType="EC2,ELB")
    refused(aws.update, "ValidationError", "PULSE", HealthCheckType="EC2,PULSE")


def termination_policies_exist(aws: Account) -> None:
    aws.group(size=1)
    refused(aws.update, "ValidationError", "Tallest", TerminationPolicies=["OldestInstance", "Tallest"])


def lifetimes_are_a_day_at_least(aws: Account) -> None:
    aws.group(size=1)
    accepted(aws.update, MaxInstanceLifetime=0)
    refused(aws.update, "ValidationError", "86400", MaxInstanceLifetime=86399)


def tags_are_few_and_ones_own(aws: Account) -> None:
    aws.group(size=1)
    tag = {"ResourceId": "web", "ResourceType": "auto-scaling-group", "Value": "v"}
    put = aws.autoscaling.create_or_update_tags
    refused(put, "ValidationError", "aws:", Tags=[tag | {"Key": "aws:mine"}])
    refused(put, "ValidationError", "Duplicate", Tags=[tag | {"Key": "k"}] * 2)
    accepted(put, Tags=[tag | {"Key": f"k{number}"} for number in range(50)])
    accepted(put, Tags=[tag | {"Key": "k1"}])
    refused(put, "ValidationError", "50", Tags=[tag | {"Key": "k50"}])


def tags_come_in_pages(aws: Account) -> None:
    aws.group(
        size=1, Tags=[{"Key": f"k{number}", "Value": "v", "PropagateAtLaunch": number == 1} for number in range(4)]
    )
    describe = aws.autoscaling.describe_tags
    refused(describe, "ValidationError", "colour", Filters=[{"Name": "colour", "Values": ["red"]}])
    refused(describe, "ValidationError", "100", MaxRecords=101)
    holds(describe(MaxRecords=3).get("NextToken"), "one page")
    found = describe(Filters=[{"Name": "propagate-at-launch", "Values": ["true"]}])["Tags"]
    holds([tag["Key"] for tag in found] == ["k1"], str(found))


def protected_groups_are_not_deleted(aws: Account) -> None:
    aws.group(size=0, MinSize=0, DeletionProtection="prevent-all-deletion")
    delete = aws.autoscaling.delete_auto_scaling_group
    refused(delete, "ValidationError", "prevent-all-deletion", AutoScalingGroupName="web")
    aws.update(DeletionProtection="prevent-force-deletion")
    refused(delete, "ValidationError", "prevent-force-deletion", AutoScalingGroupName="web", ForceDelete=True)
    accepted(delete, AutoScalingGroupName="web")


def cooldowns_are_honoured(aws: Account) -> None:
    aws.group(size=1)
    words = {"AutoScalingGroupName": "web", "DesiredCapacity": 2, "HonorCooldown": True}
    aws.step(299)
    refused(aws.autoscaling.set_desired_capacity, "ScalingActivityInProgress", **words)
    aws.step(2)
    accepted(aws.autoscaling.set_desired_capacity, **words)


def members_are_left_out_if_asked(aws: Account) -> None:
    aws.group(size=1)
    (found,) = aws.autoscaling.describe_auto_scaling_groups(IncludeInstances=False)["AutoScalingGroups"]
    holds(not found.get("Instances"), "the members are there")
    holds(len(aws.members()) == 1)


def values_may_clear(aws: Account) -> None:
    aws.group(size=1)
    policy = {"MinHealthyPercentage": 90, "MaxHealthyPercentage": 120}
    none = {"MinHealthyPercentage": -1, "MaxHealthyPercentage": -1}
    some = {"PlacementGroup": "one", "MaxInstanceLifetime": 86400, "DefaultInstanceWarmup": 60}
    aws.update(**some, InstanceMaintenancePolicy=policy)
    holds({*some, "InstanceMaintenancePolicy"} <= {*aws.described()}, "ignored")
    aws.update(PlacementGroup="", MaxInstanceLifetime=0, DefaultInstanceWarmup=-1, InstanceMaintenancePolicy=none)
    left = {*some, "InstanceMaintenancePolicy"} & {*aws.described()}
    holds(not left, f"still there: {sorted(left)}")


def maintenance_policies_have_both_bounds(aws: Account) -> None:
    aws.group(size=1)
    for low, high in ((90, None), (-1, 120), (10, 200), (90, 90)):
        given = {"MinHealthyPercentage": low, "MaxHealthyPercentage": high}
        policy = {name: number for name, number in given.items() if number is not None}
        refused(aws.update, "ValidationError", InstanceMaintenancePolicy=policy)
    aws.update(InstanceMaintenancePolicy={"MinHealthyPercentage": 90, "MaxHealthyPercentage": 120})


def groups_of_operators_are_theirs_alone(aws: Account) -> None:
    aws.group(size=1, Operator={"Principal": "eks.amazonaws.com"})
    aws.group("other", size=1)
    holds(aws.described().get("Operator") == {"Principal": "eks.amazonaws.com"}, "not shown")
    refused(aws.update, "AccessDenied", "eks.amazonaws.com", MaxSize=5)
    own = {"AutoScalingGroupName": "web"}
    refused(aws.autoscaling.set_desired_capacity, "AccessDenied", DesiredCapacity=2, **own)
    refused(aws.autoscaling.suspend_processes, "AccessDenied", ScalingProcesses=["Launch"], **own)
    aws.update("other", MaxSize=5)
