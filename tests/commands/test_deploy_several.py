"""deploy to several roles: in order, planned and asked once, ended by the first that fails, taken up where it ended."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from deploy_worlds import OTHER, SHA, asked, at, begin, deployments, end, writes

from udo.sandbox.faults import Fault
from udo.sandbox.strict import DeploymentFault
from udo.sandbox.strict.codedeploy.faults import deployment_faults

Udo = Callable[..., Any]
Seeded = Callable[..., Any]
ROLE = "deployment_group: prod-{0}, scale_policy: {{min_size: 0, max_size: 9, desired: 1}}"
CONFIG = """
app_name: shop
region: us-west-2
ami: ami-0aaaaaaaaaaaaaaaa
instance_type: t3.small
availability_zones: [us-west-2a]
deploy: {{application: shop, github: {{repo: example/shop}}}}
clusters:
  prod:
    roles:
      worker: {{{worker}, deploy: {{after: [web, api]}}}}
      web: {{{web}, deploy: {{after: api}}{more}}}
      api: {{{api}}}
      cron: {{{cron}}}
"""
NAMES = ("worker", "web", "api", "cron")
ALL = ("deploy", "prod", "*", SHA)


def config(more: str = "") -> str:
    roles = {name: ROLE.format(name) for name in NAMES}
    return CONFIG.format(**roles, more=f", {more}" if more else "")


def made(world: Any) -> list[str]:
    """The deployment groups in the order in which deployments were made, with how these ended."""
    found = [(one["createTime"], name, one["status"]) for name in NAMES for one in deployments(world, f"prod-{name}")]
    return [f"{name} {status}" for _, name, status in sorted(found)]


def failing(group: str = "prod-web") -> None:
    deployment_faults.add(DeploymentFault(event="Install", deployment_group=group))


@pytest.mark.whole
@pytest.mark.parametrize("words", ["*", "worker,cron,web,api"])
def test_each_role_is_deployed_after_those_it_names_and_asked_once(
    world: Any, udo: Udo, seeded: Seeded, words: str
) -> None:
    seeded(config())
    refused = udo("deploy", "prod", words, SHA)
    assert refused.exit == 7
    assert "4 groups are changed. Continue?" in refused.stderr
    assert writes(world) == []
    done = udo("deploy", "prod", words, SHA, "--yes")
    assert done.exit == 0, done.stderr
    assert made(world) == ["api Succeeded", "web Succeeded", "worker Succeeded", "cron Succeeded"]
    told = [line.partition(" to ")[2] for line in done.stdout.splitlines() if line.startswith("deployment d-")]
    assert told == [f"prod {name} succeeded on 1 instance" for name in ("api", "web", "worker", "cron")]


def test_only_the_roles_that_are_named_matter_for_the_order(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    done = udo("deploy", "prod", "cron,worker,api", SHA, "--yes")
    assert done.exit == 0, done.stderr
    assert made(world) == ["api Succeeded", "worker Succeeded", "cron Succeeded"]
    assert "web" not in done.stderr.replace("webapp", "")
    assert udo("deploy", "prod", "worker", OTHER).exit == 0


def test_a_dry_run_shows_all_in_order_and_creates_nothing(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    done = udo(*ALL, "-n")
    assert done.exit == 0, done.stderr
    heads = [line.split()[2] for line in done.stdout.splitlines() if line.startswith("deploy  prod ")]
    assert heads == ["api", "web", "worker", "cron"]
    assert done.stdout.endswith("4 to change\n")
    assert writes(world) == []


@pytest.mark.whole
def test_the_first_that_fails_ends_it_and_the_same_command_goes_on_there(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    failing()
    done = udo(*ALL, "--yes")
    assert done.exit == 3, done.stderr
    assert done.stderr.endswith(
        "udo: 1 of 4 roles failed: prod web; not begun: prod worker, prod cron: the same command continues there\n"
    )
    assert "prod worker was not started\n" in done.stdout
    assert made(world) == ["api Succeeded", "web Failed"]
    deployment_faults.clear()
    again = udo(*ALL, "--yes")
    assert again.exit == 0, again.stderr
    assert made(world)[2:] == ["web Succeeded", "worker Succeeded", "cron Succeeded"]
    third = udo(*ALL)
    assert (third.exit, made(world)[5:]) == (0, []), third.stderr


def test_where_the_first_fails_its_exit_code_is_that_of_all(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    failing("prod-api")
    done = udo(*ALL, "--yes", "-o", "json")
    assert (done.exit, done.json["error"]["code"]) == (1, "failed")
    assert "not begun: prod web, prod worker, prod cron" in done.json["error"]["message"]
    assert made(world) == ["api Failed"]


def test_where_one_cannot_be_planned_none_is_begun(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    begin(world, OTHER, "prod-worker")
    world.log.clear()
    done = udo(*ALL, "--yes")
    assert done.exit == 4, done.stderr
    assert "udo: prod worker: deployment d-" in done.stderr
    assert writes(world) == []
    dry = udo(*ALL, "-n")
    assert dry.exit == 3
    assert "1 cannot be planned" in dry.stdout


def test_a_role_is_looked_at_afresh_when_its_turn_comes(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    at(world, "CreateDeployment", lambda: begin(world, SHA, "prod-web"))
    at(world, "GetDeployment", lambda: end(world), nth=3)
    done = udo("deploy", "prod", "api,web", SHA, "--yes")
    assert done.exit == 0, done.stderr
    assert sorted(made(world)) == ["api Succeeded", "web Succeeded"]
    assert "every instance of prod web has" in done.stdout


def test_supersede_stops_only_what_was_asked_about(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    begin(world, OTHER, "prod-api")
    deployment_faults.add(DeploymentFault(status="Baking", deployment_group="prod-web"))
    at(world, "CreateDeployment", lambda: begin(world, OTHER, "prod-web"))
    done = udo("deploy", "prod", "api,web", SHA, "--supersede", "--yes")
    assert done.exit == 3, done.stderr
    assert "another deployment to prod web has begun meanwhile: it was not stopped" in done.stderr
    assert [one["status"] for one in deployments(world, "prod-api")] == ["Succeeded", "Stopped"]
    assert "Stopped" not in [one["status"] for one in deployments(world, "prod-web")]


def test_hooks_run_for_each_role_at_its_turn(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(
        "pre_deploy_hook: [[sh, -c, 'echo before $UDO_ROLE >> told']]\n"
        "post_deploy_hook: [[sh, -c, 'echo after $UDO_ROLE >> told']]\n" + config()
    )
    assert udo("deploy", "prod", "api,web", SHA, "--yes").exit == 0
    assert Path("told").read_text().splitlines() == ["before api", "after api", "before web", "after web"]


def test_a_hook_before_that_fails_ends_it(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config("pre_deploy_hook: [['false']]"))
    done = udo("deploy", "prod", "api,web,worker", SHA, "--yes")
    assert done.exit == 3, done.stderr
    assert "1 of 3 roles failed: prod web; not begun: prod worker" in done.stderr
    assert made(world) == ["api Succeeded"]


def test_ctrl_c_leaves_the_deployment_to_aws_and_begins_no_other(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    world.faults.add(Fault("hook", "GetDeployment", nth=2, hook=lambda _: signal.raise_signal(signal.SIGINT)))
    done = udo(*ALL, "--yes")
    assert done.exit == 130
    assert "not begun" not in done.stderr.splitlines()[0]
    assert "prod web was not started" in done.stdout
    end(world)
    assert made(world) == ["api Succeeded"]


def test_no_wait_begins_all_where_none_comes_after_another(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    done = udo("deploy", "prod", "api,cron", SHA, "--no-wait", "--yes")
    assert done.exit == 0, done.stderr
    assert made(world) == ["api Created", "cron Created"]
    refused = udo("deploy", "prod", "api,web", SHA, "--no-wait", "--yes")
    assert refused.exit == 2
    assert "--no-wait does not wait for the roles that prod web comes after (udo.yml:12)" in refused.stderr


def test_follow_watches_each_and_asks_nothing(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    begin(world, OTHER, "prod-api")
    begin(world, SHA, "prod-web")
    done = udo("deploy", "prod", "api,web,cron", "--follow")
    assert done.exit == 0, done.stderr
    assert made(world) == ["api Succeeded", "web Succeeded"]
    assert "no deployment is active on prod cron" in done.stdout


def test_from_takes_what_each_role_runs_there(world: Any, udo: Udo, seeded: Seeded) -> None:
    stage = "  stage: {roles: {" + ", ".join(
        f"{name}: {{deployment_group: stage-{name}, scale_policy: {{min_size: 0, max_size: 9, desired: 1}}}}"
        for name in ("api", "web")
    )
    seeded(config() + stage + "}}\n")
    for commit, group in ((SHA, "stage-api"), (OTHER, "stage-web")):
        begin(world, commit, group)
        end(world)
    done = udo("deploy", "prod", "api,web", "--from", "stage", "--yes")
    assert done.exit == 0, done.stderr
    found = [deployments(world, f"prod-{name}")[0]["revision"]["gitHubLocation"]["commitId"] for name in ("api", "web")]
    assert found == [SHA, OTHER]


@pytest.mark.whole
def test_previous_of_several_is_exit_2_and_rollback_goes_back_once(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    for commit in (SHA, OTHER):
        for name in NAMES:
            begin(world, commit, f"prod-{name}")
            end(world)
    world.log.clear()
    refused = udo("deploy", "prod", "api,web", "@previous", "--yes")
    assert refused.exit == 2
    assert "'udo rollback prod web,api --code' goes back once" in refused.stderr
    assert asked(world) == []
    failing("prod-api")
    back = ("rollback", "prod", "api,web,worker", "--code", "--yes")
    assert udo(*back).exit == 3
    assert made(world)[8:] == ["worker Succeeded", "web Succeeded", "api Failed"]
    deployment_faults.clear()
    assert udo(*back).exit == 0
    assert made(world)[11:] == ["api Succeeded"]


def test_a_name_of_git_is_looked_up_once_for_all(
    world: Any, udo: Udo, seeded: Seeded, monkeypatch: pytest.MonkeyPatch
) -> None:
    from udo.deploy import lookup
    from udo.deploy.revision import Commit

    seeded(config())
    commits = iter([SHA, OTHER])
    monkeypatch.setattr(lookup, "resolved", lambda wanted, _: Commit(wanted.repository, next(commits)))
    assert udo("deploy", "prod", "api,web", "main", "--yes").exit == 0
    found = {deployments(world, f"prod-{name}")[0]["revision"]["gitHubLocation"]["commitId"] for name in ("api", "web")}
    assert found == {SHA}


def test_several_clusters_are_too_many(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    done = udo("deploy", "*", "api", SHA)
    assert (done.exit, "is more than one cluster" in done.stderr) == (2, True)


def test_a_bundle_is_uploaded_once_for_all(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config().replace("github: {repo: example/shop}", "s3: {bucket: releases}"))
    Path("build").mkdir()
    Path("build/appspec.yml").write_text("version: 0.0\nos: linux\n")
    done = udo("deploy", "prod", "api,web", "--bundle", "build", "--yes")
    assert done.exit == 0, done.stderr
    assert made(world) == ["api Succeeded", "web Succeeded"]
    assert writes(world).count("PutObject") == 1
