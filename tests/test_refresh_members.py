"""What botocore knows of refreshes, member by member: each is used, or left out for a reason."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from udo.model.refreshes import ACTIVE, ENDED, Preferences
from udo.refresh.preferences import request
from udo.refresh.words import STATUS

UDO = Path(__file__).parents[1] / "udo"
# What is neither sent nor read, and why.
NOT_SENT = {
    "CancelInstanceRefresh.WaitForTransitioningInstances": "AWS waits by default, and half a launch helps nobody",
    "DescribeInstanceRefreshes.NextToken": "pages are turned by the reader of pages",
}
NOT_READ = {
    "AutoScalingGroupName": "it is what was asked for",
}
# Of a configuration that is brought only the template and its version are told.
WHOLE = ("DesiredConfiguration",)


@pytest.fixture(scope="module")
def model() -> Any:
    return botocore.session.Session().get_service_model("autoscaling")


def texts(*files: str) -> set[str]:
    """Every text that stands in these files."""
    found = (node for file in files for node in ast.walk(ast.parse((UDO / file).read_text())))
    return {node.value for node in found if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def paths(shape: Any, path: str = "") -> Iterator[str]:
    """The paths of the members of a shape, but for those below what is brought."""
    if shape.type_name == "list":
        yield from paths(shape.member, path)
    for name, member in getattr(shape, "members", {}).items():
        yield f"{path}{name}"
        if name not in WHOLE:
            yield from paths(member, f"{path}{name}.")


def test_every_preference_and_every_member_of_a_request_is_sent_or_left_out_for_a_reason(model: Any) -> None:
    ours = {"refresh/plan.py", "refresh/preferences.py", "aws/autoscaling.py"}
    known = texts(*ours)
    for operation in ("Start", "Cancel", "Rollback"):
        name = f"{operation}InstanceRefresh"
        members = {f"{name}.{path}" for path in paths(model.operation_model(name).input_shape)}
        left = {path for path in members if path.rpartition(".")[2] not in known}
        assert left == {path for path in NOT_SENT if path.startswith(f"{name}.")}
    described = set(model.operation_model("DescribeInstanceRefreshes").input_shape.members)
    assert described - known == {"NextToken"}


def test_what_is_asked_for_has_every_preference_that_botocore_has(model: Any) -> None:
    asked = request(
        Preferences(90, 110, 60, (50, 100), 600, 60, skip_matching=True, auto_rollback=True, alarms=("a",)),
        desired=True,
        matching=True,
    )
    assert set(model.shape_for("RefreshPreferences").members) == set(asked)


def test_every_member_of_an_answer_is_read_or_left_out_for_a_reason(model: Any) -> None:
    known = texts("aws/refreshes.py")
    left = {path for path in paths(model.shape_for("InstanceRefresh")) if path.rpartition(".")[2] not in known}
    assert left == set(NOT_READ)


def test_every_status_is_said_in_words_and_is_an_end_or_not(model: Any) -> None:
    statuses = set(model.shape_for("InstanceRefreshStatus").enum)
    assert set(STATUS) == statuses
    assert set(ENDED) | set(ACTIVE) == statuses
    assert not set(ENDED) & set(ACTIVE)
