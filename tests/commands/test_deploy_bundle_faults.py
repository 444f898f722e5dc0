"""deploy --bundle where something goes wrong on the way: nothing counts as uploaded, and no part is left behind."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from deploy_worlds import at, config, deployments, end, writes
from test_deploy_bundle import DEPLOY, S3, key, keys, unfinished
from whole import rows, some

from udo.sandbox.faults import Fault, Killed

Udo = Callable[..., Any]


@pytest.fixture
def large(seeded: Callable[[str], Any], world: Any) -> Path:
    """A bundle with so much noise that it goes out in three parts."""
    seeded(config(S3))
    folder = Path("build")
    (folder / "web").mkdir(parents=True)
    spec = "version: 0.0\nos: linux\nfiles:\n  - {source: web, destination: /srv/app}\n"
    (folder / "appspec.yml").write_text(spec)
    (folder / "web/noise").write_bytes(random.Random(1).randbytes(11 * 1024**2))
    world.log.clear()
    return folder


STEPS = [("CreateMultipartUpload", 1), ("UploadPart", 1), ("UploadPart", 3), ("CompleteMultipartUpload", 1)]


@pytest.mark.whole
@pytest.mark.parametrize(("operation", "nth"), rows(STEPS, STEPS[2:3]))
@pytest.mark.parametrize("kind", some(["deny", "expire"], "deny"))
def test_an_upload_that_is_refused_half_way_leaves_nothing(
    operation: str, nth: int, kind: Any, large: Path, world: Any, udo: Udo
) -> None:
    world.faults.add(Fault(kind, f"s3:{operation}", nth=nth, times=None))
    done = udo(*DEPLOY)
    assert (done.exit, keys(world), unfinished(world), deployments(world)) == (6, [], [], [])
    world.faults.clear()
    assert udo(*DEPLOY, "--no-wait").exit == 0
    assert keys(world) == [key(large)]


@pytest.mark.whole
@pytest.mark.parametrize(("operation", "nth"), rows(STEPS, [STEPS[1], STEPS[3]]))
@pytest.mark.parametrize("kind", some(["throttle", "fail", "drop", "timeout", "refuse", "garbage"], "drop"))
@pytest.mark.parametrize("after", some([False, True], True))
def test_an_answer_that_is_lost_on_the_way_is_made_good(
    operation: str, nth: int, kind: Any, after: bool, large: Path, world: Any, udo: Udo
) -> None:
    world.faults.add(Fault(kind, f"s3:{operation}", nth=nth, after=after))
    done = udo(*DEPLOY, "--no-wait")
    assert done.exit == 0, done.stderr
    assert keys(world) == [key(large)]
    assert len(deployments(world)) == 1
    # Of an upload whose beginning was not answered nobody knows the id.
    lost = operation == "CreateMultipartUpload" and after
    assert len(unfinished(world)) <= lost


@pytest.mark.parametrize("kind", some(["throttle", "fail", "drop", "refuse"], "drop"))
@pytest.mark.parametrize("after", [False, True])
def test_an_answer_to_an_upload_in_one_piece_is_made_good_too(
    kind: Any, after: bool, large: Path, world: Any, udo: Udo
) -> None:
    (large / "web/noise").unlink()
    (large / "web/small").write_text("x")
    world.faults.add(Fault(kind, "s3:PutObject", after=after))
    done = udo(*DEPLOY, "--no-wait")
    assert done.exit == 0, done.stderr
    assert keys(world) == [key(large)]
    assert len(deployments(world)) == 1


@pytest.mark.whole
@pytest.mark.parametrize(("operation", "nth"), rows(STEPS, STEPS[2:3]))
def test_a_network_that_stays_away_ends_it_and_nothing_is_deployed(
    operation: str, nth: int, large: Path, world: Any, udo: Udo
) -> None:
    world.faults.add(Fault("refuse", f"s3:{operation}", nth=nth, times=None))
    done = udo(*DEPLOY)
    assert (done.exit, keys(world), unfinished(world), deployments(world)) == (1, [], [], [])
    assert "nothing was deployed; run the same command again" in done.stderr


@pytest.mark.whole
def test_parts_that_cannot_be_thrown_away_are_named_with_the_command_that_does_it(
    large: Path, world: Any, udo: Udo
) -> None:
    world.faults.add(Fault("deny", "s3:UploadPart", nth=2, times=None))
    world.faults.add(Fault("deny", "s3:AbortMultipartUpload", times=None))
    done = udo(*DEPLOY)
    assert (done.exit, keys(world)) == (6, [])
    [left] = unfinished(world)
    command = f"aws s3api abort-multipart-upload --bucket releases --key {key(large)} --upload-id {left['UploadId']}"
    assert f"'{command}' throws them away" in done.stderr


@pytest.mark.whole
@pytest.mark.parametrize(("operation", "nth"), rows(STEPS, STEPS[2:3]))
@pytest.mark.parametrize("number", some([signal.SIGINT, signal.SIGTERM], signal.SIGINT))
def test_a_signal_half_way_leaves_nothing_and_the_next_run_does_it(
    operation: str, nth: int, number: int, large: Path, world: Any, udo: Udo, caught: None
) -> None:
    at(world, operation, lambda: os.kill(os.getpid(), number), nth)
    done = udo(*DEPLOY)
    whole = operation == "CompleteMultipartUpload"
    assert (done.exit, deployments(world), unfinished(world)) == (128 + number, [], [])
    # What is in hand is let come to its end.
    assert keys(world) == ([key(large)] if whole else [])
    assert "run the same command again to continue" in done.stderr


@pytest.mark.whole
def test_parts_that_a_killed_run_has_left_are_thrown_away_later(large: Path, world: Any, udo: Udo) -> None:
    world.faults.add(Fault("kill", "s3:UploadPart", nth=2))
    with pytest.raises(Killed):
        udo(*DEPLOY)
    world.faults.clear()
    assert len(unfinished(world)) == 1
    assert keys(world) == []
    soon = udo(*DEPLOY, "--dry-run")
    assert "an upload of the same bundle was begun at" in soon.stderr
    world.clock.step(2 * 3600)
    done = udo(*DEPLOY, "--no-wait")
    assert done.exit == 0, done.stderr
    assert writes(world)[-7:-5] == ["AbortMultipartUpload", "CreateMultipartUpload"]
    assert (unfinished(world), keys(world)) == ([], [key(large)])


def test_a_file_that_changes_after_it_was_looked_at_is_a_conflict(large: Path, world: Any, udo: Udo) -> None:
    at(world, "HeadBucket", lambda: (large / "web/noise").write_bytes(b"other"))
    done = udo(*DEPLOY)
    assert (done.exit, keys(world), writes(world)) == (4, [], [])
    assert "what build holds changed since it was looked at" in done.stderr


def test_a_file_that_vanishes_after_it_was_looked_at_is_a_conflict(large: Path, world: Any, udo: Udo) -> None:
    at(world, "HeadBucket", (large / "web/noise").unlink)
    done = udo(*DEPLOY)
    assert (done.exit, keys(world), writes(world)) == (4, [], [])


def test_a_place_without_room_for_the_archive_is_named(
    large: Path, world: Any, udo: Udo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", "/nowhere")
    done = udo(*DEPLOY)
    assert (done.exit, keys(world), writes(world)) == (1, [], [])
    assert "the bundle cannot be written to /nowhere: No such file or directory: nothing was uploaded" in done.stderr


@pytest.mark.whole
def test_nothing_of_the_archive_stays_on_this_machine(large: Path, udo: Udo, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("aside").mkdir()
    monkeypatch.setenv("TMPDIR", str(Path("aside").absolute()))
    assert udo(*DEPLOY, "--no-wait").exit == 0
    assert list(Path("aside").iterdir()) == []


@pytest.mark.whole
def test_of_several_roles_the_first_uploads_it_for_all(large: Path, world: Any, udo: Udo) -> None:
    Path("udo.yml").write_text(
        config().replace("github: {repo: example/shop}", "s3: {bucket: releases, prefix: webapp}")
    )
    done = udo("deploy", "prod", "*", "--bundle", "build", "--yes")
    assert done.exit == 0, done.stderr
    assert writes(world).count("CompleteMultipartUpload") == 1
    assert [len(deployments(world, group)) for group in ("prod-webapp", "prod-web")] == [1, 1]
    end(world)


def test_the_region_of_a_bucket_that_does_not_say_it_is_a_lost_answer(large: Path, world: Any, udo: Udo) -> None:
    world.faults.add(Fault("garbage", "s3:HeadBucket", times=None))
    done = udo(*DEPLOY)
    assert (done.exit, writes(world)) == (1, [])
