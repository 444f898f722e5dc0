"""Images: the newest of the family of a live one, and whether volumes meant for one fit another."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from udo.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from udo.model.launch import Image

# What tells one build from the next in a name: dates, numbers long enough to hold one, and commit ids.
_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_COMMIT = r"(?<![0-9A-Za-z])(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{7,40}(?![0-9A-Za-z])"
_ISO = r"\d{4}-\d{2}-\d{2}(?:[T _-]?\d{2}[:.-]?\d{2}(?:[:.-]?\d{2})?)?Z?"
_DOTTED = r"(?=(?:\.?\d){6})\d+(?:\.\d+)*(?:[T_-]\d+)*Z?"
_BUILD = re.compile(rf"{_UUID}|{_COMMIT}|(?<!\d)(?:{_ISO}|{_DOTTED})(?!\d|\.\d)")
_NUMBER = re.compile(r"\d+(?:\.\d+)*")


def parameter_of(ami: str) -> str:
    """The name of the parameter that holds an image, of `ssm:/path` and of `resolve:ssm:...`; empty for an id."""
    found = re.fullmatch(r"(?:resolve:)?ssm:(.+)", ami)
    return found[1] if found else ""


def pattern(image: Image) -> str:
    """The name pattern, as AWS takes it, under which the image and its newer builds are found.

    Dates, long numbers and commit ids are left open; in a name without any, every number is. Short numbers beside a
    date stay as they are: `kernel-6.1`, `22.04` and `gp3` tell one kind of image from another.
    """
    return "*".join(re.sub(r"([*?\\])", r"\\\1", text) for text in _fixed(image.name))


def latest(live: Image, found: Iterable[Image]) -> Image:
    """The newest available image of the live one's owner, architecture and name family; the live one if it is that.

    `found` may hold more than the family. The newest by date must also have the highest numbers in its name: a fix of
    an older version that was built last is not what people mean.

    Raises: Refused where the live image has no name, or two images could be meant.
    """
    if not live.name or not live.owner:
        raise Refused(f"--ami latest: image {live.image_id} has no name to look for newer ones by", hint=_HINT)
    family = {image.image_id: image for image in (*found, live) if _akin(live, image)}
    dates = sorted(family.values(), key=lambda image: image.created_at)
    newest = dates[-1]
    if len(dates) > 1 and dates[-2].created_at == newest.created_at:
        raise _ambiguous(newest, dates[-2], "is as new")
    highest = max(dates, key=lambda image: (_numbers(live, image), image.created_at))
    if _numbers(live, highest) != _numbers(live, newest):
        raise _ambiguous(newest, highest, "has a higher number")
    return newest


def moved_root(devices: Iterable[Mapping[str, Any]], old: Image | None, new: Image) -> str:
    """A warning where block device mappings were meant for the root of the old image, and the new one has another.

    They would make a second disk then, and the root would get the new image's default. Empty where all is well. The
    old image may not be seen any more; a mapping of a usual name of a root counts then.
    """
    named = {str(device.get("DeviceName")) for device in devices if "Ebs" in device}
    meant = sorted(named & ({old.root_device_name} if old else _USUAL_ROOTS))
    if not meant or not new.root_device_name or new.root_device_name in named:
        return ""
    return (
        f"warning: the root device of {new.image_id} is {new.root_device_name}, and block_device_mappings sets "
        f"{meant[0]}: that makes a second disk, and the root gets the image's default"
    )


# Source: EC2 User Guide, device names on Linux instances.
_USUAL_ROOTS = {"/dev/xvda", "/dev/sda1"}
_HINT = "name the image with --ami ami-...; nothing was changed"


def _ambiguous(one: Image, other: Image, how: str) -> Refused:
    named = [f"{image.image_id} ({image.name}, {image.created_at[:10]})" for image in (one, other)]
    return Refused(f"--ami latest could mean {named[0]} or {named[1]}, which {how}", hint=_HINT)


def _akin(live: Image, image: Image) -> bool:
    same = (image.owner, image.architecture) == (live.owner, live.architecture)
    usable = image.state == "available" or image.image_id == live.image_id
    return same and usable and _match(live, image) is not None


def _match(live: Image, image: Image) -> re.Match[str] | None:
    # What stands in an open place has at least one digit, so that `web-*` does not find `web-test-7`.
    opened = r"((?=[A-Za-z]*\d)[0-9A-Fa-fTZ.:_ -]+)"
    return re.fullmatch(opened.join(map(re.escape, _fixed(live.name))), image.name)


def _fixed(name: str) -> list[str]:
    """The texts between the open places of a name."""
    return (_BUILD if _BUILD.search(name) else _NUMBER).split(name)


def _numbers(live: Image, image: Image) -> list[list[int]]:
    """The numbers in the open places, commit ids left out: they do not count up."""
    match = _match(live, image)
    places = match.groups() if match else ()
    return [[int(n) for n in re.findall(r"\d+", place)] for place in places if not re.search(r"[a-f]", place)]
