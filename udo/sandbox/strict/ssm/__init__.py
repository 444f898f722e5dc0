"""Systems Manager: what the sandbox knows of it, and the rules it adds."""

from udo.sandbox.strict.service import Service

SERVICE = Service(
    "ssm",
    "Systems Manager",
    responses="moto.ssm.responses:SimpleSystemManagerResponse",
    backends="moto.ssm.models:ssm_backends",
    keeps_time=("moto.ssm.models",),
    moves=("run",),
    attributes={
        "moto.ssm.exceptions": ("ParameterVersionNotFound",),
        "moto.ssm.models": ("ParameterDict", "ssm_backends"),
        "moto.ssm.models:ParameterDict": ("_check_loading_status",),
        "moto.ssm.responses": ("SimpleSystemManagerResponse",),
        "moto.ssm.models:Parameter": ("describe_response_object", "response_object"),
        "moto.ssm.models:SimpleSystemManagerBackend": (
            "describe_parameters",
            "get_parameter",
            "get_parameters_by_path",
        ),
    },
    fields={
        "moto.ssm.models:SimpleSystemManagerBackend": ("_documents", "_parameters"),
        "moto.ssm.models:Parameter": ("name", "parameter_type", "value", "version"),
    },
    taken={
        "moto.ssm.models:Parameter": ("account_id", "name", "value", "parameter_type", "last_modified_date", "version")
    },
)
