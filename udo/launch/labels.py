"""Puts names beside ids in what differs: an image with its age, a security group."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from udo.change.plan import Difference
    from udo.model.instances import SecurityGroup
    from udo.model.launch import Image

# The path of a parameter may hold a word that looks like an image.
_IMAGE = re.compile(r"(?<![\w/:.-])ami-[0-9A-Za-z]+\b")
_GROUP = re.compile(r"\bsg-[0-9A-Za-z]+\b")


def image_ids(found: Iterable[Difference]) -> set[str]:
    """The ids of the images that stand in differences."""
    return _ids(_IMAGE, found)


def security_group_ids(found: Iterable[Difference]) -> set[str]:
    """The ids of the security groups that stand in differences."""
    return _ids(_GROUP, found)


def labelled(
    found: Iterable[Difference], images: Mapping[str, Image], groups: Mapping[str, SecurityGroup], now: float
) -> tuple[Difference, ...]:
    """The differences with `(name, 40 days old)` after each image and `(name)` after each security group known.

    `now` is seconds since the epoch. An id that is not in the mappings stays as it is.
    """
    labels = {image.image_id: _image_label(image, now) for image in images.values()}
    labels |= {group.group_id: group.name for group in groups.values()}

    def label(match: re.Match[str]) -> str:
        known = labels.get(match[0])
        return f"{match[0]} ({known})" if known else match[0]

    def told(text: str) -> str:
        return _GROUP.sub(label, _IMAGE.sub(label, text))

    return tuple(replace(one, old=told(one.old), new=told(one.new)) for one in found)


def age(created_at: str, now: float) -> str:
    """How old something is in whole days; empty where the time (RFC 3339) cannot be read."""
    try:
        days = int(now - datetime.fromisoformat(created_at).timestamp()) // 86400
    except ValueError:
        return ""
    if days < 1:
        return "of today"
    return "1 day old" if days == 1 else f"{days:,} days old"


def _ids(pattern: re.Pattern[str], found: Iterable[Difference]) -> set[str]:
    return {found_id for one in found for text in (one.old, one.new) for found_id in pattern.findall(text)}


def _image_label(image: Image, now: float) -> str:
    return ", ".join(filter(None, (image.name, age(image.created_at, now))))
