"""What AWS holds as plain data that two moments can be compared by, read from moto's own objects."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from moto.autoscaling.models import autoscaling_backends
from moto.cloudwatch.models import cloudwatch_backends
from moto.codedeploy.models import codedeploy_backends
from moto.core.base_backend import BaseBackend
from moto.ec2.models import ec2_backends
from moto.ssm.models import ssm_backends
from stack_state import of_stacks

from udo.sandbox.strict.cloudwatch.alarm import alarms
from udo.sandbox.strict.cloudwatch.dashboards import home_of_dashboards
from udo.sandbox.strict.codedeploy.configs import configs as known_configs

REGION = "us-west-2"
OURS = "prod-webapp"
State = Mapping[str, Mapping[str, Any]]
_RANDOM = re.compile(r"(udo:|lt-)(?:[0-9]{8}T[0-9]{6}Z-[0-9a-f]{6}|[0-9a-f]{17})")
# What differs from one run to the next and means nothing: times, random ids, and what moto keeps for itself.
_PASSING = frozenset(
    {
        *("created_time", "create_time", "arn", "udo_activity", "udo_ready_at", "udo_gone_at", "udo_id", "_id", "id"),
        *("udo_alarms", "udo_looked", "udo_sampled", "udo_samples", "udo_cool_at", "udo_warm_at"),
    }
)

_LOOKED_INTO = frozenset({"InstanceState", "Birth", "Base64EncodedString"})
# Of a folder that commands were run in, what a test has put there.
_GIVEN = ("udo.yml", "home")


def state_of(world: Any) -> dict[str, dict[str, Any]]:
    """Everything a change could touch, the files of this folder included: `kind -> name -> plain data`."""
    scaling, ec2 = autoscaling_backends[world.account][REGION], ec2_backends[world.account][REGION]
    parameters = ssm_backends[world.account][REGION]._parameters
    instances = (instance for one in ec2.reservations.values() for instance in one.instances)
    return {
        "groups": {name: _plain(one, top=True) for name, one in scaling.autoscaling_groups.items()},
        "parts": _parts(scaling),
        "configurations": {name: _plain(one, top=True) for name, one in scaling.launch_configurations.items()},
        "templates": {one.name: _template(one) for one in ec2.launch_templates.values()},
        "instances": {instance.id: instance.state for instance in instances},
        "alarms": {name: _alarm(one) for name, one in alarms(world.account, REGION).items()},
        "dashboards": {one.name: json.loads(one.body) for one in _dashboards(world)},
        "parameters": {name: rows[-1].value for name, rows in parameters.items() if rows},
        **_of_codedeploy(codedeploy_backends[world.account][REGION]),
        **of_stacks(world),
        "files": {path.name: path.read_text(encoding="utf-8") for path in left_files()},
    }


def _dashboards(world: Any) -> list[Any]:
    return list(home_of_dashboards(world.account, REGION).dashboards.values())


def _parts(scaling: Any) -> dict[str, Any]:
    """What acts on groups by itself, by kind, group and name."""
    kept = {"policies": scaling.policies, "schedules": scaling.scheduled_actions, "hooks": scaling.lifecycle_hooks}
    return {
        f"{kind}/{one.auto_scaling_group_name}/{_name(one)}": _plain(one, top=True)
        for kind, found in kept.items()
        for one in found.values()
    }


def _name(one: Any) -> str:
    return str(getattr(one, "scheduled_action_name", None) or one.name)


def left_files() -> list[Path]:
    """What command lines have left in this folder."""
    found = (path for path in Path().iterdir() if not path.name.endswith(".template.yml"))
    return sorted(path for path in found if path.name not in _GIVEN)


def reference(group: Mapping[str, Any]) -> tuple[str, ...]:
    """What a group of `state_of` launches from: a configuration's name, or a template's name and version."""
    policy = group.get("mixed_instances_policy", {}).get("LaunchTemplate", {}).get("LaunchTemplateSpecification")
    if policy:
        return group["ec2_launch_template"], str(policy.get("Version"))
    if "ec2_launch_template" in group:
        return group["ec2_launch_template"], str(group["launch_template_version"])
    return (group["launch_configuration_name"],)


def launched(state: State, name: str = OURS) -> Any:
    """The launch data that new instances of a group are made of; KeyError where the group points at nothing."""
    match reference(state["groups"][name]):
        case (template, version):
            rows = state["templates"][template]
            chosen = {"$Latest": rows["latest"], "$Default": rows["default"]}.get(version, version)
            return rows["versions"][str(chosen)]["data"]
        case (configuration,):
            return state["configurations"][configuration]["udo_asked"]


def _of_codedeploy(backend: Any) -> dict[str, dict[str, Any]]:
    groups = {name: one for groups in backend.deployment_groups.values() for name, one in groups.items()}
    made: dict[str, list[Any]] = {name: [] for name in groups}
    for one in backend.deployments.values():
        made[one.deployment_group_name].append(_deployment(one))
    configs = {name: _plain([one.kind, one.value, one.described_zonal]) for name, one in known_configs(backend).items()}
    told = {name: _plain(one, top=True) for name, one in groups.items()}
    return {"deployment_groups": told, "deployments": made, "deployment_configs": configs}


def _deployment(one: Any) -> dict[str, Any]:
    targets = {target.instance_id: _target(target) for target in one.udo_run.targets}
    settings = ("deployment_config_name", "file_exists_behavior", "auto_rollback_configuration", "creator")
    told = {name: _plain(getattr(one, name)) for name in settings}
    own = {"id": one.deployment_id, "revision": one.revision, "status": one.udo_run.status, "targets": targets}
    return own | told | {"says": _plain(one.description), "outdated": bool(one.update_outdated_instances_only)}


def _target(target: Any) -> list[str]:
    return [target.status, *(event.status for event in target.events)]


def _alarm(alarm: Any) -> dict[str, Any]:
    """What an alarm was put with, and its tags; never its state, which time changes."""
    backend: Any = cloudwatch_backends[alarm.alarm_arn.split(":")[4]][REGION]
    return {"settings": _plain(alarm.settings), "tags": backend.tagger.get_tag_dict_for_resource(alarm.alarm_arn)}


def _template(template: Any) -> dict[str, Any]:
    versions = {str(one.number): _plain(one, top=True) for one in template.versions if one is not None}
    return {
        "default": template.default_version_number,
        "latest": max(map(int, versions), default=0),
        "versions": versions,
    }


def _plain(value: Any, *, top: bool = False) -> Any:
    match value:
        case None | bool() | int() | float():
            return value
        case str():
            return _RANDOM.sub(r"\1", value)
        case dict():
            return _plain_parts(value)
        case list() | tuple() | set():
            return [_plain(item) for item in value]
    if top or type(value).__name__ in _LOOKED_INTO:
        return _plain_parts(vars(value))
    if isinstance(value, BaseBackend):
        return type(value).__name__
    # Of everything else that is held on to, who it is.
    return getattr(value, "name", None) or getattr(value, "id", None) or type(value).__name__


def _plain_parts(parts: Mapping[str, Any]) -> dict[str, Any]:
    # What is empty may as well be left out: moto sets some of it only when it is first asked.
    plain = {str(key): _plain(value) for key, value in parts.items() if key not in _PASSING}
    return {key: value for key, value in plain.items() if value not in (None, "", {}, [])}
