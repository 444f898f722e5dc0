"""Where a group may live: subnets, zones, target groups and load balancers that exist."""

from __future__ import annotations

from moto.ec2.exceptions import InvalidSubnetIdError
from moto.elb.exceptions import LoadBalancerNotFoundError
from moto.elbv2.exceptions import TargetGroupNotFoundError

from udo.sandbox.strict.rules import Refusal, Request, refuses

_GROUPS = ("CreateAutoScalingGroup", "UpdateAutoScalingGroup")


@refuses("autoscaling", *_GROUPS, moto="looks for a subnet whose name begins with a space")
def subnets_are_separated_by_commas_and_spaces(request: Request) -> None:
    """VPCZoneIdentifier may have spaces after its commas.

    Source: botocore autoscaling example of CreateAutoScalingGroup (`subnet-057fa0918fEXAMPLE, subnet-610acd08EXAMPLE`).
    """
    if subnets := request.params.get("VPCZoneIdentifier"):
        request.params["VPCZoneIdentifier"] = ",".join(one.strip() for one in subnets.split(","))


@refuses("autoscaling", *_GROUPS, moto="answers with EC2's code InvalidSubnetID.NotFound")
def groups_live_in_known_subnets(request: Request) -> None:
    """VPCZoneIdentifier names subnets that exist: ValidationError.

    Source: docs.aws.amazon.com/autoscaling/ec2/APIReference/CommonErrors.html (Auto Scaling has no EC2 codes).
    """
    for subnet in (request.params.get("VPCZoneIdentifier") or "").split(","):
        try:
            if subnet:
                request.backend("ec2").get_subnet(subnet)
        except InvalidSubnetIdError as error:
            raise Refusal("ValidationError", f"The subnet ID '{subnet}' does not exist") from error


@refuses("autoscaling", *_GROUPS, moto="answers InvalidInput, and only when it launches")
def groups_live_in_known_zones(request: Request) -> None:
    """AvailabilityZones names zones of the region: ValidationError.

    Source: botocore autoscaling CreateAutoScalingGroupType, member AvailabilityZones.
    """
    known = {zone.name for zone in request.backend("ec2").describe_availability_zones()}
    wrong = [zone for zone in request.params.get("AvailabilityZones") or [] if zone not in known]
    if wrong:
        raise Refusal("ValidationError", f"Invalid availability zones: [{', '.join(wrong)}]")


@refuses(
    "autoscaling",
    "CreateAutoScalingGroup",
    "AttachLoadBalancerTargetGroups",
    moto="stores it, and every later scaling of the group fails",
)
def groups_name_known_target_groups(request: Request) -> None:
    """A group is attached to target groups that exist: ValidationError.

    Source: docs.aws.amazon.com/autoscaling/ec2/userguide/ts-as-loadbalancer.html.
    """
    wanted = request.params.get("TargetGroupARNs") or []
    try:
        if wanted:
            request.backend("autoscaling").elbv2_backend.describe_target_groups(
                load_balancer_arn=None, target_group_arns=wanted, names=None
            )
    except TargetGroupNotFoundError as error:
        raise Refusal(
            "ValidationError", "Provided Target Groups may not be valid. Please ensure they exist and try again."
        ) from error


@refuses("autoscaling", "CreateAutoScalingGroup", "AttachLoadBalancers", moto="accepts any name")
def groups_name_known_load_balancers(request: Request) -> None:
    """A group is attached to classic load balancers that exist: ValidationError.

    Source: docs.aws.amazon.com/autoscaling/ec2/userguide/ts-as-loadbalancer.html.
    """
    wanted = request.params.get("LoadBalancerNames") or []
    try:
        if wanted:
            request.backend("autoscaling").elb_backend.describe_load_balancers(names=wanted)
    except LoadBalancerNotFoundError as error:
        raise Refusal(
            "ValidationError", "Provided Load Balancers may not be valid. Please ensure they exist and try again."
        ) from error
