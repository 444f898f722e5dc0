"""Every member of CodeDeploy's enumerations, as botocore's model has them: handled, or readable as it is."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
from botocore.loaders import create_loader
from deploy_worlds import OTHER, SHA, begin, config, deployments, end

from udo.deploy import observe, watch
from udo.deploy.arithmetic import arithmetic
from udo.deploy.blue_green import BLUE, GREEN, waits_for
from udo.deploy.forecast import _ROLLED_BACK
from udo.deploy.why import causes, reason, story
from udo.model.deployments import Deployment, DeploymentConfig, DeploymentTarget, LifecycleEvent, Minimum
from udo.sandbox.strict import DeploymentFault
from udo.sandbox.strict.codedeploy.faults import deployment_faults

Udo = Callable[..., Any]
Seeded = Callable[..., Any]
SHAPES = create_loader().load_service_model("codedeploy", "service-2")["shapes"]
NEW = "ANewOne"


def members(shape: str) -> list[str]:
    return list(SHAPES[shape]["enum"])


def test_a_deployment_is_active_or_has_ended_whatever_its_status() -> None:
    assert {*observe.ACTIVE, *watch.ENDED} == set(members("DeploymentStatus"))
    for status in members("DeploymentStatus"):
        deployment = Deployment("d-1", status, "shop", "g", {})
        assert deployment.active == (status in observe.ACTIVE) != (status in watch.ENDED)
        assert status in deployment.outcome
        assert bool(waits_for(status, "d-1", ())) == (status == "Ready")


def test_a_target_has_a_line_whatever_it_and_its_event_are_in() -> None:
    targets, events = members("TargetStatus"), members("LifecycleEventStatus")
    assert {*watch._WORDS, "Pending"} == set(targets)
    for status, event in product([*targets, NEW], [*events, NEW]):
        target = DeploymentTarget("i-1", status, (LifecycleEvent("Install", event),))
        line = watch.progress(target)
        assert line.startswith("i-1  ")
        assert line.split()[1:] in ([status], ["Install", event])
        if status in ("Failed", "Unknown"):
            [cause] = causes([target])
            assert cause.says in (
                "failed without a word of where",
                "failed in Install (no diagnostics)",
                "ended as nobody knows in Install (no diagnostics)",
            )
            assert ("without a word" in cause.says) == (event not in ("Failed", "Unknown"))
            assert list(story(None, [target]))


@pytest.mark.parametrize("code", [*members("LifecycleErrorCode"), NEW])
def test_an_error_of_an_event_is_told_with_its_code_or_its_words(code: str) -> None:
    event = LifecycleEvent("Install", "Failed", code, "bin/a", "it says so")
    [cause] = causes([DeploymentTarget("i-1", "Failed", (event,))])
    assert cause.says.startswith("failed in Install (bin/a, ")
    assert "it says so" in cause.says or code in cause.says


@pytest.mark.parametrize("code", [*members("ErrorCode"), NEW])
def test_an_error_of_a_deployment_names_its_code_and_says_more(code: str) -> None:
    told = reason(Deployment("d-1", "Failed", "shop", "g", {}, error_code=code, error_message="Its own words."), ())
    assert told.startswith(f"{code}: ")
    assert len(told.split()) > 2


def test_kinds_of_a_minimum_events_of_a_rollback_and_labels_are_known() -> None:
    assert set(members("TargetLabel")) == {BLUE, GREEN}
    # After a stop on request who stopped it decides.
    assert set(members("AutoRollbackEvent")) == {*_ROLLED_BACK, "DEPLOYMENT_STOP_ON_REQUEST"}
    assert set(members("MinimumHealthyHostsType")) == {"HOST_COUNT", "FLEET_PERCENT"}
    for kind, least in (("HOST_COUNT", 50), ("FLEET_PERCENT", 2)):
        assert arithmetic(DeploymentConfig("Own", Minimum(kind, 50)), {"a": 4}).whole.least == least


@pytest.mark.parametrize("who", members("DeploymentCreator"))
def test_whoever_has_begun_a_deployment_is_named_where_it_is_in_the_way(
    world: Any, udo: Udo, seeded: Seeded, who: str
) -> None:
    seeded(config())
    if who != "user":
        deployment_faults.add(DeploymentFault(creator=who, times=1))
    there = begin(world, OTHER)
    assert deployments(world)[0]["creator"] == who
    told = udo("deploy", "prod", "webapp", SHA, "-n")
    if who in observe.OF_ONE_INSTANCE:
        assert told.exit == 0, told.stderr
    else:
        assert told.exit == 4
        assert f"deployment {there} of example/shop {OTHER} by {who} is active" in told.stderr
    end(world)
    [row] = udo("deployments", "prod", "webapp", "--launches", "-o", "json").json["data"]
    assert row["creator"] == who
    assert who in udo("deployments", "prod", "webapp", "--launches").stdout
    assert "nothing has failed" in udo("why", "prod", "webapp").stdout


def test_an_instance_that_nobody_knows_the_end_of_is_named(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    deployment_faults.add(DeploymentFault(event="Install", status="Unknown", instance=1, times=1))
    failed = udo("deploy", "prod", "webapp", SHA)
    assert failed.exit == 1
    assert "ended as nobody knows in Install" in failed.stdout
    assert "ended as nobody knows in Install" in udo("why", "prod", "webapp").stdout
