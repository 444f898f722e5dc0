"""The groups and launch configurations that a request to Auto Scaling is about."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from moto.autoscaling.models import autoscaling_backends

if TYPE_CHECKING:
    from udo.sandbox.iam.requests import Ask


def _groups(ask: Ask) -> Iterator[str]:
    """Source: Service Authorization Reference, Amazon EC2 Auto Scaling; of what is not there errors show `*`."""
    known = ask.backend(autoscaling_backends).autoscaling_groups
    tagged = [str(one["ResourceId"]) for one in ask.params.get("Tags") or () if one.get("ResourceId")]
    names = [*ask.named("AutoScalingGroupName"), *tagged]
    for instance in () if names else ask.named("InstanceId"):
        names += [
            one.name for one in known.values() if instance in {state.instance.id for state in one.instance_states}
        ]
    for name in names:
        yield known[name].arn if name in known else ask.arn(f"autoScalingGroup:*:autoScalingGroupName/{name}")


def _launch_configurations(ask: Ask) -> Iterator[str]:
    known = ask.backend(autoscaling_backends).launch_configurations
    for name in ask.named("LaunchConfigurationName"):
        yield known[name].arn if name in known else ask.arn(f"launchConfiguration:*:launchConfigurationName/{name}")


NAMERS = {"autoScalingGroup": _groups, "launchConfiguration": _launch_configurations}
