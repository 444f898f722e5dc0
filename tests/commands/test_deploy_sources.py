"""What stands in the place of REV: the revision before, another cluster's, what is active, an older commit."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from deploy_worlds import OTHER, SHA, begin, config, deployments, end, writes

from udo.sandbox.strict import DeploymentFault
from udo.sandbox.strict.codedeploy.faults import deployment_faults

Udo = Callable[..., Any]
Seeded = Callable[..., Any]
DEPLOY = ("deploy", "prod", "webapp")
THIRD = "2222222222222222222222222222222222222222"
TWO = """
app_name: shop
region: us-west-2
ami: ami-0aaaaaaaaaaaaaaaa
instance_type: t3.small
availability_zones: [us-west-2a]
deploy: {application: shop, github: {repo: example/shop}}
clusters:
  stage: {roles: {webapp: {deployment_group: stage-webapp, scale_policy: {min_size: 0, max_size: 9, desired: 2}}}}
  prod: {roles: {webapp: {deployment_group: prod-webapp, scale_policy: {min_size: 0, max_size: 9, desired: 2}}}}
  bare: {roles: {worker: {deployment_group: bare-worker, scale_policy: {min_size: 0, max_size: 9, desired: 1}}}}
"""


def commit_of(world: Any, group: str = "prod-webapp") -> str:
    """The commit of the newest deployment."""
    return str(deployments(world, group)[0]["revision"]["gitHubLocation"]["commitId"])


def test_previous_is_the_newest_other_revision_that_succeeded(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    for commit in (SHA, OTHER):
        begin(world, commit)
        end(world)
    done = udo(*DEPLOY, "@previous")
    assert done.exit == 0, done.stderr
    assert commit_of(world) == SHA
    assert f"@previous is example/shop {SHA}" in done.stderr


def test_after_a_failure_previous_is_what_ran_before_it_and_then_the_one_before_that(
    world: Any, udo: Udo, seeded: Seeded
) -> None:
    seeded(config())
    for commit in (SHA, OTHER):
        begin(world, commit)
        end(world)
    deployment_faults.add(DeploymentFault(event="Install"))
    begin(world, THIRD)
    end(world)
    assert deployments(world)[0]["status"] == "Failed"
    deployment_faults.clear()
    # As `rollback --code` has it.
    assert f"deploy example/shop {OTHER[:7]}" in udo("rollback", "prod", "webapp", "--code", "-n").stdout
    assert udo(*DEPLOY, "@previous").exit == 0
    assert commit_of(world) == OTHER
    assert udo(*DEPLOY, "@previous").exit == 0
    assert commit_of(world) == SHA


@pytest.mark.parametrize("commits", [(), (SHA,), (SHA, SHA)])
def test_where_there_is_no_previous_one_nothing_is_created(
    world: Any, udo: Udo, seeded: Seeded, commits: tuple[str, ...]
) -> None:
    seeded(config())
    for commit in commits:
        begin(world, commit)
        end(world)
    done = udo(*DEPLOY, "@previous")
    assert done.exit == 1
    assert "name the revision" in done.stderr
    assert len(deployments(world)) == len(commits)


def test_from_another_cluster_is_what_runs_there(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(TWO)
    begin(world, OTHER, "stage-webapp")
    end(world)
    done = udo(*DEPLOY, "--from", "stage")
    assert done.exit == 0, done.stderr
    assert commit_of(world) == OTHER
    assert f"stage webapp runs example/shop {OTHER}" in done.stderr


def test_from_a_cluster_whose_last_deployment_failed_is_refused(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(TWO)
    begin(world, SHA, "stage-webapp")
    end(world)
    deployment_faults.add(DeploymentFault(event="Install"))
    begin(world, OTHER, "stage-webapp")
    end(world)
    done = udo(*DEPLOY, "--from", "stage")
    assert done.exit == 7
    assert f"stage webapp does not run example/shop {SHA} everywhere" in done.stderr
    assert deployments(world) == []


def test_from_a_cluster_with_an_active_deployment_is_refused(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(TWO)
    begin(world, SHA, "stage-webapp")
    end(world)
    begin(world, OTHER, "stage-webapp")
    done = udo(*DEPLOY, "--from", "stage")
    assert done.exit == 7
    assert "to stage webapp is active" in done.stderr


def test_from_where_nothing_was_deployed_is_told(udo: Udo, seeded: Seeded) -> None:
    seeded(TWO)
    done = udo(*DEPLOY, "--from", "stage")
    assert done.exit == 1
    assert "stage webapp has no successful deployment" in done.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--from", "prod"), "is the cluster that is deployed to"),
        (("--from", "nowhere"), "no cluster 'nowhere'"),
        (("--from", "stage,prod"), "'stage,prod' is more than one cluster"),
        (("--from", "stage,stage"), "'stage,stage' is more than one cluster"),
        (("--from", "*"), "'*' is more than one cluster"),
        (("--from", "stage.webapp"), "name the cluster alone, without a role"),
        (("--from", "stage webapp"), "'stage webapp' is not a name"),
        (("--from", ""), "'' is not a name"),
        (("--from", "", SHA), "exclude each other"),
        (("--from", "bare"), "no role 'webapp' in cluster 'bare'"),
        ((SHA, "--from", "stage"), "exclude each other"),
        ((SHA, "--follow"), "exclude each other"),
        (("--queue", "--supersede", SHA), "exclude each other"),
        ((), "which revision?"),
    ],
)
def test_what_makes_no_sense_is_a_wrong_use(
    world: Any, udo: Udo, seeded: Seeded, words: tuple[str, ...], told: str
) -> None:
    seeded(TWO)
    done = udo(*DEPLOY, *words)
    assert done.exit == 2
    assert told in done.stderr
    assert done.stderr.count("\n") == 1
    assert not world.log
    assert writes(world) == []


def test_whatever_is_active_is_followed(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    one = begin(world, OTHER)
    done = udo(*DEPLOY, "--follow")
    assert done.exit == 0, done.stderr
    assert f"deployment {one} of example/shop {OTHER} to prod webapp succeeded" in done.stdout
    assert writes(world) == []
    assert udo(*DEPLOY, "--follow").stdout == "no deployment is active on prod webapp\n"


@pytest.fixture
def clone(tmp_path: Path) -> Callable[..., str]:
    """git in a clone of example/shop that stands in the current folder."""

    def git(*words: str) -> str:
        line = ("git", "-c", "user.name=x", "-c", "user.email=x@example.com", *words)
        return subprocess.run(line, check=True, capture_output=True, text=True, cwd=tmp_path).stdout.strip()

    git("init", "--quiet", "--initial-branch=main")
    git("remote", "add", "origin", "https://github.com/example/shop.git")
    return git


def _commit(git: Callable[..., str], says: str) -> str:
    git("commit", "--quiet", "--allow-empty", "-m", says)
    git("update-ref", "refs/remotes/origin/main", "HEAD")
    return git("rev-parse", "HEAD")


@pytest.mark.whole
def test_the_commits_between_what_runs_and_what_is_new_are_shown_before_it_is_used(
    world: Any, udo: Udo, seeded: Seeded, clone: Callable[..., str]
) -> None:
    seeded(config())
    first = _commit(clone, "one")
    assert udo(*DEPLOY, "main").exit == 0
    for number in range(23):
        _commit(clone, f"number {number}")
    done = udo(*DEPLOY, "HEAD", "-n")
    assert done.exit == 0, done.stderr
    assert f"23 commits since {first[:7]}:" in done.stderr + done.stdout
    assert "number 22" in done.stderr + done.stdout
    assert "  and 3 more" in done.stderr + done.stdout


@pytest.mark.whole
def test_an_older_commit_is_refused_unless_it_is_allowed_or_the_one_before(
    world: Any, udo: Udo, seeded: Seeded, clone: Callable[..., str]
) -> None:
    seeded(config())
    first, second = _commit(clone, "one"), _commit(clone, "two")
    assert udo(*DEPLOY, first).exit == 0
    assert udo(*DEPLOY, second).exit == 0
    done = udo(*DEPLOY, first)
    assert done.exit == 7
    assert f"{first[:12]} is older than {second[:12]}, which prod webapp runs" in done.stderr
    assert len(deployments(world)) == 2
    assert udo(*DEPLOY, "@previous").exit == 0
    assert commit_of(world) == first
    assert udo(*DEPLOY, second).exit == 0
    assert udo(*DEPLOY, first, "--allow-older").exit == 0
    assert commit_of(world) == first
