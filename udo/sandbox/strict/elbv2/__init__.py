"""Load balancers and target groups: what the sandbox knows of them, and the rules it adds."""

from udo.sandbox.strict.service import Service

SERVICE = Service(
    "elbv2",
    "Load balancers and target groups",
    responses="moto.elbv2.responses:ELBV2Response",
    backends="moto.elbv2.models:elbv2_backends",
    attributes={
        "moto.elbv2.models": ("elbv2_backends",),
        "moto.elbv2.models:FakeTargetGroup": (
            "deregister",
            "deregister_terminated_instances",
            "health_for",
            "register",
        ),
        "moto.elbv2.models:ELBv2Backend": ("describe_target_health",),
        "moto.elbv2.responses": ("ELBV2Response",),
    },
    fields={
        "moto.elbv2.models:FakeHealthStatus": ("description", "instance_id", "reason", "status"),
        "moto.elbv2.models:FakeTargetGroup": (
            "arn",
            "attributes",
            "deregistered_targets",
            "load_balancer_arns",
            "port",
            "targets",
        ),
    },
)
