"""Drives the aws command line: `main.py /path/to/aws`, in the environment of a sandbox."""

from __future__ import annotations

import sys

import alarms
import deployments
import groups
import launch
import members
import parameters
import scaling
from driver import IMAGE, Aws

PARTS = {
    "launch templates": launch.templates,
    "launch configurations": launch.configurations,
    "groups": groups.groups,
    "tags and processes": groups.tags_and_processes,
    "members": members.members,
    "policies": scaling.policies,
    "lifecycle hooks": scaling.hooks,
    "scheduled actions": scaling.schedules,
    "metrics": scaling.metrics,
    "alarms": alarms.alarms,
    "parameters": parameters.parameters,
    "applications": deployments.applications,
    "revisions": deployments.revisions,
    "instances on premises": deployments.on_premises,
    "deployments": deployments.deployments,
}


def main() -> None:
    aws = Aws(sys.argv[1])
    aws(
        "ec2 create-launch-template --launch-template-name base "
        f"--launch-template-data ImageId={IMAGE},InstanceType=t3.small"
    )
    for name, play in PARTS.items():
        aws.part(name, play)
    aws.end()


if __name__ == "__main__":
    main()
