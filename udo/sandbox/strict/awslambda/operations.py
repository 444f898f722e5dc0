"""The operations of Lambda that the sandbox has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from udo.sandbox.rest import Later
from udo.sandbox.strict.awslambda import functions, permissions, tags
from udo.sandbox.strict.awslambda.invocation import functions_run
from udo.sandbox.strict.rules import Request

OPERATIONS: Mapping[str, Callable[[Request], Mapping[str, Any] | Later]] = {
    "AddPermission": permissions.add_permission,
    "CreateFunction": functions.create_function,
    "DeleteFunction": functions.delete_function,
    "DeleteFunctionConcurrency": permissions.delete_function_concurrency,
    "GetFunction": functions.get_function,
    "GetFunctionConcurrency": permissions.get_function_concurrency,
    "GetFunctionConfiguration": functions.get_function_configuration,
    "GetPolicy": permissions.get_policy,
    "Invoke": functions_run,
    "ListFunctions": functions.list_functions,
    "ListTags": tags.list_tags,
    "PutFunctionConcurrency": permissions.put_function_concurrency,
    "RemovePermission": permissions.remove_permission,
    "TagResource": tags.tag_resource,
    "UntagResource": tags.untag_resource,
    "UpdateFunctionCode": functions.update_function_code,
    "UpdateFunctionConfiguration": functions.update_function_configuration,
}
