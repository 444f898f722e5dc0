"""Every change that is swept, by name: `CORE` always, `MORE` where all is swept."""

from __future__ import annotations

import apply_scenarios as apply
import deploy_scenarios as deploy
import end_scenarios as end
import guard_scenarios as guard
import launch_scenarios as launch
import move_scenarios as move
import rest_scenarios as rest
import scale_scenarios as scale
import update_scenarios as update

CORE = launch.CORE | deploy.CORE | scale.CORE | move.CORE | rest.CORE | update.CORE | apply.CORE | end.CORE | guard.CORE
MORE = launch.MORE | deploy.MORE | scale.MORE | move.MORE | rest.MORE | update.MORE | apply.MORE | end.MORE | guard.MORE
EVERY = CORE | MORE
