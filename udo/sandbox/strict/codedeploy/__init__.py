"""CodeDeploy: what the sandbox knows of it, and the rules it adds."""

from udo.sandbox.strict.service import Service

SERVICE = Service(
    "codedeploy",
    "CodeDeploy",
    responses="moto.codedeploy.responses:CodeDeployResponse",
    backends="moto.codedeploy.models:codedeploy_backends",
    keeps_time=("moto.codedeploy.models",),
    moves=("deployments",),
    attributes={
        "moto.codedeploy.models": ("codedeploy_backends",),
        "moto.codedeploy.models:CodeDeployBackend": ("create_deployment", "get_application", "get_deployment_group"),
        "moto.codedeploy.responses": ("CodeDeployResponse",),
    },
    fields={
        "moto.codedeploy.models:CodeDeployBackend": ("applications", "deployment_groups", "deployments"),
        "moto.codedeploy.models:DeploymentGroup": (
            "auto_rollback_configuration",
            "auto_scaling_groups",
            "deployment_config_name",
            "deployment_style",
            "ec2_tag_filters",
            "ec2_tag_set",
        ),
        "moto.codedeploy.models:DeploymentInfo": (
            "creator",
            "deployment_config_name",
            "deployment_group",
            "deployment_id",
        ),
    },
)
