"""The operations of API Gateway that the sandbox has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from udo.sandbox.strict.apigateway import apis, methods, plans, stages, tags
from udo.sandbox.strict.rules import Request

OPERATIONS: Mapping[str, Callable[[Request], Mapping[str, Any]]] = {
    "CreateApiKey": plans.create_api_key,
    "CreateDeployment": stages.create_deployment,
    "CreateResource": apis.create_resource,
    "CreateRestApi": apis.create_rest_api,
    "CreateStage": stages.create_stage,
    "CreateUsagePlan": plans.create_usage_plan,
    "CreateUsagePlanKey": plans.create_usage_plan_key,
    "DeleteApiKey": plans.delete_api_key,
    "DeleteDeployment": stages.delete_deployment,
    "DeleteIntegration": methods.delete_integration,
    "DeleteMethod": methods.delete_method,
    "DeleteResource": apis.delete_resource,
    "DeleteRestApi": apis.delete_rest_api,
    "DeleteStage": stages.delete_stage,
    "DeleteUsagePlan": plans.delete_usage_plan,
    "DeleteUsagePlanKey": plans.delete_usage_plan_key,
    "GetApiKey": plans.get_api_key,
    "GetApiKeys": plans.get_api_keys,
    "GetDeployment": stages.get_deployment,
    "GetDeployments": stages.get_deployments,
    "GetIntegration": methods.get_integration,
    "GetMethod": methods.get_method,
    "GetResource": apis.get_resource,
    "GetResources": apis.get_resources,
    "GetRestApi": apis.get_rest_api,
    "GetRestApis": apis.get_rest_apis,
    "GetStage": stages.get_stage,
    "GetStages": stages.get_stages,
    "GetTags": tags.get_tags,
    "GetUsagePlan": plans.get_usage_plan,
    "GetUsagePlanKey": plans.get_usage_plan_key,
    "GetUsagePlanKeys": plans.get_usage_plan_keys,
    "GetUsagePlans": plans.get_usage_plans,
    "PutIntegration": methods.put_integration,
    "PutMethod": methods.put_method,
    "PutMethodResponse": methods.put_method_response,
    "TagResource": tags.tag_resource,
    "UntagResource": tags.untag_resource,
    "UpdateApiKey": plans.update_api_key,
    "UpdateDeployment": stages.update_deployment,
    "UpdateRestApi": apis.update_rest_api,
    "UpdateStage": stages.update_stage,
    "UpdateUsagePlan": plans.update_usage_plan,
}
