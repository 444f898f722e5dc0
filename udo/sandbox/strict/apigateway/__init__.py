"""API Gateway: the sandbox's own, whose stages answer. It is loaded with the first request to it."""

from udo.sandbox.strict.service import Service

SERVICE = Service(
    "apigateway",
    "API Gateway",
    responses="udo.sandbox.strict.apigateway.operations:OPERATIONS",
    backends="udo.sandbox.strict.apigateway.state:backends",
    late=True,
    is_rest=True,
)
