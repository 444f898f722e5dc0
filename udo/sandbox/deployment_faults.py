"""Faults of deployments as `udo sandbox fault` takes them: of an event on an instance, or of a whole deployment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from udo.errors import UsageError

if TYPE_CHECKING:
    from udo.sandbox.strict import DeploymentFault

# What such a fault is made of, as it is asked for and listed.
WORDS = ("event", "instance", "application", "deployment_group", "times", "error", "creator", "status")
_OF_AN_EVENT = ("event", "instance")


def parse(words: Mapping[str, Any]) -> DeploymentFault:
    """The fault that plain data describes.

    `error` is one of CodeDeploy's codes: of a lifecycle event, or of a deployment, which then fails as a whole.

    Raises: UsageError.
    """
    from udo.sandbox.strict import DeploymentFault
    from udo.sandbox.strict.codedeploy.faults import BAKING, UNKNOWN
    from udo.sandbox.strict.codedeploy.lifecycle import ALLOWING, BLOCKING, EVENTS
    from udo.sandbox.strict.codedeploy.suspension import RESUME, SUSPEND

    given = {key: words[key] for key in WORDS if key in words}
    of_events = [one for one in _known("LifecycleErrorCode") if one != "Success"]
    _one_of(given, "event", "a deployment has no event", (*BLOCKING, *EVENTS, *ALLOWING, SUSPEND, RESUME))
    _one_of(given, "error", "CodeDeploy has no error", (*of_events, *_known("ErrorCode")))
    _one_of(given, "creator", "CodeDeploy has no creator", _known("DeploymentCreator"))
    _one_of(given, "status", "no fault leads to the status", (BAKING, UNKNOWN))
    if given.get("error") in of_events:
        given["error_code"] = given.pop("error")
    fault = DeploymentFault(**given)
    if fault.whole and (wrong := [key for key in _OF_AN_EVENT if key in given]):
        option = {"event": "--event", "instance": "--place or --instance"}[wrong[0]]
        raise UsageError(f"a fault of the deployment as a whole takes no {option}", hint="leave it out")
    return fault


def listed(fault: DeploymentFault) -> dict[str, Any]:
    """A fault that is set, as plain data."""
    shown = {key: getattr(fault, key) for key in WORDS}
    code = "" if fault.whole or fault.error_code == "ScriptFailed" else fault.error_code
    event = "" if fault.whole else fault.event
    return {**shown, "event": event, "error": fault.error or code, "kind": "deployment", "counted": len(fault.hit)}


def _one_of(given: Mapping[str, Any], key: str, told: str, known: tuple[str, ...] | list[str]) -> None:
    if key in given and given[key] not in known:
        raise UsageError(f"{told} '{given[key]}'", hint=f"one of {', '.join(known)}")


def _known(shape: str) -> list[str]:
    from moto.core.utils import get_service_model

    return list(getattr(get_service_model("codedeploy").shape_for(shape), "enum", []))
