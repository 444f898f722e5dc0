"""Outputs of stacks in udo.yml: `${cfn:STACK.OUTPUT}`, looked up where it is needed, each stack once."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from launch_worlds import CONFIG, configuration_world, write_config

from udo.config import load
from udo.config.interpolation import Unknown, references
from udo.config.tree import Mark, Text
from udo.sandbox.faults import Fault
from udo.sandbox.strict import StackFault, stack_faults

Udo = Callable[..., Any]
TAKES = CONFIG.replace("clusters:", "iam_profile: ${cfn:net.Profile}\nkeypair_name: ${cfn:net.Key}\nclusters:")
STACKS = """\
stacks: {mine: {template: a.yml, parameters: {A: "${cfn:net.Profile}", B: "${ssm:/b}", C: "${cfn:other.C}"}}}
"""


def made(world: Any, name: str = "net", **outputs: str) -> None:
    body = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}
    told = {key: {"Value": value} for key, value in outputs.items()}
    world.client("cloudformation").create_stack(StackName=name, TemplateBody=json.dumps({**body, "Outputs": told}))
    world.clock.step(300)
    # Time is caught up with where somebody looks.
    world.client("cloudformation").describe_stacks(StackName=name)


def piece(text: str) -> Any:
    return references(Text(text, True, Mark("udo.yml", 1, 1)))


def test_an_output_is_named_by_its_stack_and_its_key() -> None:
    (found,) = piece("${cfn:shop-network.WebGroup2}")
    assert (found.kind, found.argument) == ("cfn", "shop-network.WebGroup2")


@pytest.mark.parametrize(
    "text", ["net", "net.", ".Key", "net.a.b", "my_net.Key", "1net.Key", "net.Web-Group", "/net.Key"]
)
def test_anything_else_is_told_how_to_write_it(text: str) -> None:
    with pytest.raises(Unknown) as caught:
        piece(f"${{cfn:{text}}}")
    assert str(caught.value) == f"'${{cfn:{text}}}': write ${{cfn:STACK.OUTPUT}}"


def test_outputs_are_what_is_launched_and_their_stack_is_asked_once(world: Any, udo: Udo) -> None:
    configuration_world(world)
    made(world, Profile="shop-web", Key="shop-key")
    world.client("iam").create_instance_profile(InstanceProfileName="shop-web")
    world.client("ec2").create_key_pair(KeyName="shop-key")
    write_config(TAKES)
    world.log.clear()
    done = udo("updatelc", "prod", "webapp")
    assert done.exit == 0, done.stderr
    assert [one.operation for one in world.log].count("DescribeStacks") == 1
    autoscaling = world.client("autoscaling")
    (group,) = autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=["prod-webapp"])["AutoScalingGroups"]
    names = [group["LaunchConfigurationName"]]
    (launched,) = autoscaling.describe_launch_configurations(LaunchConfigurationNames=names)["LaunchConfigurations"]
    assert (launched["IamInstanceProfile"], launched["KeyName"]) == ("shop-web", "shop-key")


def told(udo: Udo) -> list[str]:
    done = udo("updatelc", "prod", "webapp")
    assert done.exit == 2
    return [line.partition(": ")[2] for line in done.stderr.splitlines() if line.startswith("udo.yml:")]


def test_a_stack_or_an_output_that_is_not_there_is_told_at_its_line(world: Any, udo: Udo) -> None:
    configuration_world(world)
    write_config(TAKES)
    nothing = "no stack net: its outputs are there once it is made"
    assert told(udo) == [nothing, nothing]
    made(world, Profle="shop-web", Key="shop-key")
    assert told(udo) == ["stack net has no output Profile: did you mean 'Profle'?"]


def test_a_stack_that_is_not_complete_has_no_outputs_to_rely_on(world: Any, udo: Udo) -> None:
    configuration_world(world)
    write_config(TAKES)
    stack_faults.add(StackFault(nth=1))
    try:
        made(world, Profile="shop-web", Key="shop-key")
    finally:
        stack_faults.clear()
    assert told(udo)[0] == "stack net is ROLLBACK_COMPLETE: its outputs are known once it is complete"


def test_what_may_not_be_read_is_named(world: Any, udo: Udo) -> None:
    configuration_world(world)
    write_config(TAKES)
    world.faults.add(Fault("deny", "DescribeStacks"))
    done = udo("updatelc", "prod", "webapp")
    assert done.exit == 6
    assert "cloudformation:DescribeStacks" in done.stderr


def test_check_online_looks_for_outputs(world: Any, udo: Udo) -> None:
    configuration_world(world)
    made(world, Profile="shop-web")
    write_config(TAKES)
    rows = udo("check", "--online", "-o", "json").json["data"]["checks"]
    found = {row["name"]: (row["ok"], row["message"]) for row in rows if row["check"] == "output"}
    assert found == {
        "net.Profile": (True, "there"),
        "net.Key": (False, "stack net has no output Key: there are Profile"),
    }


def test_a_stack_takes_outputs_of_others_and_parameters_in_one_go(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from udo.options import Options
    from udo.session import Session

    made(world, Profile="web")
    made(world, "other", C="c")
    world.client("ssm").put_parameter(Name="/b", Value="b", Type="String")
    write_config(f"{STACKS}clusters: {{prod: {{roles: {{webapp: {{}}}}}}}}\n")
    session = Session(Options(region="us-west-2"), prepare=world.attach)
    stack = session.resolve_stack(session.config.stacks["mine"].order())
    assert stack.parameters == {"A": "web", "B": "b", "C": "c"}


def test_an_output_is_not_allowed_where_it_is_needed_before_aws_can_be_asked(tmp_path: Path) -> None:
    from udo.errors import ConfigError

    (tmp_path / "udo.yml").write_text('account: "${cfn:net.Account}"\nclusters: {a: {roles: {b: {}}}}\n')
    with pytest.raises(ConfigError, match=r"\$\{cfn:..\} is not allowed in account: it is needed before AWS can be"):
        load(tmp_path / "udo.yml", {})


def test_the_sandbox_has_the_stacks_whose_outputs_are_taken_but_for_its_own(world: Any) -> None:
    text = 'iam_profile: "${cfn:net.Profile}"\nkeypair_name: "${cfn:net.Key}-${cfn:mine.Key}"\n'
    write_config(f"region: us-west-2\n{text}{STACKS}{CONFIG[CONFIG.index('clusters:') :]}")
    world.seed(load(Path("udo.yml"), {}))
    world.clock.step(60)
    rows = world.client("cloudformation").describe_stacks()["Stacks"]
    outputs = {row["StackName"]: {one["OutputKey"]: one["OutputValue"] for one in row["Outputs"]} for row in rows}
    assert outputs == {"net": {"Profile": "sandbox", "Key": "sandbox"}, "other": {"C": "sandbox"}}
    assert {row["StackStatus"] for row in rows} == {"CREATE_COMPLETE"}
