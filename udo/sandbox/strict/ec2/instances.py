"""Instances as EC2 describes them: whole batches refused, pages of instances, addresses that go with their owner."""

from __future__ import annotations

import base64
import copy
import re
from typing import Any

from moto.ec2.exceptions import InvalidSubnetIdError
from moto.ec2.models import ec2_backends
from moto.ec2.models.core import TaggedEC2Resource
from moto.ec2.models.instances import Instance, InstanceBackend

from udo.sandbox import hooks
from udo.sandbox.strict import moment
from udo.sandbox.strict.ec2.templates import INVALID_TOKEN
from udo.sandbox.strict.pages import limit, page
from udo.sandbox.strict.rules import Refusal, Request, answers, refuses, replaces, rule

# "Terminated instances remain visible after termination for a while": about an hour.
REMEMBERED = 3600.0
_ID = re.compile(r"i-(?:[0-9a-f]{8}|[0-9a-f]{17})")
_NAMING_INSTANCES = (
    "DescribeInstances",
    "DescribeInstanceStatus",
    "GetConsoleOutput",
    "RebootInstances",
    "StartInstances",
    "StopInstances",
    "TerminateInstances",
)


@refuses("ec2", *_NAMING_INSTANCES, moto="says NotFound")
def malformed_instance_ids_are_refused(request: Request) -> None:
    """An id that is not i- and 8 or 17 hexadecimal digits is InvalidInstanceID.Malformed.

    Source: docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html.
    """
    for instance_id in _named(request):
        if not _ID.fullmatch(instance_id):
            raise Refusal("InvalidInstanceID.Malformed", f'Invalid id: "{instance_id}"')


@refuses("ec2", *_NAMING_INSTANCES, moto="names one of the missing ids, in the singular")
def one_unknown_id_fails_the_batch(request: Request) -> None:
    """One unknown instance id fails the whole request, and the message names all unknown ones.

    Source: docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html (InvalidInstanceID.NotFound).
    """
    wanted = _named(request)
    known = _known(request) if wanted else {}
    missing = [instance_id for instance_id in wanted if instance_id not in known]
    if len(missing) == 1:
        raise Refusal("InvalidInstanceID.NotFound", f"The instance ID '{missing[0]}' does not exist")
    if missing:
        raise Refusal("InvalidInstanceID.NotFound", f"The instance IDs '{', '.join(missing)}' do not exist")


def _named(request: Request) -> list[str]:
    one = request.params.get("InstanceId")
    return [str(one)] if one else list(request.params.get("InstanceIds") or [])


def _known(request: Request) -> dict[str, tuple[Any, Any]]:
    return {
        instance.id: (reservation, instance)
        for reservation in list(request.backend("ec2").reservations.values())
        for instance in reservation.instances
    }


@refuses("ec2", "DescribeInstances", moto="accepts them together over HTTP only, or crashes")
def instance_ids_and_max_results_exclude_each_other(request: Request) -> None:
    """DescribeInstances takes ids or MaxResults, not both.

    Source: botocore ec2 DescribeInstancesRequest, member MaxResults.
    """
    if request.params.get("InstanceIds") and request.params.get("MaxResults"):
        raise Refusal(
            "InvalidParameterCombination",
            "The parameter instancesSet cannot be used with the parameter maxResults",
        )


@answers("ec2", "GetConsoleOutput")
def get_console_output(request: Request) -> dict[str, Any]:
    instance = request.backend("ec2").get_instance(request.params["InstanceId"])
    shown = {"InstanceId": instance.id, "Timestamp": moment.utcnow()}
    text = hooks.console(instance)
    return shown | ({"Output": base64.b64encode(text.encode()).decode()} if text else {})


@answers("ec2", "DescribeInstances", moto="counts reservations: a page of 5 may hold 50 instances")
def instances_come_in_pages(request: Request) -> dict[str, Any]:
    """DescribeInstances gives at most MaxResults instances a page, between 5 and 1000.

    Source: botocore ec2 DescribeInstancesRequest, member MaxResults.
    """
    params = request.params
    size = limit(params, "MaxResults", default=1000, minimum=5, maximum=1000, code="InvalidParameterValue")
    found = _asked(request)
    shown, token = page(found, size, params.get("NextToken"), refusal=INVALID_TOKEN)
    return {"Reservations": _reservations(shown), "NextToken": token}


def _asked(request: Request) -> list[tuple[Any, Any]]:
    filters = request.response._filters_from_querystring()
    wanted = request.params.get("InstanceIds") or filters.get("instance-id") or []
    ec2 = request.backend("ec2")
    if wanted:
        known = _known(request)
        pairs = [known[instance_id] for instance_id in dict.fromkeys(wanted) if instance_id in known]
        if not set(filters) - {"instance-id"}:
            return pairs
        return [pair for pair in pairs if _passes(pair, filters)]
    return [
        (reservation, instance) for reservation in ec2.describe_instances(filters) for instance in reservation.instances
    ]


def _passes(pair: tuple[Any, Any], filters: dict[str, Any]) -> bool:
    from moto.ec2.utils import passes_filter_dict

    return bool(passes_filter_dict(pair[1], filters))


def _reservations(pairs: Any) -> list[Any]:
    found: dict[str, Any] = {}
    for reservation, instance in pairs:
        shown = found.get(reservation.id)
        if shown is None:
            shown = found[reservation.id] = copy.copy(reservation)
            shown.instances = []
        shown.instances.append(instance)
    return list(found.values())


@replaces(InstanceBackend, "get_instance_by_id")
def get_instance_by_id(backend: Any, instance_id: str) -> Any | None:
    """The instance of an id; moto copies every reservation for each look, of which deployments take thousands."""
    for reservation in reversed(list(backend.reservations.values())):
        for instance in reservation.instances:
            if instance.id == instance_id:
                return instance
    return None


@replaces(TaggedEC2Resource, "get_tags")
def tags_of(resource: Any) -> list[dict[str, str]]:
    """A resource's tags, by its id; moto runs a regular expression over every tag of the region for each resource."""
    if not resource.id:
        return []
    tags = resource.ec2_backend.tags.get(resource.id, {})
    kind = resource.id.partition("-")[0]
    return [
        {"resource_id": resource.id, "key": key, "value": value, "resource_type": _TYPES.get(kind, kind)}
        for key, value in tags.items()
    ]


@rule("ec2", "DescribeImages", "DescribeSubnets", "DescribeVpcs", "DescribeSecurityGroups", moto="shows an empty list")
def empty_tags_are_left_out(resource: Any) -> list[dict[str, str]] | None:
    """What has no tags is described without Tags.

    Source: boto3's documentation of ec2.Instance.tags and the like (None where there are none).
    """
    return tags_of(resource) or None


replaces(TaggedEC2Resource, "tag_set")(property(empty_tags_are_left_out))
_TYPES = {"i": "instance", "lt": "launch-template", "vol": "volume", "eni": "network-interface", "sg": "security-group"}
_terminate = Instance.terminate


@replaces(Instance, "terminate")
def terminate(instance: Any) -> Any:
    """Terminates an instance and lets go of its addresses."""
    before = _terminate(instance)
    addresses_return_to_the_subnet(instance)
    gone = instance.ec2_backend.__dict__.setdefault("udo_gone", [])
    gone.append((moment.now(), instance.id))
    return before


@rule("ec2", "TerminateInstances", moto="never frees an address: a /28 is full after its third replacement")
def addresses_return_to_the_subnet(instance: Any) -> None:
    """The network interface of a terminated instance goes with it, and its private address is free for the next one.

    Source: docs.aws.amazon.com/vpc/latest/userguide/vpc-ip-addressing.html.
    """
    for card in instance.nics.values():
        instance.ec2_backend.enis.pop(card.id, None)
    try:
        subnet = instance.ec2_backend.get_subnet(instance._subnet_id) if instance._subnet_id else None
    except InvalidSubnetIdError:
        return
    for address in list(instance._private_ips):
        if subnet is not None:
            subnet.del_subnet_ip(address)
        instance._private_ips.discard(address)


def advance() -> None:
    """Drops instances that were terminated an hour ago, as EC2 does."""
    for account in list(ec2_backends.values()):
        for backend in list(account.values()):
            _forget_terminated(backend)


def _forget_terminated(backend: Any) -> None:
    gone: list[tuple[float, str]] = backend.__dict__.get("udo_gone", [])
    while gone and moment.now() - gone[0][0] > REMEMBERED:
        _, instance_id = gone.pop(0)
        for key, reservation in list(backend.reservations.items()):
            reservation.instances = [one for one in reservation.instances if one.id != instance_id]
            if not reservation.instances:
                backend.reservations.pop(key)


# What a terminated instance shows instead: no address at all, but empty names and an empty list.
_LOST: dict[str, Any] = {
    "private_ip_address": None,
    "public_ip_address": None,
    "private_dns_name": "",
    "public_dns_name": "",
    "network_interfaces": (),
}


@rule("ec2", "DescribeInstances", moto="shows the addresses a terminated instance once had")
def terminated_instances_have_no_address(instance: Any, attribute: str, value: Any) -> Any:
    """A terminated instance has neither private nor public address nor network interfaces.

    Source: docs.aws.amazon.com/AWSEC2/latest/UserGuide/terminating-instances.html.
    """
    return _LOST[attribute] if instance.state == "terminated" else value


def _while_it_lives(attribute: str) -> property:
    moto = getattr(Instance, attribute).fget
    return property(lambda instance: terminated_instances_have_no_address(instance, attribute, moto(instance)))


for _attribute in _LOST:
    replaces(Instance, _attribute)(_while_it_lives(_attribute))


@answers("ec2", "GetLaunchTemplateData")
def get_launch_template_data(request: Request) -> dict[str, Any]:
    return launch_data_of_instances_can_be_used(request, request.moto())


@rule("ec2", "GetLaunchTemplateData", moto="writes Python into its groups, and calls every device `string`")
def launch_data_of_instances_can_be_used(request: Request, found: dict[str, Any]) -> dict[str, Any]:
    """GetLaunchTemplateData gives data that a template can be made of: group ids, devices and volumes as they are.

    Source: botocore ec2 shape ResponseLaunchTemplateData.
    """
    data, instance = found["LaunchTemplateData"], request.backend("ec2").get_instance(request.params["InstanceId"])
    for card in data["NetworkInterfaces"]:
        card["Groups"] = [group["GroupId"] for group in card["Groups"]]
    data["BlockDeviceMappings"] = [
        _volume_data(request.backend("ec2").volumes[device.volume_id], name, device)
        for name, device in instance.get_block_device_mapping
    ]
    return found


def _volume_data(volume: Any, name: str, device: Any) -> dict[str, Any]:
    told = {
        "Encrypted": volume.encrypted,
        "DeleteOnTermination": device.delete_on_termination,
        "Iops": volume.iops,
        "SnapshotId": volume.snapshot_id,
        "VolumeSize": volume.size,
        "VolumeType": volume.volume_type,
        "Throughput": volume.throughput,
    }
    return {"DeviceName": name, "Ebs": {key: value for key, value in told.items() if value is not None}}
