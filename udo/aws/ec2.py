"""Reads of EC2: instances, console output, launch template versions and images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from udo.aws.autoscaling import batched
from udo.aws.members import whole
from udo.aws.times import rfc3339
from udo.aws.unknown import unknown_in
from udo.model.checkup import Host
from udo.model.instances import Instance, SecurityGroup
from udo.model.launch import Image, LaunchTemplateVersion

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from udo.aws.connection import Connection

# Source: docs.aws.amazon.com/AWSEC2/latest/APIReference/Query-Requests.html: at most 200 values in one filter.
_FILTER_VALUES = 200


@whole
class Ec2:
    """What EC2 holds in one account and region."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def instances(self, ids: Iterable[str]) -> dict[str, Instance]:
        """The instances of these ids that still exist, by id; no id makes no call.

        Asked by filter, so that one that is gone drops out where an id list would fail as a whole.

        Raises: UdoError.
        """
        found = {}
        for batch in batched(ids, _FILTER_VALUES):
            asked = {"Filters": [{"Name": "instance-id", "Values": batch}]}
            for page in self._connection.pages("ec2", "DescribeInstances", asked):
                for reservation in page["Reservations"]:
                    for row in reservation["Instances"]:
                        found[row["InstanceId"]] = _instance(row)
        return found

    def hosts(self, ids: Iterable[str]) -> dict[str, Host]:
        """The same as their agents and their metadata find them, by id.

        Raises: UdoError.
        """
        found = {}
        for batch in batched(ids, _FILTER_VALUES):
            asked = {"Filters": [{"Name": "instance-id", "Values": batch}]}
            # Of these members no other read has use.
            for page in self._connection.pages("ec2", "DescribeInstances", asked, whole=True):
                for reservation in page["Reservations"]:
                    found.update({row["InstanceId"]: _host(row) for row in reservation["Instances"]})
        return found

    def metadata_tokens(self) -> str:
        """What the account's default for the region makes of tokens for instance metadata: required or optional; empty
        where it leaves that to the image.

        Raises: UdoError.
        """
        answer = self._connection.ask("ec2", "GetInstanceMetadataDefaults", {}, whole=True)
        told = str((answer.get("AccountLevel") or {}).get("HttpTokens") or "")
        return "" if told == "no-preference" else told

    def terminated(self, ids: Iterable[str]) -> set[str]:
        """Those of the instances that are no more, or are on their way there.

        Raises: UdoError.
        """
        wanted = list(ids)
        known = self.instances(wanted)
        return {one for one in wanted if one not in known or known[one].state in ("shutting-down", "terminated")}

    def console_output(self, instance_id: str) -> str | None:
        """What the instance has printed on its console, None where there is nothing yet.

        Raises: UdoError.
        """
        output: str | None = self._connection.ask("ec2", "GetConsoleOutput", {"InstanceId": instance_id}).get("Output")
        return output

    def launch_template_versions(self, template_id: str, *versions: str) -> tuple[LaunchTemplateVersion, ...]:
        """The versions asked for ($Latest and $Default may stand), or all of the template, newest first.

        Raises: UdoError.
        """
        asked: dict[str, Any] = {"LaunchTemplateId": template_id}
        asked |= {"Versions": list(versions)} if versions else {"MaxResults": 200}
        pages = self._connection.pages("ec2", "DescribeLaunchTemplateVersions", asked)
        rows = [
            _version(row, unknown)
            for page in pages
            for row, unknown in zip(page["LaunchTemplateVersions"], unknown_in(page), strict=False)
        ]
        return tuple(sorted(rows, key=lambda version: -version.number))

    def launch_templates(self) -> dict[str, dict[str, str]]:
        """Of all launch templates of the region the numbers that $Latest and $Default mean, by id.

        Asked by id, one that is gone fails the whole request.

        Raises: UdoError.
        """
        pages = self._connection.pages("ec2", "DescribeLaunchTemplates", {"MaxResults": 200})
        rows = [row for page in pages for row in page["LaunchTemplates"]]
        told = {"$Latest": "LatestVersionNumber", "$Default": "DefaultVersionNumber"}
        return {row["LaunchTemplateId"]: {name: str(row[key]) for name, key in told.items()} for row in rows}

    def launch_template_named(self, name: str) -> tuple[LaunchTemplateVersion, ...]:
        """All versions of the template of that exact name, newest first; none where there is no such template.

        Raises: UdoError.
        """
        asked = {"Filters": [{"Name": "launch-template-name", "Values": [name]}]}
        pages = self._connection.pages("ec2", "DescribeLaunchTemplates", asked)
        ids = [row["LaunchTemplateId"] for page in pages for row in page["LaunchTemplates"]]
        return self.launch_template_versions(ids[0]) if ids else ()

    def versions_running(self, template_id: str) -> set[int]:
        """The versions of a template that instances were launched from, in a group or not.

        Source: EC2 User Guide: instances carry the tags aws:ec2launchtemplate:id and :version.

        Raises: UdoError.
        """
        live = ["pending", "running", "stopping", "stopped"]
        asked = {
            "Filters": [
                {"Name": "tag:aws:ec2launchtemplate:id", "Values": [template_id]},
                {"Name": "instance-state-name", "Values": live},
            ]
        }
        found = set()
        for page in self._connection.pages("ec2", "DescribeInstances", asked):
            for reservation in page["Reservations"]:
                for row in reservation["Instances"]:
                    found |= {
                        tag["Value"] for tag in row.get("Tags", ()) if tag["Key"] == "aws:ec2launchtemplate:version"
                    }
        return {int(version) for version in found if version.isdigit()}

    def image_named(self, owner: str, name: str) -> Mapping[str, Any] | None:
        """The newest available image of an owner by name pattern, as AWS describes it, or None.

        Raises: UdoError.
        """
        asked = {
            "Owners": [owner],
            "Filters": [{"Name": "name", "Values": [name]}, {"Name": "state", "Values": ["available"]}],
        }
        rows = [row for page in self._connection.pages("ec2", "DescribeImages", asked) for row in page["Images"]]
        return max(rows, key=lambda row: row.get("CreationDate", ""), default=None)

    def images(self, ids: Iterable[str]) -> dict[str, Image]:
        """The images of these ids that can still be seen, by id, deprecated ones too; no id makes no call.

        Asked by filter, so that one that is gone drops out where an id list would fail as a whole.

        Raises: UdoError.
        """
        found = {}
        for batch in batched(ids, _FILTER_VALUES):
            asked = {"Filters": [{"Name": "image-id", "Values": batch}], "IncludeDeprecated": True}
            for page in self._connection.pages("ec2", "DescribeImages", asked):
                found.update({row["ImageId"]: _image(row) for row in page["Images"]})
        return found

    def images_like(self, image: Image, pattern: str) -> tuple[Image, ...]:
        """The available images of the same owner and architecture whose names match a pattern of AWS's (`*`, `?`).

        Deprecated ones are left out by AWS, but for the owner's own.

        Raises: UdoError.
        """
        filters = {"name": pattern, "architecture": image.architecture, "state": "available"}
        asked = {
            "Owners": [image.owner],
            "Filters": [{"Name": name, "Values": [value]} for name, value in filters.items() if value],
        }
        pages = self._connection.pages("ec2", "DescribeImages", asked)
        return tuple(_image(row) for page in pages for row in page["Images"])

    def security_groups(self, ids: Iterable[str]) -> dict[str, SecurityGroup]:
        """The security groups of these ids that exist, by id; no id makes no call.

        Raises: UdoError.
        """
        found = {}
        for batch in batched(ids, _FILTER_VALUES):
            asked = {"Filters": [{"Name": "group-id", "Values": batch}]}
            for page in self._connection.pages("ec2", "DescribeSecurityGroups", asked):
                for row in page["SecurityGroups"]:
                    group = SecurityGroup(row["GroupId"], row.get("GroupName", ""), row.get("VpcId", ""))
                    found[group.group_id] = group
        return found


def _instance(row: Mapping[str, Any]) -> Instance:
    addresses = (face.get("Ipv6Addresses") for face in row.get("NetworkInterfaces", ()))
    ipv6 = [address["Ipv6Address"] for group in addresses for address in group or ()]
    return Instance(
        instance_id=row["InstanceId"],
        state=row["State"]["Name"],
        instance_type=row.get("InstanceType", ""),
        image_id=row.get("ImageId", ""),
        availability_zone=row.get("Placement", {}).get("AvailabilityZone", ""),
        private_address=row.get("PrivateIpAddress") or None,
        public_address=row.get("PublicIpAddress") or None,
        ipv6_address=row.get("Ipv6Address") or (ipv6[0] if ipv6 else None),
        launched_at=rfc3339(row.get("LaunchTime")),
        tags={tag["Key"]: tag.get("Value", "") for tag in row.get("Tags", ())},
    )


def _host(row: Mapping[str, Any]) -> Host:
    metadata = row.get("MetadataOptions") or {}
    return Host(
        instance_id=row["InstanceId"],
        state=row["State"]["Name"],
        profile=(row.get("IamInstanceProfile") or {}).get("Arn", "").rpartition("/")[2],
        imdsv1=metadata.get("HttpTokens") == "optional" and metadata.get("HttpEndpoint") != "disabled",
    )


def _image(row: Mapping[str, Any]) -> Image:
    return Image(
        image_id=row["ImageId"],
        name=row.get("Name", ""),
        owner=row.get("OwnerId", ""),
        architecture=row.get("Architecture", ""),
        created_at=row.get("CreationDate", ""),
        root_device_name=row.get("RootDeviceName", ""),
        state=row.get("State", ""),
        deprecated_at=row.get("DeprecationTime") or "",
        imds=row.get("ImdsSupport") or "",
    )


def _version(row: Mapping[str, Any], unknown: tuple[str, ...] = ()) -> LaunchTemplateVersion:
    return LaunchTemplateVersion(
        template_id=row["LaunchTemplateId"],
        template_name=row.get("LaunchTemplateName", ""),
        number=int(row["VersionNumber"]),
        is_default=bool(row.get("DefaultVersion")),
        data=row.get("LaunchTemplateData", {}),
        description=row.get("VersionDescription", ""),
        created_at=rfc3339(row.get("CreateTime")),
        created_by=row.get("CreatedBy", ""),
        unknown=unknown,
    )
