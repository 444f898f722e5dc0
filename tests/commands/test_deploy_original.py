"""The original's words after deploy do what they say, with a word on the new form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from deploy_worlds import OTHER, SHA, begin, config, deployments, end, writes

Udo = Callable[..., Any]
Seeded = Callable[..., Any]
ORIGINAL = "is a form of the original's; today it is: "


@pytest.mark.parametrize("words", [("prod-webapp",), ("create", "prod-webapp"), ("create", "prod.webapp")])
def test_a_deployment_group_of_one_role_in_the_place_of_cluster_and_role_is_deployed_to(
    world: Any, udo: Udo, seeded: Seeded, words: tuple[str, ...]
) -> None:
    seeded(config())
    done = udo("deploy", *words, SHA)
    assert done.exit == 0, done.stderr
    assert [one["status"] for one in deployments(world)] == ["Succeeded"]
    assert deployments(world, "prod-web") == []
    assert f"'deploy {words[0]}' {ORIGINAL}udo deploy prod" in done.stderr


def test_a_deployment_group_of_several_roles_is_deployed_to_by_no_guess(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config("deploy: {deployment_group: prod-web}").replace("deployment_group: prod-webapp, ", ""))
    done = udo("deploy", "prod-web", SHA)
    assert done.exit == 2
    assert "deployment group 'prod-web' is that of prod webapp and prod web: name one of them" in done.stderr
    assert writes(world) == []


def test_a_cluster_goes_before_a_deployment_group_of_its_name(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config().replace("deployment_group: s,", "deployment_group: prod,"))
    done = udo("deploy", "prod", SHA)
    assert done.exit == 2
    assert ORIGINAL not in done.stderr
    assert writes(world) == []


def test_what_is_neither_cluster_nor_deployment_group_is_exit_2(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    done = udo("deploy", "prod-wepapp", SHA)
    assert (done.exit, "no cluster 'prod-wepapp'" in done.stderr) == (2, True)
    assert writes(world) == []


@pytest.mark.parametrize("words", [("list",), ("list", "deployments")])
def test_list_is_deployments(world: Any, udo: Udo, seeded: Seeded, words: tuple[str, ...]) -> None:
    seeded(config())
    for group in ("prod-webapp", "prod-web"):
        begin(world, SHA, group)
        end(world)
    done = udo("deploy", *words)
    assert (done.exit, done.stdout) == (0, udo("deployments").stdout)
    assert done.stderr.startswith(f"'deploy list' {ORIGINAL}udo deployments\n")


def test_lists_that_nothing_gives_today_are_exit_2(udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    done = udo("deploy", "list", "groups")
    assert (done.exit, "'deploy list groups' is no more" in done.stderr) == (2, True)


@pytest.mark.parametrize("target", [("prod-webapp",), ("prod.webapp",), ("prod", "webapp")])
def test_last_is_the_newest_deployment_of_the_group(
    world: Any, udo: Udo, seeded: Seeded, target: tuple[str, ...]
) -> None:
    seeded(config())
    for commit in (SHA, OTHER):
        begin(world, commit)
        end(world)
    begin(world, SHA, "prod-web")
    done = udo("deploy", "last", *target, "-o", "json")
    assert [one["revision"]["gitHubLocation"]["commitId"] for one in done.json["data"]] == [OTHER], done.stderr
    assert len(udo("deploy", "last", "-o", "json").json["data"]) == 1


def test_status_of_an_id_is_that_deployment(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    one = begin(world)
    assert udo("deploy", "status", one, "-o", "json").json["data"]["deployment_id"] == one


@pytest.mark.parametrize("target", [("prod-webapp",), ("prod.webapp",), ("prod", "webapp")])
def test_stop_is_stop(world: Any, udo: Udo, seeded: Seeded, target: tuple[str, ...]) -> None:
    seeded(config())
    begin(world)
    begin(world, SHA, "prod-web")
    world.clock.step(2)
    done = udo("deploy", "stop", *target)
    assert done.exit == 0, done.stderr
    assert deployments(world)[0]["status"] == "Stopped"
    assert deployments(world, "prod-web")[0]["status"] != "Stopped"
    assert f"{ORIGINAL}udo stop prod" in done.stderr


@pytest.mark.parametrize("target", [(), ("typo.group",), ("typo",)])
def test_stop_of_nothing_that_is_known_stops_nothing(
    world: Any, udo: Udo, seeded: Seeded, target: tuple[str, ...]
) -> None:
    seeded(config())
    begin(world)
    world.log.clear()
    assert udo("deploy", "stop", *target).exit == 2
    assert writes(world) == []


@pytest.mark.parametrize("option", [("--again",), ("--queue",), ("--timeout", "5m"), ("--reason", "x")])
def test_options_of_deploy_belong_to_none_of_these(
    world: Any, udo: Udo, seeded: Seeded, option: tuple[str, ...]
) -> None:
    seeded(config())
    done = udo("deploy", "stop", "prod", "webapp", *option)
    assert (done.exit, f"{option[0]} is no option of 'udo stop'" in done.stderr) == (2, True), done.stderr


def test_a_cluster_of_that_name_is_a_cluster(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config().replace("  stage2:", "  list:"))
    done = udo("deploy", "list", "web_app-x", SHA)
    assert done.exit == 0, done.stderr
    assert [one["status"] for one in deployments(world, "s")] == ["Succeeded"]


def test_a_bare_number_of_minutes_is_refused_for_the_timeout(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    done = udo("deploy", "prod-webapp", SHA, "--timeout", "60")
    assert (done.exit, "--timeout 60 has no unit: write 60m for minutes" in done.stderr) == (2, True)
    assert writes(world) == []
