"""The refreshes that are swept: on groups of every kind, brought by the refresh or around it, ended and taken back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from arena import Arena
from launch_worlds import CONFIG, configuration_world, mixed_world, set_overrides, template_world
from refresh_check import refresh_check
from scenario import Scenario, after, cut_off, plain
from state import OURS

UPDATE = ("updatelc", "prod", "webapp")
BOTH = (*UPDATE, "--refresh", "--yes")
REFRESH = ("refresh", "prod", "webapp", "--yes")
# Nobody is replaced while anything is struck.
SLOW = CONFIG.replace("m7g.large}", "m7g.large, refresh: {warmup: 1h}}")


def _following(world: Any) -> None:
    """Ours follows $Latest of its template."""
    template_world(world)
    world.client("autoscaling").update_auto_scaling_group(
        AutoScalingGroupName=OURS, LaunchTemplate={"LaunchTemplateName": OURS, "Version": "$Latest"}
    )


def _required(world: Any) -> None:
    """Requirements choose the types of ours."""
    mixed_world(world)
    needed = {"VCpuCount": {"Min": 1}, "MemoryMiB": {"Min": 512}}
    set_overrides(world, [{"InstanceRequirements": needed}])


def _begun(build: Callable[[Arena], None]) -> Callable[[Arena], None]:
    """The world in which somebody has begun a refresh."""

    def built(arena: Arena) -> None:
        build(arena)
        arena.world.client("autoscaling").start_instance_refresh(
            AutoScalingGroupName=OURS, Preferences={"MinHealthyPercentage": 50, "InstanceWarmup": 0}
        )

    return built


def _slow(build: Callable[[Arena], None]) -> Callable[[Arena], None]:
    """The world in which a refresh runs that goes on for hours."""

    def built(arena: Arena) -> None:
        build(arena)
        arena.world.client("autoscaling").start_instance_refresh(
            AutoScalingGroupName=OURS, Preferences={"MinHealthyPercentage": 50, "InstanceWarmup": 3600}
        )
        arena.world.clock.step(60)

    return built


def _over(build: Callable[[Arena], None]) -> Callable[[Arena], None]:
    """The world once a refresh that a run has left to AWS has ended."""

    def built(arena: Arena) -> None:
        build(arena)
        arena.world.clock.step(600)
        arena.world.advance()

    return built


_CONFIGURATION, _TEMPLATE, _MIXED = (plain(one) for one in (configuration_world, template_world, mixed_world))
_TWO = ("2", "2")

CORE = {
    "refresh-template": Scenario(REFRESH, after(_TEMPLATE, *UPDATE), refresh_check(f"{OURS}:2", *_TWO)),
    "updatelc-refresh-template": Scenario(BOTH, _TEMPLATE, refresh_check(f"{OURS}:2", *_TWO)),
    "updatelc-refresh-configuration": Scenario(
        BOTH, _CONFIGURATION, refresh_check(f"{OURS}-v2", f"{OURS}-v2", f"{OURS}-v2")
    ),
}
MORE = {
    "refresh-configuration": Scenario(
        REFRESH, after(_CONFIGURATION, *UPDATE), refresh_check(f"{OURS}-v2", f"{OURS}-v2", f"{OURS}-v2")
    ),
    "refresh-mixed": Scenario(REFRESH, after(_MIXED, *UPDATE), refresh_check(f"{OURS}:2", *_TWO)),
    "refresh-attached": Scenario(REFRESH, _begun(after(_TEMPLATE, *UPDATE)), refresh_check(f"{OURS}:2", *_TWO)),
    "refresh-settles": Scenario(
        REFRESH, _over(after(_TEMPLATE, *BOTH, "--no-wait")), refresh_check(f"{OURS}:2", *_TWO)
    ),
    "refresh-cancel": Scenario(
        (*REFRESH, "--cancel"), _slow(after(_TEMPLATE, *UPDATE)), refresh_check(f"{OURS}:2", ends=False)
    ),
    "refresh-cancel-brought": Scenario(
        (*REFRESH, "--cancel"),
        after(_TEMPLATE, *BOTH, "--no-wait"),
        refresh_check(f"{OURS}:1", ends=False),
        SLOW,
    ),
    "refresh-rollback": Scenario(
        (*REFRESH, "--rollback"), after(_TEMPLATE, *BOTH, "--no-wait"), refresh_check(f"{OURS}:1", "1", "1"), SLOW
    ),
    "rollback-of-a-refresh": Scenario(
        ("rollback", "prod", "webapp"),
        after(_TEMPLATE, *BOTH, "--no-wait"),
        refresh_check(f"{OURS}:1", "1", "1"),
        SLOW,
    ),
    "updatelc-refresh-mixed": Scenario(BOTH, _MIXED, refresh_check(f"{OURS}:2", *_TWO)),
    "updatelc-refresh-following": Scenario(BOTH, plain(_following), refresh_check(f"{OURS}:2", *_TWO)),
    "updatelc-refresh-required": Scenario(BOTH, plain(_required), refresh_check(f"{OURS}:2", *_TWO)),
    "updatelc-refresh-cut-off": Scenario(
        BOTH, cut_off(_TEMPLATE, "StartInstanceRefresh", *BOTH), refresh_check(f"{OURS}:2", *_TWO)
    ),
}
