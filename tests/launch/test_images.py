"""--ami latest: the newest of the live image's family, or a refusal where two could be meant."""

from __future__ import annotations

import fnmatch

import pytest

from udo.change.plan import Difference
from udo.errors import Refused
from udo.launch.images import latest, pattern
from udo.launch.labels import age, image_ids, labelled, security_group_ids
from udo.model.instances import SecurityGroup
from udo.model.launch import Image

DAY = 86400
NOW = 1_795_219_200.0  # 2026-11-21T00:00:00Z


def image(number: int, name: str, created: str = "2026-01-01", **more: str) -> Image:
    rest = {"owner": "123456789012", "architecture": "x86_64"} | more
    return Image(f"ami-{number:08x}", name, created_at=f"{created}T00:00:00.000Z", **rest)


@pytest.mark.parametrize(
    ("name", "open_name"),
    [
        ("al2023-ami-2023.5.20240903.0-kernel-6.1-x86_64", "al2023-ami-*-kernel-6.1-x86_64"),
        ("amzn2-ami-kernel-5.10-hvm-2.0.20240903.0-x86_64-gp2", "amzn2-ami-kernel-5.10-hvm-*-x86_64-gp2"),
        (
            "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20240903",
            "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-*",
        ),
        ("debian-12-amd64-20240901-1857", "debian-12-amd64-*"),
        ("Windows_Server-2022-English-Full-Base-2024.09.11", "Windows_Server-2022-English-Full-Base-*"),
        ("amazon-eks-node-1.29-v20240903", "amazon-eks-node-1.29-v*"),
        ("webapp 2026-11-21T10-11-12Z", "webapp *"),
        ("webapp-20261121-a1b2c3d", "webapp-*-*"),
        ("webapp-1795219200", "webapp-*"),
        ("webapp-1.12.3", "webapp-*"),
        ("webapp-v17", "webapp-v*"),
        ("what*ever?-20261121", "what\\*ever\\?-*"),
        ("golden", "golden"),
    ],
)
def test_builds_are_left_open_and_what_tells_kinds_apart_is_not(name: str, open_name: str) -> None:
    assert pattern(image(1, name)) == open_name
    if "\\" not in open_name:
        assert fnmatch.fnmatch(name, open_name)
    assert latest(image(1, name), []).image_id == "ami-00000001"


def test_the_newest_of_the_family_is_chosen_and_no_look_alike() -> None:
    live = image(1, "al2023-ami-2023.5.20240903.0-kernel-6.1-x86_64", "2024-09-03")
    found = [
        image(2, "al2023-ami-2023.6.20241010.0-kernel-6.1-x86_64", "2024-10-10"),
        image(3, "al2023-ami-2023.6.20241201.0-kernel-6.1-x86_64", "2024-12-01"),
        image(4, "al2023-ami-2023.9.20251201.0-kernel-6.12-x86_64", "2025-12-01"),
        image(5, "al2023-ami-minimal-2023.9.20251201.0-kernel-6.1-x86_64", "2025-12-01"),
        image(6, "al2023-ami-2023.9.20251201.0-kernel-6.1-x86_64", "2025-12-01", architecture="arm64"),
        image(7, "al2023-ami-2023.9.20251201.0-kernel-6.1-x86_64", "2025-12-01", owner="999999999999"),
        image(8, "al2023-ami-2023.9.20251201.0-kernel-6.1-x86_64", "2025-12-01", state="pending"),
        image(9, "al2023-ami-test-20251201.0-kernel-6.1-x86_64", "2025-12-01"),
    ]
    assert latest(live, found).image_id == "ami-00000003"


def test_the_live_image_is_kept_where_nothing_is_newer() -> None:
    live = image(3, "webapp-12", "2026-03-01", state="deprecated")
    assert latest(live, [image(1, "webapp-10", "2026-01-01"), image(2, "webapp-11", "2026-02-01")]) is live


def test_numbers_count_as_numbers() -> None:
    live = image(1, "webapp-9", "2026-01-01")
    assert latest(live, [image(2, "webapp-10", "2026-02-01")]).name == "webapp-10"


def test_commit_ids_do_not_count_up() -> None:
    live = image(1, "webapp-a9b9c9d-7", "2026-01-01")
    assert latest(live, [image(2, "webapp-a1b1c1d-7", "2026-02-01")]).image_id == "ami-00000002"


@pytest.mark.parametrize(
    ("found", "why"),
    [
        ([image(2, "webapp-11", "2026-02-01"), image(3, "webapp-12", "2026-02-01")], "which is as new"),
        ([image(2, "webapp-9.9", "2026-02-01")], "which has a higher number"),
    ],
)
def test_two_images_that_could_be_meant_are_refused_by_name(found: list[Image], why: str) -> None:
    with pytest.raises(Refused, match=why) as refused:
        latest(image(1, "webapp-10", "2026-01-01"), found)
    assert found[0].image_id in str(refused.value)


def test_an_image_without_a_name_is_refused() -> None:
    with pytest.raises(Refused, match="no name"):
        latest(Image("ami-1", owner="1"), [])


def test_images_are_shown_with_name_and_age_and_groups_with_their_name() -> None:
    found = (
        Difference("ami", "ami-0aaa", "ami-0bbb"),
        Difference("ami", "resolve:ssm:/aws/ami-amazon-linux/x", "resolve:ssm:ami-mine"),
        Difference("security_groups", "sg-1, sg-2", "sg-2", ("-x",)),
        Difference("instance_type", "t3.small", "m7g.large"),
    )
    assert (image_ids(found), security_group_ids(found)) == ({"ami-0aaa", "ami-0bbb"}, {"sg-1", "sg-2"})
    images = {"ami-0aaa": Image("ami-0aaa", "al2023-2026.09", created_at="2026-10-12T00:00:00.000Z")}
    shown = labelled(found, images, {"sg-1": SecurityGroup("sg-1", "web")}, NOW)
    assert shown == (
        Difference("ami", "ami-0aaa (al2023-2026.09, 40 days old)", "ami-0bbb"),
        found[1],
        Difference("security_groups", "sg-1 (web), sg-2", "sg-2", ("-x",)),
        Difference("instance_type", "t3.small", "m7g.large"),
    )


@pytest.mark.parametrize(
    ("created", "told"),
    [
        ("2026-11-20T00:00:01Z", "of today"),
        ("2026-11-19T23:00:00Z", "1 day old"),
        ("2023-11-21T00:00:00.000Z", "1,096 days old"),
        ("", ""),
    ],
)
def test_ages_are_whole_days(created: str, told: str) -> None:
    assert age(created, NOW) == told
