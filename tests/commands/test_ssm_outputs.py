"""`udo ssh` through Systems Manager: outputs that AWS cuts, where they are whole, and how many requests it takes."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import ssm_worlds
from hypothesis import given
from hypothesis import strategies as st
from test_ssh import asked, members

from udo.fanout.ssm.said import said_in_full, said_in_short, whole_errors
from udo.sandbox.faults import Fault
from udo.sandbox.strict.ssm import output

Udo = Callable[..., Any]
MARK = "udo-0123456789abcdef"


@pytest.fixture
def stage(world: Any, seeded: Any) -> Any:
    """A cluster whose instances have agents, and a bucket for what they say."""
    seeded(ssm_worlds.GROUPS.replace("via: ssm", "via: ssm, ssm: {bucket: shop-outputs, prefix: udo/x}"))
    ssm_worlds.let_work(world)
    place = {"LocationConstraint": "us-west-2"}
    world.client("s3").create_bucket(Bucket="shop-outputs", CreateBucketConfiguration=place)
    return world


def _without_a_bucket() -> None:
    path = Path("udo.yml")
    path.write_text(path.read_text().replace(", ssm: {bucket: shop-outputs, prefix: udo/x}", ""))


MUCH = r"printf 'a\377\000'; seq 300000; seq 9000 >&2; printf end >&2; exit 3"


@pytest.mark.whole
def test_long_outputs_come_whole_from_the_bucket(stage: Any, udo: Udo) -> None:
    done = udo("ssh", "stage", "webapp", MUCH, "--outdir", "out", "-o", "json")
    assert done.exit == 3
    assert {row["truncated"] for row in done.json["data"]["hosts"]} == {True}, "beyond --max-output"
    stdout = b"a\xff\x00" + b"".join(b"%d\n" % n for n in range(1, 300001))
    stderr = b"".join(b"%d\n" % n for n in range(1, 9001)) + b"end"
    for one in members(stage):
        assert Path(f"out/{one}.stdout").read_bytes() == stdout
        assert Path(f"out/{one}.stderr").read_bytes() == stderr
    assert asked(stage, "GetCommandInvocation") == 3


def test_without_a_bucket_a_long_output_is_marked_as_cut(stage: Any, udo: Udo) -> None:
    _without_a_bucket()
    done = udo("ssh", "stage", "webapp", MUCH, "-o", "json")
    assert done.exit == 3
    for row in done.json["data"]["hosts"]:
        assert (row["truncated"], row["status"]) == (True, 3)
        assert row["stdout"].startswith("a\ufffd\x001\n2\n")
        assert len(row["stdout"]) > 23_000
        assert "truncated" not in row["stdout"] + row["stderr"]
        assert row["stderr"].startswith("1\n2\n")
    assert [row["truncated"] for row in udo("ssh", "--last", "-o", "json").json["data"]["hosts"]] == [True] * 3
    text = udo("ssh", "stage", "webapp", MUCH, "--instance", members(stage)[0])
    assert f"{members(stage)[0]}  [stdout is cut: AWS keeps no more of it]" in text.stderr.splitlines()
    lines = udo("ssh", "stage", "webapp", MUCH, "--instance", members(stage)[0], "-o", "jsonl").stdout
    assert lines.count('"event": "cut"') == 2


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (Fault("deny", "GetObject", times=None), "the IAM action s3:GetObject is missing"),
        (None, "there is no s3://shop-outputs/udo/x/"),
    ],
)
def test_where_the_bucket_cannot_be_read_the_output_is_cut_and_that_is_told_once(
    stage: Any, udo: Udo, fault: Fault | None, told: str
) -> None:
    if fault:
        stage.faults.add(fault)
    else:
        # As when the role of the instances may not write there.
        stage.client("s3").delete_bucket(Bucket="shop-outputs")
    done = udo("ssh", "stage", "webapp", "seq 9000", "-o", "json")
    assert (done.exit, {row["truncated"] for row in done.json["data"]["hosts"]}) == (0, {True})
    assert done.stderr.count("the whole output cannot be read: ") == 1
    assert told.partition("udo/x")[0] in done.stderr
    assert ("may the role of the instances write there (s3:PutObject)?" in done.stderr) is (fault is None)


def test_short_outputs_are_read_from_the_listing_alone(stage: Any, udo: Udo) -> None:
    done = udo("ssh", "stage", "webapp", "seq 400; seq 100 >&2", "-o", "json")
    assert (done.exit, asked(stage, "GetCommandInvocation"), asked(stage, "GetObject")) == (0, 0, 0)


@pytest.mark.parametrize("count", [60, pytest.param(500, marks=pytest.mark.whole)])
def test_so_many_requests_and_no_more(world: Any, seeded: Any, udo: Udo, count: int) -> None:
    seeded(ssm_worlds.GROUPS.replace("desired: 3", f"desired: {count}"))
    long = set(random.Random(count).sample(members(world), 5))
    under_way: list[int] = []

    def look(_: Any) -> None:
        under_way.append(ssm_worlds.commands_under_way(world))

    world.faults.add(Fault("hook", "ListCommandInvocations", times=None, hook=look))
    ssm_worlds.let_work(world)
    world.log.clear()
    command = f'case "{" ".join(sorted(long))}" in *$UDO_INSTANCE_ID*) seq 900 ;; esac'
    done = udo("ssh", "stage", "webapp", command, "--fanout", "500", "-o", "json")
    assert done.exit == 0, done.stderr
    counts = Counter(one.operation for one in world.log)
    chunks = -(-count // 50)
    polls = _polls(world)
    assert counts["SendCommand"] == chunks
    assert counts["GetCommandInvocation"] == len(long)
    assert (counts["ListCommands"], counts["CancelCommand"], counts["GetObject"]) == (0, 0, 0)
    # The page of who is online before; the clock of the world runs fast, and a minute without news has another look.
    assert counts["DescribeInstanceInformation"] >= chunks
    first = [one.operation for one in world.log].index("SendCommand")
    before = [one.operation for one in world.log][:first]
    assert before.count("DescribeInstanceInformation") == chunks
    assert max(polls) <= chunks
    assert counts["ListCommandInvocations"] <= sum(under_way)


def _polls(world: Any) -> list[int]:
    """How often each command was asked about between two others of its kind: once a poll."""
    ids = [one.params["CommandId"] for one in world.log if one.operation == "ListCommandInvocations"]
    rounds, seen = [], set[str]()
    for one in ids:
        if one in seen:
            rounds.append(len(seen))
            seen = set()
        seen.add(one)
    return [*rounds, len(seen)]


TEXT = st.text(st.sampled_from("ab\n-é\x00{}"), max_size=3_000)


@given(out=TEXT, errors=TEXT, status=st.integers(0, 255))
def test_what_an_agent_shows_of_two_streams_is_taken_apart_again(out: str, errors: str, status: int) -> None:
    shown = f"{MARK}\n{errors}{MARK} {status}\nfailed to run commands: exit status {status}".encode()
    found = said_in_short(output.of_a_plugin(out.encode(), shown), MARK)
    if found is None:
        assert len(out.encode()) + len(shown) > 2_300
        found = said_in_full(output.out(out.encode()), output.errors(shown), MARK)
    assert (found.stdout, found.cut) == (out, ())
    assert (found.stderr, found.status) == (errors, status)


@pytest.mark.parametrize("size", [1, 7, 1000, 5000])
@pytest.mark.parametrize("errors", [b"", b"no end", b"x" * 20_000, f"{MARK} 3\n".encode() + b"y"])
def test_the_whole_of_stderr_has_nothing_of_the_script(errors: bytes, size: int) -> None:
    whole = f"{MARK}\n".encode() + errors + f"{MARK} 3\nfailed to run commands: exit status 3".encode()

    def pieces() -> Iterator[bytes]:
        yield from (whole[at : at + size] for at in range(0, len(whole), size))

    assert b"".join(whole_errors(pieces(), MARK)) == errors
