"""SNS: what the sandbox knows of it."""

from udo.sandbox.strict.service import Service

SERVICE = Service(
    "sns",
    "SNS",
    responses="moto.sns.responses:SNSResponse",
    backends="moto.sns.models:sns_backends",
    attributes={"moto.sns.responses": ("SNSResponse",)},
)
