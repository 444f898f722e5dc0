"""history on the strict sandbox: the journal and what AWS keeps as one list, each run once."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from deploy_worlds import SHA, begin, config, end
from launch_worlds import (
    CONFIG,
    NEW_IMAGE,
    OLD_IMAGE,
    ZONES,
    configuration,
    configuration_world,
    template_world,
    write_config,
)

from udo.files import state_folder
from udo.sandbox.faults import Fault, Killed

Udo = Callable[..., Any]
Seeded = Callable[..., Any]
RUN = "20260105T090000Z-1f00ba"


def rows(udo: Udo, *words: str) -> list[dict[str, Any]]:
    told = udo("history", *words, "-o", "json")
    assert told.exit == 0, told.stderr
    return list(told.json["data"])


def elsewhere() -> None:
    """From now on this is a machine on which Udo never ran."""
    (state_folder() / "journal.jsonl").unlink(missing_ok=True)


def recorded(**more: str) -> None:
    """A line of the journal."""
    line = {"time": "2026-01-05T09:00:00Z", "run": RUN, "target": "prod webapp", "step": "s", "outcome": "done"} | more
    with (state_folder() / "journal.jsonl").open("a") as file:
        file.write(json.dumps(line) + "\n")


@pytest.mark.parametrize("build", [configuration_world, template_world])
def test_a_run_of_this_machine_and_what_aws_keeps_of_it_are_one_row(
    world: Any, udo: Udo, build: Callable[[Any], None]
) -> None:
    build(world)
    write_config()
    run = udo("updatelc", "prod", "webapp", "-o", "json").json["data"]["run"]
    ours, *older = rows(udo, "prod", "webapp")
    assert (ours["run"], ours["what"], ours["outcome"]) == (run, "udo updatelc prod webapp -o json", "done")
    assert (ours["target"], ours["who"].startswith("arn:aws:")) == ("prod webapp", True)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", ours["when"])
    assert [row["run"] for row in older] == [None]
    assert older[0]["what"] in ("launch configuration prod-webapp", "launch template prod-webapp version 1")


def test_on_another_machine_aws_remembers_run_and_reason(world: Any, udo: Udo) -> None:
    template_world(world)
    write_config()
    run = udo("updatelc", "prod", "webapp", "--reason", "more memory", "-o", "json").json["data"]["run"]
    elsewhere()
    row = next(row for row in rows(udo) if row["run"])
    assert (row["run"], row["what"]) == (run, "launch template prod-webapp version 2")
    assert row["reason"] == "more memory"
    assert (row["target"], row["outcome"], bool(row["who"])) == ("prod webapp", "made", True)


def test_a_plan_applied_is_one_row_with_the_run_that_planned_it(world: Any, udo: Udo) -> None:
    template_world(world)
    write_config()
    assert udo("plan", "--save", "plan").exit == 0
    assert udo("apply", "plan").exit == 0
    made = [row["what"] for row in rows(udo) if row["run"]]
    assert made == ["udo apply plan"]


def test_only_the_exact_family_is_ours_and_no_other_groups_configuration(world: Any, udo: Udo) -> None:
    configuration_world(world)
    configuration(world, "prod-webapp-v2")
    world.client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName="prod-webapp-v2", LaunchConfigurationName="prod-webapp-v2", MinSize=0, MaxSize=1, **ZONES
    )
    write_config()
    assert [row["what"] for row in rows(udo)] == ["launch configuration prod-webapp"]


@pytest.mark.whole
def test_deployments_are_told_with_their_end_and_each_once(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    foreign = begin(world, description="by hand")
    end(world)
    assert udo("deploy", "prod", "webapp", SHA, "--again", "--no-wait", "--reason", "cart").exit == 0
    end(world)
    ours, theirs = (row for row in rows(udo, "prod", "webapp") if "launch" not in row["what"])
    assert (ours["what"].split()[:2], ours["outcome"]) == (["udo", "deploy"], "Succeeded")
    assert (theirs["run"], theirs["who"], theirs["outcome"]) == (None, "user", "Succeeded")
    assert theirs["what"] == f"deployment {foreign} of example/shop {SHA}"
    assert (theirs["reason"], theirs["deployment_id"]) == ("by hand", foreign)
    elsewhere()
    row = next(row for row in rows(udo, "prod", "webapp") if row["run"])
    assert (row["run"], row["reason"]) == (ours["run"], "cart")
    assert row["what"].endswith(f" of example/shop {SHA}")


def test_of_runs_within_a_second_the_later_comes_first(world: Any, udo: Udo) -> None:
    configuration_world(world)
    write_config()
    runs = ["20260105T085959Z-ffffff", RUN, "20260105T085959Z-0000aa"]
    for run in runs:
        recorded(run=run)
    assert [row["run"] for row in rows(udo, "prod", "webapp") if row["run"]] == runs[::-1]


def test_the_newest_come_first_and_no_more_than_the_limit(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    begun = []
    for _ in range(4):
        begun.append(begin(world))
        end(world)
    told = udo("history", "prod", "webapp", "--limit", "3", "-o", "json").json["data"]
    assert [row["what"].split()[1] for row in told] == begun[:0:-1]
    cut = udo("history", "prod", "webapp", "--limit", "2")
    assert len(cut.stdout.splitlines()) == 3
    assert "older: use --limit" in cut.stderr
    assert udo("history", "--limit", "0").exit == 2


def test_text_tells_local_time_with_offset_and_age_and_who_in_short(
    world: Any, udo: Udo, monkeypatch: pytest.MonkeyPatch
) -> None:
    configuration_world(world)
    write_config()
    recorded(operator="arn:aws:iam::123456789012:user/ada", command="udo x", time="2026-01-05T08:00:00Z")
    head, *lines = udo("history").stdout.splitlines()
    assert head.split() == ["WHEN", "RUN", "WHO", "TARGET", "WHAT", "CHANGED", "WHY", "DEPLOYMENT", "OUTCOME"]
    line = next(line for line in lines if RUN in line)
    assert re.match(r"2026-01-0\d \d\d:\d\d:\d\d [+-]\d{4} \(1h\)  ", line)
    assert re.split(r"  +", line)[1:] == [RUN, "user/ada", "prod webapp", "udo x", "-", "-", "-", "done"]


def test_what_other_roles_and_other_accounts_did_is_left_out(world: Any, udo: Udo) -> None:
    configuration_world(world)
    write_config(CONFIG + "      worker: {}\n")
    recorded(step="ours", account=world.account)
    recorded(step="another account", account="999999999999", run=RUN.replace("1f", "2f"))
    recorded(step="another role", target="prod worker", run=RUN.replace("1f", "3f"))
    recorded(step="of two", target="prod webapp, prod worker", run=RUN.replace("1f", "4f"))
    recorded(step="of the group", target="prod-webapp", run=RUN.replace("1f", "5f"))
    told = [(row["what"], row["target"]) for row in rows(udo, "prod", "webapp") if row["run"]]
    assert sorted(told) == [
        ("of the group", "prod webapp"),
        ("of two", "prod webapp, prod worker"),
        ("ours", "prod webapp"),
    ]
    assert "another role" in [row["what"] for row in rows(udo)]


def test_a_denied_read_is_one_warning_and_the_rest_is_shown(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    recorded()
    world.faults.add(Fault("deny", "ListDeployments", times=None))
    told = udo("history")
    assert told.exit == 0
    assert RUN in told.stdout
    assert "launch template" in told.stdout or "launch configuration" in told.stdout
    assert [line for line in told.stderr.splitlines() if line.startswith("warning")] == [
        next(line for line in told.stderr.splitlines() if line.startswith("warning: deployments are unknown"))
    ]


def test_without_any_answer_of_aws_the_journal_is_shown(world: Any, udo: Udo) -> None:
    configuration_world(world)
    write_config()
    recorded(account=world.account)
    world.faults.add(Fault("expire", times=None))
    told = udo("history")
    assert told.exit == 0
    assert RUN in told.stdout
    assert "what AWS keeps is unknown" in told.stderr


def test_a_launch_configuration_belongs_to_the_run_whose_line_says_that_it_made_it(world: Any, udo: Udo) -> None:
    configuration_world(world)
    write_config()
    assert udo("updatelc", "prod", "webapp").exit == 0
    journal = state_folder() / "journal.jsonl"
    made = [line["made"] for line in map(json.loads, journal.read_text().splitlines()) if "made" in line]
    assert made == ["prod-webapp-v2"]
    assert [row["what"] for row in rows(udo) if not row["run"]] == ["launch configuration prod-webapp"]
    elsewhere()
    recorded(step="said otherwise", made="prod-webapp-v2")
    assert [row["what"] for row in rows(udo) if not row["run"]] == ["launch configuration prod-webapp"]
    recorded(step="launch configuration prod-webapp, copied from x", run=RUN.replace("1f", "2f"))
    assert [row["what"] for row in rows(udo) if not row["run"]] == []
    elsewhere()
    recorded(step="in the way", made="prod-webapp", outcome="conflict")
    assert len([row for row in rows(udo) if not row["run"]]) == 2


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("operation", ["CreateLaunchConfiguration", "UpdateAutoScalingGroup"])
def test_a_run_that_was_killed_is_broken_off_until_it_is_done_by_another(
    world: Any, udo: Udo, operation: str, after: bool
) -> None:
    configuration_world(world)
    write_config()
    world.faults.add(Fault("kill", operation, after=after))
    with pytest.raises(Killed):
        udo("updatelc", "prod", "webapp")
    world.faults.clear()
    killed = next(row for row in rows(udo) if row["run"])
    assert killed["outcome"] == "broken off"
    told = udo("history", killed["run"])
    assert (told.exit, "prod webapp: broken off" in told.stderr) == (0, True)
    assert udo("history", killed["run"], "-o", "json").json["data"]["outcomes"] == {"prod webapp": "broken off"}
    assert udo("updatelc", "prod", "webapp").exit == 0
    if (operation, after) != ("UpdateAutoScalingGroup", True):
        assert sorted(row["outcome"] for row in rows(udo) if row["run"]) == ["broken off", "done"]


def test_a_run_that_failed_after_its_last_step_is_not_done(world: Any, udo: Udo) -> None:
    configuration_world(world)
    write_config()
    client = world.client("autoscaling")

    def meddle(_request: Any) -> None:
        client.update_auto_scaling_group(AutoScalingGroupName="prod-webapp", MaxSize=4)

    world.faults.add(Fault("hook", "UpdateAutoScalingGroup", after=True, hook=meddle))
    assert udo("updatelc", "prod", "webapp").exit == 4
    ours = next(row for row in rows(udo) if row["run"])
    assert ours["outcome"] == "conflict"
    steps = udo("history", ours["run"], "-o", "json").json["data"]["steps"]
    assert {step["outcome"] for step in steps} == {"done"}


def test_a_run_is_under_way_while_its_process_lives_and_not_judged_from_another_host(world: Any, udo: Udo) -> None:
    configuration_world(world)
    write_config()
    program = (
        "import sys; from udo.change.holder import *; me = this_process('', ''); print(me.host, me.pid, me.started)"
    )
    command = [sys.executable, "-c", f"{program}; sys.stdout.flush(); sys.stdin.read()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        host, pid, started = process.stdout.readline().split()
        recorded(step="", outcome="begun", host=host, pid=pid, started=started)
        recorded(host=host, pid=pid, started=started)
        assert [row["outcome"] for row in rows(udo) if row["run"]] == ["under way"]
    assert [row["outcome"] for row in rows(udo) if row["run"]] == ["broken off"]
    recorded(step="", outcome="begun", host="elsewhere", pid=pid, started=started)
    assert [row["outcome"] for row in rows(udo) if row["run"]] == ["end unknown"]
    recorded(step="", outcome="done", host="elsewhere", pid=pid, started=started)
    assert [row["outcome"] for row in rows(udo) if row["run"]] == ["done"]


def test_an_optional_step_that_was_left_out_is_not_how_the_run_ended(world: Any, udo: Udo) -> None:
    configuration_world(world)
    world.faults.add(Fault("deny", "CreateOrUpdateTags", times=None))
    write_config()
    assert udo("updatelc", "prod", "webapp").exit == 0
    ours = rows(udo)[0]
    assert ours["outcome"] == "done"
    steps = udo("history", ours["run"], "-o", "json").json["data"]["steps"]
    assert [step["outcome"] for step in steps] == ["done", "left out", "done"]
    recorded(outcome="conflict")
    recorded(outcome="left out", run=RUN.replace("1f", "2f"))
    assert {row["run"]: row["outcome"] for row in rows(udo) if row["run"] in (RUN, RUN.replace("1f", "2f"))} == {
        RUN: "conflict",
        RUN.replace("1f", "2f"): "done",
    }


def test_a_deployment_group_kept_in_a_parameter_is_looked_up_and_one_not_told_is_a_warning(
    world: Any, udo: Udo, seeded: Seeded
) -> None:
    seeded(config())
    world.client("ssm").put_parameter(Name="/group", Value="prod-webapp", Type="String")
    begin(world)
    write_config(config().replace("deployment_group: prod-webapp", "deployment_group: '${ssm:/group}'"))
    assert any("deployment d-" in row["what"] for row in rows(udo, "prod", "webapp"))
    world.client("ssm").delete_parameter(Name="/group")
    told = udo("history", "prod")
    assert told.exit == 0
    assert "warning: deployments to prod webapp are unknown" in told.stderr


def test_many_roles_ask_once_for_groups_and_configurations(world: Any, udo: Udo) -> None:
    configuration_world(world)
    client = world.client("autoscaling")
    for number in range(20):
        client.create_auto_scaling_group(
            AutoScalingGroupName=f"prod-r{number}", LaunchConfigurationName="prod-webapp", MinSize=0, MaxSize=1, **ZONES
        )
    write_config(CONFIG + "".join(f"      r{number}: {{}}\n" for number in range(20)))
    assert udo("history").exit == 0
    assert sorted(asked.operation for asked in world.log) == [
        "DescribeAutoScalingGroups",
        "DescribeLaunchConfigurations",
    ]


def test_a_run_shows_its_steps_without_asking_aws_or_udo_yml(world: Any, udo: Udo) -> None:
    recorded(step="one", operator="arn:aws:iam::1:user/ada", account="1", command="udo x")
    recorded(step="two", outcome="lost", note="no answer")
    recorded(step="other", run="20260105T090000Z-000000")
    told = udo("history", RUN, "-o", "json").json["data"]
    assert (told["run"], told["who"], told["command"]) == (RUN, "arn:aws:iam::1:user/ada", "udo x")
    assert [(step["step"], step["outcome"], step["note"]) for step in told["steps"]] == [
        ("one", "done", None),
        ("two", "lost", "no answer"),
    ]
    text = udo("history", RUN)
    assert [re.split(r"  +", line)[2:] for line in text.stdout.splitlines()[1:]] == [
        ["one", "done", "-"],
        ["two", "lost", "no answer"],
    ]
    assert "udo x  by user/ada, account 1" in text.stderr
    assert list(world.log) == []


def test_a_run_that_is_not_in_the_journal_is_named(udo: Udo) -> None:
    told = udo("history", RUN)
    assert told.exit == 1
    assert f"no run {RUN} in the journal of this machine" in told.stderr
    assert udo("history", RUN, "more").exit == 2


def test_a_broken_line_is_one_note_and_the_rest_is_shown(world: Any, udo: Udo) -> None:
    configuration_world(world)
    write_config()
    recorded()
    with (state_folder() / "journal.jsonl").open("a") as file:
        file.write("{torn")
    told = udo("history")
    assert (told.exit, RUN in told.stdout) == (0, True)
    assert "left out what cannot be read in the journal: 1 line" in told.stderr


def test_nothing_known_is_said(world: Any, udo: Udo) -> None:
    write_config(CONFIG.replace(NEW_IMAGE, OLD_IMAGE))
    told = udo("history")
    assert (told.exit, told.stdout, told.stderr.strip()) == (0, "", "nothing is known")


def test_a_deployment_group_that_was_deleted_does_not_hide_the_others(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    ours = begin(world, group="prod-web")
    world.client("codedeploy").delete_deployment_group(applicationName="shop", deploymentGroupName="prod-webapp")
    told = udo("history", "prod", "*", "-o", "json")
    assert any(ours in row["what"] for row in told.json["data"])
    assert "deployments to prod-webapp are unknown" in udo("history", "prod", "*").stderr
