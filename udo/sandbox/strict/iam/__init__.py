"""IAM: what the sandbox knows of it, and the rules it adds."""

from udo.sandbox.strict.service import Service

SERVICE = Service(
    "iam",
    "IAM",
    responses="moto.iam.responses:IamResponse",
    backends="moto.iam.models:iam_backends",
    attributes={
        "moto.iam.aws_managed_policies": ("aws_managed_policies_data",),
        "moto.iam.models": ("get_account_id_from", "iam_backends"),
        "moto.iam.models:AWSManagedPolicy": ("from_data",),
        "moto.iam.responses": ("IamResponse",),
    },
)
