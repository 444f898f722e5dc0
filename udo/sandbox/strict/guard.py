"""Names what the sandbox leans on in moto, so that an upgrade that moves it fails at once and says what moved."""

from __future__ import annotations

import importlib
import inspect
import types
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

# Per class or module: what must be there as an attribute.
ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "moto.autoscaling.models": ("ASG_NAME_TAG", "FakeScheduledAction", "LifecycleHook", "autoscaling_backends"),
    "moto.autoscaling.models:AutoScalingBackend": (
        "create_lifecycle_hook",
        "delete_lifecycle_hook",
        "delete_scheduled_action",
        "describe_auto_scaling_groups",
        "describe_auto_scaling_instances",
        "describe_launch_configurations",
        "notify_terminate_instances",
        "put_scheduled_update_group_action",
        "update_attached_elbs",
        "update_attached_target_groups",
    ),
    "moto.autoscaling.models:FakeAutoScalingGroup": (
        "_set_azs_and_vpcs",
        "_set_launch_configuration",
        "active_instances",
        "arn",
        "get_propagated_tags",
        "launch_template",
        "set_desired_capacity",
        "suspended_processes",
        "update",
    ),
    "moto.autoscaling.models:FakeScalingPolicy": ("arn", "policy_arn"),
    "moto.autoscaling.models:InstanceState": ("launch_configuration_name", "launch_template"),
    "moto.autoscaling.responses": ("AutoScalingResponse",),
    "moto.codedeploy.models": ("codedeploy_backends",),
    "moto.codedeploy.models:CodeDeployBackend": ("create_deployment", "get_application", "get_deployment_group"),
    "moto.codedeploy.responses": ("CodeDeployResponse",),
    "moto.core.model_instances": ("reset_model_data",),
    "moto.core.models": ("botocore_stubber",),
    "moto.core.request:Request": ("from_primitives",),
    "moto.core.responses": ("ActionResult", "method_names_from_class"),
    "moto.core.responses:BaseResponse": ("_get_action", "_get_params", "call_action", "serialized"),
    "moto.core.base_backend:BackendDict": ("reset",),
    "moto.core.exceptions": ("JsonRESTError", "ServiceException"),
    "moto.core.serialize": (
        "AttributePickerContext",
        "BaseXMLSerializer",
        "ResponseSerializer",
        "XFormedAttributePicker",
    ),
    "moto.core.serialize:BaseXMLSerializer": ("_serialize_body",),
    "moto.core.serialize:ResponseSerializer": ("get_value",),
    "moto.core.serialize:XFormedAttributePicker": ("get_possible_keys",),
    "moto.core.constants": ("MISSING",),
    "moto.core.utils": ("camelcase_to_underscores", "get_service_model", "get_value", "utcnow"),
    "moto.ec2.exceptions": (
        "EC2ClientError",
        "InvalidInstanceIdError",
        "InvalidLaunchTemplateVersionNotFound",
        "InvalidSubnetIdError",
    ),
    "moto.ec2.models": ("ec2_backends",),
    "moto.ec2.models:EC2Backend": (
        "all_running_instances",
        "create_tags",
        "describe_availability_zones",
        "describe_instances",
        "describe_launch_templates",
        "get_instance",
        "get_instance_by_id",
        "get_launch_template",
        "get_launch_template_by_name",
        "get_security_group_by_name_or_id",
        "get_subnet",
        "run_instances",
        "terminate_instances",
    ),
    "moto.ec2.models.amis:Ami": ("get_filter_value",),
    "moto.ec2.models.amis:AmiBackend": ("_load_amis",),
    "moto.ec2.models.core:TaggedEC2Resource": ("add_tags", "get_tags", "tag_set"),
    "moto.ec2.models.instances": ("MetadataOptions",),
    "moto.ec2.models.instances:Instance": (
        "network_interfaces",
        "private_dns_name",
        "private_ip_address",
        "public_dns_name",
        "public_ip_address",
        "state",
        "private_ip",
        "state_code",
        "subnet_id",
        "terminate",
    ),
    "moto.ec2.models.instances:InstanceBackend": (
        "_get_template_from_args",
        "get_multi_instances_by_id",
        "run_instances",
        "start_instances",
    ),
    "moto.ec2.models.launch_templates:LaunchTemplate": (
        "create_version",
        "default_version",
        "get_version",
        "is_default",
        "latest_version_number",
    ),
    "moto.ec2.models.launch_templates:LaunchTemplateVersion": ("user_data",),
    "moto.ec2.models.elastic_block_store": ("random_snapshot_id",),
    "moto.ec2.models.security_groups": ("random_security_group_id",),
    "moto.ec2.models.subnets": ("random_subnet_id",),
    "moto.ec2.models.subnets:Subnet": ("del_subnet_ip",),
    "moto.ec2.models.vpcs": ("random_vpc_id",),
    "moto.ec2.responses.instances:InstanceResponse": ("_parse_block_device_mapping",),
    "moto.ec2.responses.general:General": ("get_console_output",),
    "moto.ec2.responses:EC2Response": ("_filters_from_querystring",),
    "moto.ec2.utils": (
        "filter_dict_attribute_mapping",
        "instance_value_in_filter_values",
        "parse_user_data",
        "passes_filter_dict",
        "simple_aws_filter_to_re",
    ),
    "moto.elb.exceptions": ("LoadBalancerNotFoundError",),
    "moto.elbv2.exceptions": (
        "InvalidTargetError",
        "TargetGroupNotFoundError",
    ),
    "moto.elbv2.models": ("make_arn_for_target_group",),
    "moto.iam.aws_managed_policies": ("aws_managed_policies_data",),
    "moto.iam.models": ("get_account_id_from", "iam_backends"),
    "moto.iam.models:AWSManagedPolicy": ("from_data",),
    "moto.iam.responses": ("IamResponse",),
    "moto.moto_api._internal": ("mock_random",),
    "moto.moto_server.werkzeug_app": ("MotoRequestHandler", "create_backend_app"),
    "moto.moto_server.werkzeug_app:DomainDispatcherApplication": ("get_backend_for_host",),
    "moto.ssm.models": ("ParameterDict", "ssm_backends"),
    "moto.ssm.models:ParameterDict": ("_check_loading_status",),
    "moto.ssm.responses": ("SimpleSystemManagerResponse",),
    "moto.ssm.models:Parameter": ("describe_response_object", "response_object"),
    "moto.ssm.models:SimpleSystemManagerBackend": ("describe_parameters", "get_parameter", "get_parameters_by_path"),
    "moto.sts.models:STSBackend": ("get_caller_identity",),
    "moto.sts.responses": ("TokenResponse",),
}
# What is imported only where a world needs it, and so looked at by the test alone.
LATE: dict[str, tuple[str, ...]] = {
    "moto.s3.exceptions": ("S3ClientError",),
    "moto.s3.models": ("s3_backends",),
    "moto.s3.models:S3Backend": ("get_object",),
}

# Per class: what its constructor must set on every instance.
FIELDS: dict[str, tuple[str, ...]] = {
    "moto.core.base_backend:AccountSpecificBackend": ("regions",),
    "moto.autoscaling.models:AutoScalingBackend": (
        "autoscaling_groups",
        "elb_backend",
        "elbv2_backend",
        "launch_configurations",
        "lifecycle_hooks",
        "policies",
        "scheduled_actions",
    ),
    "moto.autoscaling.models:FakeAutoScalingGroup": (
        "autoscaling_backend",
        "created_time",
        "ec2_backend",
        "health_check_grace_period",
        "instance_states",
        "launch_config",
        "load_balancer_names",
        "max_size",
        "min_size",
        "metrics",
        "mixed_instances_policy",
        "target_group_arns",
        "termination_policies",
    ),
    "moto.autoscaling.models:FakeLaunchConfiguration": (
        "arn",
        "associate_public_ip_address",
        "block_device_mapping_dict",
        "created_time",
        "iam_instance_profile",
        "instance_monitoring_enabled",
    ),
    "moto.autoscaling.models:InstanceState": (
        "availability_zone",
        "health_status",
        "instance",
        "instance_id",
        "lifecycle_state",
        "protected_from_scale_in",
    ),
    "moto.codedeploy.models:CodeDeployBackend": ("applications", "deployment_groups", "deployments"),
    "moto.codedeploy.models:DeploymentGroup": (
        "auto_rollback_configuration",
        "auto_scaling_groups",
        "deployment_config_name",
        "deployment_style",
        "ec2_tag_filters",
        "ec2_tag_set",
    ),
    "moto.codedeploy.models:DeploymentInfo": ("creator", "deployment_config_name", "deployment_group", "deployment_id"),
    "moto.ec2.models.amis:AmiBackend": ("amis",),
    "moto.ec2.models.elastic_network_interfaces:NetworkInterface": (
        "private_dns_name",
        "private_ip_address",
        "private_ip_addresses",
        "public_ip",
    ),
    "moto.ec2.models.instances:Instance": (
        "_state",
        "_subnet_id",
        "_placement",
        "_private_ips",
        "ami_launch_index",
        "client_token",
        "disable_api_termination",
        "ebs_optimized",
        "ec2_backend",
        "hypervisor",
        "launch_time",
        "lifecycle",
        "monitoring_state",
        "platform",
        "root_device_name",
        "root_device_type",
        "virtualization_type",
    ),
    "moto.ec2.models.instances:InstanceBackend": ("reservations",),
    "moto.ec2.models.key_pairs:KeyPairBackend": ("key_pairs",),
    "moto.ec2.models.launch_templates:LaunchTemplate": ("default_version_number", "versions"),
    "moto.ec2.models.launch_templates:LaunchTemplateBackend": ("launch_template_name_to_ids", "launch_templates"),
    "moto.ec2.models.tags:TagBackend": ("tags",),
    "moto.ssm.models:SimpleSystemManagerBackend": ("_parameters",),
    "moto.ssm.models:Parameter": ("name", "parameter_type", "value", "version"),
}


# Per class: what its constructor, called by the sandbox itself, must take.
TAKEN: dict[str, tuple[str, ...]] = {
    "moto.ec2.models.amis:Ami": (
        "architecture",
        "creation_date",
        "description",
        "hypervisor",
        "name",
        "owner_alias",
        "owner_id",
        "public",
        "region_name",
        "root_device_name",
        "root_device_type",
        "virtualization_type",
    ),
    "moto.ssm.models:Parameter": ("account_id", "name", "value", "parameter_type", "last_modified_date", "version"),
}


def missing_late() -> list[str]:
    """Those of the names imported late that this moto does not have."""
    return sorted(_missing_attributes(LATE))


def missing() -> list[str]:
    """Every name the sandbox leans on that this moto does not have."""
    return sorted({*_missing_attributes(ATTRIBUTES), *_missing_fields(), *_missing_parameters()})


def check() -> None:
    """Raises RuntimeError, naming what moved, where this moto is not one the rules were made for."""
    if gone := missing():
        raise RuntimeError(
            f"moto {version('moto')} has no {', '.join(gone)}: the sandbox was made for moto 5.2, and needs a look"
        )


def _missing_attributes(wanted: dict[str, tuple[str, ...]]) -> Iterator[str]:
    for owner, names in wanted.items():
        found = _found(owner)
        yield from (f"{owner}.{name}" for name in names if found is None or not hasattr(found, name))


def _missing_fields() -> Iterator[str]:
    for owner, names in FIELDS.items():
        found = _found(owner)
        # The names a constructor sets stand in its code object: no instance has to be made.
        constructor: Any = getattr(found, "__init__", None)
        known = constructor.__code__.co_names if isinstance(constructor, types.FunctionType) else ()
        yield from (f"{owner}().{name}" for name in names if name not in known)


def _missing_parameters() -> Iterator[str]:
    for owner, names in TAKEN.items():
        found = _found(owner)
        known = inspect.signature(found).parameters if callable(found) else {}
        yield from (f"{owner}({name})" for name in names if name not in known)


def _found(owner: str) -> Any:
    module, _, name = owner.partition(":")
    try:
        found: Any = importlib.import_module(module)
    except ImportError:
        return None
    return getattr(found, name, None) if name else found
