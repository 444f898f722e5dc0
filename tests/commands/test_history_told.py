"""What history tells of a run: what changed and why, the deployment, the reason of a failure, and all that was said."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from deploy_worlds import OTHER, SHA, begin, config, deployments, end, hook
from launch_worlds import NEW_IMAGE, OLD_IMAGE, configuration_world, template_world, write_config

from udo.files import state_folder
from udo.sandbox.faults import Fault, Killed
from udo.sandbox.strict import DeploymentFault
from udo.sandbox.strict.codedeploy.faults import deployment_faults

Udo = Callable[..., Any]
Seeded = Callable[..., Any]
DEPLOY = ("deploy", "prod", "webapp")


def last(udo: Udo) -> dict[str, Any]:
    """The newest run in history, whole."""
    return next(row for row in udo("history", "prod", "webapp", "-o", "json").json["data"] if row["run"])


def whole(udo: Udo) -> dict[str, Any]:
    """What history tells of the newest run alone."""
    [told] = udo("history", last(udo)["run"], "-o", "json").json["data"]["targets"]
    return dict(told)


@pytest.mark.parametrize("build", [configuration_world, template_world])
def test_a_launch_change_is_told_old_to_new_with_its_reason(world: Any, udo: Udo, build: Callable[[Any], None]) -> None:
    build(world)
    write_config()
    assert udo("updatelc", "prod", "webapp", "--reason", "security fixes").exit == 0
    row = last(udo)
    assert re.search(rf"ami {OLD_IMAGE}\b.* -> {NEW_IMAGE}\b", row["changes"])
    assert "instance_type t3.small -> m7g.large" in row["changes"]
    assert (row["reason"], row["deployment_id"], row["outcome"]) == ("security fixes", None, "done")
    line = next(line for line in udo("history").stdout.splitlines() if row["run"] in line)
    assert f"  {row['changes']}  security fixes  " in line


def test_a_lock_by_hand_is_told_with_its_reason(world: Any, udo: Udo) -> None:
    template_world(world)
    write_config()
    assert udo("lock", "prod", "webapp", "--reason", "investigating").exit == 0
    assert last(udo)["reason"] == "investigating"


@pytest.mark.whole
def test_a_saved_plan_that_is_applied_keeps_its_reason(world: Any, udo: Udo) -> None:
    template_world(world)
    write_config()
    assert udo("plan", "prod", "webapp", "--reason", "security fixes", "--save", "one").exit == 0
    assert udo("apply", "one").exit == 0
    assert last(udo)["reason"] == "security fixes"


def test_a_deployment_is_told_with_its_id_and_the_revision_before_it(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    before = begin(world, OTHER)
    end(world)
    assert udo(*DEPLOY, SHA, "--reason", "fixes the cart").exit == 0
    made = deployments(world)[0]["deploymentId"]
    change = f"revision example/shop {OTHER} -> example/shop {SHA}"
    row = last(udo)
    assert (row["deployment_id"], row["changes"], row["reason"]) == (made, change, "fixes the cart")
    text = udo("history", "prod", "webapp").stdout
    assert f"revision example/shop {OTHER[:7]} -> example/shop {SHA[:7]}  fixes the cart  {made}  Succeeded" in text
    assert SHA not in text.replace(f"udo deploy prod webapp {SHA}", "")
    (state_folder() / "journal.jsonl").unlink()
    elsewhere = {row["deployment_id"]: row for row in udo("history", "prod", "webapp", "-o", "json").json["data"]}
    assert (elsewhere[made]["changes"], elsewhere[made]["reason"]) == (change, "fixes the cart")
    assert elsewhere[before]["changes"] is None


def test_a_failure_is_told_as_it_was_on_the_screen_and_nothing_that_a_script_wrote(
    world: Any, udo: Udo, seeded: Seeded
) -> None:
    seeded(config())
    deployment_faults.add(DeploymentFault(event="AfterInstall", instance=1, script="bin/restart", log_tail="canary"))
    done = udo(*DEPLOY, SHA)
    assert (done.exit, "canary" in done.stdout) == (1, True)
    told = whole(udo)
    assert done.stderr.splitlines()[-1] == f"udo: {told['message']}"
    assert "failed in AfterInstall (bin/restart" in told["message"]
    assert (told["outcome"], told["deployment_id"]) == ("failed", deployments(world)[0]["deploymentId"])
    alone = udo("history", last(udo)["run"])
    steps = re.compile(r"\[[12]/2\] (.*)")
    for line in done.stderr.splitlines():
        if step := steps.fullmatch(line):
            assert step[1] in alone.stdout
        elif not line.lstrip().startswith(("Created", "Queued", "InProgress", "Failed ", "udo: ")):
            assert line.strip() in alone.stderr
    text = (state_folder() / "journal.jsonl").read_text()
    assert "canary" not in text
    assert "deploymentGroupName" not in text


def test_a_run_that_ended_well_says_its_last_word_too(world: Any, udo: Udo) -> None:
    configuration_world(world)
    write_config()
    done = udo("updatelc", "prod", "webapp")
    assert whole(udo)["message"] == done.stdout.splitlines()[0]


def test_what_stopped_a_launch_change_is_told_with_its_hint(world: Any, udo: Udo) -> None:
    configuration_world(world)
    write_config()
    world.faults.add(Fault("deny", "UpdateAutoScalingGroup", times=None))
    done = udo("updatelc", "prod", "webapp")
    assert done.exit == 6
    assert done.stderr.splitlines()[-1] == f"udo: {whole(udo)['message']}"


def test_a_hook_that_fails_after_a_success_is_not_hidden_by_what_aws_says(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config(hook(9)))
    assert udo(*DEPLOY, SHA).exit == 3
    assert last(udo)["outcome"] == "partial"
    assert "ended with status 9" in whole(udo)["message"]


def test_the_deployment_of_a_run_that_was_killed_is_found_in_aws(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    world.faults.add(Fault("kill", "CreateDeployment", after=True))
    with pytest.raises(Killed):
        udo(*DEPLOY, SHA, "--reason", "cart")
    world.faults.clear()
    row = last(udo)
    assert (row["deployment_id"], row["reason"]) == (deployments(world)[0]["deploymentId"], "cart")
