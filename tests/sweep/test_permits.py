"""Every change runs under the policy that is printed for it, and each action that is taken away is missed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import actions
import botocore.endpoint
import pytest
from arena import Arena, Memory
from conftest import SERVICES
from permit_scenarios import LINES
from permits import KEY, Permits, denials
from state import REGION
from sweeping import WHOLE

from udo.actions import OF_GROUPS
from udo.permissions import permissions

# Which actions are taken away from which command line, a file for each verb: enough to miss each action once.
# UDO_GOLDEN=1 looks for those lines and writes the files anew.
TABLE = Path(__file__).parents[1] / "golden" / "permits"
REWRITTEN = bool(os.environ.get("UDO_GOLDEN"))
VERBS = sorted({actions.verb_of(one.words) for one in LINES.values()})
# Those have tests of their own: tests/iam.
ELSEWHERE = {"sts:AssumeRole"}
OF_STACKS = {"cloudformation:DescribeStackEvents", "cloudformation:DescribeStacks"}
# By verb, what is asked for and not missed here; docs/iam.md says why.
UNMISSED: dict[str, set[str]] = {
    "apply": {"cloudwatch:ListTagsForResource"},
    "create": {"autoscaling:DescribeInstanceRefreshes"},
    "dashboard": {"ssm:GetParameters"},
    "doctor": {"autoscaling:DescribeWarmPool", "iam:GetRole"},
    "stack plan": {"cloudformation:DescribeStackEvents"},
    "updatelc": {"autoscaling:RollbackInstanceRefresh"},
}


def taken(verb: str) -> dict[str, tuple[str, ...]]:
    """The actions that are taken away from lines of a verb."""
    path = TABLE / f"{verb.replace(' ', '-')}.txt"
    rows = (row.split(": ") for row in path.read_text("utf-8").splitlines()) if path.exists() else ()
    return {name: tuple(names.split()) for name, names in rows}


TAKEN = {name: names for verb in VERBS for name, names in taken(verb).items()}


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


@pytest.mark.parametrize("verb", VERBS)
def test_each_action_of_a_verb_is_taken_away_from_some_line(verb: str, request: pytest.FixtureRequest) -> None:
    if REWRITTEN:
        _write(verb, request.getfixturevalue("permits"))
    assert {action for names in taken(verb).values() for action in names} == _of(verb)


@pytest.mark.whole
@pytest.mark.parametrize("name", LINES if WHOLE else TAKEN)
def test_a_line_runs_under_its_policy_and_misses_each_action_that_is_taken_away(
    name: str, permits: Callable[[str], Permits], cases: Callable[[int], None]
) -> None:
    one, without = permits(name), TAKEN.get(name, ())
    assert (one.permitted.exit, denials(one.permitted)) == (one.free.exit, denials(one.free)), one.told
    cases(len(without))
    assert [action for action in without if not one.misses(action)] == []


def _write(verb: str, permits: Callable[[str], Permits]) -> None:
    left, rows = _of(verb), []
    for name in [name for name, one in LINES.items() if actions.verb_of(one.words) == verb]:
        one = permits(name)
        if names := [action for action in sorted(left & one.reached) if one.misses(action)]:
            rows.append(f"{name}: {' '.join(names)}\n")
            left -= set(names)
    (TABLE / f"{verb.replace(' ', '-')}.txt").write_text("".join(rows), encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "action"), [("suspend", "autoscaling:SuspendProcesses"), ("suspend", "sts:AssumeRole")]
)
def test_a_change_runs_under_its_policy_and_not_without_an_action_that_it_asks_for(
    name: str, action: str, permits: Callable[[str], Permits]
) -> None:
    one = permits(name)
    assert (one.permitted.exit, denials(one.permitted)) == (one.free.exit, 0)
    assert one.misses(action) == (action in one.reached)


def _of(verb: str) -> set[str]:
    elsewhere = ELSEWHERE | (OF_STACKS if verb in OF_GROUPS else set())
    return set(permissions(verb)) - elsewhere - UNMISSED.get(verb, set())
