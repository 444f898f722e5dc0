"""Alarms of udo.yml where groups are made, ended, planned and checked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alarm_worlds import ANY, DEPTH, MARKS, SLOW, TOPIC, cloudwatch, ours, put, strangers, there, write, write_new
from create_worlds import CREATE, groups
from create_worlds import config as config_of_new
from deploy_worlds import writes
from update_worlds import UPDATE, config

Udo = Callable[..., Any]
Seeded = Callable[..., Any]
PLAN = ("plan", "prod", "webapp")
DESTROY = ("destroy", "prod", "webapp", "--confirm", "prod-webapp")


@pytest.fixture
def shop(world: Any, seeded: Seeded) -> Any:
    seeded(config())
    strangers(world)
    world.log.clear()
    return world


@pytest.fixture
def bare(world: Any, seeded: Seeded) -> Any:
    """A world where the group is still to be made."""
    seeded(config_of_new().partition("      webapp:")[0])
    strangers(world)
    world.log.clear()
    return world


def test_a_new_group_has_its_alarms_and_a_third_run_writes_nothing(bare: Any, udo: Udo) -> None:
    write_new(ANY, DEPTH, SLOW)
    before = there(bare)
    assert "alarms.slow" in udo(*CREATE, "--dry-run").stdout
    done = udo(*CREATE, "--no-wait")
    assert done.exit == 0, done.stderr
    found = there(bare)
    names = {f"prod-webapp-{name}" for name in ("any", "depth", "slow")}
    client = cloudwatch(bare)
    tags = client.list_tags_for_resource(ResourceARN=found["prod-webapp-any"]["AlarmArn"])["Tags"]
    assert {one["Key"]: one["Value"] for one in tags} == {
        "udo:cluster": "prod",
        "udo:role": "webapp",
        "udo:app": "shop",
    }
    assert {*found} - {*before} == names
    assert found["prod-webapp-depth"]["AlarmActions"] == [TOPIC]
    bare.log.clear()
    again = udo(*CREATE, "--no-wait")
    assert (again.exit, writes(bare)) == (0, [])
    assert (udo(*UPDATE).exit, writes(bare)) == (0, [])


def test_no_group_is_made_where_an_alarm_of_its_name_is_somebody_elses(bare: Any, udo: Udo) -> None:
    put(bare, "prod-webapp-depth")
    bare.log.clear()
    write_new(DEPTH)
    done = udo(*CREATE)
    assert done.exit == 4
    assert "alarm prod-webapp-depth exists and is not managed by Udo" in done.stderr
    assert (writes(bare), "prod-webapp" in groups(bare)) == ([], False)


def test_a_group_that_ends_takes_the_alarms_that_udo_made_with_it_and_no_others(shop: Any, udo: Udo) -> None:
    write(ANY, DEPTH, SLOW)
    assert udo(*UPDATE).exit == 0
    before = there(shop)
    # One that is in udo.yml no more, one that somebody marked for another application, and one nobody marked.
    write(ANY, SLOW.replace("slow", "depth"), SLOW)
    put(shop, "prod-webapp-app", tags=[*MARKS, {"Key": "udo:app", "Value": "other"}])
    shop.log.clear()
    done = udo(*DESTROY)
    assert done.exit == 0, done.stderr
    assert [one for one in writes(shop) if one == "DeleteAlarms"] == ["DeleteAlarms"] * 3
    assert writes(shop)[-3:] == ["DeleteAlarms"] * 3
    left = there(shop)
    assert {*before} - {*left} == {f"prod-webapp-{name}" for name in ("any", "depth", "slow")}
    assert "prod-webapp-app" in left
    again = udo(*DESTROY)
    assert "nothing to destroy" in again.stdout


def test_alarms_that_a_run_left_behind_are_deleted_by_the_next(shop: Any, udo: Udo) -> None:
    write(DEPTH)
    assert udo(*UPDATE).exit == 0
    write("x: {metric: Shop/Depth, above: 1}")
    client = shop.client("autoscaling")
    client.delete_auto_scaling_group(AutoScalingGroupName="prod-webapp", ForceDelete=True)
    assert udo(*DESTROY).exit == 0
    assert not ours(shop)


def test_a_saved_plan_carries_alarms_and_refuses_one_that_moved(shop: Any, udo: Udo) -> None:
    write(DEPTH, SLOW)
    told = udo(*PLAN, "--save", "plan")
    assert told.exit == 0, told.stderr
    assert "alarms.depth" in told.stdout
    assert udo("apply", "plan").exit == 0
    assert ours(shop) == {"prod-webapp-depth", "prod-webapp-slow"}
    write(DEPTH.replace("500", "700"), SLOW)
    assert udo(*PLAN, "--save", "plan", "--yes").exit == 0
    put(shop, "prod-webapp-depth", Threshold=5.0)
    done = udo("apply", "plan")
    assert done.exit == 4
    assert there(shop)["prod-webapp-depth"]["Threshold"] == 5.0


def test_plan_says_that_an_alarm_is_somebody_elses_and_keeps_it_out_of_a_plan(shop: Any, udo: Udo) -> None:
    put(shop, "prod-webapp-depth")
    write(DEPTH)
    told = udo(*PLAN, "--exit-code")
    assert told.exit == 5
    assert "the settings are left: alarm prod-webapp-depth exists and is not managed by Udo" in told.stdout


def test_check_online_tells_values_with_their_lines_and_topics_that_are_not_there(shop: Any, udo: Udo) -> None:
    write(DEPTH, SLOW)
    assert udo(*UPDATE).exit == 0
    shop.client("sns").create_topic(Name="on-call")
    elsewhere = "arn:aws:sns:us-west-2:999999999999:other"
    write(DEPTH.replace("500", "700"), SLOW.replace("}", f", tell: [on-call, pager, '{elsewhere}']}}"))
    done = udo("check", "--online", "-o", "json")
    assert done.exit == 1
    listed = [(row["check"], row["name"]) for row in done.json["data"]["checks"]]
    assert listed.count(("topic", "on-call")) == 1
    rows = {(row["check"], row["name"]): row for row in done.json["data"]["checks"]}
    assert rows["setting", "alarms.depth.above"]["message"] == "above 500 -> above 700"
    line = next(n for n, text in enumerate(Path("udo.yml").read_text().splitlines(), 1) if "depth:" in text)
    assert rows["setting", "alarms.depth.above"]["where"] == f"udo.yml:{line}"
    assert (rows["topic", "on-call"]["ok"], rows["topic", "pager"]["ok"]) == (True, False)
    assert rows["topic", "pager"]["message"] == "no such topic: aws sns create-topic --name pager"
    assert ("topic", elsewhere) not in rows
