"""Live launch data in the words of udo.yml: only what changes nothing when it is laid over the data again."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from udo.launch.describing import described_configuration, described_template

MARKET: dict[str, Any] = {"MarketType": None, "SpotOptions": {"MaxPrice": None}}
SHAPE: dict[str, Any] = {
    "ImageId": None,
    "UserData": None,
    "EbsOptimized": None,
    "InstanceMarketOptions": MARKET,
    "SecurityGroups": None,
    "IamInstanceProfile": {"Arn": None, "Name": None},
    "InstanceMonitoring": {"Enabled": None},
}
PACKED = base64.encodebytes(b"#!/bin/sh\n" * 20).decode()


@pytest.mark.parametrize(
    ("data", "keys", "left"),
    [
        ({"ImageId": "ami-0a1b2c3d"}, {"ami": "ami-0a1b2c3d"}, ()),
        ({"ImageId": "resolve:ssm:/image"}, {"ami": "resolve:ssm:/image"}, ()),
        (
            {"InstanceMarketOptions": {"MarketType": "spot", "SpotOptions": {"MaxPrice": "0.1"}}},
            {"spot_price": "0.1"},
            (),
        ),
        ({"InstanceMarketOptions": {"SpotOptions": {"MaxPrice": "0.1"}}}, {}, ("InstanceMarketOptions",)),
        ({"SecurityGroups": ["by-name"]}, {}, ("SecurityGroups",)),
        ({"UserData": PACKED}, {}, ("UserData",)),
        ({"EbsOptimized": False}, {}, ()),
        ({"EbsOptimized": True}, {}, ("EbsOptimized",)),
        ({"IamInstanceProfile": {"Arn": "arn:aws:x", "Name": "x"}}, {}, ("IamInstanceProfile",)),
    ],
)
def test_a_key_that_would_change_the_template_is_left_to_the_live_data(
    data: dict[str, Any], keys: dict[str, Any], left: tuple[str, ...]
) -> None:
    found = described_template(data, SHAPE)
    assert (found.keys, found.left, found.user_data) == (keys, left, b"")


def test_monitoring_is_always_said_of_a_configuration() -> None:
    assert described_configuration({"ImageId": "ami-0a1b2c3d"}, SHAPE).keys == {
        "ami": "ami-0a1b2c3d",
        "instance_monitoring": True,
    }
    raw = bytes(range(256))
    found = described_configuration({"UserData": base64.b64encode(raw).decode()}, SHAPE)
    assert found.user_data == raw
    assert "user_data" not in found.keys
    assert "\\x00" not in repr(found)
