"""A refresh followed on a real terminal: the table in it, its countdown, what stands there in the end."""

from __future__ import annotations

import re
import signal
from typing import Any

import pytest
import test_deploy_terminal
from test_deploy_terminal import screen
from test_interrupted_terminal import check_shown

from udo.sandbox.clock import Clock

on_terminal = test_deploy_terminal.on_terminal
REFRESH = ("refresh", "prod", "one", "--yes", "--warmup", "30s")
GROUP = {"AutoScalingGroupName": "prod-one"}


@pytest.fixture
def outdated(world: Any, on_terminal: Any) -> Any:
    """Two members that differ from what their group launches now."""
    api = world.client("autoscaling")
    launch = api.describe_auto_scaling_groups(AutoScalingGroupNames=["prod-one"])["AutoScalingGroups"][0]
    name = launch["LaunchTemplate"]["LaunchTemplateName"]
    made = world.client("ec2").create_launch_template_version(
        LaunchTemplateName=name, SourceVersion="1", LaunchTemplateData={"InstanceType": "t3.large"}
    )
    number = str(made["LaunchTemplateVersion"]["VersionNumber"])
    api.update_auto_scaling_group(**GROUP, LaunchTemplate={"LaunchTemplateName": name, "Version": number})
    return on_terminal


def old_and_new(shown: list[str], head: int) -> list[str]:
    """What the rows of a table below its head say of each member."""
    rows = [re.match(r"  i-[0-9a-f]{17}  (.*?)(?:  .*)?$", line) for line in shown[head + 1 :]]
    return [row[1] for row in rows if row]


def test_a_refresh_is_a_table_that_ends_with_every_member_new(world: Any, outdated: Any) -> None:
    world.clock = Clock(speed=20.0)
    run = outdated(*REFRESH)
    code, same = run.ended()
    assert (code, same) == (0, True), run.shown
    check_shown(run.shown, interrupted=False)
    shown = screen(run.shown)
    [head] = [number for number, line in enumerate(shown) if "Successful 100 %  2 new, 2 in service" in line]
    assert old_and_new(shown, head) == ["done", "done"], shown
    assert not any(line.lstrip().startswith("i-") for line in shown[:head]), shown
    assert re.fullmatch(r"  last: Terminating EC2 instance: i-\w+ \((InProgress|Successful)\)", shown[head + 3]), shown
    # It stood there before, in place of what stands there now.
    assert re.search(r"(Pending|InProgress) 0 %  .*2 old, .*\x1b\[J\r\x1b\[[45]A", run.shown, re.DOTALL), run.shown


@pytest.mark.whole
def test_a_pause_is_counted_down_and_ctrl_c_leaves_the_last_state_and_the_terminal_as_it_was(
    world: Any, outdated: Any
) -> None:
    world.clock = Clock(speed=20.0)
    run = outdated(*REFRESH, "--canary", "1", "--pause", "1h")
    left = r"  InProgress 50 %  checkpoint 1 of 2, (?:at most )?(\d+)m(?: (\d+)s)? left; 1 new, 1 old"
    run.see(lambda: len(set(re.findall(left, run.shown))) > 1, 60)
    run.interrupt(signal.SIGINT)
    code, same = run.ended()
    assert (code, same) == (130, True), run.shown
    check_shown(run.shown)
    counted = [int(minutes) * 60 + int(seconds or 0) for minutes, seconds in re.findall(left, run.shown)]
    assert counted == sorted(counted, reverse=True), counted
    shown = screen(run.shown)
    [end] = [number for number, line in enumerate(shown) if line.startswith("udo: interrupted in step 2 of 2")]
    assert sorted(old_and_new(shown[:end], end - 4)) == ["done", "not begun"], shown
    told = "".join(shown[end:])
    assert "continues in AWS; look again with: udo refresh prod one (or --status)" in told, shown
