"""A stack for reads of CloudFormation."""

from __future__ import annotations

import json
from typing import Any


def a_stack_and_a_change_set(world: Any) -> None:
    """A stack `net`, and a change set of it whose new queue is there already."""
    topic = '{"Resources": {"T": {"Type": "AWS::SNS::Topic"}}}'
    stacks = world.client("cloudformation")
    stacks.create_stack(StackName="net", TemplateBody=topic)
    world.clock.step(60.0)
    queue = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "taken"}}
    world.client("sqs").create_queue(QueueName="taken")
    stacks.create_change_set(
        StackName="net", ChangeSetName="more", TemplateBody=json.dumps({"Resources": {"Q": queue}})
    )
    world.clock.step(60.0)


def of_stacks(aws: Any) -> list[Any]:
    """All that is read of that stack."""
    (changing,) = aws.cloudformation.change_sets("net")
    return [
        aws.cloudformation.stack("net"),
        [*aws.cloudformation.events("net")],
        aws.cloudformation.resources("net"),
        changing,
        aws.cloudformation.change_set(changing.stack_name, changing.change_set_id),
        aws.cloudformation.validations(changing.change_set_id),
    ]
