"""Every case by the name of its rule."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import cases_access
import cases_alarms
import cases_buckets
import cases_checkup
import cases_codedeploy
import cases_commands
import cases_dashboards
import cases_fleets
import cases_functions
import cases_gateway
import cases_groups
import cases_hooks
import cases_instances
import cases_invocations
import cases_kinds
import cases_launch
import cases_launches
import cases_members
import cases_parameters
import cases_refresh_rules
import cases_refreshes
import cases_revisions
import cases_rollout
import cases_scaling
import cases_schedules
import cases_sessions
import cases_stacks
import cases_targets
import cases_volumes
import cases_warm
from account import Account

_MODULES = (
    cases_access,
    cases_alarms,
    cases_buckets,
    cases_checkup,
    cases_codedeploy,
    cases_commands,
    cases_dashboards,
    cases_fleets,
    cases_functions,
    cases_gateway,
    cases_groups,
    cases_hooks,
    cases_instances,
    cases_invocations,
    cases_kinds,
    cases_launch,
    cases_launches,
    cases_members,
    cases_parameters,
    cases_refresh_rules,
    cases_refreshes,
    cases_revisions,
    cases_rollout,
    cases_scaling,
    cases_schedules,
    cases_sessions,
    cases_stacks,
    cases_targets,
    cases_volumes,
    cases_warm,
)

CASES: dict[str, Callable[[Account], None]] = {
    name: case
    for module in _MODULES
    for name, case in inspect.getmembers(module, inspect.isfunction)
    if case.__module__ == module.__name__ and not name.startswith("_")
}
