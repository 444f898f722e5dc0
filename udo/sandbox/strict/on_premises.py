"""On-premises instances of CodeDeploy: an account of the sandbox has none, and says so as AWS does."""

from __future__ import annotations

from typing import Any

from udo.sandbox.strict.rules import Refusal, Request, answers


@answers("codedeploy", "ListOnPremisesInstances", moto="has no such operation")
def nobody_is_on_premises(request: Request) -> dict[str, Any]:
    """ListOnPremisesInstances lists those that were registered; registered or not is all it is filtered by.

    Source: botocore codedeploy ListOnPremisesInstances, error InvalidRegistrationStatusException.
    """
    status = request.params.get("registrationStatus")
    if status not in (None, "Registered", "Deregistered"):
        raise Refusal("InvalidRegistrationStatusException", f"Invalid registrationStatus: {status}")
    return {"instanceNames": []}


@answers("codedeploy", "GetOnPremisesInstance", moto="has no such operation")
def unregistered_instances_are_refused(request: Request) -> dict[str, Any]:
    """GetOnPremisesInstance refuses a name that was not registered.

    Source: botocore codedeploy GetOnPremisesInstance, error InstanceNotRegisteredException.
    """
    raise Refusal("InstanceNotRegisteredException", f"The instance {request.params['instanceName']} is not registered")


@answers("codedeploy", "BatchGetOnPremisesInstances", moto="has no such operation")
def batches_on_premises_are_small(request: Request) -> dict[str, Any]:
    """BatchGetOnPremisesInstances takes 1 to 25 names; unknown ones drop out.

    Source: botocore codedeploy BatchGetOnPremisesInstancesInput, member instanceNames; its errors
    InstanceNameRequiredException and BatchLimitExceededException.
    """
    names = request.params["instanceNames"]
    if not names:
        raise Refusal("InstanceNameRequiredException", "Instance names were not specified")
    if len(names) > 25:
        raise Refusal("BatchLimitExceededException", "The number of instances in a batch must be at most 25")
    return {"instanceInfos": []}
