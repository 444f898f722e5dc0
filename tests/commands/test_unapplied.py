"""Keys of udo.yml that the live group has otherwise: status and updatelc name them, once a key."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from launch_worlds import CONFIG, configuration_world, write_config
from test_many_roles import two_groups

Udo = Callable[..., Any]
ARN = "arn:aws:elasticloadbalancing:us-west-2:123456789012:targetgroup/{}/0123456789abcdef"


def world_with(world: Any) -> None:
    """prod-webapp with tags, a load balancer and subnets of its own."""
    configuration_world(world)
    client = world.client("autoscaling")
    tag = {"ResourceId": "prod-webapp", "ResourceType": "auto-scaling-group", "PropagateAtLaunch": True}
    client.create_or_update_tags(Tags=[tag | {"Key": "team", "Value": "web"}, tag | {"Key": "cost", "Value": "7"}])
    client.update_auto_scaling_group(
        AutoScalingGroupName="prod-webapp", HealthCheckType="EC2", HealthCheckGracePeriod=120
    )


LIKE = "scale_policy: {min_size: 1, max_size: 3, desired: 2}, tags: {team: web}, health_check: {type: EC2, grace: 2m}"


@pytest.mark.parametrize(
    ("said", "keys"),
    [
        (LIKE, []),
        (LIKE.replace("max_size: 3", "max_size: 9"), ["scale_policy"]),
        # The live desired capacity is never drift.
        (LIKE.replace("desired: 2", "desired: 3"), []),
        (LIKE.replace("team: web", "team: shop"), ["tags"]),
        (LIKE.replace("team: web", "team: web, new: one"), ["tags"]),
        (LIKE.replace("2m", "3m"), ["health_check"]),
        (LIKE.replace("type: EC2", "type: ELB"), ["health_check"]),
        ("elbs: [prod-https]", ["elbs"]),
        ("target_groups: [prod-webapp]", ["target_groups"]),
        ("subnets: [subnet-0a1b2c3d4e5f60718]", ["subnets"]),
        ("tags: {team: '${ssm:/team}'}", []),
        ("metrics: all", ["metrics"]),
        ("default_instance_warmup: 2m, deletion_protection: none", ["default_instance_warmup"]),
    ],
)
def test_a_key_that_the_live_group_has_otherwise_is_named_by_status(
    world: Any, udo: Udo, said: str, keys: list[str]
) -> None:
    world_with(world)
    write_config(CONFIG.replace("webapp: {", f"webapp: {{{said}, "))
    assert udo("status", "-o", "json").json["data"][0]["not_applied"] == keys
    told = [line for line in udo("status").stderr.splitlines() if "udo update prod webapp applies it" in line]
    assert told == [f"{key} of prod webapp: differs from udo.yml, udo update prod webapp applies it" for key in keys]


def test_plan_exits_with_5_for_keys_that_update_applies_too(world: Any, udo: Udo) -> None:
    world_with(world)
    write_config(CONFIG)
    assert udo("updatelc", "prod", "webapp").exit == 0
    assert udo("plan", "--exit-code").exit == 0
    write_config(CONFIG.replace("webapp: {", "webapp: {tags: {team: shop}, "))
    assert (udo("plan").exit, udo("plan", "--exit-code").exit) == (0, 5)
    assert udo("update", "prod", "webapp").exit == 0
    assert udo("plan", "--exit-code").exit == 0


def test_a_change_of_what_is_launched_names_them_too(world: Any, udo: Udo) -> None:
    world_with(world)
    write_config(CONFIG.replace("webapp: {", "webapp: {tags: {team: shop}, "))
    for words in (["-n"], [], []):
        told = udo("updatelc", "prod", "webapp", *words).stderr
        assert "tags of prod webapp: differs from udo.yml, udo update prod webapp applies it" in told


def test_target_groups_and_load_balancers_are_known_by_name_and_arn(world: Any) -> None:
    import os

    from udo.config import load
    from udo.groups.unapplied import unapplied
    from udo.model.groups import AutoScalingGroup

    raw = {
        "TargetGroupARNs": [ARN.format("web"), ARN.format("api")],
        "LoadBalancerNames": ["a"],
        "VPCZoneIdentifier": "s-1, s-2",
    }
    live = AutoScalingGroup("prod-web", None, 0, 1, 0, raw=raw)

    def named(said: str) -> list[str]:
        Path("udo.yml").write_text(f"clusters: {{prod: {{roles: {{web: {{{said}}}}}}}}}\n")
        return unapplied(load(Path("udo.yml"), os.environ).role("prod", "web"), live)

    assert named(f"target_groups: [{ARN.format('web')}, api], elbs: [a], subnets: [s-2, s-1]") == []
    # What is attached besides is left, and so no difference that 'udo update' would end.
    assert named("target_groups: [web]") == []
    assert named("target_groups: [new], elbs: [b], subnets: [s-1]") == ["subnets", "elbs", "target_groups"]


def test_a_key_is_named_once_whatever_the_number_of_roles(world: Any, udo: Udo) -> None:
    two_groups(world)
    write_config(
        CONFIG.replace("region:", "scale_policy: {max_size: 7}\nregion:") + "      worker: {}\n      gone: {}\n"
    )
    told = udo("status").stderr
    assert told.count("udo update prod web") == 1
    assert "scale_policy of prod webapp, prod worker: differs from udo.yml" in told


ACTING = (
    "scaling_policies: {up: {AdjustmentType: ChangeInCapacity, ScalingAdjustment: 2}}, "
    "scheduled_actions: {once: {StartTime: '2099-01-01T01:00:00+01:00', MaxSize: 3}, "
    "over: {StartTime: '2020-01-01T00:00:00Z', MaxSize: 3}}, "
    "lifecycle_hooks: {drain: {LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING', HeartbeatTimeout: 60}}"
)


def test_the_page_of_one_role_names_what_acts_on_the_group_otherwise_too(world: Any, udo: Udo) -> None:
    world_with(world)
    write_config(CONFIG.replace("webapp: {", f"webapp: {{{ACTING}, "))
    keys = ["scaling_policies", "scheduled_actions", "lifecycle_hooks"]
    row = udo("status", "prod", "webapp", "-o", "json").json["data"][0]
    assert sorted(row["not_applied"]) == sorted(keys)
    assert "raw" not in str(row)
    # The page of all roles asks nothing of one group.
    assert udo("status", "-o", "json").json["data"][0]["not_applied"] == []
    assert udo("update", "prod", "webapp").exit == 0
    assert udo("status", "prod", "webapp", "-o", "json").json["data"][0]["not_applied"] == []
    write_config(
        CONFIG.replace("webapp: {", f"webapp: {{{ACTING.replace('ScalingAdjustment: 2', 'ScalingAdjustment: 3')}, ")
    )
    assert "scaling_policies (udo update prod webapp applies it)" in udo("status", "prod", "webapp").stdout
