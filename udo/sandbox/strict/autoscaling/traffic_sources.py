"""Traffic sources of groups: target groups, classic load balancers and VPC Lattice under one name."""

from __future__ import annotations

from typing import Any

from moto.autoscaling.models import FakeAutoScalingGroup
from moto.elb.exceptions import LoadBalancerNotFoundError
from moto.elbv2.exceptions import TargetGroupNotFoundError
from moto.vpclattice.models import vpclattice_backends

from udo.sandbox.strict import limits, moment
from udo.sandbox.strict.autoscaling.capacity import reconcile
from udo.sandbox.strict.autoscaling.groups_known import known_group
from udo.sandbox.strict.delays import delays
from udo.sandbox.strict.elbv2.targets import deregistration_delay
from udo.sandbox.strict.pages import limit, page
from udo.sandbox.strict.rules import Refusal, Request, adds, answers, refuses, rule

_KINDS = ("elb", "elbv2", "vpc-lattice")
_KEPT = {"elb": "load_balancer_names", "elbv2": "target_group_arns", "vpc-lattice": "udo_lattice"}
_MOST = 10
Source = tuple[str, str]


@answers("autoscaling", "DescribeTrafficSources", moto="has no such operation")
def traffic_sources_are_described(request: Request) -> dict[str, Any]:
    """DescribeTrafficSources lists the target groups, classic load balancers and VPC Lattice target groups of a group,
    with type and state.

    Source: botocore autoscaling DescribeTrafficSourcesRequest and TrafficSourceState.
    """
    params = request.params
    group: Any = known_group(request.backend("autoscaling"), params["AutoScalingGroupName"])
    size, wanted = limit(params, "MaxRecords", default=50, maximum=50), params.get("TrafficSourceType")
    if wanted not in (None, *_KINDS):
        raise Refusal("ValidationError", f"Traffic source type {wanted} is not valid: [{', '.join(_KINDS)}]")
    found = [
        {"TrafficSource": one, "Identifier": one, "Type": kind, "State": state}
        for one, kind, state in _states(group)
        if wanted in (None, kind)
    ]
    shown, token = page(found, size, params.get("NextToken"), refusal=limits.INVALID_TOKEN)
    return {"TrafficSources": shown, "NextToken": token}


@answers("autoscaling", "AttachTrafficSources", "DetachTrafficSources", moto="has no such operation")
def traffic_sources_are_attached(request: Request) -> dict[str, Any]:
    """AttachTrafficSources and DetachTrafficSources take ten at most: target groups by ARN, those of VPC Lattice too,
    classic load balancers by name, and those that exist; attaching leaves the others.

    Source: botocore autoscaling AttachTrafficSourcesType and TrafficSourceIdentifier.
    """
    group: Any = known_group(request.backend("autoscaling"), request.params["AutoScalingGroupName"])
    sources = request.params.get("TrafficSources") or []
    if len(sources) > _MOST:
        raise Refusal("ValidationError", f"The number of traffic sources in a request is limited to {_MOST}")
    for kind, one in [_known(request, source) for source in sources]:
        kept = _kept(group, kind)
        if request.response._get_action() == "AttachTrafficSources":
            _attach(group, kind, one)
        elif one in kept:
            kept.remove(one)
            _let_go(group, kind, one)
    reconcile(group, "")
    return {}


@refuses(
    "autoscaling",
    "CreateAutoScalingGroup",
    "AttachLoadBalancerTargetGroups",
    "AttachTrafficSources",
    moto="attaches any to any",
)
def target_groups_fit_their_group(request: Request) -> None:
    """The target groups of a group have instances for targets, and are in the VPC of its subnets: ValidationError.

    Source: docs.aws.amazon.com/autoscaling/ec2/userguide/attach-load-balancer-asg.html;
    getting-started-elastic-load-balancing.html (prerequisites).
    """
    params, backend = request.params, request.backend("autoscaling")
    sources = [one["Identifier"] for one in params.get("TrafficSources") or []]
    known = backend.elbv2_backend.target_groups
    found = [known[arn] for arn in [*(params.get("TargetGroupARNs") or []), *sources] if arn in known]
    group = backend.autoscaling_groups.get(params["AutoScalingGroupName"])
    places = params.get("VPCZoneIdentifier") or (group.vpc_zone_identifier if group else "") or ""
    subnets = [one.strip() for one in places.split(",") if one.strip()]
    # What does not exist is refused by itself.
    vpcs = {one.vpc_id for one in backend.ec2_backend.describe_subnets() if one.id in subnets} if found else set()
    for one in found:
        if one.target_type != "instance":
            raise Refusal("ValidationError", f"Target group {one.arn} has the target type {one.target_type}")
        if vpcs and one.vpc_id not in vpcs:
            raise Refusal("ValidationError", f"Target group {one.arn} is in another VPC than {', '.join(sorted(vpcs))}")


@refuses("autoscaling", "CreateAutoScalingGroup", moto="drops them without a word")
def groups_are_made_with_their_traffic_sources(request: Request) -> None:
    """TrafficSources of a new group are its target groups, those of VPC Lattice too, and classic load balancers, beside
    those named for themselves, and must exist.

    Source: botocore autoscaling CreateAutoScalingGroupType, member TrafficSources.
    """
    for source in request.params.get("TrafficSources") or []:
        kind, one = _known(request, source)
        if kind == "vpc-lattice":
            continue
        named = request.params.setdefault("LoadBalancerNames" if kind == "elb" else "TargetGroupARNs", [])
        named.extend([one] if one not in named else [])


def attach_lattice(request: Request, group: Any) -> None:
    """Gives a new group the target groups of VPC Lattice that its request names."""
    for source in request.params.get("TrafficSources") or []:
        kind, one = _known(request, source)
        if kind == "vpc-lattice":
            _attach(group, kind, one)


@rule("autoscaling", "DescribeTrafficSources", "DetachTrafficSources", moto="has no such operation")
def traffic_sources_have_states(group: Any, kind: str, one: str) -> str:
    """A traffic source is Adding while members are registered, InService once one of them passed its health check and
    Added until then; it is Removing as long as those that were members of it drain, and then gone.

    Source: botocore autoscaling shape TrafficSourceState, member State.
    """
    since = _times(group, "udo_traffic_since").get((kind, one))
    if since is not None and moment.now() < since + delays.target:
        return "Adding"
    return "InService" if _passes(group, kind, one) else "Added"


@rule("autoscaling", "DescribeAutoScalingGroups", moto="never shows them")
def groups_show_their_traffic_sources(group: Any) -> list[dict[str, str]]:
    """A group is described with its traffic sources, each with identifier and type.

    Source: botocore autoscaling shape AutoScalingGroup, member TrafficSources; its example of this operation.
    """
    return [{"Identifier": one, "Type": kind} for kind, one in _attached(group)]


adds(FakeAutoScalingGroup, "traffic_sources")(property(groups_show_their_traffic_sources))


def _states(group: Any) -> list[tuple[str, str, str]]:
    """Identifier, type and state of those that are attached, and of those that are on their way out."""
    found = [(one, kind, traffic_sources_have_states(group, kind, one)) for kind, one in _attached(group)]
    leaving = _times(group, "udo_traffic_until")
    return found + [(one, kind, "Removing") for (kind, one), until in leaving.items() if moment.now() < until]


def _attached(group: Any) -> list[Source]:
    return [(kind, one) for kind in ("elbv2", "elb", "vpc-lattice") for one in getattr(group, _KEPT[kind], None) or []]


def _passes(group: Any, kind: str, one: str) -> bool:
    members = [{"Id": member.instance_id} for member in group.active_instances()]
    if kind != "elbv2":
        return bool(members)
    known = group.autoscaling_backend.elbv2_backend.target_groups.get(one)
    return known is not None and any(
        known.health_for(member, group.ec2_backend).status == "healthy" for member in members
    )


def _known(request: Request, source: dict[str, str]) -> Source:
    """The type and the name of a traffic source that exists."""
    one, backend = source["Identifier"], request.backend("autoscaling")
    if ":vpc-lattice:" in one:
        kind = "vpc-lattice"
    else:
        kind = source.get("Type") or ("elbv2" if one.startswith("arn:") else "elb")
    try:
        if kind == "elb":
            backend.elb_backend.describe_load_balancers(names=[one])
        elif kind == "elbv2":
            backend.elbv2_backend.describe_target_groups(load_balancer_arn=None, target_group_arns=[one], names=None)
        elif one not in {known.arn for known in _lattice(request)}:
            raise TargetGroupNotFoundError
    except (LoadBalancerNotFoundError, TargetGroupNotFoundError) as error:
        what = "Load Balancers" if kind == "elb" else "Target Groups"
        told = f"Provided {what} may not be valid. Please ensure they exist and try again."
        raise Refusal("ValidationError", told) from error
    return kind, one


def _lattice(request: Request) -> list[Any]:
    return list(vpclattice_backends[request.account][request.region].target_groups.values())


def _kept(group: Any, kind: str) -> list[str]:
    kept: list[str] = getattr(group, _KEPT[kind], None) or []
    setattr(group, _KEPT[kind], kept)
    return kept


def _attach(group: Any, kind: str, one: str) -> None:
    kept = _kept(group, kind)
    if one not in kept:
        kept.append(one)
        _times(group, "udo_traffic_since")[kind, one] = moment.now()
        _times(group, "udo_traffic_until").pop((kind, one), None)


def _let_go(group: Any, kind: str, one: str) -> None:
    backend, members = group.autoscaling_backend, [member.instance_id for member in group.instance_states]
    drains = 0.0
    if kind == "elbv2":
        target_group = backend.elbv2_backend.target_groups[one]
        leaving = [member for member in members if member in target_group.targets]
        backend.elbv2_backend.deregister_targets(one, [{"Id": member} for member in leaving])
        drains = deregistration_delay(target_group) if leaving else 0.0
    elif kind == "elb":
        backend.elb_backend.deregister_instances(one, members, from_autoscaling=True)
    _times(group, "udo_traffic_until")[kind, one] = moment.now() + drains


def _times(group: Any, attribute: str) -> dict[Source, float]:
    """When each traffic source was attached, or is gone."""
    found: dict[Source, float] = group.__dict__.setdefault(attribute, {})
    return found
