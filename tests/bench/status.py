"""What `udo status` costs next to what else tells how groups stand: aws, Ansible's inventory, a script over boto3."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from measuring import Candidate, Row, at_most, costs, saves

UDO = str(Path(sys.executable).with_name("udo"))
# What somebody writes who wants to know no more than the first columns of `udo status`.
SCRIPT = """\
import boto3

pages = boto3.client("autoscaling").get_paginator("describe_auto_scaling_groups").paginate()
for group in (group for page in pages for group in page["AutoScalingGroups"]):
    members = group["Instances"]
    serving = sum(one["LifecycleState"] == "InService" for one in members)
    healthy = sum(one["HealthStatus"] == "Healthy" for one in members)
    sizes = f"{serving}/{group['DesiredCapacity']} ({group['MinSize']}-{group['MaxSize']})"
    print(group["AutoScalingGroupName"], sizes, f"{healthy}/{len(members)}", sep="\\t")
"""
INVENTORY = "plugin: amazon.aws.aws_ec2\nregions: [{region}]\nkeyed_groups: [{{key: tags.Name, prefix: group}}]\n"


def rows(
    folder: Path, programs: Mapping[str, str], env: Mapping[str, str], rounds: int, groups: int, size: int
) -> Iterator[Row]:
    """The comparisons for so many groups of so many members each, which the sandbox of `env` has."""
    script, inventory = folder / "standing.py", folder / "aws_ec2.yml"
    script.write_text(SCRIPT)
    inventory.write_text(INVENTORY.format(region=env["AWS_DEFAULT_REGION"]))
    aws, more = programs["aws"], {"LC_ALL": "C.UTF-8", "ANSIBLE_LOCALHOST_WARNING": "False"}
    both = ((aws, "autoscaling", "describe-auto-scaling-groups"), (aws, "ec2", "describe-instances"))
    candidates = [
        Candidate("udo", ((UDO, "status", "prod"),), env, folder),
        Candidate("aws, groups and instances", both, env, folder),
        Candidate(
            "ansible-inventory", ((programs["ansible-inventory"], "-i", str(inventory), "--list"),), env | more, folder
        ),
        Candidate("a script over boto3, groups alone", ((programs["python"], str(script)),), env, folder),
    ]
    _check(candidates, groups, size)
    spent = costs(candidates, rounds)
    what, ours = f"udo status of {groups} x {size}", spent.pop("udo")
    for name, cost in spent.items():
        least = 0 if "script" in name else 5
        yield saves(f"{what}, CPU / {name}", ours.cpu, cost.cpu, least, 8)
        if "script" in name:
            yield at_most(f"{what}, wall time / {name}", ours.wall, cost.wall, 1.1, 1)
        else:
            yield saves(f"{what}, wall time / {name}", ours.wall, cost.wall, 0, 5)


def _check(candidates: list[Candidate], groups: int, size: int) -> None:
    """That each tells of all groups and members, before it is measured what that costs."""
    for one in candidates:
        told = ""
        for line in one.lines:
            done = subprocess.run(line, cwd=one.cwd, env=dict(one.env), capture_output=True, text=True, check=True)
            told += done.stdout
        for number in range(groups):
            if f"prod-r{number}" not in told:
                raise SystemExit(f"{one.name} does not tell of prod-r{number}: {told[-600:]}")
        counted = told.count('"InstanceId"') or told.count('"instance_id"') or told.count(f"{size}/{size}") * size
        if counted < groups * size:
            raise SystemExit(f"{one.name} tells of {counted} members of {groups * size}: {told[-600:]}")
