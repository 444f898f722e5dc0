"""A udo.yml that Udo writes is read back as it was meant, whatever stands in it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from udo.config import Config, load
from udo.config.writing import Part, document, readable

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
NAME = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,12}", fullmatch=True)


def read(text: str) -> Config:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "udo.yml"
        path.write_bytes(text.encode())
        return load(path, {}, strict=True)


@example({"a": "\n", "b": "x\n\n", "c": "y"}, "0", "0")
@given(st.dictionaries(TEXT.filter(bool), TEXT, max_size=5), NAME, NAME)
def test_any_tags_and_names_that_are_readable_are_read_back(tags: dict[str, str], cluster: str, role: str) -> None:
    kept = {key: value for key, value in tags.items() if readable("tags", {key: value})}
    text = document({}, [Part(cluster, role, {"tags": kept} if kept else {}, ["a remark"])], "What it is about.")
    assert read(text).role(cluster, role).get("tags") == (kept or None)


@pytest.mark.parametrize(
    ("key", "value", "fits"),
    [
        ("tags", {"a": "${env:X}"}, True),
        ("tags", {"aws:x": "y"}, False),
        ("tags", {"a": "no", "b": "012", "c": "", "d": "x\ny\n"}, True),
        ("tags", {"a": "\n", "b": "\n\n", "c": "x\n\n", "d": " \n", "e": "y"}, True),
        ("ami", "ami-0a1b2c3d", True),
        ("ami", "resolve:ssm:/x", True),
        ("ami", "resolve:/x", False),
        ("spot_price", "0.10", True),
        ("instance_monitoring", False, True),
        ("metadata_options", {"HttpTokens": "sometimes"}, False),
        ("health_check", {"type": ["ELB"], "grace": 300}, True),
        ("block_device_mappings", [{"DeviceName": "/dev/sda", "Ebs": {"Iops": 3}}], False),
        ("keypair_name", "a" * 5000, True),
    ],
)
def test_what_can_be_read_back_is_readable(key: str, value: Any, fits: bool) -> None:
    assert readable(key, value) is fits


def _parts(**sizes: str) -> list[Part]:
    return [Part(*name.split("_"), {"instance_type": size, "tags": {"n": name}}) for name, size in sizes.items()]


@pytest.mark.parametrize(
    ("parts", "times"),
    [
        (_parts(a_x="t3.small"), 1),
        (_parts(a_x="t3.small", a_y="t3.small"), 1),
        (_parts(a_x="t3.small", a_y="t3.small", b_x="m5.large"), 1),
        (_parts(a_x="t3.small", b_x="t3.small", b_y="m5.large"), 2),
    ],
)
def test_what_is_alike_stands_above_and_reads_the_same(parts: list[Part], times: int) -> None:
    text = document({"region": "us-west-2"}, parts, "About.")
    assert text.count("t3.small") == times
    config = read(text)
    for part in parts:
        role = config.role(part.cluster, part.role)
        assert {key: role.get(key) for key in part.keys} == dict(part.keys)
        assert role.region == "us-west-2"
