"""What somebody else did with boto3 before Udo came: groups of every kind, neighbours, and a CodeDeploy application.

Run with AWS_ENDPOINT_URL set, and the addresses that the instances of prod-cache are to have as its words.
"""

from __future__ import annotations

import base64
import sys

import boto3

IMAGE = "ami-0c2644caf041bb6de"
USER_DATA = "#!/bin/bash\necho by hand > /etc/motd\n"


def make(addresses: list[str]) -> None:
    """Makes it all."""
    ec2, autoscaling = boto3.client("ec2"), boto3.client("autoscaling")
    place = {"MinSize": 0, "MaxSize": 4, "VPCZoneIdentifier": _subnet("10.0.0.0/24")}
    near = {**place, "VPCZoneIdentifier": _subnet(f"{addresses[0].rpartition('.')[0]}.0/24")}

    for name in ("webapp-by-hand", "prod-web-v2"):
        autoscaling.create_launch_configuration(
            LaunchConfigurationName=name,
            ImageId=IMAGE,
            InstanceType="t3.small",
            UserData=USER_DATA,
            BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 30, "VolumeType": "gp3"}}],
            InstanceMonitoring={"Enabled": False},
        )
    template = ec2.create_launch_template(
        LaunchTemplateName="worker-by-hand",
        LaunchTemplateData={
            "ImageId": IMAGE,
            "InstanceType": "t3.small",
            "UserData": base64.b64encode(USER_DATA.encode()).decode(),
            "MetadataOptions": {"HttpTokens": "required"},
        },
    )["LaunchTemplate"]["LaunchTemplateId"]
    worker = {"LaunchTemplateId": template, "Version": "1"}
    hand = {"LaunchConfigurationName": "webapp-by-hand"}
    autoscaling.create_auto_scaling_group(AutoScalingGroupName="prod-webapp", DesiredCapacity=2, **hand, **place)
    autoscaling.create_auto_scaling_group(
        AutoScalingGroupName="prod-worker", DesiredCapacity=1, LaunchTemplate=worker, **place
    )
    autoscaling.create_auto_scaling_group(
        AutoScalingGroupName="prod-web", LaunchConfigurationName="prod-web-v2", DesiredCapacity=1, **place
    )
    autoscaling.create_auto_scaling_group(AutoScalingGroupName="prod-empty", **hand, **place)
    # Nothing else lives in that subnet, so that its first free addresses are theirs.
    autoscaling.create_auto_scaling_group(
        AutoScalingGroupName="prod-cache", DesiredCapacity=len(addresses), **hand, **near
    )

    codedeploy = boto3.client("codedeploy")
    codedeploy.create_application(applicationName="shop", computePlatform="Server")
    codedeploy.create_deployment_group(
        applicationName="shop",
        deploymentGroupName="worker",
        serviceRoleArn="arn:aws:iam::123456789012:role/codedeploy",
        autoScalingGroups=["prod-worker"],
    )


def _subnet(network: str) -> str:
    ec2 = boto3.client("ec2")
    vpc = ec2.create_vpc(CidrBlock=network)["Vpc"]["VpcId"]
    made: str = ec2.create_subnet(VpcId=vpc, CidrBlock=network, AvailabilityZone="us-east-1a")["Subnet"]["SubnetId"]
    return made


if __name__ == "__main__":
    make(sys.argv[1:])
