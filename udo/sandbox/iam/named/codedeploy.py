"""The deployment groups and configurations that a request to CodeDeploy is about."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from moto.codedeploy.models import codedeploy_backends

if TYPE_CHECKING:
    from udo.sandbox.iam.requests import Ask


def _groups(ask: Ask) -> Iterator[str]:
    """Source: Service Authorization Reference, AWS CodeDeploy: a deployment is allowed by its deployment group."""
    known = ask.backend(codedeploy_backends).deployments
    for deployment in (known.get(one) for one in ask.named("deploymentId", "deploymentIds")):
        if deployment is not None:
            yield ask.arn(f"deploymentgroup:{deployment.application_name}/{deployment.deployment_group_name}")
    names = ask.named("deploymentGroupName", "deploymentGroupNames", "currentDeploymentGroupName")
    for application in ask.named("applicationName"):
        for name in names or ["*"]:
            yield ask.arn(f"deploymentgroup:{application}/{name}")


def configuration(ask: Ask) -> Iterator[str]:
    """The deployment configurations that are named."""
    for name in ask.named("deploymentConfigName"):
        yield ask.arn(f"deploymentconfig:{name}")


NAMERS = {"deploymentgroup": _groups, "deploymentconfig": configuration}
