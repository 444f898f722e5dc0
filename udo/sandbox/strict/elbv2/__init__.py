"""Load balancers and target groups: what the sandbox knows of them, and the rules it adds."""

from udo.sandbox.strict.service import Service

SERVICE = Service(
    "elbv2",
    "Load balancers and target groups",
    responses="moto.elbv2.responses:ELBV2Response",
    backends="moto.elbv2.models:elbv2_backends",
    attributes={
        "moto.elbv2.models": ("elbv2_backends",),
        "moto.elbv2.models:FakeTargetGroup": ("deregister", "health_for", "register"),
        "moto.elbv2.responses": ("ELBV2Response",),
    },
    fields={"moto.elbv2.models:FakeTargetGroup": ("arn", "load_balancer_arns", "targets")},
)
