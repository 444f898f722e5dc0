"""The keys of a group: all that AWS lets one say of it, and what stands in structures in AWS's own words."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from udo import schema
from udo.config import Config, load
from udo.schema.group import METRICS

MODEL: Any = botocore.session.Session().get_service_model("autoscaling")
# Each member of CreateAutoScalingGroup, and the key that says it.
KEYS = {
    "AutoScalingGroupName": "group_name",
    "AvailabilityZoneDistribution": "availability_zone_distribution",
    "AvailabilityZones": "availability_zones",
    "CapacityRebalance": "capacity_rebalance",
    "CapacityReservationSpecification": "capacity_reservation",
    "DefaultInstanceWarmup": "default_instance_warmup",
    "DeletionProtection": "deletion_protection",
    "DesiredCapacity": "scale_policy.desired",
    "HealthCheckGracePeriod": "health_check.grace",
    "HealthCheckType": "health_check.type",
    "InstanceLifecyclePolicy": "instance_lifecycle_policy",
    "InstanceMaintenancePolicy": "instance_maintenance_policy",
    "LaunchConfigurationName": "launch.as",
    "LaunchTemplate": "launch.as",
    "LifecycleHookSpecificationList": "lifecycle_hooks",
    "LoadBalancerNames": "elbs",
    "MaxInstanceLifetime": "max_instance_lifetime",
    "MaxSize": "scale_policy.max_size",
    "MinSize": "scale_policy.min_size",
    "MixedInstancesPolicy": "mixed_instances",
    "NewInstancesProtectedFromScaleIn": "protect_from_scale_in",
    "PlacementGroup": "placement_group",
    "Tags": "tags",
    "TargetGroupARNs": "target_groups",
    "TerminationPolicies": "termination_policies",
    "TrafficSources": "traffic_sources",
    "VPCZoneIdentifier": "subnets",
}
NO_KEY = {
    "AvailabilityZoneIds": "availability_zones says the same by name",
    "AvailabilityZoneImpairmentPolicy": "zonal shift is turned on and off by who is on call, not by a file",
    "Context": "reserved by AWS",
    "DefaultCooldown": "only of simple policies, whose own Cooldown comes first",
    "DesiredCapacityType": "sizes of udo.yml are in whatever units the group has",
    "InstanceId": "copies an instance by hand; udo.yml says what is launched",
    "Operator": "a group that a service of AWS keeps is not one of udo.yml",
    "ServiceLinkedRoleARN": "AWS makes and picks the role by itself",
    "SkipZonalShiftValidation": "belongs to the zonal shift",
}


def test_every_member_of_a_new_group_is_a_key_or_has_a_reason_why_not() -> None:
    members = set(MODEL.operation_model("CreateAutoScalingGroup").input_shape.members)
    assert members == {*KEYS, *NO_KEY}
    assert not {*KEYS} & {*NO_KEY}
    assert set(KEYS.values()) <= {*schema.BY_PATH}


@pytest.mark.parametrize(
    ("path", "operation", "own"),
    [
        ("scaling_policies", "PutScalingPolicy", {"AutoScalingGroupName", "PolicyName"}),
        # Time is the old name of StartTime.
        ("scheduled_actions", "PutScheduledUpdateGroupAction", {"AutoScalingGroupName", "ScheduledActionName", "Time"}),
        ("lifecycle_hooks", "PutLifecycleHook", {"AutoScalingGroupName", "LifecycleHookName"}),
    ],
)
def test_structures_have_the_members_of_the_call_that_makes_them(path: str, operation: str, own: set[str]) -> None:
    assert {*schema.BY_PATH[path].members} == set(MODEL.operation_model(operation).input_shape.members) - own


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        ("instance_maintenance_policy", "InstanceMaintenancePolicy"),
        ("availability_zone_distribution", "AvailabilityZoneDistribution"),
        ("capacity_reservation", "CapacityReservationSpecification"),
        ("capacity_reservation.CapacityReservationTarget", "CapacityReservationTarget"),
        ("instance_lifecycle_policy", "InstanceLifecyclePolicy"),
        ("instance_lifecycle_policy.RetentionTriggers", "RetentionTriggers"),
        ("traffic_sources", "TrafficSourceIdentifier"),
    ],
)
def test_maps_have_the_members_of_their_shape_and_its_words(path: str, shape: str) -> None:
    inside, members = schema.inside(path), MODEL.shape_for(shape).members
    assert {*inside} == {*members}
    for name, key in inside.items():
        if words := getattr(members[name], "enum", None):
            assert {*key.choices} == {*words}


def test_metrics_are_those_of_aws() -> None:
    told = MODEL.shape_for("EnableMetricsCollectionQuery").members["Metrics"].documentation
    assert all(f"<code>{name}</code>" in told for name in METRICS)
    assert told.count("<code>Group") + told.count("<code>WarmPool") == len(METRICS)


def loaded(folder: Path, text: str) -> Config:
    (folder / "udo.yml").write_text(textwrap.dedent(text))
    return load(folder / "udo.yml", {}, strict=True)


def test_structures_are_merged_member_by_member_and_lists_in_them_replaced(tmp_path: Path) -> None:
    config = loaded(
        tmp_path,
        """
        scaling_policies:
          cpu: {PolicyType: TargetTrackingScaling, TargetTrackingConfiguration: {TargetValue: 50, DisableScaleIn: true}}
          requests: {PolicyType: StepScaling}
        mixed_instances:
          InstancesDistribution: {OnDemandBaseCapacity: 1, SpotAllocationStrategy: lowest-price}
          Overrides: [{InstanceType: m7g.large, WeightedCapacity: "2"}, {InstanceType: m6g.large}]
        clusters:
          prod:
            roles:
              webapp:
                scaling_policies:
                  cpu: {TargetTrackingConfiguration: {TargetValue: 62.5, DisableScaleIn: ~}}
                  requests: ~
                mixed_instances:
                  InstancesDistribution: {OnDemandBaseCapacity: 2}
                  Overrides: [{InstanceType: c7g.large}]
              worker:
        """,
    )
    webapp, worker = config.role("prod", "webapp"), config.role("prod", "worker")
    tracking = {"PolicyType": "TargetTrackingScaling", "TargetTrackingConfiguration": {"TargetValue": 62.5}}
    assert webapp.get("scaling_policies") == {"cpu": tracking}
    assert webapp.get("mixed_instances") == {
        "InstancesDistribution": {"OnDemandBaseCapacity": 2, "SpotAllocationStrategy": "lowest-price"},
        "Overrides": [{"InstanceType": "c7g.large"}],
    }
    assert {*worker.get("scaling_policies")} == {"cpu", "requests"}
    # What stands in quotes is text, whatever it looks like.
    assert worker.get("mixed_instances")["Overrides"][0]["WeightedCapacity"] == "2"


def test_values_in_structures_may_be_references(tmp_path: Path) -> None:
    config = loaded(
        tmp_path,
        """
        app_name: shop
        clusters:
          prod:
            roles:
              webapp:
                lifecycle_hooks: {"${role}": {NotificationMetadata: "${app}-${cluster}", HeartbeatTimeout: 60}}
        """,
    )
    hooks = config.role("prod", "webapp").get("lifecycle_hooks")
    assert hooks == {"${role}": {"NotificationMetadata": "shop-prod", "HeartbeatTimeout": 60}}


def test_one_word_stands_for_a_list_of_one(tmp_path: Path) -> None:
    config = loaded(
        tmp_path,
        """
        health_check: {type: ELB}
        metrics: all
        max_instance_lifetime: 0
        clusters: {prod: {roles: {webapp: }}}
        """,
    )
    role = config.role("prod", "webapp")
    assert (role.get("health_check.type"), role.get("metrics"), role.get("max_instance_lifetime")) == (
        ["ELB"],
        ["all"],
        0.0,
    )
