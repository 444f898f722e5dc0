"""CloudFormation: the sandbox's own engine of stacks. It is loaded with the first request to it."""

from udo.sandbox.strict.service import Service

SERVICE = Service(
    "cloudformation",
    "CloudFormation",
    responses="udo.sandbox.strict.cloudformation.responses:Responses",
    backends="udo.sandbox.strict.cloudformation.state:backends",
    moves=("state",),
    late=True,
)
