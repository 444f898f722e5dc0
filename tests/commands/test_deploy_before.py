"""Programs before a deployment: one that fails keeps it from being made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from deploy_worlds import OTHER, SHA, begin, config, deployments, writes

Udo = Callable[..., Any]
Seeded = Callable[..., Any]
DEPLOY = ("deploy", "prod", "webapp", SHA)


def test_one_that_fails_keeps_the_deployment_from_being_made(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config("pre_deploy_hook: [[sh, -c, 'exit 9'], [touch, second]]"))
    done = udo(*DEPLOY)
    assert done.exit == 7
    assert "pre_deploy_hook sh: ended with status 9" in done.stderr
    assert writes(world) == []


def test_one_that_succeeds_lets_it_go_on(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config("pre_deploy_hook: ['true']"))
    assert udo(*DEPLOY).exit == 0
    assert deployments(world)[0]["status"] == "Succeeded"


def test_it_comes_before_another_deployment_is_stopped(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config("pre_deploy_hook: ['false']"))
    begin(world, OTHER)
    done = udo(*DEPLOY, "--supersede", "--yes")
    assert done.exit == 7
    assert writes(world) == []


def test_in_the_queue_it_comes_when_it_is_our_turn(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config("pre_deploy_hook: [[sh, -c, 'echo checked >&2']]"))
    begin(world, OTHER)
    done = udo(*DEPLOY, "--queue")
    assert done.exit == 0, done.stderr
    assert done.stderr.index("pre_deploy_hook sh") > done.stderr.index(f"of example/shop {OTHER} by user to end")
