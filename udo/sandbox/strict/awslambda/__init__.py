"""Lambda: the sandbox's own, which runs functions without containers. It is loaded with the first request to it."""

from udo.sandbox.strict.service import Service

SERVICE = Service(
    "lambda",
    "Lambda",
    folder="awslambda",
    responses="udo.sandbox.strict.awslambda.operations:OPERATIONS",
    backends="udo.sandbox.strict.awslambda.state:backends",
    late=True,
    is_rest=True,
)
