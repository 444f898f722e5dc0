"""Command lines about stacks for the actions that no swept change asks for."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from arena import Arena
from guard_scenarios import ALARM
from guard_worlds import alarm
from permit_worlds import Line
from scenario import cut_off
from scenarios import EVERY
from stack_scenarios import CONFIG, CREATE, DELETE, UPDATE, template

_PLAN = ("stack", "plan", "shop")
_ROLE = "arn:aws:iam::123456789012:role/stacks"
_RICH = f"guards: {{alarms: [{ALARM}]}}\nstack_bucket: templates\n" + CONFIG % (
    f", role: '{_ROLE}', parameters: {{Team: '${{ssm:/shop/team}}'}}"
)
_PROTECTED = CONFIG % ", protect: true"
# More than CloudFormation is sent.
_LARGE = (("shop.template.yml", template() + "# more\n" * 8_000),)
_FILES = (("shop.template.yml", template()),)
_absent, _there = EVERY["stack-create"].build, EVERY["stack-update"].build


def _rich(build: Callable[[Arena], None]) -> Callable[[Arena], None]:
    """The world with all that udo.yml names: an alarm, a bucket, a role and a parameter."""

    def built(arena: Arena) -> None:
        build(arena)
        alarm(arena.world, ALARM)
        place = {"LocationConstraint": "us-west-2"}
        arena.world.client("s3").create_bucket(Bucket="templates", CreateBucketConfiguration=place)
        arena.world.client("ssm").put_parameter(Name="/shop/team", Value="payments", Type="String")
        trusted = {"Effect": "Allow", "Principal": {"Service": "cloudformation.amazonaws.com"}}
        document = json.dumps({"Version": "2012-10-17", "Statement": [{**trusted, "Action": "sts:AssumeRole"}]})
        arena.world.client("iam").create_role(RoleName="stacks", AssumeRolePolicyDocument=document)

    return built


def _line(words: tuple[str, ...], build: Any, text: str = CONFIG % "", files: Any = _FILES) -> Line:
    return Line(words, build, text, files=files)


STACKS = {
    "stack-create-rich": _line(CREATE, _rich(_absent), _RICH, _LARGE),
    "stack-update-rich": _line(UPDATE, _rich(_there), _RICH, _LARGE),
    "stack-delete-rich": _line(DELETE, _rich(_there), _RICH),
    "stack-delete-half": _line(DELETE, cut_off(_absent, "ExecuteChangeSet", *CREATE)),
    "stack-plan-rich": _line(_PLAN, _rich(_absent), _RICH, _LARGE),
    "stack-plan-update": _line(_PLAN, _there),
    "stack-plan-half": _line(_PLAN, cut_off(_absent, "DeleteStack", *_PLAN)),
    "stack-create-shown": _line((*CREATE, "--dry-run"), _absent),
    "stack-update-shown": _line((*UPDATE, "--dry-run"), _there),
    "stack-plan-protected": _line(_PLAN, cut_off(_absent, "ExecuteChangeSet", *CREATE), _PROTECTED),
    "stack-update-half": _line(UPDATE, cut_off(_there, "DeleteChangeSet", *_PLAN)),
    "stack-state": _line(("stack", "state", "shop"), _there),
    "stack-state-all": _line(("stack", "state"), _there),
    "stack-events": _line(("stack", "events", "shop"), _there),
    "stack-list": _line(("stack", "list"), _there),
}
