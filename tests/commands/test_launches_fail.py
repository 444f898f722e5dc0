"""scale, wake, standby and attach where launches fail: told why, and no wait for what cannot come."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from deploy_worlds import members, writes
from test_scale import CONFIG, group, in_service, sizes
from whole import rows

from udo.sandbox.faults import Fault
from udo.sandbox.strict import LaunchFault, launch_faults

Udo = Callable[..., Any]
Seeded = Callable[..., Any]
WEBAPP = ("prod", "webapp")
WHY = "(t3.small) is not supported in your requested Availability Zone (us-west-2a). Launching EC2 instance failed"


@pytest.fixture
def shop(world: Any, seeded: Seeded) -> Any:
    seeded(CONFIG.format(more=""))
    return world


def asleep(world: Any, udo: Udo) -> None:
    assert udo("sleep", *WEBAPP, "--yes").exit == 0


def nothing(world: Any, udo: Udo) -> None:
    """As it is."""


VERBS = [
    ("scale", nothing, ("4",), "look again with: udo scale prod webapp 4"),
    ("wake", asleep, (), "look again with: udo wake prod webapp"),
    ("standby", nothing, (0,), "the same command waits again"),
    ("detach", nothing, (0,), "the same command waits again"),
]


@pytest.mark.parametrize(("verb", "build", "more", "hint"), rows(VERBS, [VERBS[0], VERBS[1]]))
def test_launches_that_fail_again_and_again_end_the_wait_with_the_reason(
    shop: Any, udo: Udo, verb: str, build: Callable[..., None], more: tuple[Any, ...], hint: str
) -> None:
    build(shop, udo)
    words = [one if isinstance(one, str) else members(shop)[one] for one in more]
    launch_faults.add(LaunchFault(error="type"))
    done = udo(verb, *WEBAPP, *words)
    assert done.exit == 1, done.stderr
    told = done.stderr.splitlines()[-1]
    assert told.startswith("udo: wait until prod-webapp has ")
    assert "launches failed in the same way since" in told
    assert WHY in told
    assert told.endswith(hint)
    # What failed before is no reason not to try again, and is told once it does again.
    launch_faults.clear()
    again = udo(verb, *WEBAPP, *words)
    assert (again.exit, WHY in again.stderr) == (0, False), again.stderr


def test_a_launch_template_that_was_deleted_ends_the_wait_of_wake_at_once(shop: Any, udo: Udo) -> None:
    asleep(shop, udo)
    shop.client("ec2").delete_launch_template(LaunchTemplateName="prod-webapp")
    done = udo("wake", *WEBAPP)
    assert done.exit == 1, done.stderr
    assert "does not exist. Launching EC2 instance failed. -> udo updatelc gives it what udo.yml says" in done.stderr
    assert done.stderr.count("Launching EC2 instance failed") == 1, "nothing is said twice"
    assert sizes(shop) == (1, 2, 4)
    assert udo("updatelc", *WEBAPP).exit == 0
    assert udo("wake", *WEBAPP).exit == 0
    assert in_service(shop) == 2


def test_for_want_of_capacity_it_waits_and_says_why_once(shop: Any, udo: Udo) -> None:
    launch_faults.add(LaunchFault(times=4))
    done = udo("scale", *WEBAPP, "3")
    assert (done.exit, in_service(shop)) == (0, 3), done.stderr
    assert done.stderr.count("sufficient t3.small capacity") == 1, done.stderr


def test_what_failed_long_ago_is_not_told_and_fewer_members_ask_for_no_launches(shop: Any, udo: Udo) -> None:
    launch_faults.add(LaunchFault(error="type"))
    assert udo("scale", *WEBAPP, "3").exit == 1
    launch_faults.clear()
    shop.log.clear()
    done = udo("scale", *WEBAPP, "1")
    assert (done.exit, WHY in done.stderr, len(group(shop)["Instances"])) == (0, False, 1)
    assert "DescribeScalingActivities" not in [one.operation for one in shop.log]


def test_why_launches_fail_may_be_unknown(shop: Any, udo: Udo) -> None:
    launch_faults.add(LaunchFault(times=4))
    shop.faults.add(Fault("deny", "DescribeScalingActivities", times=None))
    done = udo("scale", *WEBAPP, "3")
    assert (done.exit, done.stderr.count("why launches fail is unknown")) == (0, 1), done.stderr
    assert writes(shop) == ["UpdateAutoScalingGroup"]
