"""Blue/green deployments: instances that replace others, traffic that goes over to them, and the end of the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from udo.sandbox.strict.codedeploy.arithmetic import (
    enough_are_healthy,
    fleet,
    minimums_of_all_fail_at_once,
    start_as_many_as_the_config_allows,
)
from udo.sandbox.strict.codedeploy.errors import (
    HEALTH_CONSTRAINTS,
    HEALTH_CONSTRAINTS_INVALID,
    NO_INSTANCES,
    READY_TIMEOUT,
    Why,
)
from udo.sandbox.strict.codedeploy.lifecycle import ALLOWING, BLOCKING, EVENTS, Target, targets_of
from udo.sandbox.strict.rules import rule

if TYPE_CHECKING:
    from udo.sandbox.strict.codedeploy.run import Run, World

End = tuple[str, Why | None]
# Seconds between two looks at a fleet that is being provisioned.
_LOOK = 5.0


@dataclass
class Fleets:
    """What a blue/green deployment works on: `green` is None until all of it is in service."""

    provision: Callable[[], None]
    green: Callable[[], list[str] | None]
    blue: Callable[[], list[str]]
    shift: Callable[[], None]
    retire: Callable[[], None]


@dataclass
class Traffic:
    """How far a blue/green deployment is, and what it is to wait for; waits are seconds, None without an end."""

    waits_ready: bool
    ready_wait: float | None
    terminates: bool
    termination_wait: float
    phase: str = "provision"
    until: float | None = None
    terminating: bool = False


def traffic_of(settings: Mapping[str, Any]) -> Traffic:
    """The waits of a blueGreenDeploymentConfiguration.

    Source: botocore codedeploy DeploymentReadyOption and BlueInstanceTerminationOption.
    """
    ready = settings.get("deploymentReadyOption") or {}
    termination = settings.get("terminateBlueInstancesOnDeploymentSuccess") or {}
    minutes = ready.get("waitTimeInMinutes")
    return Traffic(
        waits_ready=ready.get("actionOnTimeout") == "STOP_DEPLOYMENT",
        ready_wait=None if minutes is None else float(minutes) * 60,
        terminates=termination.get("action") == "TERMINATE",
        termination_wait=float(termination.get("terminationWaitTimeInMinutes") or 0) * 60,
    )


@rule("codedeploy", "CreateDeployment", "GetDeployment", moto="never starts a deployment")
def traffic_goes_over(run: Run, moment: float, world: World) -> End | None:
    """A blue/green deployment installs on the replacement, is Ready where it waits to be continued, then allows traffic
    to the replacement, blocks that to the original instances, and terminates these where it is told to.

    Source: docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-hooks.html (table of
    events); botocore codedeploy DeploymentReadyOption and BlueInstanceTerminationOption.
    """
    traffic = _traffic(run)
    phases = {
        "provision": _provision,
        "install": _install,
        "ready": _wait_ready,
        "reroute": _reroute,
        "block": _block,
        "retire": _retire,
    }
    while True:
        before = traffic.phase
        end = phases[before](run, moment, world)
        if end is not None or traffic.phase == before:
            return end


def proceed(run: Run, moment: float) -> None:
    """Ends the wait a deployment is in, at the next move."""
    traffic = _traffic(run)
    traffic.waits_ready = False
    traffic.until = run.wake = moment


def _provision(run: Run, moment: float, world: World) -> End | None:
    fleets = _fleets(world)
    fleets.provision()
    green = fleets.green()
    if green is None:
        run.wake = moment + _LOOK
        return None
    if not green:
        return "Failed", NO_INSTANCES
    run.targets = targets_of((*EVENTS, *ALLOWING), green, moment, world.alive, world.zone)
    for target in run.targets:
        target.label, target.holds = "Green", ALLOWING[0]
    if minimums_of_all_fail_at_once(run):
        return "Failed", HEALTH_CONSTRAINTS_INVALID
    blue = targets_of(BLOCKING, fleets.blue(), moment, world.alive, world.zone)
    for place, target in enumerate(blue, start=len(run.targets) + 1):
        target.label, target.place = "Blue", place
    run.targets += blue
    _traffic(run).phase = "install"
    return None


def _install(run: Run, moment: float, world: World) -> End | None:
    start_as_many_as_the_config_allows(run, moment, world)
    if run.count("InProgress"):
        return None
    if not enough_are_healthy(run):
        return "Failed", HEALTH_CONSTRAINTS
    traffic = _traffic(run)
    traffic.phase = "ready"
    if traffic.waits_ready:
        run.status = "Ready"
        traffic.until = run.wake = None if traffic.ready_wait is None else moment + traffic.ready_wait
    else:
        traffic.until = moment
    return None


def _wait_ready(run: Run, moment: float, _world: World) -> End | None:
    traffic = _traffic(run)
    if traffic.until is None or moment < traffic.until:
        return None
    if run.status == "Ready" and traffic.waits_ready:
        return "Stopped", READY_TIMEOUT
    run.status, traffic.phase, traffic.until = "InProgress", "reroute", None
    for target in fleet(run):
        if target.status == "Ready":
            target.holds = ""
            target.proceed(moment)
    return None


def _reroute(run: Run, moment: float, _world: World) -> End | None:
    if run.count("InProgress"):
        return None
    if not enough_are_healthy(run):
        return "Failed", HEALTH_CONSTRAINTS
    _traffic(run).phase = "block"
    for target in _blue(run):
        if target.status == "Pending":
            target.proceed(moment)
    return None


def _block(run: Run, moment: float, world: World) -> End | None:
    if run.count("InProgress"):
        return None
    if any(target.status != "Succeeded" for target in _blue(run)):
        return "Failed", HEALTH_CONSTRAINTS
    traffic = _traffic(run)
    _fleets(world).shift()
    if not traffic.terminates:
        return "Succeeded", None
    traffic.phase, traffic.terminating = "retire", True
    traffic.until = run.wake = moment + traffic.termination_wait
    return None


def _retire(run: Run, moment: float, world: World) -> End | None:
    until = _traffic(run).until
    if until is not None and moment < until:
        return None
    _fleets(world).retire()
    return "Succeeded", None


def _blue(run: Run) -> list[Target]:
    return [target for target in run.targets if target.label == "Blue"]


def _traffic(run: Run) -> Traffic:
    assert run.traffic is not None
    return run.traffic


def _fleets(world: World) -> Fleets:
    assert world.fleets is not None
    return world.fleets
