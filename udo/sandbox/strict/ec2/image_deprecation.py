"""Images that are deprecated: from when on, and who still sees them."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from moto.ec2.exceptions import InvalidAMIIdError
from moto.ec2.models.amis import Ami

from udo.sandbox.strict import moment
from udo.sandbox.strict.rules import Refusal, Request, adds, answers, rule

_WRITTEN = "%Y-%m-%dT%H:%M:%S.000Z"
_TEN_YEARS = datetime.timedelta(days=3652)


@answers("ec2", "EnableImageDeprecation", moto="does not have it")
def images_are_deprecated_from_a_time_on(request: Request) -> dict[str, Any]:
    """EnableImageDeprecation takes a time that is not past and at most ten years away, to the minute; the image is
    described with it, and launched all the same.

    Source: botocore ec2 EnableImageDeprecationRequest, member DeprecateAt, and Image, member DeprecationTime.
    """
    image = _image(request)
    said: datetime.datetime = request.params["DeprecateAt"]
    when = said.replace(tzinfo=said.tzinfo or datetime.UTC).astimezone(datetime.UTC)
    now = _now()
    if not now <= when <= now + _TEN_YEARS:
        raise Refusal("InvalidParameterValue", f"DeprecateAt {when:%Y-%m-%dT%H:%M:%SZ} is past, or too far away")
    image.udo_deprecated = (when + datetime.timedelta(seconds=30)).replace(second=0, microsecond=0)
    return {"Return": True}


@answers("ec2", "DisableImageDeprecation", moto="does not have it")
def deprecation_is_taken_back(request: Request) -> dict[str, Any]:
    """DisableImageDeprecation takes the time off again.

    Source: botocore ec2 DisableImageDeprecation.
    """
    _image(request).udo_deprecated = None
    return {"Return": True}


@answers("ec2", "DescribeImages", moto="knows no deprecation")
def deprecated_images_are_left_out(request: Request) -> Mapping[str, Any]:
    """An image that is deprecated is listed for its owner, and for others where IncludeDeprecated is true or it is
    named.

    Source: botocore ec2 DescribeImagesRequest, member IncludeDeprecated; AWSEC2/latest/UserGuide/ami-deprecate.html.
    """
    result: Mapping[str, Any] = request.moto()
    params = request.params
    if params.get("IncludeDeprecated") or params.get("ImageIds"):
        return result
    now = _now()
    shown = [
        one
        for one in result["Images"]
        if one.owner_id == request.account or (_deprecated(one) or now + _TEN_YEARS) > now
    ]
    return {**result, "Images": shown}


@rule("ec2", "DescribeImages", moto="does not have the member")
def images_tell_when_they_are_deprecated(image: Any) -> str | None:
    """DeprecationTime stands in the description of an image that has one.

    Source: botocore ec2 Image, member DeprecationTime.
    """
    when = _deprecated(image)
    return when.strftime(_WRITTEN) if when else None


adds(Ami, "deprecation_time")(property(images_tell_when_they_are_deprecated))


def _deprecated(image: Any) -> datetime.datetime | None:
    found: datetime.datetime | None = image.__dict__.get("udo_deprecated")
    return found


def _now() -> datetime.datetime:
    return datetime.datetime.fromtimestamp(moment.now(), datetime.UTC)


def _image(request: Request) -> Any:
    known = request.backend("ec2").amis
    name = request.params["ImageId"]
    if name not in known:
        raise InvalidAMIIdError(name)
    return known[name]
