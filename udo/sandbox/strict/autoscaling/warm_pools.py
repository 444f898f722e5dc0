"""Warm pools of groups: instances that are no members, kept ready, described with their states."""

from __future__ import annotations

from typing import Any

from moto.autoscaling.models import FakeAutoScalingGroup

from udo.sandbox.strict import limits, moment
from udo.sandbox.strict.autoscaling.groups_known import known_group
from udo.sandbox.strict.autoscaling.members import spare_instances
from udo.sandbox.strict.delays import delays
from udo.sandbox.strict.pages import limit, page
from udo.sandbox.strict.rules import Refusal, Request, adds, answers, refuses, rule

_STATES = ("Stopped", "Running", "Hibernated")


@refuses("autoscaling", "PutWarmPool", moto="accepts any")
def warm_pools_have_a_state_and_a_size(request: Request) -> None:
    """PoolState is Stopped, Running or Hibernated; MaxGroupPreparedCapacity is -1 or at least MinSize and not less than
    the desired capacity.

    Source: botocore autoscaling PutWarmPoolType, WarmPoolState, MaxGroupPreparedCapacity and WarmPoolMinSize.
    """
    params = request.params
    group = known_group(request.backend("autoscaling"), params["AutoScalingGroupName"])
    state, least = params.get("PoolState") or "Stopped", int(params.get("MinSize") or 0)
    if state not in _STATES:
        raise Refusal("ValidationError", f"Pool state {state} is not valid: [{', '.join(_STATES)}]")
    most = int(params.get("MaxGroupPreparedCapacity") or -1)
    if most != -1 and most < max(least, group.desired_capacity or 0):
        told = f"MaxGroupPreparedCapacity {most} must not be below MinSize {least} or the desired capacity"
        raise Refusal("ValidationError", told)


@answers("autoscaling", "PutWarmPool", moto="launches nobody into it")
def warm_pools_are_filled(request: Request) -> None:
    """A warm pool holds what MaxGroupPreparedCapacity, or else the maximum, is above the desired capacity, and at least
    MinSize; one that exists is changed.

    Source: botocore autoscaling PutWarmPoolType, members MaxGroupPreparedCapacity and MinSize.
    """
    request.moto()
    _fill(known_group(request.backend("autoscaling"), request.params["AutoScalingGroupName"]))


@answers("autoscaling", "DescribeWarmPool", moto="never lists an instance")
def warm_pools_are_described(request: Request) -> dict[str, Any]:
    """DescribeWarmPool gives the configuration and the instances, which are Warmed:Pending until they have booted, and
    then in the state of the pool, in pages.

    Source: botocore autoscaling DescribeWarmPoolAnswer and LifecycleState.
    """
    group = known_group(request.backend("autoscaling"), request.params["AutoScalingGroupName"])
    _settle(group)
    size = limit(request.params, "MaxRecords", default=50, maximum=50)
    pool = group.warm_pool
    rows = [_row(one, pool) for one in _held(group)] if pool else []
    shown, token = page(rows, size, request.params.get("NextToken"), refusal=limits.INVALID_TOKEN)
    return {"WarmPoolConfiguration": _configuration(group), "Instances": shown, "NextToken": token}


@answers("autoscaling", "DeleteWarmPool", moto="forgets it, whoever is in it")
def warm_pools_are_deleted_with_their_instances(request: Request) -> None:
    """A warm pool is PendingDelete while its instances terminate, and then gone; with ForceDelete it is gone at once.

    Source: botocore autoscaling DeleteWarmPoolType and WarmPoolStatus.
    """
    group = known_group(request.backend("autoscaling"), request.params["AutoScalingGroupName"])
    if group.warm_pool is None:
        raise Refusal("ValidationError", f"No warm pool found for AutoScalingGroup {group.name}")
    waits = bool(_held(group)) and not request.params.get("ForceDelete")
    group.udo_warm_until = moment.now() + (delays.terminate if waits else 0.0)
    _settle(group)


@rule("autoscaling", "DescribeAutoScalingGroups", moto="shows no size")
def groups_show_the_size_of_their_warm_pool(group: Any) -> int | None:
    """A group with a warm pool is described with the number of its instances.

    Source: botocore autoscaling shape AutoScalingGroup, member WarmPoolSize.
    """
    _settle(group)
    return len(_held(group)) if group.warm_pool else None


adds(FakeAutoScalingGroup, "warm_pool_size")(property(groups_show_the_size_of_their_warm_pool))


def _held(group: Any) -> list[Any]:
    found: list[Any] = group.__dict__.setdefault("udo_warm", [])
    return found


def _fill(group: Any) -> None:
    pool, held = group.warm_pool, _held(group)
    group.udo_warm_until = None
    most = int(pool.max_group_prepared_capacity or -1)
    prepared = (group.max_size if most == -1 else most) - (group.desired_capacity or 0)
    missing = max(int(pool.min_size or 0), prepared) - len(held)
    for instance in spare_instances(group, missing) if missing > 0 else ():
        instance.udo_warm_at = moment.now() + delays.boot
        held.append(instance)
    if missing < 0:
        group.ec2_backend.terminate_instances([one.id for one in held[missing:]])
        del held[missing:]
    _settle(group)


def _settle(group: Any) -> None:
    """Brings the pool up to the present moment."""
    until, held = getattr(group, "udo_warm_until", None), _held(group)
    if until is not None and moment.now() >= until:
        if held:
            group.ec2_backend.terminate_instances([one.id for one in held])
        held.clear()
        group.warm_pool, group.udo_warm_until = None, None
    stopped = group.warm_pool is not None and group.warm_pool.pool_state != "Running"
    ready = [one.id for one in held if moment.now() >= one.udo_warm_at and one.state == "running"]
    if stopped and ready:
        group.ec2_backend.stop_instances(ready)


def _configuration(group: Any) -> dict[str, Any] | None:
    pool = group.warm_pool
    if pool is None:
        return None
    leaving = getattr(group, "udo_warm_until", None) is not None
    told = {
        "MaxGroupPreparedCapacity": pool.max_group_prepared_capacity,
        "MinSize": int(pool.min_size or 0),
        "PoolState": pool.pool_state,
        "InstanceReusePolicy": pool.instance_reuse_policy,
        "Status": "PendingDelete" if leaving else None,
    }
    return {key: value for key, value in told.items() if value is not None}


def _row(instance: Any, pool: Any) -> dict[str, Any]:
    booting = moment.now() < instance.udo_warm_at
    return {
        "InstanceId": instance.id,
        "InstanceType": instance.instance_type,
        "AvailabilityZone": instance.placement,
        "LifecycleState": "Warmed:Pending" if booting else f"Warmed:{pool.pool_state}",
        "HealthStatus": "Healthy",
        "ProtectedFromScaleIn": False,
    }
