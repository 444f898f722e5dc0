"""apply on the strict sandbox: exactly the saved plan, or nothing because the world moved."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from launch_worlds import (
    CONFIG,
    IMAGES,
    NEW_IMAGE,
    OLD_IMAGE,
    WORLDS,
    ZONES,
    configuration,
    configuration_world,
    everything,
    launch_data,
    launched_from,
    template_world,
    type_now,
    write_config,
)
from refresh_worlds import under_way
from whole import some

from tests.spoiling import spoil
from udo.sandbox.faults import Fault, Killed

Udo = Callable[..., Any]
TWO = CONFIG + "      worker: {instance_type: m7g.large}\n"
MOVES = ("UpdateAutoScalingGroup", "CreateLaunchConfiguration", "CreateLaunchTemplateVersion", "CreateOrUpdateTags")


def writes(world: Any) -> list[str]:
    return [asked.operation for asked in world.log if asked.operation in MOVES]


def update(world: Any, **change: Any) -> None:
    world.client("autoscaling").update_auto_scaling_group(AutoScalingGroupName="prod-webapp", **change)


def worker_group(world: Any) -> None:
    configuration(world, "prod-worker")
    world.client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName="prod-worker", LaunchConfigurationName="prod-worker", MinSize=0, MaxSize=1, **ZONES
    )


@pytest.fixture(params=WORLDS)
def planned(request: pytest.FixtureRequest, world: Any, udo: Udo) -> str:
    """A world of each kind with its plan in ./plan; what is asked from now on is counted."""
    WORLDS[request.param](world)
    write_config()
    assert udo("plan", "--save", "plan").exit == 0
    world.log.clear()
    return str(request.param)


def test_it_carries_out_the_plan_and_a_second_time_says_so_without_a_write(world: Any, udo: Udo, planned: str) -> None:
    done = udo("apply", "plan")
    assert done.exit == 0, done.stderr
    assert launch_data(world)["InstanceType"] == type_now(planned)
    assert launched_from(world) == ("prod-webapp-v2" if planned == "configuration" else "2")
    before, count = everything(world), len(writes(world))
    again = udo("apply", "plan")
    assert (again.exit, again.stdout.partition(":")[0]) == (0, "nothing to do, this is done already")
    assert len(writes(world)) == count
    assert everything(world) == before


def test_it_does_what_was_saved_whatever_udo_yml_says_since(world: Any, udo: Udo, planned: str) -> None:
    write_config(CONFIG.replace(NEW_IMAGE, OLD_IMAGE))
    assert udo("apply", "plan").exit == 0
    assert launch_data(world)["ImageId"] == NEW_IMAGE, planned


def test_a_dry_run_shows_it_and_writes_nothing(world: Any, udo: Udo, planned: str) -> None:
    shown = udo("apply", "plan", "--dry-run").stdout
    assert shown.startswith("apply  prod webapp  (dry run: nothing is changed)")
    assert IMAGES in shown
    assert writes(world) == [], planned


def test_where_the_group_launches_from_something_else_by_now_nothing_is_written(world: Any, udo: Udo) -> None:
    configuration_world(world)
    write_config()
    assert udo("plan", "--save", "plan").exit == 0
    configuration(world, "somebody-elses")
    update(world, LaunchConfigurationName="somebody-elses")
    before = everything(world)
    refused = udo("apply", "plan")
    assert refused.exit == 4
    assert "prod-webapp -> somebody-elses" in refused.stderr
    assert everything(world) == before


def test_where_a_colleague_changed_the_sizes_meanwhile_nothing_is_written(world: Any, udo: Udo, planned: str) -> None:
    update(world, MaxSize=9)
    before = everything(world)
    refused = udo("apply", "plan")
    assert refused.exit == 4
    assert "MaxSize 3 -> 9" in refused.stderr
    assert everything(world) == before, planned


def test_what_moves_between_the_comparison_and_the_swap_is_not_overwritten(world: Any, udo: Udo) -> None:
    configuration_world(world)
    configuration(world, "somebody-elses")
    write_config()
    assert udo("plan", "--save", "plan").exit == 0
    hook = lambda _asked: update(world, LaunchConfigurationName="somebody-elses")  # noqa: E731
    world.faults.add(Fault("hook", "CreateLaunchConfiguration", hook=hook))
    assert udo("apply", "plan").exit == 4
    assert launched_from(world) == "somebody-elses"


def test_a_plan_that_was_cut_off_half_way_goes_on_without_a_second_copy(world: Any, udo: Udo, planned: str) -> None:
    world.faults.add(Fault("deny", "UpdateAutoScalingGroup"))
    assert udo("apply", "plan").exit == 6
    made = everything(world)
    assert udo("apply", "plan").exit == 0
    after = everything(world)
    assert (set(after["configurations"]), set(after["versions"])) == (
        set(made["configurations"]),
        set(made["versions"]),
    )
    assert launched_from(world) == ("prod-webapp-v2" if planned == "configuration" else "2")


@pytest.mark.parametrize("operation", ["PutParameter", "CreateOrUpdateTags", "UpdateAutoScalingGroup", "Create"])
@pytest.mark.parametrize("kind", some(["configuration", "template"], "template"))
def test_killed_after_any_write_the_same_command_again_reaches_the_goal(
    world: Any, udo: Udo, kind: str, operation: str
) -> None:
    WORLDS[kind](world)
    write_config()
    before = everything(world)
    assert udo("plan", "--save", "plan").exit == 0
    copy = {"configuration": "CreateLaunchConfiguration", "template": "CreateLaunchTemplateVersion"}
    world.faults.add(Fault("kill", copy[kind] if operation == "Create" else operation, after=True))
    with pytest.raises(Killed):
        udo("apply", "plan")
    world.faults.clear()
    again = udo("apply", "plan")
    assert again.exit == 0, again.stderr
    assert launch_data(world)["ImageId"] == NEW_IMAGE
    made = everything(world)
    assert sum(len(made[part]) - len(before[part]) for part in ("configurations", "versions")) == 1


def test_an_active_instance_refresh_stops_it_unless_anyway_is_said(world: Any, udo: Udo, planned: str) -> None:
    under_way(world)
    refused = udo("apply", "plan")
    assert (refused.exit, writes(world)) == (4, []), planned
    assert "instance refresh of prod-webapp is InProgress" in refused.stderr
    assert udo("apply", "plan", "--anyway").exit == 0


def test_old_versions_that_the_plan_deletes_are_deleted(world: Any, udo: Udo) -> None:
    configuration_world(world)
    for number in range(2, 9):
        configuration(world, f"prod-webapp-v{number}", InstanceType="t3.micro")
    update(world, LaunchConfigurationName="prod-webapp-v8")
    write_config()
    assert udo("plan", "--save", "plan").exit == 0
    assert udo("apply", "plan").exit == 0
    left = {name for name in everything(world)["configurations"] if name.startswith("prod-webapp-v")}
    assert {f"prod-webapp-v{number}" for number in range(5, 10)} <= left
    assert not left & {"prod-webapp-v2", "prod-webapp-v3", "prod-webapp-v4"}
    count = len(world.log)
    assert "done already" in udo("apply", "plan").stdout
    assert not [
        asked for asked in list(world.log)[count:] if asked.operation.startswith(("Delete", "Update", "Create"))
    ]


@pytest.mark.parametrize("cut", [1, 2])
def test_a_group_that_followed_its_template_is_pinned_first_also_half_way(world: Any, udo: Udo, cut: int) -> None:
    template_world(world)
    update(world, LaunchTemplate={"LaunchTemplateName": "prod-webapp", "Version": "$Latest"})
    write_config()
    assert udo("plan", "--save", "plan").exit == 0
    world.faults.add(Fault("deny", "UpdateAutoScalingGroup", nth=cut))
    assert udo("apply", "plan").exit == 6
    assert udo("apply", "plan").exit == 0
    assert launched_from(world) == "2"
    assert set(everything(world)["versions"]) == {1, 2}
    assert "done already" in udo("apply", "plan").stdout


def test_another_configuration_of_the_planned_name_is_a_conflict(world: Any, udo: Udo) -> None:
    configuration_world(world)
    write_config()
    assert udo("plan", "--save", "plan").exit == 0
    configuration(world, "prod-webapp-v2", InstanceType="t3.nano")
    assert udo("apply", "plan").exit == 4
    assert launched_from(world) == "prod-webapp"
    update(world, LaunchConfigurationName="prod-webapp-v2")
    assert udo("apply", "plan").exit == 4


def test_a_group_that_is_gone_is_named(world: Any, udo: Udo, planned: str) -> None:
    world.client("autoscaling").delete_auto_scaling_group(AutoScalingGroupName="prod-webapp", ForceDelete=True)
    for _ in range(20):
        world.clock.step(60)
        world.client("autoscaling").describe_auto_scaling_groups()
    gone = udo("apply", "plan")
    assert gone.exit == 1, gone.stderr
    assert "group prod-webapp of prod webapp does not exist" in gone.stderr
    assert writes(world) == [], planned


def test_another_account_is_refused(world: Any, udo: Udo, planned: str) -> None:
    rewrite(lambda document: document["plans"][0].update(account="999999999999"), sealed=True)
    refused = udo("apply", "plan")
    assert refused.exit == 7
    assert "999999999999" in refused.stderr
    assert writes(world) == [], planned


def rewrite(change: Callable[[Any], Any], *, sealed: bool = False) -> None:
    from udo.change.saved_plan import _digest

    document = json.loads(Path("plan").read_text())
    change(document)
    if sealed:
        document["sha256"] = _digest({key: value for key, value in document.items() if key != "sha256"})
    Path("plan").write_text(json.dumps(document))


def first_step(**more: Any) -> Callable[[Any], None]:
    return lambda document: document["plans"][0]["plan"]["steps"][0].update(more)


def read(service: str, operation: str) -> dict[str, Any]:
    return {"read": {"service": service, "operation": operation, "params": {}, "path": "x"}, "value": 1}


@pytest.mark.parametrize(
    ("change", "sealed", "told"),
    [
        (lambda document: document.update(run="other"), False, "was changed after it was written"),
        (lambda document: document["plans"][0]["plan"].update(asks="x"), False, "was changed after it was written"),
        (lambda document: document.pop("sha256"), False, "was changed after it was written"),
        (lambda document: document.update(udo="99.9"), True, "is a plan of udo 99.9"),
        (lambda document: document.update(udo_saved_plan=2), True, "is a plan of udo"),
        (lambda document: document["plans"][0].pop("group"), True, "is not a saved plan"),
        (lambda document: document["plans"][0].update(more="x"), True, "is not a saved plan"),
        (lambda document: document["plans"][0]["plan"].pop("steps"), True, "is not a saved plan"),
        (lambda document: document.update(plans="x"), True, "is not a saved plan"),
        (first_step(operation="DeleteAutoScalingGroup"), True, "autoscaling:DeleteAutoScalingGroup has no place"),
        (first_step(expect=[read("ec2", "TerminateInstances")]), True, "ec2:TerminateInstances has no place"),
        (first_step(params={"x": {"$ref": "never"}}), True, "no earlier step returns 'never'"),
        (first_step(save={"version": "a || b"}), True, "is not the name of a value"),
        (first_step(says=1), True, "plans[0].plan.steps[0].says is not text"),
        (lambda document: document.update(run="../x"), True, "run is not the id of a run"),
        (
            lambda document: document["plans"][0]["plan"].update(
                steps=[{"kind": "LocalCommand", "says": "x", "argv": ["touch", "broken-in"]}]
            ),
            True,
            "a step that is no call of AWS has no place",
        ),
    ],
)
def test_a_file_that_is_not_as_it_was_written_is_refused(
    world: Any, udo: Udo, change: Callable[[Any], Any], sealed: bool, told: str
) -> None:
    configuration_world(world)
    write_config()
    assert udo("plan", "--save", "plan").exit == 0
    world.log.clear()
    rewrite(change, sealed=sealed)
    refused = udo("apply", "plan", "--yes")
    assert refused.exit == 2, refused.stderr
    assert told in refused.stderr
    assert (list(world.log), Path("broken-in").exists()) == ([], False)


def test_a_last_call_that_aws_would_not_take_is_refused_before_the_first(world: Any, udo: Udo) -> None:
    configuration_world(world)
    write_config()
    assert udo("plan", "--save", "plan").exit == 0
    rewrite(lambda document: document["plans"][0]["plan"]["steps"][-1]["params"].update(Nonsense="x"), sealed=True)
    refused = udo("apply", "plan")
    assert (refused.exit, writes(world)) == (2, [])
    assert "Nonsense" in refused.stderr


@settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    thing=st.none() | st.booleans() | st.integers() | st.text(max_size=4) | st.just([]) | st.just({"$ref": "x"}),
    dice=st.randoms(use_true_random=False),
)
def test_a_sealed_file_with_one_thing_wrong_is_carried_out_or_refused_but_never_a_bug(
    world: Any, udo: Udo, thing: Any, dice: Random
) -> None:
    if not Path("plan").exists():
        template_world(world)
        write_config()
        assert udo("plan", "--save", "plan").exit == 0
    kept = Path("plan").read_text()
    rewrite(lambda document: spoil(document, thing, dice), sealed=True)
    told = udo("apply", "plan", "--yes", "--dry-run")
    Path("plan").write_text(kept)
    assert told.exit in (0, 1, 2, 4, 7), told.stderr
    assert told.exit == 0 or len(told.stderr.splitlines()) == 1


@pytest.mark.parametrize("text", [None, "", "[1]", "{}", "\ud800", "[" * 100_000, '{"udo_saved_plan": '])
def test_what_is_no_saved_plan_at_all_is_refused_in_one_line(udo: Udo, text: str | None) -> None:
    if text is not None:
        Path("plan").write_text(text, errors="surrogatepass")
    refused = udo("apply", "plan")
    assert refused.exit == 2
    assert refused.stderr.startswith("udo: plan ")
    assert len(refused.stderr.splitlines()) == 1


def test_a_role_that_means_another_group_or_region_by_now_is_refused(
    world: Any, udo: Udo, monkeypatch: pytest.MonkeyPatch
) -> None:
    configuration_world(world)
    write_config(CONFIG.replace("region: us-west-2", ""))
    assert udo("plan", "--save", "plan").exit == 0
    world.log.clear()
    write_config(CONFIG.replace("webapp: {", "webapp: {group_name: other, "))
    refused = udo("apply", "plan")
    assert (refused.exit, "planned for group prod-webapp, and now is other" in refused.stderr) == (2, True)
    write_config(CONFIG.replace("region: us-west-2", ""))
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    refused = udo("apply", "plan")
    assert (refused.exit, "planned for region us-west-2, and now is eu-west-1" in refused.stderr) == (2, True)
    write_config(CONFIG.replace("webapp", "web"))
    assert udo("apply", "plan").exit == 2
    assert list(world.log) == []


def test_a_protected_role_asks(world: Any, udo: Udo) -> None:
    configuration_world(world)
    write_config(CONFIG.replace("webapp: {", "webapp: {protected: true, "))
    assert udo("plan", "--save", "plan").exit == 0
    refused = udo("apply", "plan")
    assert refused.exit == 7
    assert "--yes" in refused.stderr
    assert launched_from(world) == "prod-webapp"
    assert udo("apply", "plan", "--yes").exit == 0


def test_several_roles_are_done_one_by_one_and_one_that_fails_is_exit_3(world: Any, udo: Udo) -> None:
    configuration_world(world)
    worker_group(world)
    write_config(TWO)
    assert udo("plan", "--save", "plan").exit == 0
    world.faults.add(Fault("deny", "CreateLaunchConfiguration"))
    told = udo("apply", "plan", "--yes")
    assert told.exit == 3
    assert "1 of 2 roles failed: prod webapp" in told.stderr
    assert (launched_from(world), launched_from(world, "prod-worker")) == ("prod-webapp", "prod-worker-v2")
    assert udo("apply", "plan", "--yes").exit == 0
    assert launched_from(world) == "prod-webapp-v2"


def test_one_role_that_moved_keeps_every_role_from_being_written(world: Any, udo: Udo) -> None:
    configuration_world(world)
    worker_group(world)
    write_config(TWO)
    assert udo("plan", "--save", "plan").exit == 0
    world.client("autoscaling").update_auto_scaling_group(AutoScalingGroupName="prod-worker", MaxSize=5)
    before = everything(world)
    refused = udo("apply", "plan", "--yes")
    assert refused.exit == 4
    assert "prod-worker: MaxSize 1 -> 5" in refused.stderr
    assert everything(world) == before


def test_the_run_that_planned_it_is_the_run_that_is_told(world: Any, udo: Udo) -> None:
    template_world(world)
    write_config()
    assert udo("plan", "--save", "plan").exit == 0
    run = json.loads(Path("plan").read_text())["run"]
    assert udo("apply", "plan", "-o", "json").json["data"]["run"] == run
    made = world.client("ec2").describe_launch_template_versions(LaunchTemplateName="prod-webapp", Versions=["2"])
    assert made["LaunchTemplateVersions"][0]["VersionDescription"].split()[0] == f"udo:{run}"


def test_a_plan_of_nothing_changes_nothing(world: Any, udo: Udo) -> None:
    configuration_world(world)
    write_config(CONFIG.replace(NEW_IMAGE, OLD_IMAGE).replace("m7g.large", "t3.small"))
    assert udo("plan", "--save", "plan").exit == 0
    told = udo("apply", "plan")
    assert (told.exit, told.stdout.startswith("nothing to change")) == (0, True)
    assert writes(world) == []
