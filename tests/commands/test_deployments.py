"""Deployments, newest first, whoever made them; and one of them instance by instance."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from deploy_worlds import OTHER, SHA, begin, config, end, members

from udo.sandbox.faults import Fault
from udo.sandbox.strict import DeploymentFault
from udo.sandbox.strict.codedeploy.faults import deployment_faults

Udo = Callable[..., Any]
Seeded = Callable[..., Any]


def test_they_are_listed_newest_first_over_all_roles(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    ids = []
    for commit, group in ((SHA, "prod-webapp"), (SHA, "prod-web"), (OTHER, "prod-webapp")):
        ids.append(begin(world, commit, group))
        end(world)
    done = udo("deployments", "prod", "webapp,web", "-o", "json")
    assert [row["deployment_id"] for row in done.json["data"]] == ids[::-1]
    assert [row["roles"] for row in done.json["data"]] == [["prod webapp"], ["prod web"], ["prod webapp"]]
    newest = done.json["data"][0]
    assert (newest["status"], newest["creator"], newest["overview"]["Succeeded"]) == ("Succeeded", "user", 3)
    assert newest["revision"]["gitHubLocation"]["commitId"] == OTHER
    assert [row["deployment_id"] for row in udo("deployments", "-o", "json").json["data"]] == ids[::-1]


def test_a_run_and_its_reason_are_told_and_who_made_it(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    assert udo("deploy", "prod", "webapp", SHA, "--reason", "fixes the cart").exit == 0
    (row,) = udo("deployments", "prod", "webapp", "-o", "json").json["data"]
    assert row["reason"] == "fixes the cart"
    assert row["run"]
    shown = udo("deployments", "prod", "webapp").stdout
    assert "fixes the cart" in shown
    assert f"example/shop {SHA}" in shown


def test_no_more_are_shown_than_asked_for_and_that_is_said(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    for _ in range(3):
        begin(world)
        end(world)
    done = udo("deployments", "prod", "webapp", "--last", "2", "-o", "json")
    assert len(done.json["data"]) == 2
    assert "the last 2; --last N shows more" in udo("deployments", "prod", "webapp", "--last", "2").stderr
    assert "--last" not in udo("deployments", "prod", "webapp").stderr


def test_one_is_told_instance_by_instance(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    deployment_faults.add(DeploymentFault(event="Install", instance=2, script="bin/x", log_tail="no room"))
    deployment_id = begin(world)
    end(world)
    done = udo("deployments", deployment_id)
    assert done.exit == 0, done.stderr
    assert f"{deployment_id} of example/shop {SHA} to shop prod-webapp: Failed, 1 of 3 failed" in done.stderr
    assert "failed in Install (bin/x, exit 1)" in done.stderr
    assert "no room" in done.stderr
    data = udo("deployments", deployment_id, "-o", "json").json["data"]
    assert {row["instance_id"] for row in data["targets"]} == set(members(world))
    assert [row["lifecycle_event"] for row in data["targets"] if row["status"] == "Failed"] == ["Install"]


def test_an_id_that_does_not_exist_is_told(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    done = udo("deployments", "d-ABSENT123")
    assert (done.exit, done.stdout) == (1, "")
    assert "deployment d-ABSENT123 does not exist" in done.stderr


def test_what_is_denied_for_one_group_leaves_the_others_shown(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    begin(world, group="prod-web")
    world.faults.add(Fault("deny", "codedeploy:ListDeployments"))
    done = udo("deployments", "prod", "webapp,web", "-o", "json")
    assert done.exit == 0
    assert len(done.json["data"]) == 1
    assert "warning: deployments to prod webapp are unknown" in done.stderr


@pytest.mark.parametrize("words", [("prod",), ()])
def test_where_no_role_deploys_that_is_a_wrong_use(udo: Udo, seeded: Seeded, words: tuple[str, ...]) -> None:
    seeded("clusters: {prod: {roles: {web: {}}}}\n")
    done = udo("deployments", *words)
    assert (done.exit, done.stdout) == (2, "")
    assert "no deploy.application and deploy.deployment_group" in done.stderr


def test_what_only_brought_a_launched_instance_the_revision_is_left_out_unless_asked_for(
    world: Any, udo: Udo, seeded: Seeded
) -> None:
    seeded(config())
    whole = begin(world)
    end(world)
    assert udo("scale", "prod", "webapp", "4").exit == 0
    done = udo("deployments", "prod", "webapp")
    assert "1 deployment to a launched or terminated instance is not shown; --launches shows all" in done.stderr
    assert [row["deployment_id"] for row in udo("deployments", "prod", "webapp", "-o", "json").json["data"]] == [whole]
    every = udo("deployments", "prod", "webapp", "--launches", "-o", "json").json["data"]
    assert [row["creator"] for row in every] == ["autoscaling", "user"]
    assert "not shown" not in udo("deployments", "prod", "webapp", "--launches").stderr
    # What failed is no routine.
    deployment_faults.add(DeploymentFault(event="Install"))
    udo("scale", "prod", "webapp", "5", "--max", "9", "--timeout", "60")
    shown = udo("deployments", "prod", "webapp", "-o", "json").json["data"]
    states = {row["status"] for row in shown if row["creator"] == "autoscaling"}
    assert "Failed" in states
    assert "Succeeded" not in states


def test_where_nothing_was_deployed_that_is_said(udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    done = udo("deployments", "prod", "webapp")
    assert (done.exit, done.stdout) == (0, "")
    assert done.stderr == "nothing was deployed yet, as far back as CodeDeploy lists\n"
