"""deploy on the strict sandbox: what is deployed, what is refused, and what is told."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from deploy_worlds import OTHER, SHA, asked, begin, config, deployments, end, hook, revision, writes

from udo.sandbox.strict import DeploymentFault
from udo.sandbox.strict.codedeploy.faults import deployment_faults

Udo = Callable[..., Any]
Seeded = Callable[..., Any]
DEPLOY = ("deploy", "prod", "webapp")


def fail(**what: Any) -> None:
    """Makes deployments fail on an instance."""
    deployment_faults.add(DeploymentFault(**what))


def test_a_revision_is_deployed_and_each_instance_told(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    done = udo(*DEPLOY, SHA, "--reason", "fixes the cart")
    assert done.exit == 0, done.stderr
    [made] = deployments(world)
    assert made["status"] == "Succeeded"
    assert made["revision"] == revision()
    assert made["description"].startswith("udo:")
    assert made["description"].endswith(" fixes the cart")
    assert (
        done.stdout
        == f"deployment {made['deploymentId']} of example/shop {SHA} to prod webapp succeeded on 3 instances\n"
    )
    assert done.stderr.count("  Succeeded\n") == 3
    # Polls are spread, so which of the three was at work when one looked differs from run to run.
    assert re.search(r"InProgress  (1 done, 1 in progress, 1 not begun|2 done, 1 in progress) of 3\n", done.stderr)
    assert writes(world) == ["CreateDeployment"]


def test_a_dry_run_shows_the_whole_commit_and_deploys_nothing(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    shown = udo(*DEPLOY, SHA, "-n")
    assert shown.exit == 0
    assert f"1. deploy example/shop {SHA} to shop prod-webapp (3 instances)" in shown.stdout
    assert deployments(world) == []
    plan = udo(*DEPLOY, SHA, "-n", "-o", "json").json["data"]["plan"]
    assert plan["steps"][0]["params"]["revision"] == revision()


def test_json_holds_the_deployment_and_every_instance(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    told = udo(*DEPLOY, SHA, "-o", "json").json
    data = told["data"]
    assert told["ok"]
    assert data["deployment_id"] == deployments(world)[0]["deploymentId"]
    assert (data["status"], data["revision"], data["reason"]) == ("Succeeded", revision(), "")
    assert data["overview"]["Succeeded"] == 3
    assert [row["status"] for row in data["targets"]] == ["Succeeded"] * 3


def test_a_second_run_says_so_and_does_nothing_unless_again(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config(hook()))
    assert udo(*DEPLOY, SHA).exit == 0
    first = deployments(world)[0]["deploymentId"]
    Path("hook.json").unlink()
    second = udo(*DEPLOY, SHA)
    assert second.exit == 0
    assert f"every instance of prod webapp has example/shop {SHA}: {first} succeeded at " in second.stdout
    assert not Path("hook.json").exists(), "the hook is not run again"
    assert udo(*DEPLOY, SHA, "-o", "json").json["data"]["deployment_id"] == first
    assert len(deployments(world)) == 1
    assert udo(*DEPLOY, SHA, "--again").exit == 0
    assert len(deployments(world)) == 2


def test_the_last_deployment_counts_not_an_older_success(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    for commit in (SHA, OTHER):
        begin(world, commit)
        end(world)
    assert udo(*DEPLOY, SHA).exit == 0
    assert len(deployments(world)) == 3


def test_a_failure_names_instance_event_script_and_log(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config(hook()))
    log = "".join(f"line {number}\n" for number in range(30)) + "the \x1b[31mend\n"
    fail(event="AfterInstall", instance=1, script="bin/restart", message="exit 1", log_tail=log)
    done = udo(*DEPLOY, SHA)
    assert done.exit == 1
    assert "failed in AfterInstall (bin/restart, exit 1):" in done.stdout
    assert "    line 29\n" in done.stdout
    assert "line 3\n" not in done.stdout
    assert "\x1b" not in done.stdout
    last = done.stderr.splitlines()[-1]
    assert last.startswith("udo: deployment d-")
    assert "HEALTH_CONSTRAINTS" not in last
    assert "failed in AfterInstall (bin/restart, " in last
    assert not Path("hook.json").exists()


def test_a_failure_in_json_carries_the_data_too(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    fail(event="AfterInstall", instance=1, script="bin/restart", log_tail="the end")
    told = udo(*DEPLOY, SHA, "-o", "json").json
    assert (told["ok"], told["exit"], told["error"]["code"]) == (False, 1, "failed")
    [failed] = [row for row in told["data"]["targets"] if row["status"] == "Failed"]
    assert (failed["lifecycle_event"], failed["script"], failed["log_tail"]) == (
        "AfterInstall",
        "bin/restart",
        "the end",
    )
    assert told["data"]["status"] == "Failed"
    assert told["data"]["overview"]["Failed"] == 1


def test_a_success_with_a_failed_last_instance_is_exit_3(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    fail(event="ValidateService", instance=3, script="bin/check")
    done = udo(*DEPLOY, SHA)
    assert deployments(world)[0]["status"] == "Succeeded"
    assert done.exit == 3
    assert "succeeded on 2 instances, but 1 of 3 failed: i-" in done.stderr
    assert "failed in ValidateService (bin/check" in done.stderr


def test_no_wait_names_the_deployment_and_leaves_it(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config(hook()))
    done = udo(*DEPLOY, SHA, "--no-wait")
    assert done.exit == 0
    [made] = deployments(world)
    assert made["status"] not in ("Succeeded", "Failed")
    assert f"deployment {made['deploymentId']} is started" in done.stdout
    assert not Path("hook.json").exists()
    again = udo(*DEPLOY, SHA, "--no-wait", "-o", "json").json
    assert again["data"]["deployment_id"] == made["deploymentId"]
    assert len(deployments(world)) == 1


def test_the_same_revision_on_its_way_is_followed(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    there = begin(world)
    done = udo(*DEPLOY, SHA)
    assert done.exit == 0, done.stderr
    assert f"deployment {there} of this revision is active" in done.stderr
    assert f"deployment {there} of example/shop {SHA} to prod webapp succeeded" in done.stdout
    assert writes(world) == []


def test_another_revision_on_its_way_is_a_conflict(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    there = begin(world, OTHER, description="a hotfix")
    done = udo(*DEPLOY, SHA)
    assert done.exit == 4
    assert f"deployment {there} of example/shop {OTHER} by user (a hotfix) is active since 2026-01-05T" in done.stderr
    assert writes(world) == []


def test_a_neighbours_deployments_are_nobodys_business(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    begin(world, OTHER, "prod-web")
    assert udo(*DEPLOY, SHA).exit == 0
    assert [made["revision"] for made in deployments(world, "prod-web")] == [revision(OTHER)]


@pytest.mark.parametrize("held", [["prod-web"], ["prod-web", "stage2-web_app-x"], []])
def test_a_deployment_group_that_is_not_ours_is_refused(world: Any, udo: Udo, seeded: Seeded, held: list[str]) -> None:
    seeded(config())
    where = {"applicationName": "shop", "deploymentGroupName": "theirs"}
    role = "arn:aws:iam::123456789012:role/sandbox-codedeploy"
    world.client("codedeploy").create_deployment_group(**where, serviceRoleArn=role, autoScalingGroups=held)
    path = Path("udo.yml")
    path.write_text(path.read_text().replace("deployment_group: prod-webapp", "deployment_group: theirs"))
    done = udo(*DEPLOY, SHA)
    assert done.exit == 7
    assert (f"the Auto Scaling groups {', '.join(held)}" if held else "no Auto Scaling group") in done.stderr
    assert writes(world) == []


def test_a_deployment_group_of_several_groups_says_who_else_is_reached(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config().replace("deployment_group: prod-web,", "deployment_group: prod-webapp,"))
    done = udo(*DEPLOY, SHA)
    assert done.exit == 0, done.stderr
    assert "also deploys to prod-web\n" in done.stderr


def test_names_with_digits_and_underscores_are_taken_as_they_are(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    assert udo("deploy", "stage2.web_app-x", SHA).exit == 0
    assert [made["status"] for made in deployments(world, "s")] == ["Succeeded"]


def test_an_empty_group_is_named_and_nothing_is_deployed(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    done = udo("deploy", "stage2", "empty", SHA)
    assert done.exit == 1
    assert "group stage2-empty of stage2 empty is empty" in done.stderr
    assert writes(world) == []


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("webapp: {", "webapp: {group_name: prod-wep, ", "group prod-wep of prod webapp does not exist"),
        ("deployment_group: prod-webapp", "deployment_group: prod", "deployment group 'prod' of application 'shop'"),
        ("application: shop", "application: sho", "application 'sho' does not exist"),
    ],
)
def test_what_is_missing_is_named(world: Any, udo: Udo, seeded: Seeded, old: str, new: str, says: str) -> None:
    seeded(config())
    path = Path("udo.yml")
    path.write_text(path.read_text().replace(old, new))
    done = udo(*DEPLOY, SHA)
    assert done.exit == 1
    assert says in done.stderr
    assert writes(world) == []


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "which revision?"),
        ((SHA, "x"), "unexpected word 'x'"),
        (("--", "-x"), "'-x' is not a revision"),
        (("main",), "cannot be resolved"),
        ((SHA[:39],), "cannot be resolved"),
        ((SHA, "--timeout", "0"), "is not a time"),
        ((SHA, "--timeout", "soon"), "is not a time"),
        ((SHA, "--timeout", ""), "is not a time"),
        ((SHA, "--timeout", "60"), "write 60m for minutes, 60s for seconds"),
        ((SHA, "--timeout", "1.5"), "write 1.5m for minutes, 1.5s for seconds"),
        ((SHA, "--reason", "x" * 201), "at most 200"),
    ],
)
def test_a_wrong_command_line_is_exit_2_and_asks_aws_nothing(
    world: Any, udo: Udo, seeded: Seeded, words: tuple[str, ...], says: str
) -> None:
    seeded(config())
    done = udo(*DEPLOY, *words)
    assert done.exit == 2
    assert says in done.stderr
    assert asked(world) == []


def test_a_group_that_sleeps_is_to_be_woken_first(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    assert udo("sleep", "prod", "webapp", "--yes").exit == 0
    done = udo("deploy", "prod", "webapp", SHA)
    assert (done.exit, "it sleeps; it wakes with: udo wake prod webapp" in done.stderr) == (1, True)


def test_a_role_without_an_application_is_told_which_key(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config().replace("application: shop, ", ""))
    done = udo(*DEPLOY, SHA)
    assert (done.exit, asked(world)) == (2, [])
    assert "prod webapp has no deploy.application" in done.stderr


def test_a_branch_is_deployed_as_the_commit_it_is(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    who = ("-c", "user.name=tester", "-c", "user.email=tester@example.com")
    for words in (
        ("init", "-q", "-b", "main"),
        ("remote", "add", "up", "git@github.com:Example/shop.git"),
        (*who, "commit", "-q", "--allow-empty", "-m", "one"),
        ("update-ref", "refs/remotes/up/main", "main"),
    ):
        subprocess.run(["git", *words], check=True, env={"PATH": os.environ["PATH"], "HOME": os.environ["HOME"]})
    commit = subprocess.run(["git", "rev-parse", "main"], check=True, capture_output=True, text=True).stdout.strip()
    assert udo(*DEPLOY, "main").exit == 0
    assert deployments(world)[0]["revision"] == revision(commit)


S3 = "deploy: {github: null, s3: {bucket: releases, prefix: webapp, type: tgz}}"


def test_an_archive_is_pinned_by_version_and_etag(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config(S3))
    client = world.client("s3")
    client.put_bucket_versioning(Bucket="releases", VersioningConfiguration={"Status": "Enabled"})
    first = client.put_object(Bucket="releases", Key="webapp/1.4.tgz", Body=b"one")
    second = client.put_object(Bucket="releases", Key="webapp/1.4.tgz", Body=b"two")
    assert udo(*DEPLOY, "1.4").exit == 0
    made = deployments(world)[0]["revision"]["s3Location"]
    assert (made["key"], made["bundleType"], made["version"]) == ("webapp/1.4.tgz", "tgz", second["VersionId"])
    assert made["eTag"] == second["ETag"].strip('"')
    assert "every instance of prod webapp has" in udo(*DEPLOY, "1.4").stdout
    assert udo(*DEPLOY, f"s3://releases/webapp/1.4.tgz?versionId={first['VersionId']}").exit == 0
    assert deployments(world)[0]["revision"]["s3Location"]["version"] == first["VersionId"]


def test_an_archive_that_is_not_there_is_named(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config(S3))
    done = udo(*DEPLOY, "1.5")
    assert done.exit == 1
    assert "there is no s3://releases/webapp/1.5.tgz" in done.stderr
    assert "CreateDeployment" not in asked(world)


def test_the_configured_way_to_deploy_is_used(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config("deploy: {config: CodeDeployDefault.AllAtOnce, on_failure: rollback}"))
    assert udo(*DEPLOY, SHA).exit == 0
    made = deployments(world)[0]
    assert made["deploymentConfigName"] == "CodeDeployDefault.AllAtOnce"
    assert made["autoRollbackConfiguration"] == {"enabled": True, "events": ["DEPLOYMENT_FAILURE"]}


def test_what_becomes_of_files_in_the_way_is_configured_given_and_shown(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config("deploy: {file_exists: retain}"))
    assert "(3 instances, files in the way: retain)" in udo(*DEPLOY, SHA, "-n").stdout
    shown = udo(*DEPLOY, SHA, "-n", "--file-exists", "disallow", "-o", "json").json["data"]["plan"]["steps"][0]
    assert shown["params"]["fileExistsBehavior"] == "DISALLOW"
    assert "fileExistsBehavior" not in str(udo("deploy", "prod", "web", SHA, "-n", "-o", "json").json)
    for words, made in (((), "RETAIN"), (("--again", "--file-exists", "overwrite"), "OVERWRITE")):
        assert udo(*DEPLOY, SHA, *words).exit == 0
        assert deployments(world)[0]["fileExistsBehavior"] == made
    told = udo(*DEPLOY, SHA, "--file-exists", "replace")
    assert (told.exit, "'disallow', 'overwrite', 'retain'" in told.stderr) == (2, True)


def test_a_protected_role_asks(world: Any, udo: Udo, seeded: Seeded, monkeypatch: Any) -> None:
    seeded(config("protected: true"))
    with Path(os.devnull).open() as nobody:
        monkeypatch.setattr("sys.stdin", nobody)
        assert udo(*DEPLOY, SHA).exit == 7
        assert deployments(world) == []
        assert udo(*DEPLOY, SHA, "--yes").exit == 0
