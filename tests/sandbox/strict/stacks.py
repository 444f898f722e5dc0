"""CloudFormation of a world, whose clock is moved on until everything is done."""

from __future__ import annotations

import json
from typing import Any


class Stacks:
    """Makes, updates and removes stacks, and tells what has become of them."""

    def __init__(self, world: Any) -> None:
        self.world = world
        self.api = world.client("cloudformation")

    def create(self, resources: Any, name: str = "shop", wait: float = 300, outputs: Any = None, **more: Any) -> str:
        """Creates a stack of these resources, and returns its id."""
        body = json.dumps({"Resources": resources, "Outputs": outputs or {}})
        made = self.api.create_stack(StackName=name, TemplateBody=body, **more)["StackId"]
        self.world.clock.step(wait)
        return str(made)

    def update(self, resources: Any, name: str = "shop", wait: float = 300, outputs: Any = None, **more: Any) -> None:
        """Updates a stack to these resources."""
        body = json.dumps({"Resources": resources, "Outputs": outputs or {}})
        self.api.update_stack(StackName=name, TemplateBody=body, **more)
        self.world.clock.step(wait)

    def delete(self, name: str = "shop", wait: float = 300, **more: Any) -> None:
        """Deletes a stack."""
        self.api.delete_stack(StackName=name, **more)
        self.world.clock.step(wait)

    def described(self, name: str = "shop") -> dict[str, Any]:
        """A stack as AWS describes it."""
        return dict(self.api.describe_stacks(StackName=name)["Stacks"][0])

    def status(self, name: str = "shop") -> str:
        """The status of a stack."""
        return str(self.described(name)["StackStatus"])

    def outputs(self, name: str = "shop") -> dict[str, str]:
        """The outputs of a stack."""
        return {one["OutputKey"]: one["OutputValue"] for one in self.described(name).get("Outputs", [])}

    def ids(self, name: str = "shop") -> dict[str, str]:
        """The physical ids of a stack's resources by their logical ones."""
        told = self.api.list_stack_resources(StackName=name)["StackResourceSummaries"]
        return {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in told}

    def events(self, name: str = "shop") -> list[tuple[str, str, str]]:
        """The events of a stack, oldest first: whose, the status and the reason."""
        told = self.api.get_paginator("describe_stack_events").paginate(StackName=name)
        rows = [one for page in told for one in page["StackEvents"]][::-1]
        return [(one["LogicalResourceId"], one["ResourceStatus"], one.get("ResourceStatusReason", "")) for one in rows]

    def queues(self) -> list[str]:
        """The names of all queues."""
        return sorted(url.rpartition("/")[2] for url in self.world.client("sqs").list_queues().get("QueueUrls", []))
