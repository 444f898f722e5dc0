"""EC2 Instance Connect: what the sandbox knows of it, and the rules it adds."""

from udo.sandbox.strict.service import Service

SERVICE = Service(
    "ec2-instance-connect",
    "EC2 Instance Connect",
    folder="instance_connect",
    responses="moto.ec2instanceconnect.responses:Ec2InstanceConnectResponse",
    backends="moto.ec2instanceconnect.models:ec2instanceconnect_backends",
    attributes={
        "moto.ec2instanceconnect.models": ("ec2instanceconnect_backends",),
        "moto.ec2instanceconnect.responses": ("Ec2InstanceConnectResponse",),
    },
)
