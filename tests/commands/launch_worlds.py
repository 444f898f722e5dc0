"""Small worlds for launch changes: one group of each kind, with neighbours whose names start alike."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from kept import once

OLD_IMAGE, NEW_IMAGE = "ami-0aaaaaaaaaaaaaaaa", "ami-0bbbbbbbbbbbbbbbb"
# How the two are shown where they differ.
IMAGES = f"{OLD_IMAGE} (of today) -> {NEW_IMAGE} (of today)"
SCRIPT = "#!/bin/sh\necho früh\n"
ZONES = {"AvailabilityZones": ["us-west-2a"]}
# Never ours, whatever they look like: other groups, and configurations that nobody uses.
NEIGHBOURS = ("prod-web", "prod-web-v2", "prod-webapp2")
STRAYS = (
    "prod-webapp2-v3",
    "prod-web-v2-keep",
    "prod-webapp-v2-keep",
    "prod-webapp-v",
    "prod-webapp-v07",
    "prod-webapp-vx",
    "xprod-webapp-v9",
)
CONFIG = f"""
region: us-west-2
clusters:
  prod:
    roles:
      webapp: {{ami: {NEW_IMAGE}, instance_type: m7g.large}}
"""


def write_config(text: str = CONFIG) -> None:
    """Makes ./udo.yml."""
    Path("udo.yml").write_text(text, encoding="utf-8")


def numbered_config(number: int) -> str:
    """A configuration that differs for each number in what every kind of group launches."""
    return CONFIG.replace("instance_type: m7g.large", f"metadata_options: {{HttpPutResponseHopLimit: {number + 10}}}")


def type_now(kind: str) -> str:
    """The instance type in the launch data after CONFIG: in a mixed instances policy overrides decide, and it stays."""
    return "t3.small" if kind == "mixed" else "m7g.large"


def register_images(world: Any) -> None:
    """Makes the images exist that the worlds below name; without a name, and fit for every type a test thinks of."""
    for image_id in (OLD_IMAGE, NEW_IMAGE):
        register_image(world, image_id)


def register_image(world: Any, image_id: str, **shown: Any) -> None:
    """Makes an image of that id exist, which EC2 shows like this."""
    from moto.ec2.models import ec2_backends

    images = ec2_backends[world.account]["us-west-2"].amis
    made = world.client("ec2").register_image(Name="one", Architecture="x86_64")["ImageId"]
    images[image_id] = images.pop(made)
    for name, value in ({"id": image_id, "name": "", "architecture": ""} | shown).items():
        setattr(images[image_id], name, value)


def neighbours(world: Any) -> None:
    """Groups and configurations that are named almost like ours."""
    client = world.client("autoscaling")
    for name in (*NEIGHBOURS, *STRAYS):
        configuration(world, name)
    for name in NEIGHBOURS:
        client.create_auto_scaling_group(
            AutoScalingGroupName=name, LaunchConfigurationName=name, MinSize=0, MaxSize=1, **ZONES
        )


def configuration(world: Any, name: str, **more: Any) -> None:
    """A launch configuration."""
    data = {"ImageId": OLD_IMAGE, "InstanceType": "t3.small", "UserData": SCRIPT, "SpotPrice": "0.05"} | more
    world.client("autoscaling").create_launch_configuration(LaunchConfigurationName=name, **data)


@once
def configuration_world(world: Any) -> None:
    """prod-webapp on the launch configuration prod-webapp, two instances."""
    register_images(world)
    neighbours(world)
    configuration(world, "prod-webapp")
    _group(world, LaunchConfigurationName="prod-webapp")


@once
def template_world(world: Any) -> None:
    """prod-webapp on version 1 of the launch template prod-webapp, two instances."""
    register_images(world)
    neighbours(world)
    template(world)
    _group(world, LaunchTemplate={"LaunchTemplateName": "prod-webapp", "Version": "1"})


@once
def mixed_world(world: Any) -> None:
    """prod-webapp on a mixed instances policy around version 1 of its template."""
    register_images(world)
    neighbours(world)
    template(world)
    specification = {"LaunchTemplateName": "prod-webapp", "Version": "1"}
    policy = {
        "LaunchTemplate": {
            "LaunchTemplateSpecification": specification,
            "Overrides": [{"InstanceType": "t3.small"}, {"InstanceType": "t3a.small", "WeightedCapacity": "2"}],
        },
        "InstancesDistribution": {"OnDemandBaseCapacity": 1, "SpotAllocationStrategy": "price-capacity-optimized"},
    }
    _group(world, MixedInstancesPolicy=policy)


ARM = "prod-webapp-arm"


def overrides_world(world: Any, version: str = "1") -> str:
    """The mixed world with one more override, which has a template of its own; returns that template's id."""
    mixed_world(world)
    ec2 = world.client("ec2")
    for name in ("arm", "ops"):
        ec2.create_key_pair(KeyName=name)
    data = {"ImageId": OLD_IMAGE, "InstanceType": "t4g.small", "KeyName": "arm"}
    made = ec2.create_launch_template(LaunchTemplateName=ARM, LaunchTemplateData=data)
    template_id = str(made["LaunchTemplate"]["LaunchTemplateId"])
    own = {"LaunchTemplateId": template_id, "Version": version}
    rows = group(world)["MixedInstancesPolicy"]["LaunchTemplate"]["Overrides"]
    rows.append({"InstanceType": "t4g.small", "LaunchTemplateSpecification": own})
    set_overrides(world, rows)
    return template_id


def set_overrides(world: Any, rows: list[dict[str, Any]]) -> None:
    """Gives the group's mixed instances policy other overrides."""
    world.client("autoscaling").update_auto_scaling_group(
        AutoScalingGroupName="prod-webapp", MixedInstancesPolicy={"LaunchTemplate": {"Overrides": rows}}
    )


def template(world: Any) -> str:
    """The launch template prod-webapp; returns its id."""
    import base64

    data = {
        "ImageId": OLD_IMAGE,
        "InstanceType": "t3.small",
        "UserData": base64.b64encode(SCRIPT.encode()).decode(),
        "MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 2},
    }
    made = world.client("ec2").create_launch_template(LaunchTemplateName="prod-webapp", LaunchTemplateData=data)
    return str(made["LaunchTemplate"]["LaunchTemplateId"])


WORLDS: dict[str, Callable[[Any], None]] = {
    "configuration": configuration_world,
    "template": template_world,
    "mixed": mixed_world,
}


def group(world: Any, name: str = "prod-webapp") -> dict[str, Any]:
    """The group as AWS describes it."""
    asked = world.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])
    return dict(asked["AutoScalingGroups"][0])


def launched_from(world: Any, name: str = "prod-webapp") -> str:
    """What the group launches from: a configuration's name, or a template's version."""
    row = group(world, name)
    mixed = row.get("MixedInstancesPolicy", {}).get("LaunchTemplate", {}).get("LaunchTemplateSpecification")
    reference = mixed or row.get("LaunchTemplate")
    return str(reference["Version"] if reference else row["LaunchConfigurationName"])


def launch_data(world: Any, name: str = "prod-webapp") -> dict[str, Any]:
    """The launch data the group launches from."""
    row = group(world, name)
    if row.get("LaunchConfigurationName"):
        names = [row["LaunchConfigurationName"]]
        asked = world.client("autoscaling").describe_launch_configurations(LaunchConfigurationNames=names)
        return dict(asked["LaunchConfigurations"][0])
    asked = world.client("ec2").describe_launch_template_versions(
        LaunchTemplateName="prod-webapp", Versions=[launched_from(world, name)]
    )
    return dict(asked["LaunchTemplateVersions"][0]["LaunchTemplateData"])


def everything(world: Any) -> dict[str, Any]:
    """All configurations, template versions and groups, for comparing before with after."""
    client = world.client("autoscaling")
    configurations = client.get_paginator("describe_launch_configurations").paginate().build_full_result()
    groups = client.get_paginator("describe_auto_scaling_groups").paginate().build_full_result()
    ec2 = world.client("ec2")
    versions = [
        row
        for one in ec2.describe_launch_templates()["LaunchTemplates"]
        for row in ec2.describe_launch_template_versions(LaunchTemplateId=one["LaunchTemplateId"])[
            "LaunchTemplateVersions"
        ]
    ]
    return {
        "configurations": {row["LaunchConfigurationName"]: row for row in configurations["LaunchConfigurations"]},
        "versions": {row["VersionNumber"]: row for row in versions},
        "groups": {row["AutoScalingGroupName"]: row for row in groups["AutoScalingGroups"]},
    }


def _group(world: Any, **launch: Any) -> None:
    world.client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName="prod-webapp", MinSize=1, MaxSize=3, DesiredCapacity=2, **ZONES, **launch
    )
