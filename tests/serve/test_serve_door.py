"""The front door, asked over HTTP: what opens it, what it answers, and what it leaves behind."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Front

KEYS = Callable[..., str]


def test_the_three_lines_of_the_original_front_door(front: Front, world: Any) -> None:
    world.client("s3").create_bucket(
        Bucket="shop-templates", CreateBucketConfiguration={"LocationConstraint": "us-west-2"}
    )
    world.client("s3").put_object(
        Bucket="shop-templates", Key="approved/queue.yml", Body=Path("review.yml").read_bytes()
    )
    url = "https://shop-templates.s3.us-west-2.amazonaws.com/approved/queue.yml"
    # As curl sends it, whatever its type says.
    sent = json.dumps({"stackname": "S", "templateurl": url}).encode()
    row = front.ended(front("/create", sent, **{"content-type": "application/x-www-form-urlencoded"}))
    assert (row["state"], row["stack"], row["by"]) == ("succeeded", "S", "all"), row
    state = front("/state/S")
    assert (state.status, state.json["ok"], "CREATE_COMPLETE" in state.body.decode()) == (200, True, True)
    row = front.ended(front("/delete", {"stackname": "S"}))
    assert row["state"] == "succeeded", row
    assert front("/state/S").status == 404


@pytest.mark.whole
def test_a_stack_of_udo_yml_is_ordered_once_however_often_it_is_asked_for(front: Front, world: Any) -> None:
    order = {"stack": "review", "parameters": {"branch": "cart"}}
    for _ in range(2):
        assert front.ended(front("/create", order))["state"] == "succeeded"
    listed = front("/stacks").json["data"]
    assert [row["name"] for row in listed] == ["shop-review-cart", "shop-kept"]
    assert [one.operation for one in world.log].count("ExecuteChangeSet") == 1


@pytest.mark.whole
def test_status_is_the_command_lines_document(front: Front) -> None:
    document = front("/status").json
    assert [(row["cluster"], row["role"]) for row in document["data"]] == [("stage", "webapp"), ("prod", "webapp")]
    assert front("/status/stage/webapp").json["command"] == "status"
    wrong = front("/status/stag")
    assert (wrong.status, wrong.json["error"]["code"]) == (404, "usage")
    assert "did you mean 'stage'" in wrong.body.decode()


@pytest.mark.whole
def test_a_run_tells_its_steps_and_one_of_another_key_is_not_there(front: Front, udo_key: KEYS) -> None:
    body = {"verb": "updatelc", "words": ["stage", "webapp"], "options": {"set": "instance_type=t3.nano"}}
    begun = front("/runs", body)
    assert begun.headers["location"] == f"/runs/{begun.json['id']}"
    row = front.ended(begun)
    assert (row["state"], row["exit"], len(row["steps"])) == ("succeeded", 0, 3)
    assert any("t3.small -> t3.nano" in line for line in row["output"])
    other = udo_key("other", "--allow", "status")
    assert front(begun.headers["location"], key=other).status == 404


@pytest.mark.whole
def test_what_asks_is_a_conflict_without_yes_and_protected_things_want_a_word_of_their_own(
    front: Front, udo_key: KEYS
) -> None:
    body = {"verb": "updatelc", "words": ["prod", "webapp"], "options": {"set": "instance_type=t3.nano"}}
    refused = front("/runs", body)
    assert (refused.status, "runs:protected" in refused.json["error"]["message"]) == (403, True)
    assert front.ended(front("/runs", {**body, "dry_run": True}))["state"] == "succeeded"
    key = udo_key("prod", "--allow", "runs:updatelc,runs:protected")
    front.key = key
    row = front.ended(front("/runs", body))
    assert (row["state"], row["document"]["error"]["code"]) == ("failed", "unconfirmed")
    assert front.ended(front("/runs", {**body, "options": {**body["options"], "yes": True}}))["state"] == "succeeded"  # type: ignore[dict-item]


@pytest.mark.whole
def test_a_key_opens_what_it_allows_and_reaches_and_nothing_else(front: Front, udo_key: KEYS) -> None:
    key = udo_key("desk", "--allow", "stacks:list,stacks:create", "--stacks", "shop-review-*")
    assert front("/status", key=key).status == 403
    assert front("/stacks/shop-review-cart", key=key).status == 403
    assert front("/create", {"stackname": "S", "templateurl": "https://x/"}, key=key).status == 403
    assert front("/runs", {"verb": "updatelc", "words": ["stage", "webapp"]}, key=key).status == 403
    assert front.ended(front("/create", {"stack": "review", "parameters": {"branch": "a"}}))["state"] == "succeeded"
    assert [row["name"] for row in front("/stacks", key=key).json["data"]] == ["shop-review-a"]
    other = udo_key("other", "--allow", "stacks:list", "--stacks", "nothing-*")
    assert front("/stacks", key=other).json["data"] == []


@pytest.mark.whole
def test_a_stack_that_udo_yml_protects_wants_a_word_of_its_own_by_whatever_path(front: Front, udo_key: KEYS) -> None:
    refused = [
        front("/create", {"stack": "kept"}),
        front("/delete", {"stack": "kept"}),
        front("/delete", {"stackname": "shop-kept"}),
        front("/stacks/shop-kept", method="DELETE"),
        front("/runs", {"verb": "stack", "words": ["create", "kept"], "options": {"yes": True}}),
    ]
    assert [(one.status, "runs:protected" in one.json["error"]["message"]) for one in refused] == [(403, True)] * 5
    front.key = udo_key("may", "--allow", "stacks:create,stacks:state,runs:protected", "--stacks", "shop-*")
    assert front.ended(front("/create", {"stack": "kept"}))["state"] == "succeeded"
    assert front("/state/shop-kept").status == 200
    # The word in udo.yml is no way around the pattern.
    other = udo_key("other", "--allow", "stacks:state", "--stacks", "kept")
    assert front("/state/kept", key=other).status == 403


@pytest.mark.whole
def test_no_wrong_expired_or_revoked_key_opens_and_wrong_ones_have_to_wait(
    front: Front, udo_key: KEYS, udo: Any
) -> None:
    short = udo_key("short", "--allow", "status", "--expires", "1s")
    gone = udo_key("gone", "--allow", "status")
    assert front("/status", key=gone).status == 200
    udo("serve", "key", "revoke", "gone")
    time.sleep(1.0)
    for key, says in (("", "no key"), ("udo_x", "a wrong key"), (short, "expired"), (gone, "a wrong key")):
        answer = front("/status", key=key)
        assert (answer.status, says in answer.json["error"]["message"]) == (401, True)
    statuses = [front("/status", key="udo_x").status for _ in range(3)]
    assert statuses[-1] == 429
    assert front("/healthz", key="").status == 200


def test_bodies_that_are_none_paths_and_hosts_of_others_are_refused_in_its_own_words(front: Front) -> None:
    for body, status in (
        (b"", 400),
        (b"{", 400),
        (b"[]", 400),
        (b"[" * 100_000, 400),
        (b"x" * (257 << 10), 413),
        (b'{"stack": "nowhere"}', 422),
    ):
        answer = front("/create", body)
        assert (answer.status, answer.json["ok"]) == (status, False), body[:20]
    for path in ("/nowhere", "/state", "/stacks/../healthz", "/runs/x"):
        assert front(path).status == 404
    assert front("/create").status == 405
    assert front("/status", host="evil.example").status == 421
    for name in ("-x", "%2e%2e", "a%0ab", "a" * 300):
        assert front(f"/state/{name}").status == 404


@pytest.mark.whole
def test_it_ends_within_five_seconds_and_leaves_runs_as_a_ctrl_c_would(front: Front, world: Any) -> None:
    from udo.sandbox.faults import Fault

    world.faults.add(Fault("delay", "UpdateAutoScalingGroup", times=None, seconds=30))
    body = {"verb": "updatelc", "words": ["stage", "webapp"], "options": {"set": "instance_type=t3.nano"}}
    assert front("/runs", body).status == 202
    for _ in range(300):
        if any(one.operation == "UpdateAutoScalingGroup" for one in world.log):
            break
        time.sleep(0.1)
    begun = time.monotonic()
    front.process.send_signal(signal.SIGTERM)
    front.process.wait(30)
    assert time.monotonic() - begun < 5.5
    world.faults.clear()
