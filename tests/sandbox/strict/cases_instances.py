"""EC2 instances: one case for each rule, named like it."""

from __future__ import annotations

import functools

from account import ZONE, Account, holds, refused

UNKNOWN = ["i-00000000000000001", "i-00000000000000002"]


def malformed_instance_ids_are_refused(aws: Account) -> None:
    refused(aws.ec2.describe_instances, "InvalidInstanceID.Malformed", '"web-1"', InstanceIds=["web-1"])
    refused(aws.ec2.get_console_output, "InvalidInstanceID.Malformed", '"web-1"', InstanceId="web-1")


def one_unknown_id_fails_the_batch(aws: Account) -> None:
    members = aws.group()
    both = f"The instance IDs '{', '.join(UNKNOWN)}' do not exist"
    refused(aws.ec2.describe_instances, "InvalidInstanceID.NotFound", both, InstanceIds=[members[0], *UNKNOWN])
    refused(aws.ec2.get_console_output, "InvalidInstanceID.NotFound", UNKNOWN[0], InstanceId=UNKNOWN[0])


def instance_ids_and_max_results_exclude_each_other(aws: Account) -> None:
    members = aws.group()
    words = {"InstanceIds": members, "MaxResults": 5}
    refused(aws.ec2.describe_instances, "InvalidParameterCombination", "maxResults", **words)
    refused(aws.ec2.describe_instances, "InvalidParameterValue", MaxResults=4)


def unknown_filters_are_refused(aws: Account) -> None:
    aws.group(size=1)
    filters = [{"Name": "colour", "Values": ["red"]}]
    for what in ("instances", "images", "subnets", "security_groups", "launch_templates", "key_pairs"):
        refused(getattr(aws.ec2, f"describe_{what}"), "InvalidParameterValue", "colour", Filters=filters)


def only_stars_and_question_marks_are_patterns(aws: Account) -> None:
    def found(what: str, key: str, name: str, value: str) -> int:
        return len(getattr(aws.ec2, f"describe_{what}")(Filters=[{"Name": name, "Values": [value]}])[key])

    groups = functools.partial(found, "security_groups", "SecurityGroups", "group-name")
    for value, wanted in (
        ("d.fault", 0),
        ("[d]efault", 0),
        ("[", 0),
        ("(", 0),
        ("de*", 1),
        ("defaul?", 1),
        ("default", 1),
    ):
        holds(groups(value) == wanted)
    members = aws.group(size=1)
    aws.ec2.create_tags(Resources=members, Tags=[{"Key": "colour", "Value": "[red]"}])
    tagged = functools.partial(found, "tags", "Tags", "value")
    for value, wanted in (("[red]", 1), ("[re?]", 1), ("r", 0)):
        holds(tagged(value) == wanted)


def filters_have_other_names(aws: Account) -> None:
    def found(what: str, key: str, **filters: str) -> int:
        wanted = [{"Name": name, "Values": [value]} for name, value in filters.items()]
        return len(getattr(aws.ec2, f"describe_{what}")(Filters=wanted)[key])

    one = aws.ec2.describe_subnets()["Subnets"][0]
    zones = {"availabilityZone": one["AvailabilityZone"], "availabilityZoneId": one["AvailabilityZoneId"]}
    blocks = {"cidr": one["CidrBlock"], "cidrBlock": one["CidrBlock"], "cidr-block": one["CidrBlock"]}
    holds(found("subnets", "Subnets", defaultForAz="true", **zones, **blocks) == 1)
    holds(found("subnets", "Subnets", defaultForAz="false", **zones) == 0)
    (vpc,) = aws.ec2.describe_vpcs(Filters=[{"Name": "isDefault", "Values": ["true"]}])["Vpcs"]
    holds(found("vpcs", "Vpcs", **{"cidr-block": vpc["CidrBlock"]}) == 1)
    holds(found("vpcs", "Vpcs", **{"cidr-block": "10.9.0.0/16"}) == 0)


def images_are_filtered_by_what_they_are(aws: Account) -> None:
    image = aws.image

    def found(name: str, *values: str) -> list[str]:
        shown = aws.ec2.describe_images(Filters=[{"Name": name, "Values": list(values)}])["Images"]
        return [one["ImageId"] for one in shown]

    shown = aws.ec2.describe_images(ImageIds=[image])["Images"][0]
    volume = shown["BlockDeviceMappings"][0]["Ebs"]
    for name, value in (
        ("boot-mode", "uefi"),
        ("hypervisor", "xen"),
        ("ena-support", "true"),
        ("block-device-mapping.device-name", shown["BlockDeviceMappings"][0]["DeviceName"]),
        ("block-device-mapping.volume-type", volume["VolumeType"]),
        ("block-device-mapping.delete-on-termination", str(volume["DeleteOnTermination"]).lower()),
    ):
        holds(found(name, value) == [image], f"{name} does not find {value}")
        holds(found(name, "another") == [], f"{name} finds anything")
    holds(found("instance-type-specification.supported-instance-type", "t3.micro") == [])


def values_of_filters_are_patterns(aws: Account) -> None:
    aws.group(size=2)
    one = aws.ec2.describe_instances()["Reservations"][0]["Instances"][0]

    def found(name: str, *values: str) -> int:
        shown = aws.ec2.describe_instances(Filters=[{"Name": name, "Values": list(values)}])["Reservations"]
        return sum(len(each["Instances"]) for each in shown)

    holds(found("instance-type", "t3.*") == found("instance-type", "t?.small", "c5.large") == 2, "no wildcards")
    holds(found("instance-type", "t3") == found("instance-type", "c5.*") == 0)
    holds(found("launch-time", f"{one['LaunchTime']:%Y-%m-%d}T*") == found("tenancy", "default") == 2)
    holds(found("instance-lifecycle", "spot") == found("ebs-optimized", "true") == 0)


def instances_come_in_pages(aws: Account) -> None:
    aws.group(size=8)
    shown = aws.ec2.describe_instances(MaxResults=5)
    holds(sum(len(one["Instances"]) for one in shown["Reservations"]) <= 5, "pages of reservations")
    pages = aws.ec2.get_paginator("describe_instances").paginate(PaginationConfig={"PageSize": 5})
    holds(len(list(pages.search("Reservations[].Instances[]"))) == 8)


def addresses_return_to_the_subnet(aws: Account) -> None:
    vpc = aws.ec2.create_vpc(CidrBlock="10.9.0.0/24")["Vpc"]["VpcId"]
    made = aws.ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.0.0/28", AvailabilityZone=ZONE)["Subnet"]["SubnetId"]
    addresses = set()
    for _ in range(3):
        ran = aws.ec2.run_instances(ImageId=aws.image, MinCount=1, MaxCount=1, SubnetId=made)["Instances"][0]
        addresses.add(ran["PrivateIpAddress"])
        aws.ec2.terminate_instances(InstanceIds=[ran["InstanceId"]])
    holds(_free(aws, made) >= 10, "the addresses are gone")


def _free(aws: Account, subnet: str) -> int:
    return int(aws.ec2.describe_subnets(SubnetIds=[subnet])["Subnets"][0]["AvailableIpAddressCount"])


def terminated_instances_have_no_address(aws: Account) -> None:
    made = aws.ec2.run_instances(ImageId=aws.image, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    aws.ec2.terminate_instances(InstanceIds=[made])
    shown = aws.ec2.describe_instances(InstanceIds=[made])["Reservations"][0]["Instances"][0]
    holds("PrivateIpAddress" not in shown and "PublicIpAddress" not in shown and not shown["PrivateDnsName"])


def instances_carry_their_launch_data(aws: Account) -> None:
    aws.iam.create_instance_profile(InstanceProfileName="shop")
    aws.ec2.create_key_pair(KeyName="key")
    options = {"HttpTokens": "required", "HttpPutResponseHopLimit": 2}
    more = {"SpotPrice": "0.05", "PlacementTenancy": "dedicated"}
    aws.configuration("web", KeyName="key", IamInstanceProfile="shop", MetadataOptions=options, **more)
    members = aws.group(size=1, LaunchConfigurationName="web")
    ran = aws.ec2.describe_instances(InstanceIds=members)["Reservations"][0]["Instances"][0]
    holds(ran.get("KeyName") == "key", "no key")
    holds(ran.get("IamInstanceProfile", {}).get("Arn", "").endswith("instance-profile/shop"), "no profile")
    holds(ran["MetadataOptions"]["HttpTokens"] == "required", "no metadata options")
    holds((ran.get("InstanceLifecycle"), ran["Placement"]["Tenancy"]) == ("spot", "dedicated"), str(ran["Placement"]))
