"""Every change that is swept, by name: `CORE` always, `MORE` where all is swept."""

from __future__ import annotations

import deploy_scenarios as deploy
import launch_scenarios as launch

CORE = launch.CORE | deploy.CORE
MORE = launch.MORE | deploy.MORE
EVERY = CORE | MORE
