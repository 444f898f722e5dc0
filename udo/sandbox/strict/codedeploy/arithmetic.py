"""How many instances a deployment takes at once, in one zone or in all, and whether enough of them stayed healthy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from udo.sandbox.strict.rules import rule

if TYPE_CHECKING:
    from udo.sandbox.strict.codedeploy.lifecycle import Target
    from udo.sandbox.strict.codedeploy.run import Run, World

# What is neither healthy nor going to be.
_LOST = ("Failed", "Skipped", "Unknown")


def fleet(run: Run) -> list[Target]:
    """The targets that the arithmetic is about: in a blue/green deployment those that replace the others."""
    return [target for target in run.targets if target.label != "Blue"]


@rule("codedeploy", "CreateDeployment", moto="never starts a deployment")
def start_as_many_as_the_config_allows(run: Run, moment: float, world: World) -> None:
    """A deployment takes as many instances at once as leaves the configured minimum healthy: one (OneAtATime), half
    (HalfAtATime), all (AllAtOnce), or all less the minimum of a configuration of one's own, percentages rounded up.

    Source: docs.aws.amazon.com/codedeploy/latest/userguide/instances-health.html.
    """
    whole = fleet(run)
    for target in _in_the_open_zone(run, moment, whole):
        if target.status != "Pending":
            continue
        if not world.alive(target.instance_id):
            target.lose(moment)
        elif _spare(whole) <= run.config.healthy(len(whole)) or not _zone_can_spare_one(run, whole, target.zone):
            return
        else:
            target.proceed(moment)


@rule("codedeploy", "CreateDeployment", moto="never starts a deployment")
def stopped_instances_count_as_failed(whole: list[Target]) -> int:
    """An instance that is stopped is tried as well, and counts as one that failed; so do those that failed before.

    Source: docs.aws.amazon.com/codedeploy/latest/userguide/instances-health.html (note on stopped instances).
    """
    return sum(1 for target in whole if target.status in _LOST)


def _spare(whole: list[Target]) -> int:
    """How many are healthy and not being deployed to."""
    busy = sum(1 for target in whole if target.status == "InProgress")
    return len(whole) - stopped_instances_count_as_failed(whole) - busy


def _in_the_open_zone(run: Run, moment: float, whole: list[Target]) -> list[Target]:
    if run.config.zonal is None:
        return whole
    zones = sorted({target.zone for target in whole})
    if not all(_zone_is_healthy(run, whole, zone) for zone in zones):
        return []
    left = [zone for zone in zones if any(one.status in ("Pending", "InProgress") for one in _of(whole, zone))]
    if not left:
        return []
    if run.zone and run.zone != left[0] and not zones_follow_each_other(run, moment, zones, whole):
        return []
    run.zone, run.opens = left[0], None
    return _of(whole, run.zone)


@rule("codedeploy", "CreateDeployment", moto="never starts a deployment")
def zones_follow_each_other(run: Run, moment: float, zones: list[str], whole: list[Target]) -> bool:
    """A zonal deployment goes from one Availability Zone to the next when that has ended and the time to monitor it is
    over; in a zone the lesser allowance holds, that of the fleet or that of the zone, and a zone that has less than its
    minimum healthy ends the deployment everywhere.

    Source: docs.aws.amazon.com/codedeploy/latest/userguide/instances-health.html (minimum per Availability Zone);
    botocore codedeploy ZonalConfig.
    """
    zonal = run.config.zonal
    if run.opens is None and zonal is not None:
        run.opens = moment + (zonal.first_wait if run.zone == zones[0] else zonal.wait)
    if run.opens is not None and moment < run.opens:
        run.wake = run.opens
        return False
    return True


def _zone_can_spare_one(run: Run, whole: list[Target], zone: str) -> bool:
    if run.config.zonal is None:
        return True
    theirs = _of(whole, zone)
    return _spare(theirs) > run.config.zonal.healthy(len(theirs))


def _zone_is_healthy(run: Run, whole: list[Target], zone: str) -> bool:
    theirs = _of(whole, zone)
    least = run.config.zonal.healthy(len(theirs)) if run.config.zonal else 0
    return len(theirs) - stopped_instances_count_as_failed(theirs) >= least


def _of(whole: list[Target], zone: str) -> list[Target]:
    return [target for target in whole if target.zone == zone]


@rule("codedeploy", "CreateDeployment", moto="never starts a deployment")
def minimums_of_all_fail_at_once(run: Run) -> bool:
    """A deployment whose configuration keeps all instances healthy fails at once, and touches none.

    Source: docs.aws.amazon.com/codedeploy/latest/userguide/instances-health.html (example of 95 %).
    """
    whole = fleet(run)
    return run.config.healthy(len(whole)) >= len(whole)


@rule("codedeploy", "GetDeployment", moto="stays Created for ever")
def enough_are_healthy(run: Run) -> bool:
    """A deployment succeeds when at least one instance has the revision and the configured minimum stayed healthy; so
    OneAtATime succeeds even if its last instance failed.

    Source: docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html.
    """
    whole = fleet(run)
    done = sum(1 for target in whole if target.status in ("Succeeded", "Ready"))
    zones = {target.zone for target in whole}
    return (
        not any(target.status == "Pending" for target in whole)
        and done >= max(1, run.config.healthy(len(whole)))
        and all(_zone_is_healthy(run, whole, zone) for zone in zones)
    )
