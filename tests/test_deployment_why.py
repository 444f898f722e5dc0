"""Why a deployment failed: folded, in words, and with what to do about it."""

from __future__ import annotations

import pytest
from botocore.loaders import create_loader

from udo.deploy.codes import AGENT_LOST, REMEDIES, WORDS
from udo.deploy.why import causes, reason, story
from udo.model.deployments import Deployment, DeploymentTarget, LifecycleEvent

FAILED = "Script at specified location: scripts/start failed with exit code 1"


def failed(
    number: int,
    message: str = FAILED,
    log: str = "no port",
    *,
    event: str = "ApplicationStart",
    code: str = "ScriptFailed",
    script: str = "scripts/start",
) -> DeploymentTarget:
    events = (LifecycleEvent("Install", "Succeeded"), LifecycleEvent(event, "Failed", code, script, message, log))
    return DeploymentTarget(f"i-{number}", "Failed", events)


def fine(number: int) -> DeploymentTarget:
    return DeploymentTarget(f"i-{number}", "Succeeded", (LifecycleEvent("Install", "Succeeded"),))


def deployment(code: str = "HEALTH_CONSTRAINTS", message: str = "The overall deployment failed.") -> Deployment:
    return Deployment("d-1", "Failed", "shop", "g", {}, error_code=code, error_message=message)


def test_those_that_failed_alike_are_one_line_with_their_last_lines_once_and_the_odd_one_stands_apart() -> None:
    odd = failed(6, "Script at specified location: x failed with exit code 9", "disk full", event="Install", script="x")
    told = list(story(deployment(), [*(failed(n) for n in range(1, 6)), odd]))
    assert told == [
        "5 of 6 instances: ApplicationStart failed (scripts/start, exit 1), same last lines:",
        "    no port",
        "i-6: Install failed (x, exit 9)",
        "    disk full",
        "-> see the instances above, or on them /var/log/aws/codedeploy-agent",
    ]


def test_last_lines_that_differ_are_not_called_the_same() -> None:
    told = list(story(None, [failed(1, log="one"), failed(2, log="two")]))
    assert told == [
        "2 of 2 instances: ApplicationStart failed (scripts/start, exit 1), last lines of i-1:",
        "    one",
    ]


def test_only_the_last_ten_lines_are_shown() -> None:
    told = list(story(None, [failed(1, log="\n".join(map(str, range(50))))]))
    assert told[1:] == [f"    {number}" for number in range(40, 50)]


def test_few_of_many_are_named_and_an_only_one_too() -> None:
    assert reason(None, [failed(1), fine(2), fine(3)]) == "i-1: ApplicationStart failed (scripts/start, exit 1)"
    assert reason(None, [failed(1)]).startswith("i-1: ")
    assert reason(None, [failed(n) for n in range(4)] + [fine(9)]).startswith("4 of 5 instances: ")


@pytest.mark.parametrize(
    ("target", "says", "remedy"),
    [
        (failed(1, FAILED[:-1]), "killed by a signal", ""),
        (
            failed(1, "Script at specified location: s failed to complete in 30 seconds", code="ScriptTimedOut"),
            "30 s",
            "timeout",
        ),
        (failed(1, "Script does not exist at specified location: /a/s", code="ScriptMissing"), "/a/s", "does not hold"),
        (failed(1, f"{AGENT_LOST}. Check the logs.", code="UnknownError", script=""), "not able", "systemctl status"),
        (
            failed(
                1,
                "The deployment failed because a specified file already exists at this location: /srv/a",
                code="UnknownError",
            ),
            "/srv/a",
            "--file-exists overwrite",
        ),
        (
            failed(1, "Script at specified location: s failed to close STDOUT", code="UnknownError"),
            "STDOUT",
            "redirect",
        ),
        (failed(1, event="ApplicationStop"), "ApplicationStop", "deploy.ignore_stop_failures"),
    ],
)
def test_what_an_agent_reports_is_told_with_its_remedy(target: DeploymentTarget, says: str, remedy: str) -> None:
    (cause,) = causes([target])
    assert says in cause.says
    assert remedy in cause.remedy
    assert bool(remedy) == bool(cause.remedy)


def test_every_code_of_codedeploys_is_told_in_words_that_can_be_read() -> None:
    shapes = create_loader().load_service_model("codedeploy", "service-2")["shapes"]
    known = set(shapes["ErrorCode"]["enum"])
    assert set(WORDS) | set(REMEDIES) <= known
    for code in known | {"A_NEW_ONE"}:
        told = reason(deployment(code, "Its own words."), [])
        assert told in (f"{code}: {WORDS.get(code)}", f"{code}: Its own words")
    for code in shapes["LifecycleErrorCode"]["enum"]:
        (cause,) = causes([failed(1, "what it says", code=code)])
        assert "ApplicationStart failed (scripts/start, " in cause.says


def test_where_nothing_is_known_that_is_said() -> None:
    assert reason(None, []) == "CodeDeploy gives no reason"
    assert list(story(None, [DeploymentTarget("i-1", "Failed")])) == ["i-1: failed without a word of where"]


def test_a_rollback_of_codedeploys_is_named() -> None:
    rolled = Deployment("d-1", "Failed", "shop", "g", {}, rollback_id="d-2")
    assert reason(rolled, []) == "CodeDeploy rolls back with d-2"
