"""A deployment or a refresh that is under way while a change is planned is named, and asked for as little as can be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from deploy_worlds import begin, config, end

from udo.sandbox.faults import Fault

Udo = Callable[..., Any]


def asked(world: Any, operation: str) -> int:
    return [request.operation for request in world.log].count(operation)


@pytest.mark.whole
def test_plan_names_the_deployment_under_way_and_asks_once_for_all_roles(world: Any, seeded: Any, udo: Udo) -> None:
    seeded(config())
    started = begin(world)
    world.log.clear()
    told = udo("plan")
    assert told.exit == 0, told.stderr
    # Where nothing changes there is no paragraph to say it in.
    (said,) = (line for line in told.stderr.splitlines() if line.startswith("prod web"))
    assert said.startswith(f"prod webapp: deployment {started} to prod-webapp is ")
    assert (asked(world, "BatchGetDeploymentGroups"), asked(world, "DescribeInstanceRefreshes")) == (1, 4)
    (row,) = (row for row in udo("plan", "-o", "json").json["data"] if row["role"] == "webapp")
    assert any(started in note for note in row["notes"])
    end(world)
    assert started not in "".join((udo("plan").stdout, udo("plan").stderr))


def test_a_saved_plan_keeps_no_deployment_that_passes_and_apply_looks_again(world: Any, seeded: Any, udo: Udo) -> None:
    seeded(config())
    started = begin(world)
    words = ("plan", "prod", "webapp", "--set", "instance_type=t3.large", "--save")
    assert udo(*words, "one").exit == 0
    assert started in udo("apply", "one", "--dry-run").stderr
    end(world)
    assert started not in udo("apply", "one").stderr


@pytest.mark.parametrize("words", [("plan",), ("updatelc", "prod", "webapp", "--dry-run")], ids=" ".join)
def test_a_deployment_that_cannot_be_told_is_a_warning(
    world: Any, seeded: Any, udo: Udo, words: tuple[str, ...]
) -> None:
    seeded(config())
    world.faults.add(Fault("deny", "BatchGetDeploymentGroups", times=None))
    told = udo(*words)
    assert told.exit == 0
    assert "warning: it is unknown whether a deployment is active" in told.stdout + told.stderr


def test_an_application_that_is_kept_in_aws_is_no_obstacle(world: Any, seeded: Any, udo: Udo) -> None:
    seeded(config())
    world.client("ssm").put_parameter(Name="/shop/application", Value="shop", Type="String")
    text = config().replace("application: shop", "application: '${ssm:/shop/application}'")
    Path("udo.yml").write_text(text)
    started = begin(world)
    for words in (("plan", "prod", "webapp"), ("updatelc", "prod", "webapp", "--dry-run")):
        told = udo(*words)
        assert told.exit == 0, told.stderr
        assert started in told.stdout + told.stderr
