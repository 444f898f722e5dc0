"""Launch configurations and launch templates: one case for each rule, named like it."""

from __future__ import annotations

from account import Account, accepted, encoded, holds, refused


def launch_configuration_names_are_unique(aws: Account) -> None:
    aws.configuration("web", InstanceType="t3.large")
    refused(aws.configuration, "AlreadyExists", "web", name="web")


def launch_configuration_names_are_short(aws: Account) -> None:
    refused(aws.configuration, "ValidationError", "255", name="x" * 256)


def launch_configuration_user_data_fits_16_kb(aws: Account) -> None:
    aws.configuration("fits", UserData=b"x" * 16384)
    refused(aws.configuration, "ValidationError", "16384", name="web", UserData=b"x" * 16385)


def block_device_is_one_kind(aws: Account) -> None:
    both = {"DeviceName": "/dev/sdb", "VirtualName": "ephemeral0", "Ebs": {"VolumeSize": 8}}
    refused(aws.configuration, "ValidationError", "/dev/sdb", name="web", BlockDeviceMappings=[both])


def launch_configurations_are_limited(aws: Account) -> None:
    aws.quota(launch_configurations=2)
    aws.configuration("one")
    aws.configuration("two")
    refused(aws.configuration, "LimitExceeded", name="three")


def new_accounts_have_no_launch_configurations(aws: Account) -> None:
    aws.quota(launch_configurations_refused=True)
    refused(aws.configuration, "ValidationError", "launch templates", name="web")


def settings_come_from_the_instance(aws: Account) -> None:
    ran = aws.ec2.run_instances(ImageId=aws.image, InstanceType="m5.large", MinCount=1, MaxCount=1)["Instances"][0]
    aws.autoscaling.create_launch_configuration(LaunchConfigurationName="web", InstanceId=ran["InstanceId"])
    made = aws.autoscaling.describe_launch_configurations()["LaunchConfigurations"][0]
    holds((made.get("ImageId"), made.get("InstanceType")) == (aws.image, "m5.large"))


def launch_configurations_come_in_pages(aws: Account) -> None:
    for number in range(5):
        aws.configuration(f"web-v{number}")
    refused(aws.autoscaling.describe_launch_configurations, "ValidationError", MaxRecords=101)
    shown = aws.autoscaling.describe_launch_configurations(MaxRecords=4)
    holds(len(shown["LaunchConfigurations"]) < 4 and shown["NextToken"], "a full page")
    pages = aws.autoscaling.get_paginator("describe_launch_configurations").paginate(PaginationConfig={"PageSize": 2})
    holds(len(list(pages.search("LaunchConfigurations"))) == 5)


def described_as_asked(aws: Account) -> None:
    devices = [{"DeviceName": "/dev/sdb", "NoDevice": True}, {"DeviceName": "/dev/sdc", "VirtualName": "ephemeral0"}]
    aws.configuration("web", PlacementTenancy="dedicated", BlockDeviceMappings=devices)
    made = aws.autoscaling.describe_launch_configurations()["LaunchConfigurations"][0]
    holds("AssociatePublicIpAddress" not in made, "invented AssociatePublicIpAddress")
    holds(made["InstanceMonitoring"] == {"Enabled": True}, "monitoring is on by default")
    holds(made["PlacementTenancy"] == "dedicated" and made["BlockDeviceMappings"] == devices)


def launch_configuration_in_use_stays(aws: Account) -> None:
    aws.group(size=1)
    delete = aws.autoscaling.delete_launch_configuration
    refused(delete, "ResourceInUse", "attached to AutoScalingGroup web", LaunchConfigurationName="web")
    refused(delete, "ValidationError", "not found", LaunchConfigurationName="nothing")


def launch_configuration_arns_differ(aws: Account) -> None:
    aws.configuration("one")
    aws.configuration("two")
    found = aws.autoscaling.describe_launch_configurations()["LaunchConfigurations"]
    holds(len({one["LaunchConfigurationARN"].split(":")[6] for one in found}) == 2)


def configurations_name_known_images(aws: Account) -> None:
    refused(aws.configuration, "ValidationError", "does not exist", name="web", ImageId="ami-0123456789abcdef0")


def configurations_name_known_key_pairs(aws: Account) -> None:
    refused(aws.configuration, "ValidationError", "'nobody'", name="web", KeyName="nobody")


def configurations_name_known_security_groups(aws: Account) -> None:
    unknown = ["sg-0123456789abcdef0"]
    refused(aws.configuration, "ValidationError", unknown[0], name="web", SecurityGroups=unknown)


def configurations_name_known_instance_profiles(aws: Account) -> None:
    refused(aws.configuration, "ValidationError", "nobody", name="web", IamInstanceProfile="nobody")
    aws.iam.create_instance_profile(InstanceProfileName="somebody")
    aws.configuration("web", IamInstanceProfile="somebody")


def template_names_are_plain(aws: Account) -> None:
    refused(aws.template, "InvalidLaunchTemplateName.MalformedException", name="no blanks")
    refused(aws.template, "InvalidLaunchTemplateName.MalformedException", name="ab")


def template_user_data_fits_16_kb(aws: Account) -> None:
    aws.template("fits", UserData=encoded("x" * 16384))
    refused(aws.template, "InvalidUserData.Malformed", "16384", name="web", UserData=encoded("x" * 16385))


def a_template_is_named_once(aws: Account) -> None:
    made = aws.template()
    delete = aws.ec2.delete_launch_template
    refused(delete, "InvalidParameterCombination", LaunchTemplateId=made, LaunchTemplateName="web")
    refused(delete, "InvalidLaunchTemplateName.NotFoundException", LaunchTemplateName="nothing")
    both = {"LaunchTemplateId": made, "LaunchTemplateName": "web"}
    refused(aws.ec2.describe_launch_template_versions, "InvalidParameterCombination", **both)
    refused(aws.ec2.modify_launch_template, "MissingParameter", LaunchTemplateId=made)
    text = "Either provide launch template ID or launch template name to modify the template."
    malformed = {"LaunchTemplateId": "template_n", "LaunchTemplateName": "web", "DefaultVersion": "2"}
    refused(aws.ec2.modify_launch_template, "InvalidParameterCombination", text, **malformed)


def client_tokens_are_honoured(aws: Account) -> None:
    aws.template()
    words = {"LaunchTemplateName": "web", "ClientToken": "once", "LaunchTemplateData": {"KeyName": "key"}}
    first, again = (aws.ec2.create_launch_template_version(**words) for _ in range(2))
    numbers = {answer["LaunchTemplateVersion"]["VersionNumber"] for answer in (first, again)}
    holds(numbers == {2}, "a second version")
    words["LaunchTemplateData"] = {"KeyName": "other"}
    refused(aws.ec2.create_launch_template_version, "IdempotentParameterMismatch", **words)


def new_versions_inherit_from_their_source(aws: Account) -> None:
    aws.template(KeyName="key")
    made = aws.ec2.create_launch_template_version(
        LaunchTemplateName="web", SourceVersion="1", LaunchTemplateData={"InstanceType": "m5.large"}
    )
    data = made["LaunchTemplateVersion"]["LaunchTemplateData"]
    holds(data == {"ImageId": aws.image, "InstanceType": "m5.large", "KeyName": "key"}, str(data))


def template_tags_stay_out_of_the_data(aws: Account) -> None:
    tags = [{"ResourceType": "launch-template", "Tags": [{"Key": "team", "Value": "shop"}]}]
    data = {"ImageId": aws.image}
    made = aws.ec2.create_launch_template(LaunchTemplateName="web", LaunchTemplateData=data, TagSpecifications=tags)
    version = aws.ec2.describe_launch_template_versions(LaunchTemplateName="web")["LaunchTemplateVersions"][0]
    holds(made["LaunchTemplate"]["Tags"] == tags[0]["Tags"])
    holds(version["LaunchTemplateData"] == data, str(version["LaunchTemplateData"]))


def templates_come_in_pages(aws: Account) -> None:
    for number in range(17):
        aws.template(f"web-{number}")
    holds(len(aws.ec2.describe_launch_templates()["LaunchTemplates"]) == 17, "cut off")
    pages = aws.ec2.get_paginator("describe_launch_templates").paginate(PaginationConfig={"PageSize": 4})
    holds(len(list(pages.search("LaunchTemplates"))) == 17)
    unknown = ["lt-00000000000000000"]
    refused(aws.ec2.describe_launch_templates, "InvalidLaunchTemplateId.NotFound", LaunchTemplateIds=unknown)


def the_default_version_can_be_set(aws: Account) -> None:
    aws.template()
    aws.ec2.create_launch_template_version(LaunchTemplateName="web", LaunchTemplateData={"ImageId": aws.image})
    try:
        aws.ec2.modify_launch_template(LaunchTemplateName="web", DefaultVersion="$Latest")
    except aws.ec2.exceptions.ClientError as error:
        holds(False, str(error))
    holds(aws.ec2.describe_launch_templates()["LaunchTemplates"][0]["DefaultVersionNumber"] == 2)
    text = "The launch template version 9 is not found for the specified launch template."
    code = "InvalidLaunchTemplateId.VersionNotFound"
    refused(aws.ec2.modify_launch_template, code, text, LaunchTemplateName="web", DefaultVersion="9")


def versions_of_all_templates_are_aliases(aws: Account) -> None:
    aws.template()
    versions = ["$Latest", "1"]
    text = "for \u2018--versions\u2019 specify \u2018$Latest\u2019, \u2018$Default\u2019, or both, and omit"
    refused(aws.ec2.describe_launch_template_versions, "InvalidParameterValue", text, Versions=versions)
    refused(aws.ec2.describe_launch_template_versions, "MissingParameter", text)


def versions_come_in_pages(aws: Account) -> None:
    aws.template()
    for _ in range(16):
        aws.ec2.create_launch_template_version(LaunchTemplateName="web", LaunchTemplateData={"ImageId": aws.image})
    pages = aws.ec2.get_paginator("describe_launch_template_versions")
    found = pages.paginate(LaunchTemplateName="web", PaginationConfig={"PageSize": 5}).search("LaunchTemplateVersions")
    numbers = [version["VersionNumber"] for version in found]
    holds(numbers == list(range(17, 0, -1)), str(numbers))


def template_versions_can_be_deleted(aws: Account) -> None:
    aws.template()
    aws.ec2.create_launch_template_version(LaunchTemplateName="web", LaunchTemplateData={"ImageId": aws.image})
    done = aws.ec2.delete_launch_template_versions(LaunchTemplateName="web", Versions=["2", "7"])
    holds([one["VersionNumber"] for one in done["SuccessfullyDeletedLaunchTemplateVersions"]] == [2])
    failed = done["UnsuccessfullyDeletedLaunchTemplateVersions"][0]
    holds((failed["VersionNumber"], failed["ResponseError"]["Code"]) == (7, "launchTemplateVersionDoesNotExist"))


def the_default_version_is_not_deleted(aws: Account) -> None:
    aws.template()
    aws.ec2.create_launch_template_version(LaunchTemplateName="web", LaunchTemplateData={"ImageId": aws.image})
    delete = aws.ec2.delete_launch_template_versions
    refused(delete, "InvalidLaunchTemplateId.VersionIsDefault", LaunchTemplateName="web", Versions=["2", "1"])
    holds(len(aws.ec2.describe_launch_template_versions(LaunchTemplateName="web")["LaunchTemplateVersions"]) == 2)


def version_numbers_are_never_used_again(aws: Account) -> None:
    aws.template()
    words = {"LaunchTemplateName": "web", "LaunchTemplateData": {"ImageId": aws.image}}
    aws.ec2.create_launch_template_version(**words)
    aws.ec2.delete_launch_template_versions(LaunchTemplateName="web", Versions=["2"])
    made = aws.ec2.create_launch_template_version(**words)["LaunchTemplateVersion"]
    holds(made["VersionNumber"] == 3)


def public_images_exist(aws: Account) -> None:
    path = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"
    image = aws.ssm.get_parameter(Name=path)["Parameter"]["Value"]
    shown = accepted(aws.ec2.describe_images, ImageIds=[image])["Images"]
    holds([(one["ImageOwnerAlias"], one["Architecture"]) for one in shown] == [("amazon", "arm64")])
    aws.template(ImageId=f"resolve:ssm:{path}")
    (member,) = aws.group(size=1, LaunchTemplate={"LaunchTemplateName": "web"})
    ran = aws.ec2.describe_instances(InstanceIds=[member])["Reservations"][0]["Instances"][0]
    holds(ran["ImageId"] == image)


def aliases_are_resolved_if_asked(aws: Account) -> None:
    aws.ssm.put_parameter(Name="/image", Value=aws.image, Type="String")
    aws.template(ImageId="resolve:ssm:/image:1")
    for words, wanted in (({}, "resolve:ssm:/image:1"), ({"ResolveAlias": True}, aws.image)):
        shown = aws.ec2.describe_launch_template_versions(LaunchTemplateName="web", **words)
        holds(shown["LaunchTemplateVersions"][0]["LaunchTemplateData"]["ImageId"] == wanted)


def images_are_looked_up_at_launch(aws: Account) -> None:
    aws.ssm.put_parameter(Name="/images/web", Type="String", Value=aws.image)
    aws.template(ImageId="resolve:ssm:/images/web")
    members = aws.group(size=1, LaunchTemplate={"LaunchTemplateName": "web", "Version": "1"})
    ran = aws.ec2.describe_instances(InstanceIds=members)["Reservations"][0]["Instances"][0]
    holds(ran["ImageId"] == aws.image, ran["ImageId"])


def a_deleted_template_is_described_once_more(aws: Account) -> None:
    aws.template()
    aws.ec2.create_launch_template_version(LaunchTemplateName="web", LaunchTemplateData={"ImageId": aws.image})
    gone = aws.ec2.delete_launch_template(LaunchTemplateName="web")["LaunchTemplate"]
    holds((gone.get("LatestVersionNumber"), gone["DefaultVersionNumber"]) == (2, 1))
    holds(gone.get("CreateTime") and gone.get("CreatedBy"))


def volumes_are_possible(aws: Account) -> None:
    for volume, told in (
        ({"VolumeType": "floppy"}, "floppy"),
        ({"VolumeType": "gp2", "Iops": 3000}, "iops is not supported"),
        ({"VolumeType": "io1"}, "iops must be specified"),
        ({"VolumeType": "io1", "Iops": 3000, "Throughput": 200}, "throughput is not supported"),
    ):
        mapping = {"DeviceName": "/dev/sdb", "Ebs": {"VolumeSize": 100} | volume}
        refused(aws.configuration, "ValidationError", told, BlockDeviceMappings=[mapping])
    gp3 = {"DeviceName": "/dev/sdb", "Ebs": {"VolumeSize": 100, "VolumeType": "gp3", "Iops": 3000, "Throughput": 200}}
    accepted(aws.configuration, BlockDeviceMappings=[gp3])


def tenancy_is_default_or_dedicated(aws: Account) -> None:
    refused(aws.configuration, "ValidationError", "mine", PlacementTenancy="mine")


def configurations_name_known_instance_types(aws: Account) -> None:
    refused(aws.configuration, "ValidationError", "t3.nonsense", InstanceType="t3.nonsense")
    refused(aws.configuration, "ValidationError", "m99.large", InstanceType="m99.large")
    accepted(aws.configuration, InstanceType="m9g.24xlarge")


def launch_data_is_not_empty(aws: Account) -> None:
    aws.template()
    refused(aws.ec2.create_launch_template, "MissingParameter", LaunchTemplateName="two", LaunchTemplateData={})
    words = {"LaunchTemplateName": "web", "LaunchTemplateData": {}}
    refused(aws.ec2.create_launch_template_version, "MissingParameter", **words)
    accepted(aws.ec2.create_launch_template_version, SourceVersion="1", **words)


def version_descriptions_are_short(aws: Account) -> None:
    words = {"LaunchTemplateName": "web", "LaunchTemplateData": {"KeyName": "k"}}
    refused(aws.ec2.create_launch_template, "InvalidParameterValue", "255", VersionDescription="x" * 256, **words)


def malformed_template_ids_are_refused(aws: Account) -> None:
    code = "InvalidLaunchTemplateId.Malformed"
    refused(aws.ec2.describe_launch_templates, code, "web", LaunchTemplateIds=["web"])
    refused(aws.ec2.delete_launch_template, code, "lt-1", LaunchTemplateId="lt-1")


def dry_runs_change_nothing(aws: Account) -> None:
    words = {"LaunchTemplateId": aws.template(), "DryRun": True}
    refused(aws.ec2.describe_launch_templates, "DryRunOperation", DryRun=True)
    for call, more in (
        (aws.ec2.modify_launch_template, {"DefaultVersion": "1"}),
        (aws.ec2.delete_launch_template_versions, {"Versions": ["2"]}),
        (aws.ec2.create_launch_template_version, {"LaunchTemplateData": {"KeyName": "k"}}),
    ):
        refused(call, "DryRunOperation", **words, **more)
    (found,) = aws.ec2.describe_launch_templates()["LaunchTemplates"]
    holds(found["LatestVersionNumber"] == 1)


def versions_are_filtered(aws: Account) -> None:
    made = aws.template()
    data = {"InstanceType": "m7g.large", "IamInstanceProfile": {"Name": "shop"}}
    aws.ec2.create_launch_template_version(LaunchTemplateId=made, LaunchTemplateData=data)
    for name, value, numbers in (
        ("is-default-version", "true", [1]),
        ("instance-type", "m7g.*", [2]),
        ("iam-instance-profile", "shop", [2]),
        ("image-id", "ami-0", []),
    ):
        words = {"LaunchTemplateId": made, "Filters": [{"Name": name, "Values": [value]}]}
        found = aws.ec2.describe_launch_template_versions(**words)["LaunchTemplateVersions"]
        holds([one["VersionNumber"] for one in found] == numbers, name)
