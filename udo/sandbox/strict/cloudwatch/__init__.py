"""CloudWatch: what the sandbox knows of it, and the rules it adds."""

from udo.sandbox.strict.service import Service

SERVICE = Service(
    "cloudwatch",
    "CloudWatch",
    signed="monitoring",
    responses="moto.cloudwatch.responses:CloudWatchResponse",
    backends="moto.cloudwatch.models:cloudwatch_backends",
    keeps_time=("moto.cloudwatch.models",),
    moves=("evaluation",),
    attributes={
        "moto.cloudwatch.models": ("CloudWatchBackend", "cloudwatch_backends"),
        "moto.cloudwatch.models:CloudWatchBackend": ("put_dashboard", "put_metric_alarm"),
        "moto.cloudwatch.responses": ("CloudWatchResponse",),
    },
    fields={"moto.cloudwatch.models:CloudWatchBackend": ("alarms", "dashboards", "tagger")},
)
