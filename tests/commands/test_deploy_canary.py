"""A zone as the canary of a deployment: first one zone, then a wait, then the others; and what is no canary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from deploy_worlds import OTHER, SHA, at, begin, config, deployments, end, members, writes
from hypothesis import given, settings
from hypothesis import strategies as st
from whole import examples

from udo.deploy.arithmetic import AWS_OWN, arithmetic
from udo.deploy.canary import canary_config
from udo.model.deployments import DeploymentConfig, Minimum, Zonal
from udo.sandbox.strict import DeploymentFault
from udo.sandbox.strict.codedeploy import configs
from udo.sandbox.strict.codedeploy.faults import deployment_faults
from udo.sandbox.strict.codedeploy.lifecycle import Target
from udo.sandbox.strict.codedeploy.run import Run, World, move

Udo = Callable[..., Any]
Seeded = Callable[..., Any]
CANARY = ("--canary", "zone", "--pause", "10m")
DEPLOY = ("deploy", "prod", "webapp", SHA, *CANARY)
SPREAD = "availability_zones: [us-west-2a, us-west-2b]"


def four(role: str = SPREAD) -> str:
    """prod webapp with four members in two zones."""
    return config(role).replace("desired: 3", "desired: 4")


def zones(world: Any, group: str = "prod-webapp") -> dict[str, str]:
    """The zones of a group's members."""
    told = world.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[group])
    return {one["InstanceId"]: one["AvailabilityZone"] for one in told["AutoScalingGroups"][0]["Instances"]}


def made(world: Any) -> dict[str, Any]:
    """The one deployment configuration that is no one of AWS's."""
    client = world.client("codedeploy")
    names = client.list_deployment_configs()["deploymentConfigsList"]
    (own,) = (name for name in names if not name.startswith("CodeDeployDefault."))
    return dict(client.get_deployment_config(deploymentConfigName=own)["deploymentConfigInfo"])


def test_one_zone_has_it_while_the_other_waits(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(four())
    seen: list[tuple[float, Counter[str]]] = []

    def look() -> None:
        one = deployments(world)[0]
        if one["status"] != "InProgress":
            return
        ids = members(world)
        client = world.client("codedeploy")
        told = client.batch_get_deployment_targets(deploymentId=one["deploymentId"], targetIds=ids)
        done = [one["instanceTarget"] for one in told["deploymentTargets"]]
        where = zones(world)
        counted = Counter(where[one["targetId"]] for one in done if one["status"] == "Succeeded")
        seen.append((world.clock.now(), counted))

    for nth in range(1, 60):
        at(world, "GetDeployment", look, nth)
    done = udo(*DEPLOY, "--timeout", "60m")
    assert done.exit == 0, done.stderr
    assert "InProgress  2 done, 2 not begun of 4, waiting before the next zone" in done.stderr
    assert writes(world) == ["CreateDeploymentConfig", "CreateDeployment"]
    canary = [when for when, counts in seen if set(counts.values()) == {2} and len(counts) == 1]
    assert canary[-1] - canary[0] > 500
    assert deployments(world)[0]["deploymentConfigName"] == made(world)["deploymentConfigName"]
    assert made(world)["zonalConfig"]["firstZoneMonitorDurationInSeconds"] == 600


def test_the_plan_names_the_configuration_and_the_order(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(four())
    shown = udo(*DEPLOY, "-n")
    assert shown.exit == 0, shown.stderr
    assert "create deployment configuration udo-" in shown.stdout
    assert "(4 instances, one zone first, 10m before the others)" in shown.stdout
    last = "zone by zone: us-west-2a (2), us-west-2b (2); 10m after the first"
    assert shown.stderr.splitlines()[-1] == last
    assert writes(world) == []


@pytest.mark.whole
def test_the_configuration_is_used_again_and_one_of_its_name_with_other_words_is_a_conflict(
    world: Any, udo: Udo, seeded: Seeded
) -> None:
    seeded(four())
    assert udo(*DEPLOY).exit == 0
    name = made(world)["deploymentConfigName"]
    world.log.clear()
    assert udo("deploy", "prod", "webapp", OTHER, *CANARY).exit == 0
    assert writes(world) == ["CreateDeployment"]
    assert made(world)["deploymentConfigName"] == name
    world.log.clear()
    assert udo("deploy", "prod", "webapp", OTHER, *CANARY).exit == 0
    assert writes(world) == []
    world.client("codedeploy").delete_deployment_config(deploymentConfigName=name)
    hosts = {"type": "FLEET_PERCENT", "value": 0}
    world.client("codedeploy").create_deployment_config(deploymentConfigName=name, minimumHealthyHosts=hosts)
    told = udo(*DEPLOY)
    assert (told.exit, writes(world)[1:]) == (4, [])
    assert told.stderr.splitlines()[-1] == (
        f"udo: deployment configuration {name} is another one than its name says: nothing was deployed; delete it"
    )


def test_a_zone_that_fails_ends_it_before_another_is_begun(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(four(f"{SPREAD}, deploy: {{config: CodeDeployDefault.AllAtOnce}}"))
    begin(world, OTHER)
    end(world)
    deployment_faults.add(DeploymentFault(event="ValidateService"))
    done = udo(*DEPLOY)
    assert done.exit == 1
    first = deployments(world)[0]
    assert (first["status"], first["deploymentOverview"]["Failed"]) == ("Failed", 2)
    assert first["deploymentOverview"]["Skipped"] == 2


def test_an_alarm_that_goes_off_meanwhile_keeps_the_other_zone_as_it_was(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(four(f"{SPREAD}, guards: {{alarms: [slow]}}"))
    begin(world, OTHER)
    end(world)
    cloudwatch = world.client("cloudwatch")

    def ring() -> None:
        first = deployments(world)[0]
        if (first.get("deploymentOverview") or {}).get("Succeeded") == 2:
            cloudwatch.set_alarm_state(AlarmName="slow", StateValue="ALARM", StateReason="told")

    for nth in range(1, 60):
        at(world, "GetDeployment", ring, nth)
    done = udo(*DEPLOY)
    assert done.exit == 1, done.stderr
    assert "went off (slow)" in done.stderr
    back, canary = deployments(world)[:2]
    assert (canary["status"], canary["deploymentOverview"]["Succeeded"]) == ("Stopped", 2)
    assert back["creator"] == "codeDeployRollback"


def test_those_that_lack_what_others_have_need_no_canary(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(four())
    fault = deployment_faults.add(DeploymentFault(event="ValidateService", instance=4))
    begin(world, SHA)
    end(world)
    deployment_faults.remove(fault)
    done = udo(*DEPLOY)
    assert done.exit == 0
    assert "no canary: the other instances have this revision already" in done.stderr
    assert writes(world) == ["CreateDeployment"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--canary", "2", "--pause", "1m"), "CodeDeploy cannot deploy to so many first, only to the first zone"),
        (("--canary", "25%", "--pause", "1m"), "CodeDeploy cannot deploy to so many first, only to the first zone"),
        (("--canary", "host", "--pause", "1m"), "--canary host: no such canary"),
        (("--canary", "zone"), "write --pause 10m"),
        (("--pause", "1m"), "give it with --canary zone"),
        (("--canary", "zone", "--pause", "60m"), "--pause 60m is not over when --timeout is (60m)"),
        (("--canary", "zone", "--pause", "90", "--timeout", "1m"), "--pause 90s is not over when --timeout is (1m)"),
    ],
)
def test_a_canary_that_is_none_is_exit_2(
    world: Any, udo: Udo, seeded: Seeded, words: tuple[str, ...], told: str
) -> None:
    seeded(four())
    world.log.clear()
    done = udo("deploy", "prod", "webapp", SHA, *words)
    assert (done.exit, [*world.log]) == (2, [])
    assert told in done.stderr


def test_what_is_followed_has_begun(udo: Udo, seeded: Seeded) -> None:
    seeded(four())
    done = udo("deploy", "prod", "webapp", "--follow", *CANARY)
    assert done.exit == 2
    assert "--canary and --follow exclude each other" in done.stderr


def test_a_group_in_one_zone_has_no_canary(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    done = udo(*DEPLOY)
    assert (done.exit, writes(world)) == (7, [])
    assert "every instance of prod webapp in service is in us-west-2a: no zone is there to be first" in done.stderr


def test_a_group_among_others_has_no_canary(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(four())
    named = {"applicationName": "shop", "currentDeploymentGroupName": "prod-webapp"}
    world.client("codedeploy").update_deployment_group(**named, autoScalingGroups=["prod-webapp", "prod-web"])
    done = udo(*DEPLOY)
    assert done.exit == 7
    assert "also deploys to Auto Scaling groups prod-web: --canary zone is for one group alone" in done.stderr
    assert len(members(world)) == 4


minimums = st.one_of(
    st.builds(Minimum, st.just("HOST_COUNT"), st.integers(0, 6)),
    st.builds(Minimum, st.just("FLEET_PERCENT"), st.integers(0, 99)),
)
bases = st.one_of(
    st.sampled_from(list(AWS_OWN.values())),
    st.builds(DeploymentConfig, st.just("Own"), minimums, st.none() | st.builds(Zonal, minimums)),
)


def rollout(config: DeploymentConfig, sizes: list[int], *, fails: bool) -> tuple[str, set[str]]:
    """How the sandbox ends such a deployment, and in which zones an instance was begun; the first zone may fail."""
    names = ["abcd"[number] for number, size in enumerate(sizes) for _ in range(size)]
    begun: set[str] = set()

    def fault(target: Target, event: str) -> DeploymentFault | None:
        begun.add(target.zone)
        return DeploymentFault(event=event) if fails and target.zone == "a" else None

    assert config.zonal
    each = configs.Zonal(config.zonal.minimum.kind, config.zonal.minimum.value)
    known = configs.Config(config.name, config.minimum.kind, config.minimum.value, "", 0.0, each)
    world = World(
        members=lambda: [str(place) for place in range(1, len(names) + 1)],
        alive=lambda _host: True,
        revision_there=lambda: True,
        fault=fault,
        zone=lambda host: names[int(host) - 1],
    )
    run = Run(known, ("Install",), created=0.0)
    for second in range(0, 4000, 4):
        move(run, float(second), world)
        if run.ended:
            return run.status, begun
    raise AssertionError("it does not end")


@settings(max_examples=examples(200), deadline=None)
@given(bases, st.lists(st.integers(1, 4), min_size=2, max_size=4))
def test_a_canary_that_fails_is_the_only_zone_that_is_touched(base: DeploymentConfig, sizes: list[int]) -> None:
    named = dict(zip("abcd", sizes, strict=False))
    made = canary_config(base, named, 0)
    if arithmetic(base, named).is_impossible:
        return
    assert not arithmetic(made, named).is_impossible
    assert arithmetic(made, named).whole.least >= arithmetic(base, named).whole.least
    assert rollout(made, sizes, fails=False)[0] == "Succeeded"
    status, begun = rollout(made, sizes, fails=True)
    assert (status, begun) == ("Failed", {"a"})
