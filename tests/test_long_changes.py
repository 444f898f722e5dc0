"""Long changes: watchers that end a wait, the lock after it, what is put back on every way out, guards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from pretended import SWAP, WAIT, WATCHED, Place, after, thing

from udo.change.events import HostDone, Progress
from udo.change.plan import Call, FanOut, Guard, Pair, Plan, Ref, Wait
from udo.change.runner import carry_out, put_back
from udo.change.waiting import Poll
from udo.errors import (
    AwsError,
    Conflict,
    EndedBadly,
    GuardRaised,
    Interrupted,
    LostAnswer,
    PartlyDone,
    PermissionDenied,
    Refused,
)


@dataclass
class Looks:
    """A watcher that says these polls in turn."""

    polls: list[Poll]

    def poll(self) -> Poll:
        return self.polls.pop(0)


def test_a_watcher_tells_more_at_every_poll_and_what_it_saw_last_is_kept() -> None:
    polls = [Poll(state, (Progress(f"{state} seen"),), rows=(state,)) for state in ("Created", "Succeeded")]
    place = Place(watchers=[Looks(polls)])
    outcome = place.outcome(WATCHED)
    told = [event for event in place.events if isinstance(event, Progress)]
    assert [event.says for event in told] == ["Created seen", "Succeeded seen"]
    assert told[0].waited == 0 < told[1].waited
    assert (outcome.state, outcome.rows) == ("Succeeded", ("Succeeded",))


def test_a_wait_that_can_never_end_ends_with_the_reason_at_once() -> None:
    place = Place(watchers=[Looks([Poll("Created"), Poll("Created", ends="Launch is suspended")])])
    with pytest.raises(EndedBadly, match=r"^wait: Launch is suspended"):
        place.carry_out(WATCHED)
    assert place.clock.now < WATCHED.timeout / 2


@dataclass
class Lock:
    """A lock that says when it was asked for, and that somebody else may have meanwhile."""

    place: Place
    log: list[str] = field(default_factory=list)
    held: bool = False
    taken: int = 1000

    def take(self) -> None:
        if not self.held:
            if self.taken == 0:
                raise Conflict("g is locked by somebody")
            self.taken -= 1
            self.held = True
            self.log.append(f"taken before write {len(self.place.sent) + 1}")

    def give_back(self) -> None:
        self.log += ["given back"] if self.held else []
        self.held = False

    def beat(self) -> None:
        assert self.held
        self.log.append("beat")


def locked(place: Place) -> Lock:
    place.lock = Lock(place)
    return place.lock  # type: ignore[no-any-return]


def test_a_write_after_a_wait_is_made_under_the_lock_again() -> None:
    place = Place({"g": "v1", "d": ["Created", "Succeeded"]})
    lock = locked(place)
    place.carry_out(SWAP, WAIT, SWAP)
    assert lock.log == ["taken before write 1", "given back", "taken before write 2"]
    assert lock.held


def test_somebody_who_locks_during_the_wait_stops_the_write_after_it() -> None:
    place = Place({"g": "v1", "d": "Succeeded"})
    locked(place).taken = 1
    with pytest.raises(Conflict, match="g is locked by somebody"):
        place.carry_out(SWAP, WAIT, SWAP)
    assert len(place.sent) == 1


def test_a_lock_that_is_held_through_a_wait_shows_that_its_holder_lives() -> None:
    place = Place({"g": "v1", "d": ["Created", "Succeeded"]})
    lock = locked(place)
    place.carry_out(SWAP, WAIT, SWAP, held=True)
    assert lock.log == ["taken before write 1", "beat", "beat", "beat"]


PUT_BACK = Call(
    "put it back",
    "autoscaling",
    "Resume",
    {"Name": "g"},
    {},
    (Pair(thing("tag"), "ours"),),
    (Pair(thing("p"), "runs"),),
)


def test_cleanup_is_sent_once_after_success_and_before_the_goal_is_read_back() -> None:
    place = Place({"g": "v1", "tag": "ours", "p": ["stopped", "runs"]})
    outcome = place.outcome(SWAP, cleanup=(PUT_BACK,), goal=(Pair(thing("p"), "runs"),))
    assert outcome.error is None
    assert [name for name, _ in place.sent] == ["UpdateThing", "Resume"]
    assert [one.row() for one in outcome.steps] == [
        {"step": "swap it in", "outcome": "done"},
        {"step": "put it back", "outcome": "done"},
    ]


def test_cleanup_is_sent_after_a_failure_of_a_later_step() -> None:
    place = Place({"g": "v1", "tag": "ours", "p": "stopped", "d": "Failed"})
    assert isinstance(place.outcome(SWAP, WAIT, cleanup=(PUT_BACK,)).error, EndedBadly)
    assert [name for name, _ in place.sent] == ["UpdateThing", "Resume"]


def test_cleanup_is_sent_after_a_bug() -> None:
    place = Place({"g": "v1", "tag": "ours", "p": "stopped"}, answers=[{}, ZeroDivisionError()])
    with pytest.raises(ZeroDivisionError):
        place.outcome(SWAP, SWAP, cleanup=(PUT_BACK,))
    assert [name for name, _ in place.sent][-1] == "Resume"


@pytest.mark.usefixtures("caught")
def test_cleanup_is_sent_after_a_signal() -> None:
    place = Place({"g": "v1", "tag": "ours", "p": "stopped"}, answers=[after({})])
    assert isinstance(place.outcome(SWAP, WAIT, cleanup=(PUT_BACK,)).error, Interrupted)
    assert [name for name, _ in place.sent] == ["UpdateThing", "Resume"]


def test_cleanup_is_sent_where_the_answer_of_the_first_write_was_lost() -> None:
    place = Place({"g": "v1", "tag": "ours", "p": "stopped"}, answers=[LostAnswer("reset")])
    assert isinstance(place.outcome(SWAP, cleanup=(PUT_BACK,)).error, LostAnswer)
    assert [name for name, _ in place.sent] == ["UpdateThing", "Resume"]


def test_nothing_is_cleaned_up_where_nothing_was_sent() -> None:
    place = Place({"g": "v7", "tag": "ours", "p": "stopped"})
    assert isinstance(place.outcome(SWAP, cleanup=(PUT_BACK,)).error, Conflict)
    assert place.sent == []


@pytest.mark.parametrize("things", [{"tag": "ours", "p": "runs"}, {"tag": "theirs", "p": "stopped"}])
def test_what_is_clean_or_no_longer_ours_is_left_alone(things: Mapping[str, Any]) -> None:
    place = Place({"g": "v1", **things})
    assert place.outcome(SWAP, cleanup=(PUT_BACK,)).error is None
    assert [name for name, _ in place.sent] == ["UpdateThing"]


def test_cleanup_that_cannot_be_sent_names_the_command_that_does_it() -> None:
    place = Place({"g": "v1", "tag": "ours", "p": "stopped"}, answers=[{}, AwsError("no")])
    outcome = place.outcome(SWAP, cleanup=(PUT_BACK, replace(PUT_BACK, says="and this")), remedy="udo resume prod web")
    assert isinstance(outcome.error, PartlyDone)
    assert str(outcome.error) == "put it back: not done, no; 'udo resume prod web' does it"
    assert [one.outcome for one in outcome.steps] == ["done", "failed", "done"]


UNDO = replace(PUT_BACK, undoes="SwapThing")
UNTAG = Call(
    "untag it", "autoscaling", "Untag", {"Name": "g"}, expect=(Pair(thing("tag"), "ours"),), undoes="UpdateThing"
)


def test_what_was_never_sent_is_not_undone_and_what_was_is() -> None:
    place = Place({"g": "v1", "tag": "ours", "p": "stopped"})
    refused = replace(SWAP, operation="SwapThing", expect=(Pair(thing("g"), "v9"),))
    assert isinstance(place.outcome(SWAP, refused, cleanup=(UNDO, UNTAG)).error, Conflict)
    assert [name for name, _ in place.sent] == ["UpdateThing", "Untag"]


def test_of_what_undoes_a_write_one_that_fails_keeps_those_after_it_from_being_sent() -> None:
    place = Place({"g": "v1", "tag": "ours", "p": "stopped"}, answers=[{}, {}, AwsError("no")])
    error = place.outcome(SWAP, replace(SWAP, operation="SwapThing"), cleanup=(UNDO, UNTAG), remedy="udo x").error
    assert str(error) == "put it back: not done, no; 'udo x' does it"
    assert [name for name, _ in place.sent] == ["UpdateThing", "SwapThing", "Resume"]


def test_what_rests_on_a_value_that_was_never_saved_is_not_put_back() -> None:
    place = Place({"g": "v1", "tag": "ours", "p": "stopped"}, answers=[AwsError("no")])
    made = replace(SWAP, save={"id": "Id"})
    about_it = replace(PUT_BACK, expect=(Pair(thing(Ref("id")), "ended"),))
    place.outcome(SWAP, made, cleanup=(about_it,))
    assert [name for name, _ in place.sent] == ["UpdateThing"]


@pytest.mark.parametrize("state", ["Succeeded", "Failed"])
def test_a_cleanup_that_lasts_is_owed_after_a_wait_and_sent_at_once_where_a_write_fails(state: str) -> None:
    place = Place({"g": "v1", "tag": "ours", "p": "stopped", "d": state})
    outcome = place.outcome(SWAP, WAIT, cleanup=(UNTAG, PUT_BACK), lasting=True)
    assert [name for name, _ in place.sent] == ["UpdateThing"]
    assert outcome.owed is not None
    after_all = put_back(outcome.owed, place.tools, outcome)
    assert [name for name, _ in place.sent] == ["UpdateThing", "Untag", "Resume"]
    assert [one.outcome for one in after_all.steps][-2:] == ["done", "done"]
    assert after_all.error is outcome.error
    failed = Place({"g": "v1", "tag": "ours", "p": "stopped"}, answers=[{}, AwsError("no")])
    assert failed.outcome(SWAP, SWAP, cleanup=(PUT_BACK,), lasting=True).owed is None
    assert [name for name, _ in failed.sent] == ["UpdateThing", "UpdateThing", "Resume"]


def test_what_an_earlier_run_has_left_is_put_back_without_a_write() -> None:
    place = Place({"tag": "ours", "p": "stopped", "d": "Failed"})
    assert isinstance(place.outcome(WAIT, cleanup=(PUT_BACK,), inherits=True).error, EndedBadly)
    assert [name for name, _ in place.sent] == ["Resume"]


def test_cleanup_is_sent_though_nobody_listens_any_more() -> None:
    place = Place({"g": "v1", "tag": "ours", "p": "stopped"})
    told: list[Any] = []

    def emit(event: Any) -> None:
        told.append(event)
        if len(told) > 1:
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        carry_out(Plan("change", "g", (SWAP,), cleanup=(PUT_BACK,)), replace(place.tools, emit=emit))
    assert [name for name, _ in place.sent] == ["UpdateThing", "Resume"]


ALARM = Guard("alarm errors", thing("alarm"), ("ALARM",), "look at it first")


def test_a_guard_that_is_bad_before_the_first_write_refuses_it() -> None:
    place = Place({"g": "v1", "alarm": "ALARM"})
    with pytest.raises(Refused, match=r"^alarm errors: ALARM: look at it first"):
        place.carry_out(SWAP, guards=(ALARM,))
    assert place.sent == []


def test_a_guard_that_turns_bad_between_two_polls_ends_the_run_and_cleans_up() -> None:
    place = Place({"g": "v1", "d": "InProgress", "alarm": ["OK", "OK", "ALARM"], "tag": "ours", "p": "stopped"})
    outcome = place.outcome(SWAP, WAIT, guards=(ALARM,), cleanup=(PUT_BACK,))
    assert isinstance(outcome.error, EndedBadly)
    assert str(outcome.error) == "alarm errors: ALARM: look at it first"
    assert [name for name, _ in place.sent] == ["UpdateThing", "Resume"]
    assert place.clock.now < WAIT.timeout / 2


def test_a_guard_that_turns_bad_before_a_second_write_ends_the_run() -> None:
    place = Place({"g": "v1", "alarm": ["OK", "ALARM"]})
    assert isinstance(place.outcome(SWAP, SWAP, guards=(ALARM,)).error, EndedBadly)
    assert len(place.sent) == 1


RINGING = Guard("in ALARM", thing("alarm"))
STOP = Call("stop it", "codedeploy", "StopThing", {"Name": Ref("id")})
STOPPED = Wait("wait until it has stopped", thing("d"), ("Stopped",), timeout=100.0)
START = replace(SWAP, save={"id": "Id"})


def test_a_guard_without_bad_values_is_raised_by_whatever_is_found() -> None:
    assert Place({"g": "v1", "alarm": ""}).outcome(SWAP, guards=(RINGING,)).error is None
    with pytest.raises(Refused, match=r"^in ALARM: prod-5xx: nothing was changed$"):
        Place({"g": "v1", "alarm": "prod-5xx"}).carry_out(SWAP, guards=(RINGING,))


def test_where_a_guard_ends_a_wait_the_plans_way_back_is_carried_out_unguarded() -> None:
    place = Place({"g": "v1", "d": ["InProgress", "Stopped"], "alarm": ["", "", "prod-5xx"]}, [{"Id": "d-1"}])
    outcome = place.outcome(START, WAIT, guards=(RINGING,), back=(STOP, STOPPED))
    assert isinstance(outcome.error, GuardRaised)
    assert (str(outcome.error), outcome.error.stuck) == ("in ALARM: prod-5xx", None)
    assert place.sent[1:] == [("StopThing", {"Name": "d-1"})]
    assert outcome.state == "Stopped"
    assert [one.outcome for one in outcome.steps] == ["done", "failed", "done", "done"]


def test_a_write_that_may_be_left_out_is_not_for_a_guard() -> None:
    place = Place({"g": "v1", "alarm": ["", "prod-5xx"]})
    assert isinstance(place.outcome(SWAP, replace(SWAP, optional=True), guards=(RINGING,)).error, GuardRaised)
    place = Place({"g": "v1", "alarm": "prod-5xx"})
    assert isinstance(place.outcome(replace(SWAP, optional=True), guards=(RINGING,)).error, Refused)


def test_a_way_back_of_what_was_never_made_is_not_taken() -> None:
    place = Place({"g": "v1", "alarm": ["", "prod-5xx"]})
    outcome = place.outcome(SWAP, START, guards=(RINGING,), back=(STOP, STOPPED))
    assert isinstance(outcome.error, GuardRaised)
    assert [name for name, _ in place.sent] == ["UpdateThing"]


def test_a_way_back_that_expects_what_was_never_made_is_not_taken() -> None:
    place = Place({"g": "v1", "alarm": ["", "prod-5xx"]})
    stop = replace(STOP, params={"Name": "g"}, expect=(Pair(thing("active"), Ref("id")),))
    assert isinstance(place.outcome(SWAP, START, guards=(RINGING,), back=(stop, STOPPED)).error, GuardRaised)
    assert [name for name, _ in place.sent] == ["UpdateThing"]


def test_a_way_back_that_is_refused_is_told_with_the_guard() -> None:
    place = Place({"g": "v1", "d": "InProgress", "alarm": ["", "prod-5xx"]}, [{"Id": "d-1"}, AwsError("it has ended")])
    error = place.outcome(START, WAIT, guards=(RINGING,), back=(STOP, STOPPED)).error
    assert str(error) == "in ALARM: prod-5xx; stop it: not done, it has ended"
    assert isinstance(error, GuardRaised)
    assert isinstance(error.stuck, AwsError)


def test_a_way_back_from_what_has_ended_meanwhile_is_not_missed() -> None:
    stopped = replace(STOPPED, failure=("Succeeded",))
    things = {"g": "v1", "d": ["InProgress", "Succeeded"], "alarm": ["", "", "prod-5xx"]}
    place = Place(things, [{"Id": "d-1"}, AwsError("it has ended")])
    outcome = place.outcome(START, WAIT, guards=(RINGING,), back=(STOP, stopped))
    assert (str(outcome.error), outcome.state) == ("in ALARM: prod-5xx", "Succeeded")


def test_whoever_follows_what_another_run_began_takes_its_way_back_too() -> None:
    place = Place({"d": ["InProgress", "Stopped"], "alarm": "prod-5xx"})
    outcome = place.outcome(WAIT, guards=(RINGING,), back=(replace(STOP, params={"Name": "d-1"}), STOPPED))
    assert isinstance(outcome.error, GuardRaised)
    assert place.sent == [("StopThing", {"Name": "d-1"})]


def test_a_guard_that_cannot_be_read_refuses_the_first_write_and_later_is_told_once() -> None:
    denied = PermissionDenied("no cloudwatch:DescribeAlarms")
    with pytest.raises(Refused, match=r"^in ALARM cannot be read: no cloudwatch:DescribeAlarms: nothing was changed$"):
        Place({"g": "v1", "alarm": denied}).carry_out(SWAP, guards=(RINGING,))
    place = Place({"g": "v1", "d": ["InProgress", "InProgress", "Succeeded"], "alarm": ["", denied]})
    assert place.outcome(SWAP, WAIT, guards=(RINGING,)).error is None
    assert place.warnings == ["no cloudwatch:DescribeAlarms"]


def test_a_wait_that_lapses_ends_well_with_its_time_and_is_guarded_to_the_last_poll(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("udo.change.waiting.jittered", lambda seconds: seconds)
    quiet = replace(WAIT, success=(), failure=(), lapses=True)
    place = Place({"d": "as ever", "alarm": ""})
    assert place.outcome(quiet, guards=(RINGING,)).error is None
    assert place.clock.now == pytest.approx(quiet.timeout)
    polls = len(place.clock.slept) + 1
    late = Place({"d": "as ever", "g": "v1", "alarm": [""] * polls + ["prod-5xx"]})
    assert isinstance(late.outcome(SWAP, quiet, guards=(RINGING,)).error, GuardRaised)


def test_a_value_saved_as_hosts_stays_beside_the_hosts_of_a_fan_out() -> None:
    done = HostDone("i-1", "ok", 0, "", 0.1)
    place = Place(answers=[{"Hosts": 3}], hosts=(done,))
    call = Call("count", "ec2", "CountThings", {}, save={"hosts": "Hosts"})
    outcome = place.outcome(call, FanOut("run it", "uptime", ()))
    assert (outcome.saved, outcome.hosts) == ({"hosts": "3"}, (done,))
