"""updatelc of several roles, during refreshes, under owners, and over to a launch template."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any

import pytest
from launch_worlds import (
    CONFIG,
    NEW_IMAGE,
    OLD_IMAGE,
    ZONES,
    configuration,
    configuration_world,
    everything,
    group,
    launch_data,
    launched_from,
    template,
    template_world,
    write_config,
)
from refresh_worlds import under_way
from whole import some

from udo.sandbox.faults import Fault, Killed
from udo.sandbox.strict import quotas

Udo = Callable[..., Any]
TWO = CONFIG + f"      worker: {{ami: {NEW_IMAGE}}}\n"


def two_groups(world: Any) -> None:
    configuration_world(world)
    configuration(world, "prod-worker")
    world.client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName="prod-worker", LaunchConfigurationName="prod-worker", MinSize=0, MaxSize=1, **ZONES
    )


@pytest.mark.parametrize("words", ["webapp,worker", "*"])
def test_several_roles_want_yes_and_are_done_one_by_one(world: Any, udo: Udo, words: str) -> None:
    two_groups(world)
    write_config(TWO)
    refused = udo("updatelc", "prod", words)
    assert refused.exit == 7
    assert launched_from(world) == "prod-webapp"
    assert udo("updatelc", "prod", words, "--yes").exit == 0
    assert launched_from(world) == "prod-webapp-v2"
    assert launched_from(world, "prod-worker") == "prod-worker-v2"


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize(
    ("kind", "exit_code", "code"),
    [("deny", 3, "partial"), ("expire", 6, "credentials"), ("hook", 130, "interrupted")],
)
def test_what_became_of_each_role_is_told_in_order_however_one_of_them_ends(
    world: Any, udo: Udo, form: str, kind: Any, exit_code: int, code: str
) -> None:
    two_groups(world)
    ctrl_c = lambda _asked: signal.raise_signal(signal.SIGINT)  # noqa: E731
    world.faults.add(Fault(kind, "UpdateAutoScalingGroup", nth=2, hook=ctrl_c))
    write_config(TWO + "      absent: {instance_type: t3.nano}\n")
    told = udo("updatelc", "prod", "webapp,worker,absent", "--yes", "-o", form)
    assert told.exit == exit_code, told.stderr
    if form == "json":
        assert [(one["target"], one["changed"]) for one in told.json["data"]] == [
            ("prod webapp", True),
            ("prod worker", True),
        ]
        assert told.json["error"]["code"] == code
    else:
        first, second, third = told.stdout.splitlines()
        assert first == "prod-webapp launches from launch configuration prod-webapp-v2 (was prod-webapp)"
        assert second.startswith("prod worker failed: ")
        assert third == "prod absent failed: group prod-absent of prod absent does not exist"


def test_after_credentials_expired_no_further_role_is_begun(world: Any, udo: Udo) -> None:
    two_groups(world)
    world.faults.add(Fault("expire", "UpdateAutoScalingGroup", times=None))
    write_config(TWO)
    told = udo("updatelc", "prod", "*", "--yes")
    assert told.exit == 6
    assert told.stdout.splitlines()[1:] == ["prod worker was not started"]
    assert "prod-worker-v2" not in everything(world)["configurations"]
    assert "expired" in told.stderr.splitlines()[-1]


def test_credentials_that_expire_while_roles_are_planned_stop_before_the_first_write(world: Any, udo: Udo) -> None:
    two_groups(world)
    world.faults.add(Fault("expire", "DescribeInstanceRefreshes", nth=2, times=None))
    write_config(TWO)
    assert udo("updatelc", "prod", "*", "--yes").exit == 6
    assert (launched_from(world), launched_from(world, "prod-worker")) == ("prod-webapp", "prod-worker")


def test_an_image_is_looked_up_once_for_all_roles(world: Any, udo: Udo) -> None:
    two_groups(world)
    ssm = world.client("ssm")
    ssm.put_parameter(Name="/image", Value=NEW_IMAGE, Type="String")
    moved = lambda _asked: ssm.put_parameter(Name="/image", Value=OLD_IMAGE, Type="String", Overwrite=True)  # noqa: E731
    world.faults.add(Fault("hook", "GetParameters", after=True, hook=moved))
    write_config(TWO)
    assert udo("updatelc", "prod", "*", "--ami", "ssm:/image", "--yes").exit == 0
    for role in ("webapp", "worker"):
        assert launch_data(world, f"prod-{role}")["ImageId"] == NEW_IMAGE


def test_one_of_several_that_fails_is_named_and_the_others_are_done(world: Any, udo: Udo) -> None:
    two_groups(world)
    world.faults.add(Fault("deny", "UpdateAutoScalingGroup"))
    write_config(TWO)
    told = udo("updatelc", "prod", "*", "--yes")
    assert told.exit == 3
    assert "1 of 2 roles failed: prod webapp" in told.stderr
    assert launched_from(world, "prod-worker") == "prod-worker-v2"
    assert udo("updatelc", "prod", "*", "--yes").exit == 0
    assert launched_from(world) == "prod-webapp-v2"


def test_one_of_several_that_cannot_be_planned_is_named_and_the_others_are_done(world: Any, udo: Udo) -> None:
    two_groups(world)
    write_config(TWO + "      gone: {instance_type: t3.nano}\n")
    shown = udo("updatelc", "prod", "*", "--dry-run", "-o", "json")
    assert (shown.exit, shown.json["error"]["message"]) == (3, "1 of 3 roles failed: prod gone")
    assert [one["plan"]["target"] for one in shown.json["data"]] == ["prod webapp", "prod worker"]
    refused = udo("updatelc", "prod", "worker,gone")
    assert (refused.exit, "1 group is changed. Continue?" in refused.stderr) == (7, True)
    told = udo("updatelc", "prod", "*", "--yes")
    assert told.exit == 3
    assert "udo: prod gone: group prod-gone of prod gone does not exist" in told.stderr
    assert (launched_from(world), launched_from(world, "prod-worker")) == ("prod-webapp-v2", "prod-worker-v2")
    for verb in ("rollback", "prune"):
        assert udo(verb, "prod", "worker,gone", "--yes").exit == 3
    assert launched_from(world, "prod-worker") == "prod-worker"
    assert udo("updatelc", "prod", "gone").exit == 1


def test_a_dry_run_of_several_has_a_block_for_each_and_a_list_of_them_in_json(world: Any, udo: Udo) -> None:
    two_groups(world)
    write_config(TWO)
    told = udo("updatelc", "prod", "*", "--dry-run")
    heads = [block.splitlines()[0] for block in told.stdout.split("\n\n") if block.startswith("updatelc")]
    assert heads == [f"updatelc  prod {name}  (dry run: nothing is changed)" for name in ("webapp", "worker")]
    assert "prod webapp: 2 running instances stay as they are" in told.stderr
    assert "prod worker: the group is empty" in told.stderr
    many = udo("updatelc", "prod", "webapp,worker", "--dry-run", "-o", "json").json["data"]
    assert [one["plan"]["target"] for one in many] == ["prod webapp", "prod worker"]
    assert udo("updatelc", "prod", "webapp", "--dry-run", "-o", "json").json["data"] == many[0]


@pytest.mark.whole
@pytest.mark.parametrize(
    ("worker", "asked"),
    [
        (f"{{ami: {NEW_IMAGE}}}", "2 groups are changed. Continue?"),
        (f"{{ami: {NEW_IMAGE}, protected: true}}", "2 groups are changed, and protected: prod worker. Continue?"),
        ("{protected: true}", "1 group is changed. Continue?"),
    ],
)
def test_the_question_counts_what_is_changed_and_names_what_is_protected(
    world: Any, udo: Udo, worker: str, asked: str
) -> None:
    two_groups(world)
    write_config(CONFIG + f"      worker: {worker}\n")
    assert asked in udo("updatelc", "prod", "*").stderr


@pytest.mark.parametrize("role", ["webapp", "*"])
def test_what_is_worth_knowing_is_said_once_and_before_the_question(world: Any, udo: Udo, role: str) -> None:
    two_groups(world)
    tag = {"ResourceId": "prod-webapp", "ResourceType": "auto-scaling-group", "PropagateAtLaunch": False}
    world.client("autoscaling").create_or_update_tags(Tags=[tag | {"Key": "ManagedBy", "Value": "terraform"}])
    write_config(TWO.replace("webapp: {", "webapp: {protected: true, "))
    asked = udo("updatelc", "prod", role)
    assert (asked.exit, asked.stderr.count("belongs to Terraform")) == (7, 1)
    assert udo("updatelc", "prod", role, "--yes").stderr.count("belongs to Terraform") == 1


def test_where_all_fail_the_document_tells_of_each(world: Any, udo: Udo) -> None:
    two_groups(world)
    world.faults.add(Fault("deny", "UpdateAutoScalingGroup", times=None))
    write_config(TWO)
    told = udo("updatelc", "prod", "*", "--yes", "-o", "json")
    assert (told.exit, [one["target"] for one in told.json["data"]]) == (6, ["prod webapp", "prod worker"])


def test_a_list_of_clusters_is_refused(world: Any, udo: Udo) -> None:
    write_config(TWO)
    assert udo("updatelc", "*", "webapp", "--yes").exit == 2
    assert list(world.log) == []


def test_an_active_instance_refresh_stops_it_unless_anyway_is_said(world: Any, udo: Udo) -> None:
    configuration_world(world)
    under_way(world)
    write_config()
    told = udo("updatelc", "prod", "webapp")
    assert told.exit == 4
    assert "instance refresh of prod-webapp is InProgress" in told.stderr
    assert launched_from(world) == "prod-webapp"
    assert udo("updatelc", "prod", "webapp", "--anyway").exit == 0
    world.client("autoscaling").cancel_instance_refresh(AutoScalingGroupName="prod-webapp")
    world.clock.step(60)
    write_config(CONFIG.replace("m7g.large", "m7g.xlarge"))
    assert udo("updatelc", "prod", "webapp").exit == 0


@pytest.mark.parametrize(
    ("key", "says"), [("ManagedBy", "belongs to Terraform"), ("aws:cloudformation:stack-name", "CloudFormation stack")]
)
def test_an_owner_is_named(world: Any, udo: Udo, key: str, says: str) -> None:
    configuration_world(world)
    tag = {"ResourceId": "prod-webapp", "ResourceType": "auto-scaling-group", "PropagateAtLaunch": False}
    world.client("autoscaling").create_or_update_tags(Tags=[tag | {"Key": key, "Value": "terraform"}])
    write_config()
    told = udo("updatelc", "prod", "webapp")
    assert told.exit == 0
    assert says in told.stderr


def test_to_template_carries_everything_over_and_rollback_goes_back(world: Any, udo: Udo) -> None:
    configuration_world(world)
    configuration(
        world,
        "prod-webapp-v2",
        AssociatePublicIpAddress=True,
        BlockDeviceMappings=[{"DeviceName": "/dev/sdb", "NoDevice": True}],
        InstanceMonitoring={"Enabled": False},
    )
    world.client("autoscaling").update_auto_scaling_group(
        AutoScalingGroupName="prod-webapp", LaunchConfigurationName="prod-webapp-v2"
    )
    before = launch_data(world)
    members = [row["InstanceId"] for row in group(world)["Instances"]]
    write_config(CONFIG.replace(NEW_IMAGE, before["ImageId"]).replace("m7g.large", "t3.small"))
    shown = [line.strip() for line in udo("updatelc", "prod", "webapp", "--to-template", "-n").stdout.splitlines()]
    for line in (
        "InstanceMarketOptions.SpotOptions.MaxPrice: 0.05",
        "NetworkInterfaces.0.AssociatePublicIpAddress: true",
    ):
        assert line in shown
    done = udo("updatelc", "prod", "webapp", "--to-template")
    assert done.exit == 0, done.stderr
    data = launch_data(world)
    assert launched_from(world) == "1"
    assert (data["ImageId"], data["UserData"]) == (before["ImageId"], before["UserData"])
    assert data["NetworkInterfaces"][0]["AssociatePublicIpAddress"] is True
    assert data["InstanceMarketOptions"]["SpotOptions"]["MaxPrice"] == "0.05"
    assert data["Monitoring"] == {"Enabled": False}
    assert [row["InstanceId"] for row in group(world)["Instances"]] == members
    again = udo("updatelc", "prod", "webapp", "--to-template")
    assert (again.exit, again.stdout.startswith("nothing to change")) == (0, True)
    assert udo("rollback", "prod", "webapp").exit == 0
    assert launched_from(world) == "prod-webapp-v2"
    assert udo("updatelc", "prod", "webapp", "--to-template").exit == 0
    assert len(everything(world)["versions"]) == 1


def test_a_foreign_template_of_that_name_is_a_conflict(world: Any, udo: Udo) -> None:
    template_world(world)
    configuration(world, "prod-webapp")
    world.client("autoscaling").update_auto_scaling_group(
        AutoScalingGroupName="prod-webapp", LaunchConfigurationName="prod-webapp"
    )
    write_config()
    told = udo("updatelc", "prod", "webapp", "--to-template")
    assert told.exit == 4
    assert "that Udo did not make" in told.stderr


def test_a_foreign_template_stays_foreign_where_udo_made_its_newest_version(world: Any, udo: Udo) -> None:
    template_world(world)
    write_config()
    assert udo("updatelc", "prod", "webapp").exit == 0
    configuration(world, "prod-webapp")
    world.client("autoscaling").update_auto_scaling_group(
        AutoScalingGroupName="prod-webapp", LaunchConfigurationName="prod-webapp"
    )
    told = udo("updatelc", "prod", "webapp", "--to-template")
    assert (told.exit, "that Udo did not make" in told.stderr) == (4, True)


def test_a_foreign_template_made_meanwhile_is_not_taken_for_ours(world: Any, udo: Udo) -> None:
    configuration_world(world)
    world.faults.add(Fault("hook", "CreateLaunchTemplate", hook=lambda _asked: template(world)))
    write_config()
    told = udo("updatelc", "prod", "webapp", "--to-template")
    assert (told.exit, launched_from(world)) == (4, "prod-webapp")
    assert "nothing was overwritten" in told.stderr


@pytest.mark.parametrize("after", some([False, True], True))
@pytest.mark.parametrize("operation", ["CreateLaunchTemplate", "CreateOrUpdateTags", "UpdateAutoScalingGroup"])
def test_to_template_cut_off_is_finished_by_the_next_run(world: Any, udo: Udo, operation: str, after: bool) -> None:
    configuration_world(world)
    write_config()
    world.faults.add(Fault("kill", operation, after=after))
    with pytest.raises(Killed):
        udo("updatelc", "prod", "webapp", "--to-template")
    world.faults.clear()
    assert udo("updatelc", "prod", "webapp", "--to-template").exit == 0
    assert launch_data(world)["InstanceType"] == "m7g.large"
    assert len(everything(world)["versions"]) == 1


def test_a_lost_answer_to_the_new_template_is_settled_by_reading(world: Any, udo: Udo) -> None:
    configuration_world(world)
    write_config()
    world.faults.add(Fault("drop", "CreateLaunchTemplate", after=True))
    told = udo("updatelc", "prod", "webapp", "--to-template")
    assert told.exit == 0, told.stderr
    assert launched_from(world) == "1"


def test_an_account_that_may_not_create_configurations_is_shown_the_way_out(world: Any, udo: Udo) -> None:
    two_groups(world)
    quotas.launch_configurations_refused = True
    write_config(TWO)
    assert udo("plan", "prod", "webapp", "--save", "saved.plan").exit == 0
    for words in (("updatelc", "prod", "webapp"), ("updatelc", "prod", "*", "--yes"), ("apply", "saved.plan")):
        told = udo(*words)
        assert told.exit == 1
        assert "accounts opened since October 2024 cannot create launch configurations: use --to-tem" in told.stderr
    assert udo("updatelc", "prod", "webapp", "--to-template").exit == 0
