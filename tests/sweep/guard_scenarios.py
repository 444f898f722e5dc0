"""Changes that alarms guard, and one that overrides a freeze window, as they are swept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from arena import Arena
from deploy_check import deploy_check
from deploy_worlds import OTHER, begin, config, end
from guard_worlds import FROZEN, alarm
from invariants import CODES, exit_code_is_one_of
from launch_check import launch_check
from launch_scenarios import NEW
from launch_worlds import CONFIG, template_world
from scale_check import scale_check
from scenario import Check, Scenario

ALARM = "prod-5xx"
GUARDS = f"guards: {{alarms: [{ALARM}, prod-slow], after: 12s}}\n"
# More than CodeDeploy takes: Udo alone watches them.
_MANY = f"guards: {{alarms: [{ALARM}, {', '.join(f'a{number}' for number in range(10))}]}}"


def refusable(check: Check) -> Check:
    """The same, where alarms that cannot be read may refuse it, and be read once the time is over."""
    return replace(check, told=(exit_code_is_one_of(*CODES, 7, 124), *check.told[1:]))


def guarded(build: Callable[[Arena], None]) -> Callable[[Arena], None]:
    """A world with the alarms of every scenario, all OK."""

    def built(arena: Arena) -> None:
        build(arena)
        for name in (ALARM, "prod-slow", *(f"a{number}" for number in range(10))):
            alarm(arena.world, name)

    return built


def _template(arena: Arena) -> None:
    template_world(arena.world)


def _seeded(arena: Arena) -> None:
    arena.world.seed(arena.config())


def _deployed(arena: Arena) -> None:
    """Another revision was deployed to all three instances."""
    _seeded(arena)
    begin(arena.world, OTHER)
    end(arena.world)
    arena.world.advance()
    begin(arena.world, OTHER, "prod-web")


CORE = {
    "updatelc-guarded": Scenario(
        ("updatelc", "prod", "webapp", "--override-freeze", "--reason", "the page is down"),
        guarded(_template),
        refusable(launch_check("prod-webapp:2", "1 2", NEW)),
        f"{CONFIG}{GUARDS}{FROZEN}\n",
    ),
}
MORE = {
    "deploy-guarded": Scenario(
        ("deploy", "prod", "webapp", "740800d7f3a1b2c4d5e6f708192a3b4c5d6e7f80", "--timeout", "90s"),
        guarded(_deployed),
        refusable(deploy_check("1111111 Succeeded 3", "740800d Succeeded 3")),
        config(more=_MANY),
    ),
    "scale-guarded": Scenario(
        ("scale", "prod", "webapp", "1"), guarded(_seeded), refusable(scale_check(0, 1, 9)), config(more=_MANY)
    ),
}
