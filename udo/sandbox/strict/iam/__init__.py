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
    fields={
        "moto.iam.models:AccessKey": ("status", "user_name"),
        "moto.iam.models:Group": ("managed_policies", "policies", "users"),
        "moto.iam.models:IAMBackend": (
            "access_keys",
            "groups",
            "instance_profiles",
            "managed_policies",
            "roles",
            "users",
        ),
        "moto.iam.models:InstanceProfile": ("roles",),
        "moto.iam.models:Policy": ("default_version_id", "versions"),
        "moto.iam.models:Role": (
            "assume_role_policy_document",
            "managed_policies",
            "permissions_boundary_arn",
            "policies",
            "tags",
        ),
        "moto.iam.models:User": ("managed_policies", "policies"),
    },
)
