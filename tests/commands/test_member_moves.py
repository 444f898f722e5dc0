"""standby, detach and attach: members that leave by name, others in their place, and their way back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from deploy_worlds import members, writes
from test_scale import CONFIG, group, in_service, sizes

from udo.sandbox.faults import Fault

Udo = Callable[..., Any]
Seeded = Callable[..., Any]
NOBODY = "i-0123456789abcdef0"


@pytest.fixture
def shop(world: Any, seeded: Seeded) -> Any:
    seeded(CONFIG.format(more=""))
    return world


def states(world: Any) -> dict[str, str]:
    return {member["InstanceId"]: member["LifecycleState"] for member in group(world)["Instances"]}


def test_one_in_standby_is_replaced_and_comes_back_beside_its_replacement(shop: Any, udo: Udo) -> None:
    one, other = members(shop)
    done = udo("standby", "prod", "webapp", one)
    assert done.exit == 0, done.stderr
    assert (states(shop)[one], states(shop)[other], in_service(shop), sizes(shop)) == (
        *("Standby", "InService"),
        *(2, (1, 2, 4)),
    )
    assert f"udo standby prod webapp {one} --return" in done.stdout
    assert udo("standby", "prod", "webapp", one).exit == 0
    assert writes(shop) == ["EnterStandby"]
    back = udo("standby", "prod", "webapp", one, "--return", "-n")
    assert "desired  2 -> 3" in back.stdout
    done = udo("standby", "prod", "webapp", one, "--return")
    assert (done.exit, "from Standby into service  desired 2 -> 3" in done.stderr) == (0, True)
    assert (in_service(shop), sizes(shop)) == (3, (1, 3, 4))
    assert udo("standby", "prod", "webapp", one, "--return").exit == 0
    assert writes(shop) == ["EnterStandby", "ExitStandby"]


@pytest.mark.parametrize("verb", ["standby", "detach"])
def test_without_a_replacement_asks_because_the_capacity_is_lowered(shop: Any, udo: Udo, verb: str) -> None:
    one, other = members(shop)
    done = udo(verb, "prod", "webapp", one, "--shrink")
    assert (done.exit, "Lower the desired capacity of prod-webapp from 2 to 1?" in done.stderr) == (7, True)
    assert udo(verb, "prod", "webapp", one, "--shrink", "--yes").exit == 0
    assert (in_service(shop), sizes(shop), states(shop)[other]) == (1, (1, 1, 4), "InService")
    done = udo(verb, "prod", "webapp", other, "--shrink", "--yes")
    assert (done.exit, "udo scale prod webapp --min 0" in done.stderr) == (7, True)


def test_one_that_is_detached_runs_on_is_replaced_and_is_put_back(shop: Any, udo: Udo) -> None:
    one, _ = members(shop)
    done = udo("detach", "prod", "webapp", one)
    assert done.exit == 0, done.stderr
    assert (one in members(shop), in_service(shop), sizes(shop)) == (False, 2, (1, 2, 4))
    assert f"udo attach prod webapp {one}" in done.stdout
    assert udo("detach", "prod", "webapp", one).exit == 0
    assert writes(shop) == ["DetachInstances"]
    assert udo("attach", "prod", "webapp", one).exit == 0
    assert (one in members(shop), in_service(shop), sizes(shop)) == (True, 3, (1, 3, 4))
    assert udo("attach", "prod", "webapp", one).exit == 0
    assert writes(shop) == ["DetachInstances", "AttachInstances"]


def test_nobody_comes_back_over_the_maximum(shop: Any, udo: Udo) -> None:
    one, _ = members(shop)
    assert udo("standby", "prod", "webapp", one).exit == 0
    assert udo("scale", "prod", "webapp", "--max", "2").exit == 0
    done = udo("standby", "prod", "webapp", one, "--return")
    assert (done.exit, "udo scale prod webapp --max 3" in done.stderr) == (7, True)
    assert udo("detach", "prod", "webapp", one).exit == 0
    done = udo("attach", "prod", "webapp", one)
    assert (done.exit, "above its maximum, 2" in done.stderr) == (7, True)


@pytest.mark.parametrize(
    ("words", "exit", "says"),
    [
        (("standby", "prod", "webapp"), 2, "which instances?"),
        (("standby", "prod", "webapp", "web-1"), 2, "'web-1' is not an instance id"),
        (("standby", "prod", "webapp", NOBODY), 1, f"{NOBODY} is no member of prod-webapp"),
        (("standby", "prod", "webapp", NOBODY, "--return", "--shrink"), 2, "exclude each other"),
        (("detach", "prod", "webapp", NOBODY), 1, f"{NOBODY} is no member of prod-webapp"),
        (("attach", "prod", "webapp", NOBODY), 1, f"there is no instance {NOBODY}"),
        (("detach", "prod", "webapp", *(f"i-{n:08x}" for n in range(21))), 2, "at most 20"),
    ],
)
def test_who_cannot_be_moved_is_told_in_one_line(
    shop: Any, udo: Udo, words: tuple[str, ...], exit: int, says: str
) -> None:
    done = udo(*words)
    assert (done.exit, done.stderr.count("\n")) == (exit, 1), done.stderr
    assert says in done.stderr
    assert writes(shop) == []


def test_a_member_of_another_group_is_not_attached(shop: Any, udo: Udo) -> None:
    (other, *_) = members(shop, "prod-web")
    done = udo("attach", "prod", "webapp", other)
    assert (done.exit, f"{other} is in the group prod-web" in done.stderr) == (7, True)


def test_one_that_moved_since_it_was_seen_is_left(shop: Any, udo: Udo) -> None:
    one, _ = members(shop)
    client = shop.client("autoscaling")
    move = {"AutoScalingGroupName": "prod-webapp", "InstanceIds": [one], "ShouldDecrementDesiredCapacity": False}
    shop.faults.add(Fault("hook", "ssm:PutParameter", hook=lambda _: client.enter_standby(**move)))
    done = udo("detach", "prod", "webapp", one)
    assert (done.exit, f"{one}: Standby now, it was InService" in done.stderr) == (4, True)
    assert one in members(shop)


@pytest.mark.parametrize(("verb", "operation"), [("standby", "EnterStandby"), ("detach", "DetachInstances")])
def test_a_lost_answer_is_settled_by_looking(shop: Any, udo: Udo, verb: str, operation: str) -> None:
    one, _ = members(shop)
    shop.faults.add(Fault("drop", operation, after=True))
    done = udo(verb, "prod", "webapp", one)
    assert (done.exit, in_service(shop), writes(shop)) == (0, 2, [operation]), done.stderr


def test_where_nobody_is_launched_in_its_place_the_wait_ends(shop: Any, udo: Udo) -> None:
    shop.client("autoscaling").suspend_processes(AutoScalingGroupName="prod-webapp", ScalingProcesses=["Launch"])
    done = udo("standby", "prod", "webapp", members(shop)[0])
    assert (done.exit, "Launch is suspended" in done.stderr) == (1, True)


def test_a_protected_role_asks(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(CONFIG.format(more=", protected: true"))
    one, _ = members(world)
    assert udo("standby", "prod", "webapp", one).exit == 7
    assert udo("standby", "prod", "webapp", one, "--yes").exit == 0


@pytest.mark.parametrize("shrink", [(), ("--shrink",)])
def test_one_in_standby_is_no_part_of_the_capacity_and_detached_without_lowering_it(
    shop: Any, udo: Udo, shrink: tuple[str, ...]
) -> None:
    one, other = members(shop)
    assert udo("standby", "prod", "webapp", one, "--shrink", "--yes").exit == 0
    done = udo("detach", "prod", "webapp", one, *shrink)
    assert (done.exit, " launches " in done.stderr) == (0, False)
    assert (members(shop), sizes(shop)) == ([other], (1, 1, 4))


def test_with_shrink_those_in_standby_and_others_are_not_detached_together(shop: Any, udo: Udo) -> None:
    one, other = members(shop)
    assert udo("standby", "prod", "webapp", one).exit == 0
    done = udo("detach", "prod", "webapp", one, other, "--shrink", "--yes")
    assert (done.exit, f"{one} in Standby" in done.stderr, len(members(shop))) == (7, True, 3)


def test_who_never_was_a_member_or_is_gone_is_not_told_to_be_detached(shop: Any, udo: Udo) -> None:
    (stranger, *_), (one, _) = members(shop, "prod-web"), members(shop)
    assert udo("detach", "prod", "webapp", one).exit == 0
    shop.client("ec2").terminate_instances(InstanceIds=[one])
    for gone in (stranger, one):
        done = udo("detach", "prod", "webapp", gone)
        assert (done.exit, f"{gone} is no member of prod-webapp" in done.stderr) == (1, True)
