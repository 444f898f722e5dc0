"""The runner on a small pretended AWS: what is compared, sent, sent again, proved, waited for and read back."""

from __future__ import annotations

import signal
from dataclasses import replace

import pytest
from pretended import PROVED, SWAP, WAIT, Place, after, thing

from udo.change.events import HostDone, Progress
from udo.change.plan import Call, FanOut, LocalCommand, Pair, Ref
from udo.change.runner import RESEND_SECONDS
from udo.change.waiting import SETTLE_SECONDS
from udo.errors import (
    AlreadyThere,
    AwsError,
    Conflict,
    DeadlinePassed,
    EndedBadly,
    Interrupted,
    LostAnswer,
    NotSent,
    PartlyDone,
)


def test_a_write_is_sent_as_planned_and_recorded() -> None:
    place = Place({"g": "v1"})
    place.carry_out(SWAP)
    assert place.sent == [("UpdateThing", {"Name": "g", "To": "v2"})]
    assert place.records == [("swap it in", "done", "")]


def test_what_differs_from_the_plan_is_a_conflict_and_nothing_is_sent() -> None:
    place = Place({"g": "v7"})
    with pytest.raises(Conflict, match="v7 now, it was v1 when this was planned"):
        place.carry_out(SWAP)
    assert place.sent == []
    assert [outcome for _, outcome, _ in place.records] == ["conflict"]


def test_later_steps_use_what_earlier_ones_saved_numbers_as_text() -> None:
    place = Place(answers=[{"Version": {"Number": 7}}])
    make = Call("make", "ec2", "CreateVersion", {}, save={"number": "Version.Number"})
    swap = Call("swap", "autoscaling", "Update", {"Launch": {"Version": Ref("number")}, "Rows": [Ref("number")]})
    assert place.carry_out(make, swap) == {"number": "7"}
    assert place.sent[1] == ("Update", {"Launch": {"Version": "7"}, "Rows": ["7"]})


def test_a_throttled_write_is_sent_again_with_growing_pauses_until_the_deadline() -> None:
    place = Place({"g": "v1"}, answers=[NotSent("slow down")] * 100)
    with pytest.raises(NotSent):
        place.carry_out(SWAP)
    assert place.clock.now <= RESEND_SECONDS * 1.2
    assert len(place.sent) > 5
    assert place.clock.slept[3] > place.clock.slept[1] > place.clock.slept[0] * 1.2
    assert max(place.clock.slept) <= 15 * 1.2


def test_a_throttled_write_compares_again_before_it_is_repeated() -> None:
    place = Place({"g": ["v1", "v9"]}, answers=[NotSent("slow down")])
    with pytest.raises(Conflict, match="v9 now"):
        place.carry_out(SWAP)
    assert len(place.sent) == 1


def test_a_refused_write_is_not_repeated() -> None:
    place = Place({"g": "v1"}, answers=[AwsError("ValidationError: no such thing")])
    with pytest.raises(AwsError, match="no such thing"):
        place.carry_out(SWAP)
    assert len(place.sent) == 1
    assert place.clock.slept == []


def test_a_lost_answer_is_settled_by_the_proof_and_never_by_sending_again() -> None:
    place = Place({"g": ["v1", "v1", "v2"]}, answers=[LostAnswer("connection reset")])
    place.carry_out(PROVED)
    assert len(place.sent) == 1
    assert place.records == [("swap it in", "done", "the answer was lost; AWS shows that it is done")]


def test_a_lost_answer_that_is_not_proved_in_time_is_an_error() -> None:
    place = Place({"g": "v1"}, answers=[LostAnswer("connection reset")])
    with pytest.raises(LostAnswer, match="does not show it done after 60 s"):
        place.carry_out(PROVED)
    assert place.clock.now <= SETTLE_SECONDS
    assert len(place.sent) == 1


def test_a_lost_answer_without_a_proof_stops_at_once_and_says_so() -> None:
    place = Place({"g": "v1"}, answers=[LostAnswer("connection reset")])
    with pytest.raises(LostAnswer, match="it is unknown whether it took effect"):
        place.carry_out(SWAP)
    assert place.clock.slept == []


def test_what_is_there_already_with_the_same_content_counts_as_done() -> None:
    place = Place({"g": "v2"}, answers=[AlreadyThere("taken")])
    place.carry_out(PROVED)
    assert place.records == [("swap it in", "done", "it already existed, with the same content")]


@pytest.mark.parametrize("call", [PROVED, replace(PROVED, proof=())], ids=["other content", "no proof"])
def test_what_is_there_already_with_other_content_is_a_conflict(call: Call) -> None:
    place = Place({"g": "foreign"}, answers=[AlreadyThere("the name is taken")])
    with pytest.raises(Conflict, match="the name is taken"):
        place.carry_out(call)


def test_a_proof_learns_what_a_lost_answer_would_have_saved() -> None:
    place = Place({"t": 7, "7": "v2"}, answers=[LostAnswer("connection reset")])
    proof = (Pair(thing("t"), Ref("number")), Pair(thing(Ref("number")), "v2"))
    make = Call("make", "ec2", "CreateVersion", {}, save={"number": "Version"}, proof=proof)
    swap = Call("swap", "autoscaling", "Update", {"Version": Ref("number")})
    assert place.carry_out(make, swap)["number"] == "7"
    assert place.sent[1] == ("Update", {"Version": "7"})


def test_nothing_is_learned_from_a_proof_that_does_not_hold() -> None:
    place = Place({"t": 7, "g": "other"}, answers=[AlreadyThere("taken")])
    call = replace(PROVED, proof=(Pair(thing("t"), Ref("number")), Pair(thing("g"), "v2")))
    with pytest.raises(Conflict) as caught:
        place.carry_out(call)
    assert caught.value.data == {}


def test_the_goal_is_read_back_until_aws_shows_it() -> None:
    place = Place({"g": ["v1", "v1", "v2"]})
    place.carry_out(replace(SWAP, expect=()), goal=(Pair(thing("g"), "v2"),))
    assert len(place.clock.slept) == 2


def test_a_goal_that_aws_does_not_show_is_no_success() -> None:
    place = Place({"g": "v9"})
    with pytest.raises(Conflict, match="launch: AWS shows v9, not v2"):
        place.carry_out(replace(SWAP, expect=()), goal=(Pair(thing("g"), "v2", "launch"),))
    assert SETTLE_SECONDS - 6 < place.clock.now <= SETTLE_SECONDS


def test_a_goal_that_was_never_learned_is_no_success_either() -> None:
    place = Place()
    with pytest.raises(Conflict, match="AWS shows nothing"):
        place.carry_out(replace(SWAP, expect=()), goal=(Pair(thing("g"), Ref("number"), "launch"),))


def test_a_number_aws_shows_equals_the_text_saved_of_it() -> None:
    place = Place({"g": 7}, answers=[{"Version": 7}])
    make = Call("make", "ec2", "CreateVersion", {}, save={"number": "Version"})
    place.carry_out(make, goal=(Pair(thing("g"), Ref("number")),))
    assert place.clock.slept == []


def test_a_read_that_fails_while_reading_back_is_tried_again() -> None:
    place = Place({"g": [LostAnswer("cut off"), "v2"]})
    place.carry_out(replace(SWAP, expect=()), goal=(Pair(thing("g"), "v2"),))
    assert place.warnings == ["cut off"]


def test_what_else_moved_meanwhile_is_named() -> None:
    place = Place({"g": {"min": 1, "max": 9, "new": 1}})
    seen = (Pair(thing("g"), {"min": 1, "max": 4}, "sizes"),)
    with pytest.raises(Conflict, match="done, but meanwhile") as caught:
        place.carry_out(replace(SWAP, expect=()), seen=seen)
    assert caught.value.message.endswith("something else changed: sizes: max 4 -> 9")
    assert caught.value.exit == 4


def test_an_empty_plan_reads_nothing() -> None:
    place = Place({"g": RuntimeError("must not be read")})
    assert place.carry_out(goal=(Pair(thing("g"), "v2"),), seen=(Pair(thing("g"), "v2"),)) == {}
    assert place.records == []


def test_a_wait_polls_until_success_and_tells_each_state() -> None:
    place = Place({"d": ["Created", "InProgress", "Succeeded"]})
    place.carry_out(WAIT)
    states = [event.says for event in place.events if isinstance(event, Progress)]
    assert states == ["deployment: Created", "deployment: InProgress", "deployment: Succeeded"]
    assert 4 <= place.clock.slept[0] <= 6


def test_the_pauses_of_a_wait_grow_to_fifteen_seconds() -> None:
    place = Place({"d": "InProgress"})
    with pytest.raises(DeadlinePassed):
        place.carry_out(replace(WAIT, timeout=1000.0))
    assert 12 <= min(place.clock.slept[10:-1]) <= max(place.clock.slept) <= 18


def test_a_bad_end_of_a_wait_carries_the_state() -> None:
    place = Place({"d": ["InProgress", "Failed"]})
    with pytest.raises(EndedBadly) as caught:
        place.carry_out(WAIT)
    assert (caught.value.state, caught.value.exit) == ("Failed", 1)


def test_a_wait_ends_at_its_deadline_and_says_how_to_look_again() -> None:
    place = Place({"d": "InProgress"}, answers=[{"id": "d-1"}])
    start = Call("start", "codedeploy", "CreateDeployment", {}, save={"id": "id"})
    with pytest.raises(DeadlinePassed) as caught:
        place.carry_out(start, WAIT)
    assert place.clock.now == pytest.approx(100)
    assert (caught.value.exit, caught.value.hint) == (124, "aws get d-1")


def test_a_poll_that_cannot_be_read_is_told_and_the_wait_goes_on() -> None:
    place = Place({"d": [LostAnswer("no answer"), NotSent("refused"), "Succeeded"]})
    place.carry_out(WAIT)
    assert place.warnings == ["no answer", "refused"]


@pytest.mark.usefixtures("caught")
def test_a_signal_lets_the_call_in_hand_finish_and_says_where_things_stand() -> None:
    place = Place({"g": "v1"}, answers=[after({"id": "d-1"}, signal.SIGTERM)])
    first = replace(SWAP, save={"id": "id"})
    with pytest.raises(Interrupted) as caught:
        place.carry_out(first, WAIT)
    assert len(place.sent) == 1
    assert str(caught.value) == "interrupted in step 1 of 2 (swap it in): run the same command again to continue"
    assert caught.value.exit == 143
    assert caught.value.data == {"id": "d-1"}
    assert [outcome for _, outcome, _ in place.records] == ["done", "interrupted"]


@pytest.mark.usefixtures("caught")
@pytest.mark.parametrize("error", [NotSent("refused"), LostAnswer("reset"), AwsError("no"), AlreadyThere("there")])
def test_a_signal_is_not_forgotten_where_the_call_in_hand_fails(error: Exception) -> None:
    place = Place({"g": ["v1", "v2"]}, answers=[after(error)])
    lenient = replace(PROVED, optional=True)
    with pytest.raises(Interrupted, match=r"interrupted in step [12] of 2 "):
        place.carry_out(lenient, SWAP)
    assert [operation for operation, _ in place.sent] == ["UpdateThing"]


@pytest.mark.usefixtures("caught")
def test_a_signal_in_a_wait_says_how_to_look_again() -> None:
    place = Place({"d": "Created"}, answers=[{"id": "d-1"}])
    place.clock.sleep = lambda _seconds: signal.raise_signal(signal.SIGINT)  # type: ignore[method-assign]
    start = Call("start", "codedeploy", "CreateDeployment", {}, save={"id": "id"})
    with pytest.raises(Interrupted) as caught:
        place.carry_out(start, WAIT)
    assert (caught.value.hint, caught.value.exit) == ("aws get d-1", 130)


def test_hosts_of_a_fan_out_are_kept_and_told() -> None:
    done = HostDone("i-1", "ok", 0, "", 0.1)
    place = Place(hosts=(done,))
    assert place.outcome(FanOut("run it", "uptime", ())).hosts == (done,)
    assert done in place.events


def test_a_program_gets_what_was_saved_and_its_failure_is_partly_done() -> None:
    place = Place(answers=[{"id": "d-1"}], status=3)
    start = Call("start", "codedeploy", "CreateDeployment", {}, save={"id": "id"})
    with pytest.raises(PartlyDone, match="hook: ended with status 3"):
        place.carry_out(start, LocalCommand("hook", ("true",), {"UDO_DEPLOYMENT": Ref("id")}))  # type: ignore[dict-item]
    assert place.ran[0].env == {"UDO_DEPLOYMENT": "d-1"}
    assert [outcome for _, outcome, _ in place.records] == ["done", "partial"]


def test_a_program_that_fails_keeps_no_other_from_being_run() -> None:
    place = Place(status=-9)
    with pytest.raises(PartlyDone, match=r"^one: ended with signal 9; two: ended with signal 9$"):
        place.carry_out(LocalCommand("one", ("true",)), LocalCommand("two", ("true",)))
    assert [step.says for step in place.ran] == ["one", "two"]


def test_steps_after_a_failure_are_not_begun() -> None:
    place = Place({"g": "v1"}, answers=[AwsError("no")])
    with pytest.raises(AwsError):
        place.carry_out(SWAP, SWAP)
    assert len(place.records) == 1
