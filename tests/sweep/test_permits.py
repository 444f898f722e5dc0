"""Every change runs under the policy that is printed for it, and each action that is taken away is missed."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import actions
import botocore.endpoint
import pytest
from arena import Arena, Memory
from conftest import SERVICES
from permit_scenarios import LINES
from permits import KEY, Permits, denials
from state import REGION

from udo.permissions import permissions


@pytest.fixture(scope="session")
def _operators_clients(_the_world: Any) -> Any:
    from udo.aws import Aws

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", KEY)
        patch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-secret")
        patch.setenv("AWS_CONFIG_FILE", os.devnull)
        made = Aws(region=REGION, prepare=_the_world.attach)
        for service in SERVICES:
            for use in ("plain", "full", "writing"):
                made._connection.client(service, use)
    return made


@pytest.fixture
def permits(arena: Arena, world: Any, _operators_clients: Any, _memory: Memory) -> Callable[[str], Permits]:
    """A command line, run by whoever may do everything, and by the user of a policy."""
    operator = Arena(world, botocore.endpoint.time, _operators_clients, _memory)
    return lambda name: Permits(arena, operator, name, LINES[name])


VERBS = sorted({actions.verb_of(one.words) for one in LINES.values()})
# Tests of their own take these away: tests/iam, and those of stacks.
ELSEWHERE = {"sts:AssumeRole", "cloudformation:DescribeStackEvents", "cloudformation:DescribeStacks"}
# By verb, what is asked for without an effect that somebody could see: a group that is there is observed as for
# `updatelc`, and what a refresh does to it is of no account.
UNSEEN: dict[str, set[str]] = {"create": {"autoscaling:DescribeInstanceRefreshes"}}
# By verb, what no line here asks for yet.
UNREACHED: dict[str, set[str]] = {
    "dashboard": {"cloudwatch:DeleteDashboards", "cloudwatch:PutDashboard", "ssm:GetParameters"},
    "doctor": {
        "autoscaling:DescribeWarmPool",
        "events:ListRules",
        "sns:GetTopicAttributes",
        "sns:ListSubscriptions",
        "ssm:GetParameters",
    },
    "refresh": {"elasticloadbalancing:DescribeTargetHealth"},
    "rollback": {"elasticloadbalancing:DescribeTargetHealth"},
    "updatelc": {"autoscaling:RollbackInstanceRefresh", "elasticloadbalancing:DescribeTargetHealth"},
}


@pytest.mark.whole
@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_runs_under_its_policy_and_misses_each_action_that_is_taken_away(
    verb: str, permits: Callable[[str], Permits], cases: Callable[[int], None]
) -> None:
    left, removed, failed = _of(verb), 0, []
    for name in [name for name, one in LINES.items() if actions.verb_of(one.words) == verb]:
        one = permits(name)
        under = one.permitted
        if (under.exit, denials(under)) != (one.free.exit, denials(one.free)):
            failed.append(f"{name}: {one.free.exit} {one.free.stderr}\nunder its policy: {under.exit} {under.stderr}")
            continue
        for action in sorted(left & one.reached):
            removed += 1
            left -= {action} if one.misses(action) else set()
    cases(removed)
    assert not failed, "\n\n".join(failed)
    assert not left


@pytest.mark.parametrize(
    ("name", "taken"), [("suspend", "autoscaling:SuspendProcesses"), ("suspend", "sts:AssumeRole")]
)
def test_a_change_runs_under_its_policy_and_not_without_an_action_that_it_asks_for(
    name: str, taken: str, permits: Callable[[str], Permits]
) -> None:
    one = permits(name)
    assert (one.permitted.exit, denials(one.permitted)) == (one.free.exit, 0)
    assert one.misses(taken) == (taken in one.reached)


def _of(verb: str) -> set[str]:
    return set(permissions(verb)) - ELSEWHERE - UNSEEN.get(verb, set()) - UNREACHED.get(verb, set())
