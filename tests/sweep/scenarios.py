"""Every change that is swept, by name: `CORE` always, `MORE` where all is swept."""

from __future__ import annotations

import alarm_scenarios as alarm
import apply_scenarios as apply
import create_scenarios as create
import dashboard_scenarios as dashboard
import deploy_scenarios as deploy
import end_scenarios as end
import guard_scenarios as guard
import launch_scenarios as launch
import move_scenarios as move
import refresh_scenarios as refresh
import rest_scenarios as rest
import scale_scenarios as scale
import stack_scenarios as stack
import update_scenarios as update

_ROOMS = (launch, deploy, scale, move, rest, update, apply, create, end, guard, refresh, alarm, dashboard, stack)
CORE = {name: one for room in _ROOMS for name, one in room.CORE.items()}
MORE = {name: one for room in _ROOMS for name, one in room.MORE.items()}
EVERY = CORE | MORE
