"""Which members of a group a command reaches: the choice as a function, and as the command line says it."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from test_ssh import GROUPS, members

from udo.fanout.which import Whom, chosen
from udo.groups.observe import Seen
from udo.groups.outdated import outdated, outdated_ids
from udo.model.groups import LIFECYCLE_STATES, AutoScalingGroup, Member, Override
from udo.model.instances import Instance
from udo.model.launch import LaunchConfigurationReference, LaunchTemplateReference

Udo = Callable[..., Any]

NOW = LaunchConfigurationReference("prod-web-v2")
ROLE: Any = SimpleNamespace(group_name="prod-web", label="prod web")
# id, state, zone, launched at, tag Shard
ROWS = (
    ("i-0000000a", "InService", "us-east-1a", "2026-01-03T00:00:00Z", "1"),
    ("i-0000000b", "InService", "us-east-1b", "2026-01-01T00:00:00Z", "2"),
    ("i-0000000c", "Standby", "us-east-1a", "2026-01-02T00:00:00Z", "1"),
    ("i-0000000d", "InService", "us-east-1b", "2026-01-04T00:00:00Z", "1"),
)


def seen(rows: Any = ROWS) -> Seen:
    found = tuple(Member(row[0], row[1], "Healthy", row[2], NOW) for row in rows)
    instances = {row[0]: Instance(row[0], "running", launched_at=row[3], tags={"Shard": row[4]}) for row in rows}
    return Seen(ROLE, AutoScalingGroup("prod-web", NOW, 0, 9, 4, found), instances)


def letters(whom: Whom, **more: Any) -> str:
    return "".join(member.instance_id[-1] for member in chosen(seen(), whom, **more).members)


@pytest.mark.parametrize(
    ("whom", "meant"),
    [
        (Whom(), "abd"),
        (Whom(states=("standby",)), "c"),
        (Whom(states=("Standby", "InService")), "abcd"),
        (Whom(states=("any",)), "abcd"),
        (Whom(zones=("us-east-1b",)), "bd"),
        (Whom(zones=("us-east-1a", "us-east-1b"), excluded=("i-0000000b",)), "ad"),
        (Whom(instances=("i-0000000d", "i-0000000a")), "ad"),
        (Whom(tags=(("Shard", "1"),)), "ad"),
        (Whom(tags=(("Shard", "1"), ("Shard", "2"))), ""),
        (Whom(newest=1), "d"),
        (Whom(newest=2), "da"),
        (Whom(oldest=1), "b"),
        (Whom(oldest=99), "bad"),
        (Whom(states=("any",), oldest=2), "bc"),
        (Whom(zones=("us-east-1a",), newest=5), "a"),
        (Whom(outdated=True), "b"),
        (Whom(only_failed=True), "d"),
    ],
)
def test_what_is_asked_for_narrows_the_members(whom: Whom, meant: str) -> None:
    assert letters(whom, outdated={"i-0000000b"}, failed={"i-0000000d", "i-gone"}) == meant


def test_some_at_random_are_so_many_of_those_meant_each_once() -> None:
    drawn = {letters(Whom(pick=2)) for _ in range(60)}
    assert drawn == {"ab", "ad", "bd"}
    assert letters(Whom(pick=7)) == "abd"


@pytest.mark.parametrize(
    ("whom", "why"),
    [
        (Whom(states=("Pending",)), "group prod-web has no instance that is Pending (3 InService, 1 Standby)"),
        (Whom(zones=("us-east-1z",)), "group prod-web has no instance in us-east-1z: (3 InService)"),
        (Whom(instances=("i-0000000c",)), "group prod-web has no instance i-0000000c among (3 InService)"),
        (Whom(tags=(("A", "b"),)), "group prod-web has no instance with the tag A=b: (3 InService)"),
        (Whom(outdated=True), "group prod-web has no outdated instance: (3 InService)"),
        (Whom(only_failed=True), "group prod-web has no instance that failed in the last run: (3 InService)"),
    ],
)
def test_where_nobody_is_left_the_reason_names_the_choice_that_left_none(whom: Whom, why: str) -> None:
    assert chosen(seen(), whom).why == why


@pytest.fixture
def stage(world: Any, ssh: Any, seeded: Any) -> Any:
    """A cluster whose instances answer ssh."""
    seeded(ssh.settings + GROUPS)
    return world


def reached(done: Any) -> list[str]:
    return sorted(row["instance_id"] for row in done.json["data"]["hosts"])


def test_instances_are_named_or_left_out(stage: Any, udo: Udo) -> None:
    ids = members(stage)
    named = udo("ssh", "stage", "webapp", "true", "--instance", ",".join(ids[:2]), "-o", "json")
    assert reached(named) == ids[:2]
    others = udo("ssh", "stage", "webapp", "true", "--exclude", ids[0], "--exclude", ids[1], "-o", "json")
    assert (reached(others), "--exclude has no effect" in others.stderr) == (ids[2:], False)
    typo = udo("ssh", "stage", "webapp", "true", "--exclude", "i-0123456789abcdef0", "-o", "json")
    assert (reached(typo), "i-0123456789abcdef0 is in none of these groups" in typo.stderr) == (ids, True)


def test_an_instance_of_another_group_is_refused_before_anyone_is_reached(stage: Any, udo: Udo) -> None:
    mine, other = members(stage)[0], members(stage, "stage-worker")[0]
    done = udo("ssh", "stage", "webapp", "touch reached", "--instance", f"{mine},{other}")
    assert (done.exit, list(Path().rglob("reached"))) == (1, [])
    assert f"{other}: not in group stage-webapp" in done.stderr


@pytest.mark.parametrize(
    "words",
    [("--instance", "web-1"), ("--tag", "Shard"), ("--newest", "1", "--pick", "1"), ("--newest", "0"), ("--az", "a,")],
)
def test_what_is_no_choice_is_refused_before_any_call(stage: Any, udo: Udo, words: tuple[str, ...]) -> None:
    before = len(stage.log)
    assert udo("ssh", "stage", "webapp", "true", *words).exit == 2
    assert len(stage.log) == before


def test_outdated_are_those_launched_before_the_group_was_changed(stage: Any, udo: Udo, aws: Any) -> None:
    assert udo("ssh", "stage", "webapp", "true", "--outdated").exit == 1
    text = Path("udo.yml").read_text().replace("t3.small", "m5.large")
    Path("udo.yml").write_text(text)
    assert udo("updatelc", "stage", "webapp").exit == 0
    old = members(stage)
    aws("autoscaling").set_desired_capacity(AutoScalingGroupName="stage-webapp", DesiredCapacity=4)
    assert len(members(stage)) == 4
    assert reached(udo("ssh", "stage", "webapp", "true", "--outdated", "-o", "json")) == old


@pytest.mark.parametrize("alias", ["$Latest", "$Default"])
def test_what_a_group_follows_is_looked_up(stage: Any, udo: Udo, aws: Any, alias: str) -> None:
    name, old = "stage-webapp", members(stage)
    follows = {"LaunchTemplateName": name, "Version": alias}
    aws("autoscaling").update_auto_scaling_group(AutoScalingGroupName=name, LaunchTemplate=follows)
    nobody = udo("ssh", "stage", "webapp", "true", "--outdated")
    assert (nobody.exit, "has no outdated instance" in nobody.stderr) == (1, True)
    more = {"LaunchTemplateData": {"InstanceType": "m5.large"}, "SourceVersion": "1"}
    aws("ec2").create_launch_template_version(LaunchTemplateName=name, **more)
    if alias == "$Default":
        assert udo("ssh", "stage", "webapp", "true", "--outdated").exit == 1
        aws("ec2").modify_launch_template(LaunchTemplateName=name, DefaultVersion="2")
    aws("autoscaling").set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=4)
    assert len(members(stage)) == 4
    assert reached(udo("ssh", "stage", "webapp", "true", "--outdated", "-o", "json")) == old


def test_a_member_is_as_old_as_what_it_was_launched_from() -> None:
    base, own, old = (LaunchTemplateReference(one, one, number) for one, number in (("a", "2"), ("b", "5"), ("b", "4")))
    gone, before = None, LaunchConfigurationReference("prod-web")
    rows = {"i-1": base, "i-2": own, "i-3": old, "i-4": gone, "i-5": before}
    found = tuple(Member(name, "InService", "Healthy", "us-east-1a", launch) for name, launch in rows.items())
    mixed = (Override("t3.small"), Override("t4g.small", launch=own))
    group = AutoScalingGroup("prod-web", base, 0, 9, 4, found)
    assert outdated_ids(found, base) == {"i-2", "i-3", "i-4", "i-5"}
    assert outdated_ids(found, before) == {"i-1", "i-2", "i-3", "i-4"}
    assert outdated(group) == 4
    arm = replace(found[1], instance_type="t4g.small")
    small = replace(found[0], instance_type="t3.small")
    assert outdated_ids((small, arm), base, mixed) == set()
    assert outdated_ids((replace(small, launch=own), replace(arm, launch=base)), base, mixed) == {"i-1", "i-2"}


def test_in_a_mixed_policy_an_image_of_its_own_and_a_type_that_is_gone_make_a_member_outdated() -> None:
    base = LaunchTemplateReference("a", "a", "2")
    ways = (Override("t3.small", "ami-2"), Override("m5.large"))
    for kind, image, is_old in (
        ("t3.small", "ami-2", False),
        ("t3.small", "ami-1", True),
        ("t3.small", "", True),
        ("m5.large", "", False),
        ("m5.large", "ami-1", True),
        ("t3.nano", "", True),
    ):
        member = Member("i-1", "InService", "Healthy", "us-east-1a", base, kind, image)
        assert bool(outdated_ids((member,), base, ways)) is is_old, (kind, image)
        assert not outdated_ids((replace(member, image_id=""),), base, (Override(),)), kind


def test_only_failed_are_those_of_the_last_run_until_they_are_well(stage: Any, udo: Udo) -> None:
    ids = members(stage)
    never = udo("ssh", "stage", "webapp", "true", "--only-failed")
    assert (never.exit, "no run of 'udo ssh' on stage webapp is remembered" in never.stderr) == (1, True)
    udo("ssh", "stage", "webapp", f'test "$UDO_INSTANCE_ID" = {ids[0]}')
    udo("ssh", "stage", "worker", "true")
    assert reached(udo("ssh", "stage", "webapp", "true", "--only-failed", "-o", "json")) == ids[1:]
    nobody = udo("ssh", "stage", "webapp", "true", "--only-failed")
    assert (nobody.exit, "no instance that failed in the last run" in nobody.stderr) == (1, True)


def test_the_memory_of_a_run_is_private_and_holds_no_output(stage: Any, udo: Udo) -> None:
    udo("ssh", "stage", "webapp", "echo canary-$((40+2))")
    (kept,) = (Path.home() / "state" / "udo" / "last").iterdir()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert sorted(json.loads(kept.read_text())["hosts"]) == members(stage)
    assert "canary" not in kept.read_text()


def test_a_dry_run_is_not_remembered(stage: Any, udo: Udo) -> None:
    udo("ssh", "stage", "webapp", "true", "-n")
    assert not (Path.home() / "state" / "udo" / "last").exists()


def test_the_states_of_a_member_are_those_that_botocore_knows(session: Callable[[], Any]) -> None:
    known = session().get_service_model("autoscaling").shape_for("LifecycleState").enum
    assert sorted(LIFECYCLE_STATES) == sorted(known)


@pytest.mark.parametrize("states", ["Bogus", "InService,Bogus", "ANY", "Pending:"])
def test_a_state_that_does_not_exist_is_misuse_with_those_there_are(udo: Udo, states: str) -> None:
    Path("udo.yml").write_text("clusters: {prod: {roles: {web: {}}}}\n")
    told = udo("ssh", "prod", "web", "true", "--state", states)
    assert (told.exit, told.stdout) == (2, "")
    wrong = states.rpartition(",")[2]
    assert f"'{wrong}' is not a lifecycle state: states are InService, Pending, " in told.stderr
    assert told.stderr.endswith(", any\n")


@pytest.mark.parametrize("states", ["standby", "Warmed:Stopped", "any"])
def test_a_state_in_any_case_and_one_of_a_warm_pool_is_taken(udo: Udo, world: Any, states: str) -> None:
    Path("udo.yml").write_text("clusters: {prod: {roles: {web: {}}}}\n")
    assert udo("ssh", "prod", "web", "true", "--state", states).exit == 1, "there is no group"
