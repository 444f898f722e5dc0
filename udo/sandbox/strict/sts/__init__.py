"""STS: what the sandbox knows of it, and the rules it adds."""

from udo.sandbox.strict.service import Service

SERVICE = Service(
    "sts",
    "STS",
    responses="moto.sts.responses:TokenResponse",
    backends="moto.sts.models:sts_backends",
    attributes={
        "moto.sts.models": ("sts_backends",),
        "moto.sts.models:STSBackend": ("get_caller_identity",),
        "moto.sts.responses": ("TokenResponse",),
    },
    fields={
        "moto.sts.models:AssumedRole": ("access_key_id", "expiration", "policy", "role_arn", "session_token"),
        "moto.sts.models:STSBackend": ("assumed_roles",),
    },
)
