"""destroy: a group leaves the deployment groups that list it, exactly it, and others stay in them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from deploy_worlds import at, writes
from test_destroy import SURE, join, joined, shop

from udo.sandbox.faults import Fault

Udo = Callable[..., Any]
__all__ = ("shop",)


def test_the_other_groups_of_its_deployment_group_stay_in_it(shop: Any, udo: Udo) -> None:
    join(shop, "stage2-empty", "prod-webapp", "prod-web")
    done = udo(*SURE)
    assert (done.exit, joined(shop)) == (0, {"stage2-empty", "prod-web"})
    assert "stays without a group" not in done.stderr


def other_deployment_group(world: Any, name: str, application: str, *groups: str) -> None:
    client = world.client("codedeploy")
    with suppress(client.exceptions.ApplicationAlreadyExistsException):
        client.create_application(applicationName=application)
    role = client.get_deployment_group(applicationName="shop", deploymentGroupName="prod-webapp")
    client.create_deployment_group(
        applicationName=application,
        deploymentGroupName=name,
        serviceRoleArn=role["deploymentGroupInfo"]["serviceRoleArn"],
        autoScalingGroups=list(groups),
    )


def test_it_leaves_every_deployment_group_of_the_application_that_lists_it(shop: Any, udo: Udo) -> None:
    other_deployment_group(shop, "prod-all", "shop", "prod-webapp", "prod-web")
    other_deployment_group(shop, "prod-rest", "shop", "stage2-empty")
    told = udo(*SURE, "--dry-run").stdout
    for name in ("prod-webapp", "prod-all"):
        assert f"take prod-webapp out of deployment group {name}\n" in told
    assert udo(*SURE).exit == 0
    assert (joined(shop), joined(shop, "prod-all")) == (set(), {"prod-web"})
    assert joined(shop, "prod-rest") == {"stage2-empty"}
    assert writes(shop).count("UpdateDeploymentGroup") == 2
    assert udo(*SURE).stdout == "nothing to destroy: prod-webapp does not exist\n"


def test_a_deployment_to_any_of_them_is_somebody_at_work(shop: Any, udo: Udo) -> None:
    other_deployment_group(shop, "prod-all", "shop", "prod-webapp")
    shop.client("codedeploy").create_deployment(
        applicationName="shop",
        deploymentGroupName="prod-all",
        revision={"revisionType": "GitHub", "gitHubLocation": {"repository": "a/b", "commitId": "a" * 40}},
    )
    shop.log.clear()
    done = udo(*SURE)
    assert (done.exit, "to prod-all is" in done.stderr, writes(shop)) == (4, True, [])


def test_one_of_another_application_is_named_by_the_hook_that_codedeploy_has_left_and_stays(
    shop: Any, udo: Udo
) -> None:
    other_deployment_group(shop, "batch-night", "batch", "prod-webapp")
    told = udo(*SURE, "--dry-run")
    named = "warning: prod-webapp stays listed in deployment group batch-night (not of shop)"
    assert (told.exit, told.stdout.count(named) + told.stderr.count(named)) == (0, 1)
    assert udo(*SURE).exit == 0
    assert joined(shop) == set()


def test_where_deployment_groups_may_not_be_listed_that_of_udo_yml_is_left_and_this_is_said(
    shop: Any, udo: Udo
) -> None:
    shop.faults.add(Fault("deny", "ListDeploymentGroups", times=None))
    done = udo(*SURE)
    assert (done.exit, joined(shop)) == (0, set())
    assert "warning: only deployment group prod-webapp is looked at: codedeploy:ListDeploymentGroups" in done.stderr


def test_the_last_group_leaves_a_deployment_group_that_is_named(shop: Any, udo: Udo) -> None:
    done = udo(*SURE)
    assert "deployment group prod-webapp of shop stays without a group: deployments to it fail" in done.stderr


def test_who_joins_the_deployment_group_meanwhile_is_not_put_out(shop: Any, udo: Udo) -> None:
    at(shop, "UpdateAutoScalingGroup", lambda: join(shop, "prod-webapp", "prod-web"))
    assert udo(*SURE).exit == 4
    assert joined(shop) == {"prod-webapp", "prod-web"}
    assert udo(*SURE).exit == 0
    assert joined(shop) == {"prod-web"}
