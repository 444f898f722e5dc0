"""The copy of launch data against the installed botocore: all that can be sent again is, and it is always valid."""

from __future__ import annotations

import base64
import datetime
import gzip
from collections.abc import Callable, Iterator, Mapping
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from typing import Any

import pytest
from botocore.validate import ParamValidator
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from whole import examples

from udo.aws.shapes import copyable
from udo.launch.copying import (
    configuration_copy,
    copied,
    laid_over,
    satisfies,
    sendable,
)
from udo.launch.overlay import configuration_keys, template_keys

# What AWS returns and does not take again: names and states of its own, and what follows from other members.
NOT_TAKEN = {
    "configuration": {"LaunchConfigurationARN", "CreatedTime"},
    "template": {
        "NetworkInterfaces.Ipv6Addresses.IsPrimaryIpv6",
        "MetadataOptions.State",
        "Operator.Managed",
        "Operator.HiddenByDefault",
    },
}
# What AWS takes and never returns: it copies an instance.
NOT_GIVEN = {"configuration": {"InstanceId"}, "template": set[str]()}
DROPPED = {"ClassicLinkVPCId", "ClassicLinkVPCSecurityGroups", "LaunchConfigurationName"}


@pytest.fixture(scope="module")
def shapes(session: Callable[[], Any]) -> Mapping[str, tuple[Any, Any]]:
    made = session()
    scaling, ec2 = (made.get_service_model(name) for name in ("autoscaling", "ec2"))
    return {
        "configuration": (
            scaling.shape_for("LaunchConfiguration"),
            scaling.shape_for("CreateLaunchConfigurationType"),
        ),
        "template": (ec2.shape_for("ResponseLaunchTemplateData"), ec2.shape_for("RequestLaunchTemplateData")),
    }


def members(shape: Any, path: str = "") -> Iterator[str]:
    """The dotted paths of all members, those of lists without a number."""
    if shape.type_name == "list":
        yield from members(shape.member, path)
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            yield f"{path}{name}"
            yield from members(member, f"{path}{name}.")


def full(shape: Any, name: str = "") -> Any:
    """A value with every member set."""
    match shape.type_name:
        case "structure":
            return {name: full(member, name) for name, member in shape.members.items()}
        case "list":
            return [full(shape.member)]
        case "boolean":
            return True
        case "integer" | "long":
            return 7
        case "double" | "float":
            return 0.5
        case "timestamp":
            return "2026-11-21T00:00:00Z"
    return base64.b64encode(b"#!/bin/sh\n").decode() if name == "UserData" else name or "one"


def values(shape: Any) -> st.SearchStrategy[Any]:
    """Anything AWS may answer for a shape, empty texts and lists and missing members among it."""
    match shape.type_name:
        case "structure":
            return st.fixed_dictionaries({}, optional={name: values(one) for name, one in shape.members.items()})
        case "list":
            return st.lists(values(shape.member), max_size=2)
        case "boolean":
            return st.booleans()
        case "integer" | "long":
            least = max(int(shape.metadata.get("min", 1)), 1)
            return st.integers(least, least + 30)
        case "double" | "float":
            return st.floats(0, 10)
        case "timestamp":
            return st.datetimes(datetime.datetime(2000, 1, 1), datetime.datetime(2100, 1, 1)).map(
                lambda when: when.replace(tzinfo=datetime.UTC)
            )
    least = int(shape.metadata.get("min", 1))
    return st.just("") | st.text("abc123-.", min_size=max(least, 1), max_size=max(least, 12))


def texts(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    match value:
        case str():
            yield path, value
        case dict():
            for key, item in value.items():
                yield from texts(item, f"{path}.{key}".lstrip("."))
        case list():
            for item in value:
                yield from texts(item, path)


@pytest.mark.parametrize("kind", ["configuration", "template"])
def test_the_installed_model_has_no_member_that_is_lost_without_a_word(
    shapes: Mapping[str, tuple[Any, Any]], kind: str
) -> None:
    given_out, taken = (set(members(shape)) for shape in shapes[kind])
    assert given_out - taken == NOT_TAKEN[kind]
    assert taken - given_out == NOT_GIVEN[kind]


def test_a_configuration_with_everything_set_is_carried_whole(shapes: Mapping[str, tuple[Any, Any]]) -> None:
    given_out, taken = shapes["configuration"]
    data = full(given_out)
    data["BlockDeviceMappings"] = [
        {"DeviceName": "/dev/xvda", "Ebs": full(taken.members["BlockDeviceMappings"].member.members["Ebs"])},
        {"DeviceName": "/dev/sdb", "VirtualName": "ephemeral0"},
        {"DeviceName": "/dev/sdc", "NoDevice": True},
    ]
    copy = configuration_copy(data, copyable(given_out, taken))
    assert set(copy) == set(taken.members) - DROPPED - NOT_GIVEN["configuration"]
    assert {key: data[key] for key in copy} == copy


def test_template_data_with_everything_set_is_carried_whole(shapes: Mapping[str, tuple[Any, Any]]) -> None:
    given_out, taken = shapes["template"]
    copy = copied(full(given_out), copyable(given_out, taken))
    assert copy == full(taken)


def test_any_configuration_aws_answers_makes_a_valid_request(shapes: Mapping[str, tuple[Any, Any]]) -> None:
    given_out, taken = shapes["configuration"]
    shape = copyable(given_out, taken)
    data = values(given_out).flatmap(
        lambda row: st.binary(max_size=30).map(
            lambda raw: {**row, "UserData": base64.b64encode(raw).decode()} if "UserData" in row else row
        )
    )

    @given(data)
    @settings(max_examples=examples(60), deadline=None, suppress_health_check=list(HealthCheck))
    def holds(row: dict[str, Any]) -> None:
        copy = configuration_copy(_with_device_names(row), shape)
        assert [path for path, text in texts(copy) if not text] == []
        assert "InstanceMonitoring" in copy
        assert not DROPPED & set(copy)
        sent = {"LaunchConfigurationName": "next", **sendable(copy)}
        if "UserData" in sent:
            assert sent["UserData"] == base64.b64decode(row["UserData"])
            sent["UserData"] = base64.b64encode(sent["UserData"]).decode()
        assert ParamValidator().validate(sent, taken).generate_report() == ""

    holds()


def test_any_template_data_aws_answers_makes_a_valid_request(shapes: Mapping[str, tuple[Any, Any]]) -> None:
    given_out, taken = shapes["template"]
    shape = copyable(given_out, taken)

    @given(values(given_out))
    @settings(max_examples=examples(60), deadline=None, suppress_health_check=list(HealthCheck))
    def holds(row: dict[str, Any]) -> None:
        copy = copied(row, shape)
        assert [path for path, text in texts(copy) if not text and not path.endswith("NoDevice")] == []
        assert copied(copy, shape) == copy
        assert satisfies(copy, copy)
        # An empty structure may lack a required member; nothing else may be wrong.
        report = ParamValidator().validate(copy, taken).generate_report()
        assert [line for line in report.splitlines() if "Missing required" not in line] == []

    holds()


def _with_device_names(row: dict[str, Any]) -> dict[str, Any]:
    devices = [
        {**one, "DeviceName": f"/dev/sd{number}"} for number, one in enumerate(row.get("BlockDeviceMappings", ()))
    ]
    options = row.get("MetadataOptions", {})
    return {**row, "BlockDeviceMappings": devices, "MetadataOptions": options}


def configuration(shapes: Mapping[str, tuple[Any, Any]], **data: Any) -> dict[str, Any]:
    """What is sent for the copy of a configuration that AWS answers with this data."""
    return sendable(configuration_copy(data, copyable(*shapes["configuration"])))


def _multipart() -> bytes:
    whole = MIMEMultipart(boundary="==")
    whole.attach(MIMEText("#!/bin/sh\nfrüh\r\n", "x-shellscript", "utf-8"))
    return whole.as_bytes()


@pytest.mark.parametrize(
    "raw",
    [
        b"#!/bin/sh\necho fr\xc3\xbch\n",
        gzip.compress(b"#!/bin/sh\n"),
        _multipart(),
        b"\xff\xfe\x00binary",
        base64.b64encode(b"text that is base64 itself"),
    ],
    ids=["text", "gzip", "mime", "binary", "base64"],
)
def test_user_data_is_sent_byte_for_byte_and_encoded_once(
    shapes: Mapping[str, tuple[Any, Any]], session: Callable[[], Any], raw: bytes
) -> None:
    sent = configuration(shapes, UserData=base64.b64encode(raw).decode())
    assert sent["UserData"] == raw
    made = session()
    made.set_credentials("k", "s")
    client = made.create_client("autoscaling", region_name="us-west-2")
    wire: list[dict[str, Any]] = []

    def caught(params: dict[str, Any], **_event: Any) -> Any:
        wire.append(params["body"])
        return _Answer(), {"LaunchConfigurations": []}

    client.meta.events.register("before-call.auto-scaling.CreateLaunchConfiguration", caught)
    client.create_launch_configuration(LaunchConfigurationName="next", **sent)
    assert base64.b64decode(wire[0]["UserData"]) == raw


class _Answer:
    status_code = 200


def test_empty_texts_and_lists_are_left_out(shapes: Mapping[str, tuple[Any, Any]]) -> None:
    empty = dict.fromkeys(("KeyName", "KernelId", "RamdiskId", "SpotPrice", "IamInstanceProfile", "UserData"), "")
    sent = configuration(
        shapes, ImageId="ami-1", SecurityGroups=[], BlockDeviceMappings=[], MetadataOptions={}, **empty
    )
    assert sent == {"ImageId": "ami-1", "InstanceMonitoring": {"Enabled": True}}


@pytest.mark.parametrize(
    ("answered", "sent"), [({"Enabled": False}, False), ({"Enabled": True}, True), (None, True), ({}, True)]
)
def test_monitoring_is_always_said(shapes: Mapping[str, tuple[Any, Any]], answered: Any, sent: bool) -> None:
    assert configuration(shapes, InstanceMonitoring=answered)["InstanceMonitoring"] == {"Enabled": sent}


@pytest.mark.parametrize("answered", [{}, {"AssociatePublicIpAddress": True}, {"AssociatePublicIpAddress": False}])
def test_public_addresses_are_said_only_where_aws_says_so(
    shapes: Mapping[str, tuple[Any, Any]], answered: dict[str, bool]
) -> None:
    sent = configuration(shapes, **answered)
    assert {key: sent[key] for key in sent if key == "AssociatePublicIpAddress"} == answered


@pytest.mark.parametrize(
    ("answered", "sent"),
    [
        ({"NoDevice": True, "VirtualName": "", "Ebs": {}}, {"NoDevice": True}),
        ({"NoDevice": False, "VirtualName": "ephemeral0"}, {"VirtualName": "ephemeral0"}),
        ({"NoDevice": False, "Ebs": {"VolumeSize": 8, "SnapshotId": ""}}, {"Ebs": {"VolumeSize": 8}}),
        ({"Ebs": {"Encrypted": False, "DeleteOnTermination": False}}, None),
    ],
)
def test_a_device_is_one_thing_only(
    shapes: Mapping[str, tuple[Any, Any]], answered: dict[str, Any], sent: dict[str, Any] | None
) -> None:
    got = configuration(shapes, BlockDeviceMappings=[{"DeviceName": "/dev/xvda", **answered}])
    assert got["BlockDeviceMappings"] == [{"DeviceName": "/dev/xvda", **(answered if sent is None else sent)}]


def test_a_device_left_out_by_a_template_stays_left_out(shapes: Mapping[str, tuple[Any, Any]]) -> None:
    devices = [{"DeviceName": "/dev/sdb", "NoDevice": ""}, {"DeviceName": "/dev/sdc", "VirtualName": ""}]
    base = copied({"BlockDeviceMappings": devices}, copyable(*shapes["template"]))
    assert base["BlockDeviceMappings"][0] == {"DeviceName": "/dev/sdb", "NoDevice": ""}
    laid = laid_over(base, {"BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 9}}]})
    assert laid["BlockDeviceMappings"][0] == {"DeviceName": "/dev/sdb", "NoDevice": ""}


def test_what_is_left_of_ec2_classic_is_dropped(shapes: Mapping[str, tuple[Any, Any]]) -> None:
    sent = configuration(shapes, ClassicLinkVPCId="vpc-1", ClassicLinkVPCSecurityGroups=["sg-1"])
    assert set(sent) == {"InstanceMonitoring"}


def test_times_are_carried_as_text_so_that_a_plan_can_be_saved(shapes: Mapping[str, tuple[Any, Any]]) -> None:
    until = datetime.datetime(2026, 11, 21, 1, 2, 3, tzinfo=datetime.UTC)
    data = {"InstanceMarketOptions": {"MarketType": "spot", "SpotOptions": {"ValidUntil": until}}}
    copy = copied(data, copyable(*shapes["template"]))
    assert copy["InstanceMarketOptions"]["SpotOptions"] == {"ValidUntil": "2026-11-21T01:02:03Z"}


EBS = {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 8, "VolumeType": "gp3", "Iops": 4000, "Throughput": 200}}


def test_every_launch_key_makes_a_valid_request_of_either_kind(shapes: Mapping[str, tuple[Any, Any]]) -> None:
    keys = {
        "ami": "ami-1",
        "instance_type": "t3.small",
        "keypair_name": "shop",
        "security_groups": ["sg-1"],
        "iam_profile": "shop",
        "spot_price": "0.1",
        "tenancy": "default",
        "associate_public_ip_address": False,
        "instance_monitoring": True,
        "metadata_options": {"HttpTokens": "required", "HttpPutResponseHopLimit": 1},
        "block_device_mappings": [EBS, {"DeviceName": "/dev/sdb", "NoDevice": True}],
        "user_data": "eA==",
    }
    of_configuration = {"LaunchConfigurationName": "x", **laid_over({}, configuration_keys(keys))}
    assert ParamValidator().validate(of_configuration, shapes["configuration"][1]).generate_report() == ""
    of_template = laid_over({}, template_keys(keys, {}))
    assert ParamValidator().validate(of_template, shapes["template"][1]).generate_report() == ""
