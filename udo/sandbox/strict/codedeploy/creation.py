"""How a deployment begins: those that somebody asks for, and those that CodeDeploy creates by itself."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from moto.moto_api._internal import mock_random

from udo.sandbox.strict import moment
from udo.sandbox.strict.codedeploy.blue_green import traffic_of
from udo.sandbox.strict.codedeploy.configs import ONE_AT_A_TIME, known_config
from udo.sandbox.strict.codedeploy.faults import deployment_faults
from udo.sandbox.strict.codedeploy.lifecycle import ALLOWING, BLOCKING, EVENTS
from udo.sandbox.strict.codedeploy.revisions import register
from udo.sandbox.strict.codedeploy.run import Run
from udo.sandbox.strict.rules import rule

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_RESTART = ("ApplicationStop", "ApplicationStart", "ValidateService")


def begin(backend: Any, moto_id: str, *, creator: str = "user", after: Any = None, **more: Any) -> Any:
    """Sets the deployment that moto has just made in motion, and returns it; `more` are attributes of it.

    One that follows `after` is created when that ended, though the clock may be further by now.
    """
    deployment = backend.deployments.pop(moto_id)
    deployment.deployment_id = deployment_ids_are_short(backend)
    deployment.deployment_config_name = str(deployment.deployment_config_name or ONE_AT_A_TIME)
    deployment.__dict__.update(more)
    names = (deployment.application_name, deployment.deployment_group_name)
    # What CodeDeploy creates by itself goes by who has created it.
    told = deployment_faults.of_deployment(deployment.deployment_id, names, "creator") if creator == "user" else None
    deployment.creator = told.creator if told else creator
    config = known_config(backend, deployment.deployment_config_name)
    if creator == "codeDeployRollback":
        config = rollbacks_are_not_zonal(config)
    run = Run(config, events_of(deployment, creator), created=after.udo_run.completed if after else moment.now())
    run.ignores_stop_failures = bool(deployment.ignore_application_stop_failures)
    if is_blue_green(deployment.deployment_group) and creator not in ("autoscaling", "autoscalingTermination"):
        run.traffic = traffic_of(deployment.deployment_group.blue_green_deployment_configuration or {})
    deployment.udo_run = run
    register(backend, deployment.application_name, deployment.revision)
    backend.deployments[deployment.deployment_id] = deployment
    return deployment


def create(backend: Any, group: Any, revision: Mapping[str, Any], creator: str, **more: Any) -> Any:
    """Creates a deployment of a revision to a group as CodeDeploy itself does; `more` are attributes of it."""
    config = more.pop("deployment_config_name", None) or str(group.deployment_config_name)
    made = backend.create_deployment(group.application.application_name, group.deployment_group_name, revision, config)
    return begin(backend, made, creator=creator, **more)


@rule("codedeploy", "CreateDeployment", moto="never rolls back")
def rollbacks_are_not_zonal(config: Any) -> Any:
    """A rollback of a zonal deployment does not go zone by zone.

    Source: docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations-create.html (zonal configuration).
    """
    return dataclasses.replace(config, zonal=None)


@rule("codedeploy", "CreateDeployment", moto="gives a UUID")
def deployment_ids_are_short(backend: Any) -> str:
    """A deployment's id is d- and nine capital letters or digits.

    Source: botocore codedeploy example of CreateDeployment; user guide, "View deployment details".
    """
    while True:
        made = "d-" + "".join(mock_random.choice(_ALPHABET) for _ in range(9))
        if made not in backend.deployments:
            return made


def events_of(deployment: Any, creator: str) -> tuple[str, ...]:
    """The lifecycle events of a deployment on one instance, in order; of RESTART no source lists them.

    Source: docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-hooks.html (availability).
    """
    balanced = (deployment.deployment_group.deployment_style or {}).get("deploymentOption") == "WITH_TRAFFIC_CONTROL"
    if creator == "autoscalingTermination":
        return (*BLOCKING, "ApplicationStop")
    core = _RESTART if getattr(deployment, "udo_mode", None) == "RESTART" else EVENTS
    if creator == "autoscaling":
        return (*core, *ALLOWING) if balanced else core
    return (*BLOCKING, *core, *ALLOWING) if balanced else core


def is_blue_green(group: Any) -> bool:
    """Whether a deployment group replaces its instances by others."""
    return (group.deployment_style or {}).get("deploymentType") == "BLUE_GREEN"
