"""A plan is a value: it goes through JSON unchanged, and a document that is no plan is refused in one line."""

from __future__ import annotations

import json
from contextlib import suppress
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from whole import examples

from tests.spoiling import spoil
from udo.change.codec import plan_from_json as from_json
from udo.change.codec import plan_to_json as to_json
from udo.change.plan import Call, Difference, FanOut, LocalCommand, Pair, Plan, Read, Ref, Wait, filled
from udo.errors import UsageError

text = st.text(max_size=8)
names = st.text("abcdefgh-_", min_size=1, max_size=8)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | text | st.binary(max_size=8)
data: st.SearchStrategy[Any] = st.recursive(
    scalars | st.builds(Ref, names),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=8,
)
params = st.dictionaries(names | st.just("kind"), data, max_size=3)
reads = st.builds(Read, text, text, params, text)
pairs = st.lists(st.builds(Pair, reads, data, text), max_size=2).map(tuple)
plain = st.dictionaries(names, text, max_size=2)
calls = st.builds(Call, text, text, text, params, plain, pairs, pairs)
states = st.lists(st.none() | text | st.integers(), max_size=3).map(tuple)
waits = st.builds(Wait, text, reads, states, states, st.floats(1, 60), st.floats(1, 3600), text)
fan_outs = st.builds(FanOut, text, text, st.lists(plain, max_size=2).map(tuple), plain)
programs = st.builds(LocalCommand, text, st.lists(text, max_size=3).map(tuple), plain)
plans = st.builds(
    Plan,
    command=text,
    target=text,
    steps=st.lists(calls | waits | fan_outs | programs, max_size=3).map(tuple),
    goal=pairs,
    seen=pairs,
    differences=st.lists(st.builds(Difference, text, text, text), max_size=2).map(tuple),
    notes=st.lists(text, max_size=2).map(tuple),
    asks=st.none() | text,
    back=st.lists(calls | waits, max_size=1).map(tuple),
)


# No wall clock: machines that run tests are shared.
@pytest.mark.whole
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(plans)
def test_a_plan_goes_through_json_unchanged(plan: Plan) -> None:
    assert from_json(json.loads(json.dumps(to_json(plan)))) == plan


def test_references_and_bytes_have_a_form_of_their_own() -> None:
    call = Call("says", "ec2", "CreateThing", {"Id": Ref("made"), "Data": b"\x00\xff", "kind": "Call"})
    saved = to_json(Plan("make", "prod web", (call,)))
    assert saved["udo_plan"] == 1
    assert saved["steps"][0]["kind"] == "Call"
    assert saved["steps"][0]["params"] == {"Id": {"$ref": "made"}, "Data": {"$bytes": "AP8="}, "kind": "Call"}


def test_its_writes_are_its_calls_in_order() -> None:
    one, two = (Call(name, "ec2", name, {}) for name in ("First", "Second"))
    wait = Wait("wait", Read("ec2", "Look", {}, "state"), ("done",))
    assert Plan("x", "y", (one, wait, two)).writes == (one, two)


READ = {"service": "ec2", "operation": "Look", "params": {}, "path": "x"}
CALL = {"kind": "Call", "says": "s", "service": "ec2", "operation": "Do", "params": {}}
WAIT = {"kind": "Wait", "says": "s", "read": READ, "success": []}


def with_steps(*steps: Any) -> dict[str, Any]:
    return {"udo_plan": 1, "command": "x", "target": "y", "steps": list(steps)}


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ({}, "not a plan of this version"),
        ([], "plan is not a mapping"),
        ({"udo_plan": 1}, "plan.command is missing"),
        ({"udo_plan": 2}, "not a plan of this version"),
        (with_steps({"kind": "Call"}), r"plan.steps\[0\].says is missing"),
        (with_steps(CALL, "Call"), r"plan.steps\[1\] is not a mapping"),
        (with_steps({"kind": "Shell"}), "no step of kind 'Shell'"),
        (with_steps({"kind": ["Call"]}), r"plan.steps\[0\].kind is not text"),
        (with_steps(CALL | {"params": "x"}), r"plan.steps\[0\].params is not a mapping"),
        (with_steps(CALL | {"optional": 1}), "optional is not true or false"),
        (with_steps(CALL | {"save": {"a": 1}}), "save.a is not text"),
        (with_steps(CALL | {"proof": [{"read": READ}]}), r"proof\[0\].value is missing"),
        (with_steps(CALL | {"proof": [{"read": CALL, "value": 1}]}), r"proof\[0\].read.kind is not Read"),
        (with_steps(CALL | {"params": {"a": {"$bytes": "="}}}), "params.a is not base64"),
        (with_steps(WAIT | {"every": float("nan")}), "every is not a number"),
        (with_steps(WAIT | {"timeout": True}), "timeout is not a number"),
        (with_steps() | {"surprise": 1}, "plan.surprise: nothing of that name"),
        (with_steps() | {"differences": [1]}, r"plan.differences\[0\] is not a mapping"),
        (with_steps() | {"notes": "x"}, "plan.notes is not a list"),
        (with_steps() | {"asks": 1}, "plan.asks is not text"),
    ],
)
def test_what_is_no_plan_is_refused_by_the_place_that_is_wrong(document: Any, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        from_json(document)


def test_what_is_nested_without_end_is_refused() -> None:
    deep: Any = 1
    for _ in range(900):
        deep = [deep]
    with pytest.raises(UsageError, match="nested too deeply"):
        from_json(with_steps(CALL | {"params": {"deep": deep}}))


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | text | st.sampled_from(["Call", "Wait", "$ref"]),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(text | st.sampled_from(["kind", "$ref"]), inner, max_size=2)
    ),
    max_leaves=4,
)


@settings(max_examples=examples(40), deadline=None)
@given(plans, anything, st.randoms(use_true_random=False))
def test_a_plan_with_one_thing_wrong_is_read_or_refused_but_never_a_bug(plan: Plan, thing: Any, dice: Random) -> None:
    document = to_json(plan)
    spoil(document, thing, dice)
    with suppress(UsageError):
        from_json(document)


def test_only_data_can_stand_in_a_plan() -> None:
    with pytest.raises(TypeError, match="object is not allowed in a plan"):
        to_json(Plan("x", "y", (Call("says", "ec2", "Do", {"Thing": object()}),)))


def test_saved_values_fill_a_text() -> None:
    assert filled("aws deploy get-deployment --deployment-id {id} {other}", {"id": "d-1"}) == (
        "aws deploy get-deployment --deployment-id d-1 {other}"
    )
