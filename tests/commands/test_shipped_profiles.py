"""Profiles that ship with Udo: each is valid, and its alarms ring on bad data and are silent on good."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from alarm_worlds import there
from update_worlds import UPDATE, config

from udo.config import load
from udo.config.checking import Walk
from udo.config.reading import tree_of
from udo.config.shipped import names, shipped
from udo.errors import ConfigError
from udo.sandbox.strict.cloudwatch import metrics
from udo.sandbox.strict.cloudwatch.metrics import Key, Point, put

Udo = Callable[..., Any]
# What each is given here.
GIVEN = {
    "udo/any-group": "tell: on-call",
    "udo/burstable": "tell: on-call, min_credits: 20",
    "udo/queue-worker": "tell: on-call, queue: jobs, max_depth: 500, max_age: 600",
    "udo/web": "tell: on-call, load_balancer: app/a/1, target_group: targetgroup/t/2, max_latency: 0.8, max_errors: 5",
}
GROUP = {"AutoScalingGroupName": "prod-webapp"}
QUEUE = {"QueueName": "jobs"}
BALANCER = {"LoadBalancer": "app/a/1", "TargetGroup": "targetgroup/t/2"}
# Metric -> its dimensions, a good value and a bad one.
DATA: Mapping[str, Mapping[str, tuple[Mapping[str, str], float, float]]] = {
    "udo/any-group": {
        "AWS/AutoScaling/GroupDesiredCapacity": (GROUP, 4, 4),
        "AWS/AutoScaling/GroupInServiceInstances": (GROUP, 4, 3),
        "AWS/EC2/StatusCheckFailed": (GROUP, 0, 1),
    },
    "udo/burstable": {
        "AWS/EC2/CPUCreditBalance": (GROUP, 100, 5),
        "AWS/EC2/CPUSurplusCreditsCharged": (GROUP, 0, 2),
    },
    "udo/queue-worker": {
        "AWS/SQS/ApproximateNumberOfMessagesVisible": (QUEUE, 0, 900),
        "AWS/SQS/ApproximateAgeOfOldestMessage": (QUEUE, 3, 1200),
        "AWS/SQS/NumberOfMessagesDeleted": (QUEUE, 40, 0),
    },
    "udo/web": {
        "AWS/ApplicationELB/HTTPCode_Target_5XX_Count": (BALANCER, 1, 30),
        "AWS/ApplicationELB/RequestCount": (BALANCER, 100, 100),
        "AWS/ApplicationELB/UnHealthyHostCount": (BALANCER, 0, 1),
        "AWS/ApplicationELB/TargetResponseTime": (BALANCER, 0.1, 2.5),
        "AWS/AutoScaling/GroupMaxSize": (GROUP, 8, 8),
        "AWS/AutoScaling/GroupDesiredCapacity": (GROUP, 4, 8),
    },
}
MINUTES = 20


def using(name: str) -> str:
    return config(f"use: [{{{name}: {{{GIVEN[name]}}}}}]")


def feed(world: Any, name: str, *, bad: bool) -> None:
    """Puts a value a minute, as AWS itself does, and lets time pass."""
    for metric, (dimensions, good, wrong) in DATA[name].items():
        namespace, _, short = metric.rpartition("/")
        key = Key(namespace, short, frozenset(dimensions.items()))
        for minute in range(MINUTES):
            put(
                world.account,
                "us-west-2",
                key,
                Point(world.clock.now() + 60 * minute, ((wrong if bad else good, 1.0),)),
            )
    world.clock.step(60 * MINUTES)
    world.advance()


def test_every_one_is_tried_here() -> None:
    assert names() == sorted(GIVEN) == sorted(DATA)


@pytest.mark.parametrize("name", sorted(GIVEN))
def test_each_is_valid_and_says_when_to_use_it_and_where_it_comes_from(name: str, tmp_path: Path) -> None:
    found = shipped(name)
    assert found
    walk = Walk(None)
    walk.document(tree_of(found.text, "udo"))
    assert walk.problems == []
    assert all(f"# {word}" in found.text for word in ("When:", "When not:", "Sources:"))
    assert all(one["doc"] for one in found.params())
    (tmp_path / "udo.yml").write_text(using(name))
    role = load(tmp_path / "udo.yml", {}, strict=True).role("prod", "webapp")
    alarms = role.get("alarms")
    assert all(one.get("doc") for one in alarms.values())
    parts = [one["composite"] for one in alarms.values() if "composite" in one]
    # Whoever tells nobody is a part of one that does.
    assert all(one.get("tell") or any(f"({short})" in rule for rule in parts) for short, one in alarms.items())


@pytest.mark.parametrize("name", sorted(GIVEN))
def test_its_alarms_are_silent_on_good_data_and_ring_on_bad(
    world: Any, seeded: Any, udo: Udo, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    # What the sandbox's group tells of itself would stand beside what is made up.
    monkeypatch.setattr(metrics, "sources", {})
    seeded(config())
    Path("udo.yml").write_text(using(name))
    done = udo(*UPDATE)
    assert done.exit == 0, done.stderr
    feed(world, name, bad=False)
    assert {short: row["StateValue"] for short, row in there(world).items() if row["StateValue"] == "ALARM"} == {}
    feed(world, name, bad=True)
    assert {row["StateValue"] for row in there(world).values()} == {"ALARM"}
    assert udo(*UPDATE).stdout == "prod-webapp is as udo.yml says\n"


def test_what_udo_yml_says_comes_before_what_a_profile_says(tmp_path: Path) -> None:
    more = "alarms: {depth: {above: 50, for: 3 x 1m}, age: ~}"
    text = config(f"use: [{{udo/queue-worker: {{{GIVEN['udo/queue-worker']}}}}}]", more)
    (tmp_path / "udo.yml").write_text(text)
    alarms = load(tmp_path / "udo.yml", {}).role("prod", "webapp").get("alarms")
    assert (alarms["depth"]["above"], alarms["depth"]["for"]) == ("50", "3 x 1m")
    assert "age" not in alarms


def test_a_cluster_and_a_profile_use_them_too(tmp_path: Path) -> None:
    text = f"""
        profiles:
          ours: {{use: [{{udo/any-group: {{{GIVEN["udo/any-group"]}}}}}]}}
        clusters:
          prod:
            use: [{{udo/burstable: {{{GIVEN["udo/burstable"]}}}}}]
            roles: {{webapp: {{use: [ours]}}}}
    """
    (tmp_path / "udo.yml").write_text(textwrap.dedent(text))
    alarms = load(tmp_path / "udo.yml", {}).role("prod", "webapp").get("alarms")
    assert set(alarms) == {"in-service", "status-checks", "credits", "surplus"}


@pytest.mark.parametrize(
    ("use", "told"),
    [
        ("udo/queue-worker", "profile 'udo/queue-worker' wants the parameter 'queue', which has no default"),
        ("udo/queue-wroker", "no profile 'udo/queue-wroker': did you mean 'udo/queue-worker'?"),
        ("{udo/burstable: {tell: a, min_credits: few}}", "parameter 'min_credits' wants a whole number, not 'few'"),
    ],
)
def test_mistakes_are_told_where_it_is_used(tmp_path: Path, use: str, told: str) -> None:
    (tmp_path / "udo.yml").write_text(config(f"use: [{use}]"))
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "udo.yml", {})
    assert told in str(caught.value)
    assert {problem.file for problem in caught.value.problems} == {"udo.yml"}


def test_profiles_are_listed_and_printed(udo: Udo) -> None:
    rows = udo("profiles", "-o", "json").json["data"]
    assert [row["name"] for row in rows] == names()
    assert "max_depth" in udo("profiles").stdout
    told = udo("profiles", "udo/web").stdout
    found = shipped("udo/web")
    assert found
    assert told == found.text
    wrong = udo("profiles", "udo/wep")
    assert (wrong.exit, "did you mean 'udo/web'?" in wrong.stderr) == (2, True)
