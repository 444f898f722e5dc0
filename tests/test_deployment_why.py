"""Why a deployment failed: folded, in words, and with what to do about it."""

from __future__ import annotations

import pytest
from botocore.loaders import create_loader

from udo.deploy.codes import AGENT_LOST, REMEDIES, WORDS
from udo.deploy.why import causes, reason, rehearsed, story
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
        "5 of 6 failed in ApplicationStart (scripts/start, exit 1), same last lines:",
        "    on i-1, i-2, i-3, ...",
        "    no port",
        "i-6 failed in Install (x, exit 9):",
        "    disk full",
    ]


def test_last_lines_that_differ_are_not_called_the_same() -> None:
    told = list(story(None, [failed(1, log="one"), failed(2, log="two")]))
    assert told == [
        "2 of 2 failed in ApplicationStart",
        "    (scripts/start, exit 1), last lines of i-1:",
        "    one",
    ]


def test_only_the_last_ten_lines_are_shown() -> None:
    told = list(story(None, [failed(1, log="\n".join(map(str, range(50))))]))
    assert told[1:] == [f"    {number}" for number in range(40, 50)]


def test_few_of_many_are_named_and_an_only_one_too() -> None:
    assert reason(None, [failed(1), fine(2), fine(3)]) == "i-1 failed in ApplicationStart (scripts/start, exit 1)"
    assert reason(None, [failed(1)]).startswith("i-1 failed")
    assert reason(None, [failed(n) for n in range(4)] + [fine(9)]).startswith("4 of 5 failed in ")


@pytest.mark.parametrize(
    ("target", "says", "remedy"),
    [
        (failed(1, FAILED[:-1]), "killed by a signal", ""),
        (
            failed(1, "Script at specified location: s failed to complete in 30 seconds", code="ScriptTimedOut"),
            "30 s",
            "timeout",
        ),
        (
            failed(1, "Script does not exist at specified location: /a/s", code="ScriptMissing"),
            "not in the bundle",
            "udo check --bundle",
        ),
        (
            failed(1, f"{AGENT_LOST}. Check the logs.", code="UnknownError", script=""),
            "the agent did not answer",
            "systemctl status",
        ),
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
            "its STDOUT stays open",
            ">/dev/null",
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
        assert "failed in ApplicationStart (scripts/start, " in cause.says


def test_where_nothing_is_known_that_is_said() -> None:
    assert reason(None, []) == "CodeDeploy gives no reason"
    assert list(story(None, [DeploymentTarget("i-1", "Failed")])) == ["i-1 failed without a word of where"]


def test_a_rollback_of_codedeploys_is_named() -> None:
    rolled = Deployment("d-1", "Failed", "shop", "g", {}, rollback_id="d-2")
    assert reason(rolled, []) == "CodeDeploy rolls back with d-2"


def test_codes_that_instances_explain_are_left_out_and_what_others_name_is_kept() -> None:
    assert "HEALTH_CONSTRAINTS" not in reason(deployment(), [failed(1), fine(2)])
    assert reason(deployment(), []).startswith("HEALTH_CONSTRAINTS: too many")
    alarm = deployment("ALARM_ACTIVE", "One or more alarms have been activated. Activated alarms: <slow, full>")
    assert reason(alarm, [failed(1)]).startswith(
        "ALARM_ACTIVE: an alarm of the deployment group, or of guards, went off (slow, full); i-1"
    )
    role = (
        "The IAM role arn:aws:iam::1:role/cd does not give permission in the following AWS service: AmazonAutoScaling."
    )
    told = reason(deployment("IAM_ROLE_PERMISSIONS", role), [])
    assert told.endswith("lacks permissions (arn:aws:iam::1:role/cd, AmazonAutoScaling)")


def test_what_the_log_repeats_of_the_head_is_left_out() -> None:
    log = "LifecycleEvent - ApplicationStart\nScript - scripts/start\n[stderr]no port\n"
    assert list(story(None, [failed(1, log=log)]))[1:] == ["    [stderr]no port"]


def test_a_story_fits_a_screen_of_eighty_columns_inside_of_why() -> None:
    ids = [f"i-{number:017x}" for number in range(6)]
    long = "an unusual message of the agent that goes on and on " * 3
    targets = [
        DeploymentTarget(
            one, "Failed", (LifecycleEvent("ApplicationStart", "Failed", "UnknownError", script, says, log),)
        )
        for one, (script, says, log) in zip(
            ids,
            [
                *[("scripts/application_start_of_the_shop.sh", FAILED, "x")] * 3,
                ("", long, "y"),
                ("", AGENT_LOST, ""),
                ("", "a specified file already exists at this location: /srv/a", ""),
            ],
            strict=True,
        )
    ]
    lines = list(story(deployment(), targets))
    assert max(map(len, lines)) <= 76, lines
    assert " ".join(long.split()) in " ".join(" ".join(lines).split())
    assert lines[:3] == [
        "3 of 6 failed in ApplicationStart",
        "    (scripts/application_start_of_the_shop.sh, exit 1), same last lines:",
        f"    on {', '.join(ids[:3])}",
    ]


def test_in_the_sandbox_it_is_told_where_the_whole_log_of_a_failed_script_lies() -> None:
    log, bundle = rehearsed("stage webapp", "d-1", [fine(1), failed(2)])
    assert log.endswith("udo ssh stage webapp 'cat opt/codedeploy-agent/deployment-root/*/d-1/logs/scripts.log'")
    assert bundle.endswith("udo check --bundle DIR")
    assert rehearsed("stage webapp", "d-1", [failed(2, script="")]) == []
