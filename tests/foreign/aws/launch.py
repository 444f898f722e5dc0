"""Launch templates and their versions, launch configurations."""

from __future__ import annotations

import base64
from pathlib import Path

from driver import IMAGE, Aws, home

VERSIONS = "ec2 describe-launch-template-versions --launch-template-name made"


def templates(aws: Aws) -> None:
    _made(aws)
    _paged(aws)
    _deleted(aws)


def _made(aws: Aws) -> None:
    data = f"ImageId={IMAGE},InstanceType=t3.small,KeyName=shop"
    words = "--launch-template-name made --version-description first --launch-template-data"
    told = aws(f"ec2 create-launch-template {words} {data}")["LaunchTemplate"]
    numbers = (told["DefaultVersionNumber"], told["LatestVersionNumber"])
    aws.equal("a new launch template has version 1, which is its default", numbers, (1, 1))
    change = "--launch-template-name made --launch-template-data InstanceType=m5.large"
    made = aws(f"ec2 create-launch-template-version {change} --source-version 1")["LaunchTemplateVersion"]
    wanted = {"ImageId": IMAGE, "InstanceType": "m5.large", "KeyName": "shop"}
    aws.equal("a version made from a source has its data, and the change", made["LaunchTemplateData"], wanted)
    alone = aws(f"ec2 create-launch-template-version {change}")["LaunchTemplateVersion"]
    aws.equal(
        "a version without a source has what was said alone", alone["LaunchTemplateData"], {"InstanceType": "m5.large"}
    )
    shown = aws(f"{VERSIONS} --versions 1")["LaunchTemplateVersions"]
    aws.equal("a version keeps its description", shown[0]["VersionDescription"], "first")
    aws("ec2 modify-launch-template --launch-template-name made --default-version 2")
    found = aws(f"{VERSIONS} --versions '$Default' --query 'LaunchTemplateVersions[].VersionNumber'")
    aws.equal("$Default is the version that was made the default", found, [2])
    found = aws(f"{VERSIONS} --versions '$Latest' --query 'LaunchTemplateVersions[].VersionNumber'")
    aws.equal("$Latest is the newest one", found, [3])
    aws.refused(
        "a template's name is taken once",
        f"ec2 create-launch-template --launch-template-name made --launch-template-data {data}",
        "InvalidLaunchTemplateName.AlreadyExistsException",
    )
    aws.refused(
        "a dry run is told as one",
        f"ec2 create-launch-template-version {change} --dry-run",
        "DryRunOperation",
    )


def _paged(aws: Aws) -> None:
    number = "--query 'LaunchTemplateVersions[].VersionNumber'"
    aws.equal("all versions are listed, the newest first", aws(f"{VERSIONS} {number}"), [3, 2, 1])
    first = aws(f"{VERSIONS} --max-items 1")
    numbers = [one["VersionNumber"] for one in first["LaunchTemplateVersions"]]
    aws.equal("--max-items ends a listing of versions", numbers, [3])
    rest = aws(f"{VERSIONS} --starting-token {first['NextToken']} {number}")
    aws.equal("--starting-token gives the rest", rest, [2, 1])
    aws.equal("--page-size does not change what is listed", aws(f"{VERSIONS} --page-size 1 {number}"), [3, 2, 1])
    types = aws(f"{VERSIONS} --filters Name=instance-type,Values=t3.small {number}")
    aws.equal("versions are filtered by instance type", types, [1])
    names = aws(
        "ec2 describe-launch-templates --filters Name=launch-template-name,Values=ma* --query 'length(LaunchTemplates)'"
    )
    aws.equal("templates are filtered by a pattern of their name", names, 1)


def _deleted(aws: Aws) -> None:
    delete = "ec2 delete-launch-template-versions --launch-template-name made --versions"
    aws.refused("the default version is not deleted", f"{delete} 2", "", "default version")
    told = aws(f"{delete} 1 9")
    gone = [one["VersionNumber"] for one in told["SuccessfullyDeletedLaunchTemplateVersions"]]
    aws.equal("the versions that could be deleted are listed", gone, [1])
    kept = [
        (one["VersionNumber"], one["ResponseError"]["Code"])
        for one in told["UnsuccessfullyDeletedLaunchTemplateVersions"]
    ]
    aws.equal("and those that could not, with a code", kept, [(9, "launchTemplateVersionDoesNotExist")])
    aws("ec2 delete-launch-template --launch-template-name made")
    aws.refused(
        "a template that is gone is not found",
        VERSIONS,
        "InvalidLaunchTemplateName.NotFoundException",
    )


def configurations(aws: Aws) -> None:
    script = "#!/bin/sh\necho größer\n"
    Path(home("boot.sh")).write_text(script, encoding="utf-8")
    named = "--launch-configuration-name made"
    create = f"autoscaling create-launch-configuration {named} --image-id {IMAGE} --instance-type t3.small"
    devices = "DeviceName=/dev/xvdb,NoDevice=true DeviceName=/dev/xvdc,Ebs={VolumeSize=9,VolumeType=gp3}"
    aws(
        f"{create} --user-data file://{home('boot.sh')} --key-name shop --spot-price 0.02 "
        f"--block-device-mappings {devices}"
    )
    found = aws("autoscaling describe-launch-configurations --launch-configuration-names made")["LaunchConfigurations"][
        0
    ]
    aws.equal("user data comes back as the file was", base64.b64decode(found["UserData"]).decode(), script)
    aws.equal("the spot price comes back as text", found["SpotPrice"], "0.02")
    devices_shown = {one["DeviceName"]: one.get("Ebs", one.get("NoDevice")) for one in found["BlockDeviceMappings"]}
    aws.equal("a device that is left out stays left out", devices_shown["/dev/xvdb"], True)
    aws.equal("a volume keeps size and type", devices_shown["/dev/xvdc"]["VolumeType"], "gp3")
    aws.equal("monitoring is on where nothing was said", found["InstanceMonitoring"], {"Enabled": True})
    aws.refused("a configuration's name is taken once", create, "AlreadyExists")
    other = create.replace("made", "other").replace(IMAGE, "ami-00000000000000000")
    aws.refused("an image has to exist", other, "ValidationError", "ami-00000000000000000")
    group = "--auto-scaling-group-name configured"
    aws(
        f"autoscaling create-auto-scaling-group {group} {named} --min-size 1 --max-size 1 "
        "--availability-zones us-west-2a"
    )
    born = [one["LaunchConfigurationName"] for one in aws.described("configured")["Instances"]]
    aws.equal("a member names the configuration it was launched from", born, ["made"])
    delete = f"autoscaling delete-launch-configuration {named}"
    aws.refused("a configuration in use is not deleted", delete, "ResourceInUse")
    aws(f"autoscaling delete-auto-scaling-group {group} --force-delete")
    aws.until("and is deleted once its group is gone", lambda: aws.run(delete).returncode, 0)
