"""What Auto Scaling lists, traffic sources, notifications, managed policies and instances: a case for each rule."""

from __future__ import annotations

from typing import Any

from account import Account, accepted, holds, refused

OWN = {"AutoScalingGroupName": "web"}
TOPIC = "arn:aws:sns:us-west-2:123456789012:told"


def types_are_listed(aws: Account) -> None:
    describe = aws.autoscaling
    listed = accepted(describe.describe_scaling_process_types)["Processes"]
    holds({"ProcessName": "InstanceRefresh"} in listed and len(listed) == 9)
    holds(len(describe.describe_adjustment_types()["AdjustmentTypes"]) == 3)
    holds(len(describe.describe_metric_collection_types()["Metrics"]) == 20)
    holds("OldestLaunchTemplate" in describe.describe_termination_policy_types()["TerminationPolicyTypes"])
    holds(len(describe.describe_lifecycle_hook_types()["LifecycleHookTypes"]) == 2)
    holds(len(describe.describe_auto_scaling_notification_types()["AutoScalingNotificationTypes"]) == 5)


def _told(aws: Account, **words: Any) -> list[tuple[str, str]]:
    found = aws.autoscaling.describe_notification_configurations(**words)["NotificationConfigurations"]
    return [(one["AutoScalingGroupName"], one["NotificationType"].rpartition(":")[2]) for one in found]


def notifications_go_to_topics(aws: Account) -> None:
    aws.group(size=1)
    put = aws.autoscaling.put_notification_configuration
    launch, test = "autoscaling:EC2_INSTANCE_LAUNCH", "autoscaling:TEST_NOTIFICATION"
    accepted(put, **OWN, TopicARN=TOPIC, NotificationTypes=[launch, test])
    holds(_told(aws) == [("web", "EC2_INSTANCE_LAUNCH"), ("web", "TEST_NOTIFICATION")])
    put(**OWN, TopicARN=TOPIC, NotificationTypes=[test])
    holds(_told(aws) == [("web", "TEST_NOTIFICATION")], "the ones before stay")
    refused(put, "ValidationError", "EC2_INSTANCE_NAP", **OWN, TopicARN=TOPIC, NotificationTypes=["EC2_INSTANCE_NAP"])
    refused(put, "ValidationError", "topic", **OWN, TopicARN="told", NotificationTypes=[test])


def deleted_notifications_are_gone(aws: Account) -> None:
    aws.group(size=1)
    kinds = {"NotificationTypes": ["autoscaling:TEST_NOTIFICATION"]}
    accepted(aws.autoscaling.put_notification_configuration, **OWN, TopicARN=TOPIC, **kinds)
    aws.autoscaling.put_notification_configuration(**OWN, TopicARN=f"{TOPIC}-2", **kinds)
    aws.autoscaling.delete_notification_configuration(**OWN, TopicARN=TOPIC)
    holds(len(_told(aws)) == 1)


def notifications_come_in_pages(aws: Account) -> None:
    for name in ("web", "cron"):
        aws.group(name, size=1)
        words = {"AutoScalingGroupName": name, "TopicARN": TOPIC}
        kinds = ["autoscaling:TEST_NOTIFICATION", "autoscaling:EC2_INSTANCE_LAUNCH"]
        accepted(aws.autoscaling.put_notification_configuration, **words, NotificationTypes=kinds)
    first = aws.autoscaling.describe_notification_configurations(MaxRecords=2)
    holds(len(first["NotificationConfigurations"]) <= 2 and "NextToken" in first)
    holds({group for group, _ in _told(aws, AutoScalingGroupNames=["cron"])} == {"cron"})
    refused(aws.autoscaling.describe_notification_configurations, "ValidationError", MaxRecords=101)


def _target_group(aws: Account, name: str = "plain") -> str:
    vpc = aws.ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    made = aws.elbv2.create_target_group(Name=name, Protocol="HTTP", Port=80, VpcId=vpc)
    return str(made["TargetGroups"][0]["TargetGroupArn"])


def _lattice(aws: Account) -> str:
    where = {"port": 80, "protocol": "HTTP", "vpcIdentifier": aws.ec2.describe_vpcs()["Vpcs"][0]["VpcId"]}
    made = aws._client("vpc-lattice").create_target_group(name="mesh", type="INSTANCE", config=where)
    return str(made["arn"])


def _sources(aws: Account, *names: str) -> list[tuple[str, ...]]:
    told = accepted(aws.autoscaling.describe_traffic_sources, **OWN)["TrafficSources"]
    return [tuple(one[name] for name in names) for one in told]


def traffic_sources_are_described(aws: Account) -> None:
    arn = aws.balanced()
    aws.group(size=1, TargetGroupARNs=[arn])
    holds(_sources(aws, "Identifier", "Type", "State") == [(arn, "elbv2", "InService")])
    holds(aws.autoscaling.describe_traffic_sources(**OWN, TrafficSourceType="elb")["TrafficSources"] == [])
    refused(aws.autoscaling.describe_traffic_sources, "ValidationError", "alb", **OWN, TrafficSourceType="alb")


def traffic_sources_are_attached(aws: Account) -> None:
    arn, mesh = _target_group(aws), _lattice(aws)
    (member,) = aws.group(size=1)
    accepted(aws.autoscaling.attach_traffic_sources, **OWN, TrafficSources=[{"Identifier": arn}])
    holds(aws.described()["TargetGroupARNs"] == [arn])
    holds(aws.targets(arn) == [member])
    accepted(aws.autoscaling.attach_traffic_sources, **OWN, TrafficSources=[{"Identifier": mesh}])
    holds(_sources(aws, "Identifier", "Type") == [(arn, "elbv2"), (mesh, "vpc-lattice")])
    aws.autoscaling.detach_traffic_sources(**OWN, TrafficSources=[{"Identifier": arn, "Type": "elbv2"}])
    holds(aws.described()["TargetGroupARNs"] == [])
    holds(aws.targets(arn) == [])
    for gone in (f"{arn}0", f"{mesh}0"):
        named = [{"Identifier": gone}]
        refused(aws.autoscaling.attach_traffic_sources, "ValidationError", "Target Groups", **OWN, TrafficSources=named)
    many = [{"Identifier": arn}] * 11
    refused(aws.autoscaling.attach_traffic_sources, "ValidationError", "limited to 10", **OWN, TrafficSources=many)


def target_groups_fit_their_group(aws: Account) -> None:
    subnet = aws.ec2.describe_subnets()["Subnets"][0]
    vpc = aws.ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    http = {"Protocol": "HTTP", "Port": 80}
    made = [
        aws.elbv2.create_target_group(Name="ip", VpcId=subnet["VpcId"], TargetType="ip", **http),
        aws.elbv2.create_target_group(Name="far", VpcId=vpc, **http),
    ]
    arns = [one["TargetGroups"][0]["TargetGroupArn"] for one in made]
    aws.group(size=1, VPCZoneIdentifier=subnet["SubnetId"])
    attach = aws.autoscaling.attach_load_balancer_target_groups
    refused(attach, "ValidationError", "target type ip", **OWN, TargetGroupARNs=arns[:1])
    refused(attach, "ValidationError", "another VPC", **OWN, TargetGroupARNs=arns[1:])
    named = [{"Identifier": arns[1]}]
    refused(aws.autoscaling.attach_traffic_sources, "ValidationError", "another VPC", **OWN, TrafficSources=named)


def groups_are_made_with_their_traffic_sources(aws: Account) -> None:
    arn = _target_group(aws)
    gone = [{"Identifier": f"{arn}0"}]
    mesh = {"Identifier": _lattice(aws), "Type": "vpc-lattice"}
    (member,) = aws.group(size=1, TrafficSources=[{"Identifier": arn, "Type": "elbv2"}, mesh])
    holds(aws.described()["TargetGroupARNs"] == [arn], "dropped")
    holds(aws.targets(arn) == [member])
    holds(_sources(aws, "Type") == [("elbv2",), ("vpc-lattice",)])
    more = {"name": "two", "LaunchConfigurationName": "web", "TrafficSources": gone}
    refused(aws.group, "ValidationError", "Target Groups", **more)


def groups_show_their_traffic_sources(aws: Account) -> None:
    arn = aws.balanced()
    aws.group(size=1, TargetGroupARNs=[arn])
    holds(aws.described().get("TrafficSources") == [{"Identifier": arn, "Type": "elbv2"}])


def traffic_sources_have_states(aws: Account) -> None:
    aws.delay(target=30)
    arn, idle = aws.balanced(), _target_group(aws, "idle")
    aws.group(size=1)
    both = [{"Identifier": one, "Type": "elbv2"} for one in (arn, idle)]
    accepted(aws.autoscaling.attach_traffic_sources, **OWN, TrafficSources=both)
    holds(_sources(aws, "State") == [("Adding",), ("Adding",)])
    aws.step(31)
    # No load balancer forwards to the other one, so that nobody passes a check of it.
    holds(_sources(aws, "State") == [("InService",), ("Added",)])
    aws.autoscaling.detach_traffic_sources(**OWN, TrafficSources=both[:1])
    holds(_sources(aws, "Identifier", "State") == [(idle, "Added"), (arn, "Removing")])
    aws.step(301)
    holds(_sources(aws, "Identifier") == [(idle,)])


def managed_policies_exist(aws: Account) -> None:
    arn = "arn:aws:iam::aws:policy/service-role/AWSCodeDeployRole"
    aws.iam.create_role(RoleName="deployer", AssumeRolePolicyDocument='{"Version": "2012-10-17"}')
    accepted(aws.iam.attach_role_policy, RoleName="deployer", PolicyArn=arn)
    attached = aws.iam.list_attached_role_policies(RoleName="deployer")["AttachedPolicies"]
    holds(attached == [{"PolicyName": "AWSCodeDeployRole", "PolicyArn": arn}])
    policy = aws.iam.get_policy(PolicyArn="arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore")["Policy"]
    version = aws.iam.get_policy_version(PolicyArn=policy["Arn"], VersionId=policy["DefaultVersionId"])
    holds("ssm:UpdateInstanceInformation" in str(version["PolicyVersion"]["Document"]))
    listed = aws.iam.list_policies(Scope="AWS", MaxItems=1000)
    holds(len(listed["Policies"]) == 1000 and listed["IsTruncated"])
    lost = "arn:aws:iam::aws:policy/NoSuchPolicy"
    refused(aws.iam.attach_role_policy, "NoSuchEntity", RoleName="deployer", PolicyArn=lost)


def managed_instances_are_described(aws: Account) -> None:
    aws.iam.create_instance_profile(InstanceProfileName="web")
    aws.configuration("web", IamInstanceProfile="web")
    members = aws.group(size=6, LaunchConfigurationName="web")
    aws.group("bare", size=1)
    described = aws.ssm.describe_instance_information
    first = accepted(described, MaxResults=5)
    holds(len(first["InstanceInformationList"]) <= 5 and "NextToken" in first)
    found = described(MaxResults=50)["InstanceInformationList"]
    holds(sorted(one["InstanceId"] for one in found) == sorted(members))
    holds({(one["PingStatus"], one["PlatformType"]) for one in found} == {("Online", "Linux")})
    by_tag = [{"Key": "tag:aws:autoscaling:groupName", "Values": ["bare"]}]
    holds(described(Filters=by_tag)["InstanceInformationList"] == [])
    aws.ec2.terminate_instances(InstanceIds=members[:1])
    by_id = [{"Key": "InstanceIds", "Values": members[:2]}]
    holds([one["InstanceId"] for one in described(Filters=by_id)["InstanceInformationList"]] == members[1:2])


def target_tracking_has_alarms(aws: Account) -> None:
    aws.group(size=1)
    goal = {"PredefinedMetricSpecification": {"PredefinedMetricType": "ASGAverageCPUUtilization"}, "TargetValue": 50.0}
    words = {**OWN, "PolicyName": "half", "PolicyType": "TargetTrackingScaling"}
    put = aws.autoscaling.put_scaling_policy
    made = put(**words, TargetTrackingConfiguration=goal).get("Alarms", [])
    holds([one["AlarmName"].split("-")[2] for one in made] == ["AlarmHigh", "AlarmLow"], "no alarms")
    holds(aws.autoscaling.describe_policies()["ScalingPolicies"][0]["Alarms"] == made)
    holds(put(**words, TargetTrackingConfiguration=goal)["Alarms"] == made, "others after an update")
    holds(len(put(**words, TargetTrackingConfiguration=goal | {"DisableScaleIn": True})["Alarms"]) == 1)


def parameters_show_their_policies(aws: Account) -> None:
    aws.ssm.put_parameter(Name="/a", Value="x", Type="String")
    holds(aws.ssm.describe_parameters()["Parameters"][0].get("Policies") == [])


def empty_tags_are_left_out(aws: Account) -> None:
    image = aws.image
    shown = [aws.ec2.describe_images(ImageIds=[image])["Images"][0]]
    shown += [aws.ec2.describe_vpcs()["Vpcs"][0], aws.ec2.describe_subnets()["Subnets"][0]]
    holds(not any("Tags" in one for one in shown), "an empty list")
    aws.ec2.create_tags(Resources=[image], Tags=[{"Key": "team", "Value": "payments"}])
    holds(aws.ec2.describe_images(ImageIds=[image])["Images"][0]["Tags"] == [{"Key": "team", "Value": "payments"}])


def launch_data_of_instances_can_be_used(aws: Account) -> None:
    volume = {"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 9, "VolumeType": "gp3"}}
    words = {"MinCount": 1, "MaxCount": 1, "ImageId": aws.image, "InstanceType": "t3.small"}
    ran = aws.ec2.run_instances(**words, BlockDeviceMappings=[volume])["Instances"][0]
    data = aws.ec2.get_launch_template_data(InstanceId=ran["InstanceId"])["LaunchTemplateData"]
    (card,) = data["NetworkInterfaces"]
    holds(all(group.startswith("sg-") for group in card["Groups"]), "no ids")
    devices = {one["DeviceName"]: one["Ebs"] for one in data["BlockDeviceMappings"]}
    holds((devices["/dev/sdf"]["VolumeSize"], devices["/dev/sdf"]["Iops"]) == (9, 3000))
    again = {"ImageId": data["ImageId"], "InstanceType": data["InstanceType"]}
    accepted(aws.template, **again, BlockDeviceMappings=data["BlockDeviceMappings"])
