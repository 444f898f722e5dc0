"""The changes of sizes that are swept."""

from __future__ import annotations

from arena import Arena
from deploy_worlds import config
from scale_check import scale_check
from scenario import Scenario

SCALE = ("scale", "prod", "webapp")
PLAIN = config()


def _three(arena: Arena) -> None:
    """A group of three, of sizes 0 to 9, beside groups named almost like it."""
    arena.world.seed(arena.config())


CORE = {"scale-up": Scenario((*SCALE, "5"), _three, scale_check(0, 5, 9), PLAIN)}
MORE = {
    "scale-down": Scenario((*SCALE, "1"), _three, scale_check(0, 1, 9), PLAIN),
    "scale-bounds": Scenario((*SCALE, "12", "--min", "2", "--max", "16"), _three, scale_check(2, 12, 16), PLAIN),
    "scale-to-zero": Scenario((*SCALE, "0", "--yes"), _three, scale_check(0, 0, 9), PLAIN),
    "scale-unwatched": Scenario((*SCALE, "4", "--no-wait"), _three, scale_check(0, 4, 9, waits=False), PLAIN),
}
