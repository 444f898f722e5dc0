"""Traffic sources of groups: target groups and classic load balancers under one name."""

from __future__ import annotations

from typing import Any

from moto.elb.exceptions import LoadBalancerNotFoundError
from moto.elbv2.exceptions import TargetGroupNotFoundError

from udo.sandbox.strict import limits
from udo.sandbox.strict.autoscaling.capacity import reconcile
from udo.sandbox.strict.autoscaling.groups_known import known_group
from udo.sandbox.strict.pages import limit, page
from udo.sandbox.strict.rules import Refusal, Request, answers, refuses

_KINDS = ("elb", "elbv2", "vpc-lattice")
_MOST = 10


@answers("autoscaling", "DescribeTrafficSources", moto="has no such operation")
def traffic_sources_are_described(request: Request) -> dict[str, Any]:
    """DescribeTrafficSources lists a group's target groups and classic load balancers, with type and state.

    Source: botocore autoscaling DescribeTrafficSourcesRequest and TrafficSourceState.
    """
    params = request.params
    group: Any = known_group(request.backend("autoscaling"), params["AutoScalingGroupName"])
    size, wanted = limit(params, "MaxRecords", default=50, maximum=50), params.get("TrafficSourceType")
    if wanted not in (None, *_KINDS):
        raise Refusal("ValidationError", f"Traffic source type {wanted} is not valid: [{', '.join(_KINDS)}]")
    named = [(arn, "elbv2") for arn in group.target_group_arns or []]
    named += [(name, "elb") for name in group.load_balancer_names or []]
    state = "InService" if group.active_instances() else "Added"
    found = [
        {"TrafficSource": one, "Identifier": one, "Type": kind, "State": state}
        for one, kind in named
        if wanted in (None, kind)
    ]
    shown, token = page(found, size, params.get("NextToken"), refusal=limits.INVALID_TOKEN)
    return {"TrafficSources": shown, "NextToken": token}


@answers("autoscaling", "AttachTrafficSources", "DetachTrafficSources", moto="has no such operation")
def traffic_sources_are_attached(request: Request) -> dict[str, Any]:
    """AttachTrafficSources and DetachTrafficSources take ten at most: target groups by ARN, classic load balancers by
    name, and those that exist.

    Source: botocore autoscaling AttachTrafficSourcesType and TrafficSourceIdentifier.
    """
    group: Any = known_group(request.backend("autoscaling"), request.params["AutoScalingGroupName"])
    sources = request.params.get("TrafficSources") or []
    if len(sources) > _MOST:
        raise Refusal("ValidationError", f"The number of traffic sources in a request is limited to {_MOST}")
    named = [_known(request, source) for source in sources]
    for kept, one in ((_kept(group, kind), one) for kind, one in named):
        if request.response._get_action() == "AttachTrafficSources":
            kept.extend([one] if one not in kept else [])
        elif one in kept:
            kept.remove(one)
            _let_go(group, one)
    reconcile(group, "")
    return {}


@refuses("autoscaling", "CreateAutoScalingGroup", moto="drops them without a word")
def groups_are_made_with_their_traffic_sources(request: Request) -> None:
    """TrafficSources of a new group are its target groups and classic load balancers, beside those named for
    themselves, and must exist.

    Source: botocore autoscaling CreateAutoScalingGroupType, member TrafficSources.
    """
    for source in request.params.get("TrafficSources") or []:
        kind, one = _known(request, source)
        named = request.params.setdefault("LoadBalancerNames" if kind == "elb" else "TargetGroupARNs", [])
        named.extend([one] if one not in named else [])


def _known(request: Request, source: dict[str, str]) -> tuple[str, str]:
    """The type and the name of a traffic source that exists."""
    one, backend = source["Identifier"], request.backend("autoscaling")
    kind = source.get("Type") or ("elbv2" if one.startswith("arn:") else "elb")
    if kind == "vpc-lattice" or ":vpc-lattice:" in one:
        raise NotImplementedError("traffic sources of VPC Lattice")
    try:
        if kind == "elb":
            backend.elb_backend.describe_load_balancers(names=[one])
        else:
            backend.elbv2_backend.describe_target_groups(load_balancer_arn=None, target_group_arns=[one], names=None)
    except (LoadBalancerNotFoundError, TargetGroupNotFoundError) as error:
        what = "Load Balancers" if kind == "elb" else "Target Groups"
        told = f"Provided {what} may not be valid. Please ensure they exist and try again."
        raise Refusal("ValidationError", told) from error
    return kind, one


def _kept(group: Any, kind: str) -> list[str]:
    attribute = "load_balancer_names" if kind == "elb" else "target_group_arns"
    kept: list[str] = getattr(group, attribute) or []
    setattr(group, attribute, kept)
    return kept


def _let_go(group: Any, one: str) -> None:
    backend, members = group.autoscaling_backend, [member.instance_id for member in group.instance_states]
    if one.startswith("arn:"):
        known = backend.elbv2_backend.target_groups[one].targets
        backend.elbv2_backend.deregister_targets(one, [{"Id": member} for member in members if member in known])
    else:
        backend.elb_backend.deregister_instances(one, members, from_autoscaling=True)
