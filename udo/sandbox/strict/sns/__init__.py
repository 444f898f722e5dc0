"""SNS: what the sandbox knows of it, and the rules it adds."""

from udo.sandbox.strict.service import Service

SERVICE = Service(
    "sns",
    "SNS",
    responses="moto.sns.responses:SNSResponse",
    backends="moto.sns.models:sns_backends",
    attributes={
        "moto.sns.responses": ("SNSResponse",),
        "moto.sns.responses:SNSResponse": ("get_topic_attributes", "list_subscriptions", "subscribe"),
    },
    fields={
        "moto.sns.models:SNSBackend": ("subscriptions",),
        "moto.sns.models:Subscription": ("arn", "attributes", "endpoint", "owner", "protocol", "topic"),
    },
)
