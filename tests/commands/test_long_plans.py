"""Long changes on the sandbox: a wait that is cut off and waited for again, the lock between two writes, what is put
back after kill -9, later stages."""

from __future__ import annotations

import json
import signal
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from launch_worlds import ZONES, configuration_world, write_config
from test_locks import held_by, locks
from whole import some

from udo.change.finish import finish
from udo.change.many import finish_each
from udo.change.outcome import Outcome
from udo.change.plan import Call, Pair, Plan, Read, Wait
from udo.change.resume import remaining
from udo.change.saved_plan import Entry, Saved, saved_in, write
from udo.change.waiting import watcher
from udo.errors import Conflict, DeadlinePassed, EndedBadly, Interrupted, UdoError
from udo.groups.target import role_target
from udo.options import Options
from udo.result import Result
from udo.sandbox.faults import Fault, Killed
from udo.sandbox.strict import delays
from udo.session import Session

TWO = """
region: us-west-2
clusters:
  prod:
    roles: {webapp: {}, worker: {}}
"""
MARK = "udo:suspended-by-run"


def opened(world: Any, run_id: str = "20261128T000000Z-aaaaaa") -> Session:
    clock = SimpleNamespace(time=world.clock.now, monotonic=world.clock.now, sleep=world.clock.step)
    session = Session(Options(yes=True), prepare=world.prepare, clock=clock, words=("scale",))
    session.run_id = run_id
    return session


def read(group: str, path: str) -> Read:
    return Read("autoscaling", "DescribeAutoScalingGroups", {"AutoScalingGroupNames": [group]}, path)


def grown(group: str, size: int) -> Plan:
    """A plan that makes a group larger, and waits until all are in service."""
    params = {"AutoScalingGroupName": group, "DesiredCapacity": size, "MaxSize": 9}
    proof = Pair(read(group, "AutoScalingGroups[0].DesiredCapacity"), size)
    wait = Wait(f"wait for {group}", read(group, "length(AutoScalingGroups)"), ("steady",), watch="group")
    call = Call(f"grow {group}", "autoscaling", "UpdateAutoScalingGroup", params, proof=(proof,))
    return Plan("scale", group, (call, wait), goal=(proof,), done=f"{group} has {size}")


def in_service(world: Any, group: str) -> int:
    found = world.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[group])
    return sum(one["LifecycleState"] == "InService" for one in found["AutoScalingGroups"][0]["Instances"])


@pytest.fixture
def groups(world: Any) -> Any:
    """prod-webapp and prod-worker, whose new instances take 40 s."""
    configuration_world(world)
    world.client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName="prod-worker", LaunchConfigurationName="prod-webapp", MinSize=0, MaxSize=1, **ZONES
    )
    write_config(TWO)
    delays.boot = 40.0
    return world


def at_poll(world: Any, number: int, hook: Any) -> None:
    """Does something at a poll of the wait, which is the only one to read the group once the write was sent."""
    seen: list[Any] = []

    def asked(_request: Any) -> None:
        if any(one.operation == "UpdateAutoScalingGroup" for one in world.log):
            seen.append(1)
            if len(seen) == number:
                hook()

    world.faults.add(Fault("hook", "DescribeAutoScalingGroups", times=None, hook=asked))


def cut_off(world: Any) -> None:
    at_poll(world, 3, lambda: signal.raise_signal(signal.SIGINT))


@pytest.mark.usefixtures("caught")
def test_a_wait_that_was_cut_off_is_waited_for_again(groups: Any, capsys: pytest.CaptureFixture[str]) -> None:
    cut_off(groups)
    session = opened(groups)
    role = session.config.role("prod", "webapp")
    plan = grown("prod-webapp", 4)
    with pytest.raises(Interrupted):
        finish(session, role_target(session, role), plan)
    begun = capsys.readouterr().err
    groups.faults.clear()
    assert in_service(groups, "prod-webapp") == 2
    result = _again(groups, plan)
    told = capsys.readouterr().err
    assert (result.exit, in_service(groups, "prod-webapp")) == (0, 4)
    for line in ("2 of 4 in service, 2 Pending", "4 of 4 in service"):
        assert line in told
    assert "2 of 4 in service, 2 Pending" in begun
    assert _again(groups, plan).text == "nothing to do, this is done already: prod-webapp has 4"


def _left(session: Session, plan: Plan) -> Plan:
    aws = session.aws(session.config.role("prod", "webapp"))
    return remaining(plan, aws.read, partial(watcher, aws, session.clock))


def _again(world: Any, plan: Plan) -> Result:
    from udo import signals

    signals.let_go()
    session = opened(world)
    return finish(session, role_target(session, session.config.role("prod", "webapp")), _left(session, plan))


@pytest.mark.usefixtures("caught")
def test_of_several_roles_the_one_whose_wait_was_cut_off_is_waited_for_again(
    groups: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    plans = {"webapp": grown("prod-webapp", 3), "worker": grown("prod-worker", 2)}

    def run() -> Result:
        session = opened(groups)
        roles = session.config.roles("prod", "*")
        return finish_each(
            session, [(role_target(session, one), partial(_left, session, plans[one.name])) for one in roles]
        )

    cut_off(groups)
    assert run().exit == 130
    assert "prod-worker" not in str(groups.log), "after a signal no further role is begun"
    groups.faults.clear()
    from udo import signals

    signals.let_go()
    capsys.readouterr()
    result = run()
    told = capsys.readouterr().err
    assert (result.exit, in_service(groups, "prod-webapp"), in_service(groups, "prod-worker")) == (0, 3, 2)
    assert "2 of 3 in service, 1 Pending" in told
    assert [one.operation for one in groups.log].count("UpdateAutoScalingGroup") == 2
    assert [row["changed"] for row in run().data] == [False, False]


def test_a_saved_plan_whose_wait_was_cut_off_is_waited_for_again(groups: Any, udo: Any) -> None:
    session = opened(groups)
    entry = Entry("prod", "webapp", "prod-webapp", groups.account, "us-west-2", grown("prod-webapp", 3))
    write(Path("plan"), Saved(session.run_id, "2026-11-28T00:00:00Z", (entry,)))
    assert saved_in(Path("plan")).entries == (entry,)
    cut_off(groups)
    assert udo("apply", "plan").exit == 130
    groups.faults.clear()
    again = udo("apply", "plan")
    assert (again.exit, in_service(groups, "prod-webapp")) == (0, 3)
    assert "2 of 3 in service, 1 Pending" in again.stderr
    assert "nothing to do" in udo("apply", "plan").stdout


def test_a_wait_that_can_never_end_ends_with_the_reason(groups: Any) -> None:
    groups.client("autoscaling").suspend_processes(AutoScalingGroupName="prod-webapp", ScalingProcesses=["Launch"])
    session = opened(groups)
    began = groups.clock.now()
    with pytest.raises(EndedBadly, match=r"^wait for prod-webapp: Launch is suspended \(.*\): the group launches no"):
        finish(session, role_target(session, session.config.role("prod", "webapp")), grown("prod-webapp", 4))
    assert groups.clock.now() - began < 60


def twice(group: str) -> Plan:
    """A plan with a write, a wait and a second write."""
    first, wait = grown(group, 3).steps
    params = {"AutoScalingGroupName": group, "HealthCheckGracePeriod": 99}
    return Plan("scale", group, (first, wait, Call("set grace", "autoscaling", "UpdateAutoScalingGroup", params)))


def test_the_second_write_of_a_plan_is_made_under_the_lock_too(groups: Any) -> None:
    held: list[list[str]] = []
    groups.faults.add(
        Fault("hook", "UpdateAutoScalingGroup", times=None, hook=lambda _asked: held.append(locks(groups)))
    )
    during: list[str] = []
    at_poll(groups, 3, lambda: during.extend(locks(groups)))
    session = opened(groups)
    finish(session, role_target(session, session.config.role("prod", "webapp")), twice("prod-webapp"))
    assert held == [["/udo/lock/prod-webapp"]] * 2
    assert (during, locks(groups)) == ([], [])


def test_a_second_operator_who_locks_during_the_wait_stops_the_second_write(groups: Any) -> None:
    at_poll(groups, 2, lambda: held_by(groups))
    session = opened(groups)
    with pytest.raises(Conflict, match="prod-webapp is locked by arn:aws:iam::123456789012:user/somebody") as caught:
        finish(session, role_target(session, session.config.role("prod", "webapp")), twice("prod-webapp"))
    done: Any = caught.value.data
    assert [step["outcome"] for step in done["steps"]] == ["done", "done", "failed"]
    assert [one.operation for one in groups.log].count("UpdateAutoScalingGroup") == 1
    assert locks(groups) == ["/udo/lock/prod-webapp"], "the other one's"


def test_a_lock_that_is_held_through_a_long_wait_is_written_again_before_it_looks_left_behind(groups: Any) -> None:
    delays.boot = 2000.0
    plan = twice("prod-webapp")
    session = opened(groups)
    held = Plan("scale", plan.target, plan.steps, held=True)
    finish(session, role_target(session, session.config.role("prod", "webapp")), held)
    puts = [one.params.get("Overwrite") for one in groups.log if one.operation == "PutParameter"]
    assert puts[0] in (False, None)
    assert 2 <= puts.count(True) <= 4
    assert locks(groups) == []


def suspending(world: Any, session: Session) -> Plan:
    """The plan of a verb that suspends a process while it works, marks that with a tag, and puts both back."""
    group = "prod-webapp"
    named = {"AutoScalingGroupName": group}
    tag = {"ResourceId": group, "ResourceType": "auto-scaling-group", "Key": MARK}
    marked = read(group, f"AutoScalingGroups[0].Tags[?Key=='{MARK}'].Value | [0]")
    stopped = read(group, "AutoScalingGroups[0].SuspendedProcesses[].ProcessName | [0]")
    ours = session.aws(session.config.role("prod", "webapp")).read(marked)
    put_back = (
        Call(
            "resume Launch",
            "autoscaling",
            "ResumeProcesses",
            {**named, "ScalingProcesses": ["Launch"]},
            expect=(Pair(marked, "yes"),),
            proof=(Pair(stopped, None),),
        ),
        Call(
            "take the mark away",
            "autoscaling",
            "DeleteTags",
            {"Tags": [tag]},
            expect=(Pair(marked, "yes"),),
            proof=(Pair(marked, None),),
        ),
    )
    if ours:
        return Plan("work", group, put_back, goal=(Pair(stopped, None),), done="put back")
    mark = Call(
        "mark it", "autoscaling", "CreateOrUpdateTags", {"Tags": [{**tag, "Value": "yes", "PropagateAtLaunch": False}]}
    )
    stop = Call("suspend Launch", "autoscaling", "SuspendProcesses", {**named, "ScalingProcesses": ["Launch"]})
    change = Call("change", "autoscaling", "UpdateAutoScalingGroup", {**named, "HealthCheckGracePeriod": 99})
    wait = Wait("wait", read(group, "AutoScalingGroups[0].HealthCheckGracePeriod"), (99,))
    return Plan("work", group, (mark, stop, change, wait), cleanup=put_back, remedy="udo work prod webapp")


def _work(world: Any) -> Result:
    session = opened(world)
    return finish(session, role_target(session, session.config.role("prod", "webapp")), suspending(world, session))


def _is_clean(world: Any) -> bool:
    (group,) = world.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=["prod-webapp"])[
        "AutoScalingGroups"
    ]
    return not group["SuspendedProcesses"] and MARK not in {tag["Key"] for tag in group["Tags"]}


def _sent(world: Any, operation: str) -> int:
    return sum(one.operation == operation for one in world.log)


def test_what_was_suspended_is_resumed_after_success(groups: Any) -> None:
    result = _work(groups)
    assert [step["step"] for step in result.data["steps"]][-2:] == ["resume Launch", "take the mark away"]
    assert _is_clean(groups)
    assert (_sent(groups, "ResumeProcesses"), _sent(groups, "DeleteTags")) == (1, 1)


@pytest.mark.parametrize("operation", ["SuspendProcesses", "UpdateAutoScalingGroup"])
@pytest.mark.parametrize("kind", some(["deny", "drop", "garbage"], "drop"))
def test_what_was_suspended_is_resumed_after_a_failure(groups: Any, operation: str, kind: Any) -> None:
    groups.faults.add(Fault(kind, operation, after=kind != "deny", times=None))
    with pytest.raises(UdoError):
        _work(groups)
    assert _is_clean(groups)


@pytest.mark.usefixtures("caught")
@pytest.mark.parametrize("operation", ["CreateOrUpdateTags", "SuspendProcesses", "UpdateAutoScalingGroup"])
def test_what_was_suspended_is_resumed_after_ctrl_c(groups: Any, operation: str) -> None:
    groups.faults.add(Fault("hook", operation, after=True, hook=lambda _asked: signal.raise_signal(signal.SIGINT)))
    with pytest.raises(Interrupted):
        _work(groups)
    assert _is_clean(groups)


@pytest.mark.parametrize("after", some([False, True], True))
@pytest.mark.parametrize(
    "operation", ["SuspendProcesses", "UpdateAutoScalingGroup", "ResumeProcesses", "autoscaling:DeleteTags"]
)
def test_after_kill_9_the_next_run_finds_the_mark_and_puts_it_back_once(
    groups: Any, operation: str, after: bool
) -> None:
    groups.faults.add(Fault("kill", operation, after=after))
    with pytest.raises(Killed):
        _work(groups)
    groups.faults.clear()
    _forget_the_lock(groups)
    groups.log.clear()
    _work(groups)
    assert _is_clean(groups)
    assert _sent(groups, "ResumeProcesses") <= 1


def _forget_the_lock(world: Any) -> None:
    for name in locks(world):
        world.client("ssm").delete_parameter(Name=name)


def test_what_cannot_be_put_back_is_told_with_the_command_that_does_it(groups: Any, capsys: Any) -> None:
    groups.faults.add(Fault("deny", "ResumeProcesses", times=None))
    with pytest.raises(UdoError, match=r"resume Launch: not done, .*; 'udo work prod webapp' does it") as caught:
        _work(groups)
    assert caught.value.exit == 3
    assert "warning: resume Launch: not done" in capsys.readouterr().err


def grace(seconds: int) -> Plan:
    params = {"AutoScalingGroupName": "prod-webapp", "HealthCheckGracePeriod": seconds}
    call = Call(f"set {seconds}", "autoscaling", "UpdateAutoScalingGroup", params)
    return Plan("work", "prod webapp", (call,), done=f"it is {seconds}")


def test_later_stages_are_planned_from_what_came_before_until_nothing_is_left(groups: Any) -> None:
    seen: list[int] = []

    def stage(outcome: Outcome) -> Plan | None:
        seen.append(len(outcome.steps))
        return grace(100 + len(outcome.steps)) if len(outcome.steps) < 3 else None

    session = opened(groups)
    target = role_target(session, session.config.role("prod", "webapp"))
    result = finish(session, target, grace(100), stage, lambda outcome: None)
    assert seen == [1, 2, 3]
    assert [step["step"] for step in result.data["steps"]] == ["set 100", "set 101", "set 102"]
    journal = [json.loads(line) for line in Path(_journal()).read_text().splitlines()]
    assert {line["run"] for line in journal} == {session.run_id}
    assert [line["outcome"] for line in journal if not line["step"]] == ["begun", "done"]


def test_a_stage_that_never_ends_is_over_at_the_deadline(groups: Any) -> None:
    def stage(outcome: Outcome) -> Plan:
        assert len(outcome.steps) < 20
        groups.clock.step(30)
        return grace(50)

    session = opened(groups)
    target = role_target(session, session.config.role("prod", "webapp"))
    with pytest.raises(DeadlinePassed):
        finish(session, target, grace(100), stage, seconds=100)
    assert 2 <= _sent(groups, "UpdateAutoScalingGroup") <= 5


def test_a_stage_after_a_failure_is_not_planned(groups: Any) -> None:
    groups.faults.add(Fault("deny", "UpdateAutoScalingGroup", times=None))
    session = opened(groups)
    target = role_target(session, session.config.role("prod", "webapp"))
    with pytest.raises(UdoError):
        finish(session, target, grace(100), lambda _outcome: pytest.fail("planned"))


def _journal() -> str:
    import os

    return os.environ["XDG_STATE_HOME"] + "/udo/journal.jsonl"
