"""create: the new group joins its deployment group, beside the others, before its first members come."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from create_worlds import BASE, CREATE, ZONES, config, group, groups, hooks_of, sizes, tags, write
from deploy_worlds import SHA, begin, deployments, end, members, writes
from test_destroy import joined

from udo.sandbox.faults import Fault, Killed

Udo = Callable[..., Any]
Seeded = Callable[..., Any]
ROLE_ARN = "arn:aws:iam::123456789012:role/codedeploy"
DEPLOY = "deploy: {application: shop, github: {repo: example/shop}}"
JOINS = (BASE, ZONES, DEPLOY, "deployment_group: both")


@pytest.fixture
def shop(world: Any, seeded: Seeded) -> Any:
    """prod web in the deployment group both, and udo.yml with prod webapp that is to join it."""
    seeded(alone("deployment_group: both"))
    write(*JOINS)
    world.log.clear()
    return world


def alone(*lines: str) -> str:
    """udo.yml with prod web alone, and more lines of it."""
    return config().partition("      webapp:")[0] + "".join(f"        {line}\n" for line in (DEPLOY, *lines))


def test_it_joins_beside_the_others(shop: Any, udo: Udo) -> None:
    done = udo(*CREATE)
    assert done.exit == 0, done.stderr
    assert joined(shop, "both") == {"prod-web", "prod-webapp"}
    assert writes(shop) == ["CreateLaunchTemplate", "CreateAutoScalingGroup", "UpdateDeploymentGroup", "DeleteTags"]
    assert "nothing was ever deployed to both: members begin without a revision" in done.stderr
    assert udo(*CREATE).stdout == "prod-webapp exists as udo.yml says\n"


def test_where_a_revision_was_deployed_its_first_members_get_it(shop: Any, udo: Udo) -> None:
    begin(shop, SHA, "both")
    end(shop)
    shop.log.clear()
    done = udo(*CREATE)
    assert done.exit == 0, done.stderr
    assert writes(shop) == [
        *("CreateLaunchTemplate", "CreateAutoScalingGroup", "UpdateDeploymentGroup", "UpdateAutoScalingGroup"),
        "DeleteTags",
    ]
    brought = [one for one in deployments(shop, "both") if one["creator"] == "autoscaling"]
    assert [one["status"] for one in brought] == ["Succeeded", "Succeeded"]
    assert (sizes(shop), len(members(shop))) == ((1, 2, 4), 2)
    assert "udo:creating" not in tags(shop)


@pytest.mark.whole
def test_destroy_takes_it_out_again_and_create_in(shop: Any, udo: Udo) -> None:
    for _ in range(2):
        assert udo(*CREATE).exit == 0
        assert joined(shop, "both") == {"prod-web", "prod-webapp"}
        assert udo("destroy", "prod", "webapp", "--confirm", "prod-webapp").exit == 0
        assert (joined(shop, "both"), groups(shop)) == ({"prod-web"}, {"prod-web"})


def test_a_deployment_group_that_is_not_there_is_made_with_its_application(shop: Any, udo: Udo) -> None:
    deploy = f"deploy: {{application: books, service_role: '{ROLE_ARN}', config: CodeDeployDefault.AllAtOnce}}"
    write(BASE, ZONES, deploy, "deployment_group: books-prod")
    done = udo(*CREATE)
    assert done.exit == 0, done.stderr
    assert {"CreateApplication", "CreateDeploymentGroup"} <= {*writes(shop)}
    asked = {"applicationName": "books", "deploymentGroupName": "books-prod"}
    made = shop.client("codedeploy").get_deployment_group(**asked)["deploymentGroupInfo"]
    assert (made["serviceRoleArn"], made["deploymentConfigName"]) == (ROLE_ARN, "CodeDeployDefault.AllAtOnce")
    assert [one["name"] for one in made["autoScalingGroups"]] == ["prod-webapp"]
    assert udo(*CREATE).stdout == "prod-webapp exists as udo.yml says\n"


@pytest.mark.parametrize(("application", "lines"), [("shop", 1), ("books", 2)])
def test_without_a_service_role_the_lines_are_printed(shop: Any, udo: Udo, application: str, lines: int) -> None:
    write(BASE, ZONES, f"deploy: {{application: {application}}}", "deployment_group: new")
    done = udo(*CREATE)
    assert (done.exit, done.stderr.count("aws deploy create-")) == (0, lines), done.stderr
    assert (
        f"aws deploy create-deployment-group --application-name {application} --deployment-group-name new "
        "--auto-scaling-groups prod-webapp --service-role-arn ROLE_ARN" in done.stderr
    )


def test_a_deployment_that_is_under_way_is_not_disturbed(shop: Any, udo: Udo) -> None:
    begin(shop, SHA, "both")
    shop.log.clear()
    done = udo(*CREATE)
    assert (done.exit, writes(shop), groups(shop)) == (4, [], {"prod-web"})
    assert "wait for its end, or use 'udo stop'" in done.stderr


@pytest.mark.whole
def test_what_was_cut_off_before_it_joined_goes_on_there(shop: Any, udo: Udo) -> None:
    begin(shop, SHA, "both")
    end(shop)
    for operation in ("UpdateDeploymentGroup", "codedeploy:UpdateDeploymentGroup"):
        shop.faults.add(Fault("kill", operation))
        with pytest.raises(Killed):
            udo(*CREATE)
        shop.faults.clear()
        assert (sizes(shop), members(shop), "udo:creating" in tags(shop)) == ((0, 0, 4), [], True)
        assert "'udo create prod webapp'" in udo("status", "prod", "webapp").stderr
        assert udo("unlock", "prod", "webapp", "--yes").exit == 0
    done = udo(*CREATE)
    assert done.exit == 0, done.stderr
    assert (sizes(shop), joined(shop, "both")) == ((1, 2, 4), {"prod-web", "prod-webapp"})
    assert "udo:creating" not in tags(shop)
    assert any(one.startswith("CodeDeploy-managed") for one in hooks_of(shop))
    assert len(group(shop)["Instances"]) == 2


def test_launches_that_can_never_succeed_end_the_wait_with_the_reason(shop: Any, udo: Udo) -> None:
    shop.client("ec2").create_key_pair(KeyName="shop")
    begin(shop, SHA, "both")
    end(shop)
    write(*JOINS, "keypair_name: shop")
    lose = partial(shop.client("ec2").delete_key_pair, KeyName="shop")
    shop.faults.add(Fault("hook", "UpdateDeploymentGroup", after=True, hook=lambda _: lose()))
    done = udo(*CREATE)
    assert (done.exit, members(shop)) == (1, []), done.stderr
    told = done.stderr.splitlines()[-1]
    assert "wait until prod-webapp has 2 in service: " in told
    assert "The key pair 'shop' does not exist" in told
    assert "correct keypair_name: udo check --online" in told


def test_several_that_join_the_same_one_are_each_planned_when_their_turn_comes(shop: Any, udo: Udo) -> None:
    more = "".join(f"        {line}\n" for line in JOINS)
    Path("udo.yml").write_text(f"{Path('udo.yml').read_text()}      api:\n{more}")
    done = udo("create", "prod", "--yes")
    assert done.exit == 0, done.stderr
    assert joined(shop, "both") == {"prod-web", "prod-webapp", "prod-api"}


def test_an_old_group_that_is_not_in_it_joins_too(shop: Any, udo: Udo) -> None:
    write(BASE, ZONES)
    assert udo(*CREATE).exit == 0
    write(*JOINS)
    shop.log.clear()
    done = udo(*CREATE)
    assert (done.exit, writes(shop)) == (0, ["UpdateDeploymentGroup"]), done.stderr
    assert joined(shop, "both") == {"prod-web", "prod-webapp"}
