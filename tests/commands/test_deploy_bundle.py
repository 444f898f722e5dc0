"""deploy --bundle: a folder becomes a revision, is uploaded once, and nothing is left behind where that breaks off."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from deploy_worlds import at, begin, config, deployments, end, writes

from udo.bundle.listing import listing
from udo.sandbox.faults import Fault

Udo = Callable[..., Any]
S3 = "deploy: {github: null, s3: {bucket: releases, prefix: /webapp/}}"
DEPLOY = ("deploy", "prod", "webapp", "--bundle", "build")
SPEC = "version: 0.0\nos: linux\nfiles:\n  - {source: web, destination: /srv/app}\n"
FAILING = SPEC.replace("0.0", "'0.0'")


@pytest.fixture
def build(seeded: Callable[[str], Any], world: Any) -> Path:
    """A folder with a small bundle, in a world whose bucket keeps no versions."""
    seeded(config(S3))
    folder = Path("build")
    (folder / "web").mkdir(parents=True)
    (folder / "appspec.yml").write_text(SPEC)
    (folder / "web/index.html").write_text("hello\n")
    world.log.clear()
    return folder


@pytest.fixture
def large(build: Path) -> Path:
    """The same with so much noise that it goes out in three parts."""
    (build / "web/noise").write_bytes(random.Random(1).randbytes(11 * 1024**2))
    return build


def key(folder: Path) -> str:
    return f"webapp/{listing(folder).sha256}.zip"


def keys(world: Any) -> list[str]:
    found = world.client("s3").list_objects_v2(Bucket="releases").get("Contents", ())
    return [one["Key"] for one in found]


def unfinished(world: Any) -> list[dict[str, Any]]:
    return list(world.client("s3").list_multipart_uploads(Bucket="releases").get("Uploads", ()))


@pytest.mark.whole
def test_a_bundle_is_uploaded_and_deployed_by_its_etag(build: Path, world: Any, udo: Udo) -> None:
    done = udo(*DEPLOY)
    assert done.exit == 0, done.stderr
    assert keys(world) == [key(build)]
    stored = world.client("s3").head_object(Bucket="releases", Key=key(build))
    made = deployments(world)[0]["revision"]["s3Location"]
    assert made == {"bucket": "releases", "key": key(build), "bundleType": "zip", "eTag": stored["ETag"].strip('"')}
    assert writes(world) == ["PutObject", "CreateDeployment"]
    name = f"s3://releases/webapp/{listing(build).sha256[:12]}.zip"
    assert f"upload build: 2 files, 77 bytes, as {name}\n" in done.stderr


def test_in_a_bucket_with_versions_the_version_is_pinned_too(build: Path, world: Any, udo: Udo) -> None:
    versioning = {"Status": "Enabled"}
    world.client("s3").put_bucket_versioning(Bucket="releases", VersioningConfiguration=versioning)
    assert udo(*DEPLOY).exit == 0
    stored = world.client("s3").head_object(Bucket="releases", Key=key(build))
    made = deployments(world)[0]["revision"]["s3Location"]
    assert (made["version"], made["eTag"]) == (stored["VersionId"], stored["ETag"].strip('"'))
    world.log.clear()
    again = udo(*DEPLOY)
    assert (again.exit, writes(world)) == (0, [])
    assert "every instance of prod webapp has" in again.stdout


def test_what_was_uploaded_before_is_reused(build: Path, world: Any, udo: Udo) -> None:
    assert udo(*DEPLOY, "--no-wait").exit == 0
    end(world)
    world.log.clear()
    again = udo(*DEPLOY, "--again")
    assert again.exit == 0, again.stderr
    assert writes(world) == ["CreateDeployment"]
    assert f"uploaded before: s3://releases/{key(build)} is reused" in again.stderr
    (build / "web/index.html").write_text("other\n")
    assert udo(*DEPLOY).exit == 0
    assert len(keys(world)) == 2


@pytest.mark.whole
def test_an_upload_in_parts_is_one_object(large: Path, world: Any, udo: Udo) -> None:
    done = udo(*DEPLOY)
    assert done.exit == 0, done.stderr
    parts = ["CreateMultipartUpload", *["UploadPart"] * 3, "CompleteMultipartUpload"]
    assert writes(world) == [*parts, "CreateDeployment"]
    made = deployments(world)[0]["revision"]["s3Location"]
    assert made["eTag"].endswith("-3")
    assert unfinished(world) == []


def test_a_dry_run_shows_what_would_be_uploaded_and_uploads_nothing(build: Path, world: Any, udo: Udo) -> None:
    done = udo(*DEPLOY, "--dry-run")
    assert done.exit == 0, done.stderr
    assert writes(world) == []
    name = f"s3://releases/webapp/{listing(build).sha256[:12]}.zip"
    assert f"1. upload build: 2 files, 77 bytes, as {name}\n" in done.stdout
    assert f"2. deploy {name} to shop prod-webapp (3 instances)\n" in done.stdout
    shown = udo(*DEPLOY, "--dry-run", "-o", "json").json["data"]["plan"]["steps"]
    assert shown[0] == {
        "kind": "Upload",
        "says": f"upload build: 2 files, 77 bytes, as s3://releases/{key(build)}",
        "folder": "build",
        "size": 77,
        "sha256": listing(build).sha256,
        "bucket": "releases",
        "key": key(build),
        "owner": world.account,
    }
    assert shown[1]["params"]["revision"]["s3Location"]["eTag"] == {"$ref": "upload_etag"}


@pytest.mark.whole
def test_what_follows_a_deployment_knows_the_revision(build: Path, world: Any, udo: Udo) -> None:
    assert udo(*DEPLOY).exit == 0
    first = key(build)
    (build / "web/index.html").write_text("other\n")
    assert udo(*DEPLOY).exit == 0
    back = udo("deploy", "prod", "webapp", "@previous")
    assert back.exit == 0, back.stderr
    assert deployments(world)[0]["revision"]["s3Location"]["key"] == first


def test_the_journal_and_what_is_told_hold_nothing_of_the_content(build: Path, udo: Udo) -> None:
    (build / "web/password").write_text("hunter2hunter2")
    done = udo(*DEPLOY, "-v")
    journal = Path(os.environ["XDG_STATE_HOME"], "udo/journal.jsonl").read_text()
    assert "upload build" in journal
    assert "hunter2" not in journal + done.stdout + done.stderr
    assert "AKIA" not in journal


def test_what_is_sure_to_fail_is_refused_unless_it_is_wanted(build: Path, world: Any, udo: Udo) -> None:
    (build / "appspec.yml").write_text(FAILING)
    done = udo(*DEPLOY)
    assert (done.exit, writes(world), keys(world)) == (7, [], [])
    assert "udo: build/appspec.yml:1:10: BeforeInstall fails" in done.stderr
    assert done.stderr.strip().endswith("nothing was uploaded; --anyway deploys it all the same")
    wanted = udo(*DEPLOY, "--anyway", "--no-wait")
    assert wanted.exit == 0, wanted.stderr
    assert keys(world) == [key(build)]


def test_that_something_is_left_out_is_said(build: Path, udo: Udo) -> None:
    assert ".udoignore" not in udo(*DEPLOY, "--dry-run").stderr
    (build / ".udoignore").write_text("*.log\n")
    assert "build: 2 files, 77 bytes, all but what build/.udoignore names" in udo(*DEPLOY, "--dry-run").stderr


def test_what_may_surprise_is_said_and_deployed(build: Path, udo: Udo) -> None:
    (build / "odd ").write_text("")
    done = udo(*DEPLOY, "--no-wait")
    assert done.exit == 0
    assert "its name ends in a blank" in done.stderr
    assert "(warning)" in done.stderr


def _fifo(folder: Path) -> None:
    os.mkfifo(folder / "pipe")


def _not_utf8(folder: Path) -> None:
    (folder / os.fsdecode(b"caf\xe9")).touch()


def _sparse(folder: Path) -> None:
    with (folder / "sparse").open("wb") as file:
        file.truncate(3 * 1024**3)


BAD: list[tuple[Callable[[Path], object], int, str]] = [
    (lambda folder: folder.rename("elsewhere"), 2, "--bundle build does not exist"),
    (lambda folder: (folder.rename("elsewhere"), folder.touch()), 2, "--bundle build is no folder"),
    (lambda folder: (folder.rename("elsewhere"), folder.mkdir()), 7, "build holds no file that is not left out"),
    (lambda folder: (folder / ".udoignore").write_text("*\n"), 7, "build holds no file that is not left out"),
    (lambda folder: (folder / ".udoignore").write_text("!\n"), 2, "build/.udoignore:1: '!' is no pattern"),
    (lambda folder: (folder / "appspec.yml").unlink(), 7, "there is no appspec.yml at the top"),
    (lambda folder: (folder / "link").symlink_to("/etc/passwd"), 7, "build/link is a link that leads out"),
    (_fifo, 7, "build/pipe is neither a file nor a link"),
    (_not_utf8, 7, r"build: the name 'caf\xe9' is not UTF-8"),
    (_sparse, 7, "build holds more than 2 GB"),
]


@pytest.mark.parametrize(("spoil", "code", "says"), BAD, ids=[says for _, _, says in BAD])
def test_a_folder_that_is_no_bundle_is_one_clear_line(
    spoil: Callable[[Path], object], code: int, says: str, build: Path, world: Any, udo: Udo
) -> None:
    spoil(build)
    done = udo(*DEPLOY)
    assert (done.exit, writes(world), keys(world)) == (code, [], [])
    assert says in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_link_that_leads_out_is_sent_as_it_is_where_that_is_wanted(build: Path, world: Any, udo: Udo) -> None:
    (build / "link").symlink_to("/srv/shared")
    assert udo(*DEPLOY, "--anyway", "--no-wait").exit == 0
    assert len(keys(world)) == 1


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--bundle", "build", "1.4"), "REV, --from, --bundle and --follow exclude each other"),
        (("--bundle", "build", "--follow"), "REV, --from, --bundle and --follow exclude each other"),
        (("--bundle", "build", "--from", "stage2"), "REV, --from, --bundle and --follow exclude each other"),
        (("1.4", "--anyway"), "--anyway is about a bundle"),
    ],
)
def test_words_that_do_not_go_together_are_a_usage_error(
    words: tuple[str, ...], says: str, build: Path, world: Any, udo: Udo
) -> None:
    done = udo("deploy", "prod", "webapp", *words)
    assert (done.exit, list(world.log)) == (2, [])
    assert says in done.stderr


def test_without_a_bucket_the_key_is_named(build: Path, world: Any, udo: Udo) -> None:
    Path("udo.yml").write_text(config())
    done = udo(*DEPLOY)
    assert (done.exit, list(world.log)) == (2, [])
    assert "prod webapp has no deploy.s3.bucket (udo.yml:" in done.stderr


def test_a_bucket_that_is_not_there_is_named(build: Path, world: Any, udo: Udo) -> None:
    Path("udo.yml").write_text(config(S3.replace("releases", "nowhere")))
    done = udo(*DEPLOY)
    assert (done.exit, writes(world)) == (1, [])
    assert "udo: there is no bucket nowhere (udo.yml:" in done.stderr
    assert "nothing was uploaded" in done.stderr


def test_a_bucket_of_another_region_is_refused(build: Path, world: Any, udo: Udo) -> None:
    elsewhere = {"LocationConstraint": "eu-west-1"}
    world.client("s3", "eu-west-1").create_bucket(Bucket="far", CreateBucketConfiguration=elsewhere)
    Path("udo.yml").write_text(config(S3.replace("releases", "far")))
    done = udo(*DEPLOY)
    assert (done.exit, writes(world)) == (7, [])
    assert "is in eu-west-1, and prod webapp in us-west-2" in done.stderr


def test_a_bucket_of_somebody_else_is_refused_unless_udo_yml_says_so(build: Path, world: Any, udo: Udo) -> None:
    other = S3.replace("prefix", "owner: '999999999999', prefix")
    Path("udo.yml").write_text(config(other))
    done = udo(*DEPLOY)
    assert (done.exit, writes(world), keys(world)) == (6, [], [])
    assert "is not of account 999999999999, or the IAM action s3:ListBucket is missing" in done.stderr
    Path("udo.yml").write_text(config(other.replace("999999999999", world.account)))
    assert udo(*DEPLOY, "--no-wait").exit == 0


@pytest.mark.parametrize(
    ("operation", "action"), [("PutObject", "PutObject"), ("HeadObject", "GetObject"), ("HeadBucket", "ListBucket")]
)
def test_a_permission_that_is_missing_is_named(operation: str, action: str, build: Path, world: Any, udo: Udo) -> None:
    world.faults.add(Fault("deny", f"s3:{operation}", times=None))
    done = udo(*DEPLOY)
    assert (done.exit, deployments(world), keys(world)) == (6, [], [])
    assert f"the IAM action s3:{action} is missing" in done.stderr


def test_an_object_under_that_name_that_is_not_ours_is_refused(build: Path, world: Any, udo: Udo) -> None:
    world.client("s3").put_object(Bucket="releases", Key=key(build), Body=b"PK")
    done = udo(*DEPLOY)
    assert (done.exit, writes(world), deployments(world)) == (7, [], [])
    assert "is there, and Udo has not uploaded it, or not all of it" in done.stderr


def test_a_copy_that_was_cut_off_is_not_reused(build: Path, world: Any, udo: Udo) -> None:
    assert udo(*DEPLOY, "--no-wait").exit == 0
    end(world)
    client = world.client("s3")
    stored = client.get_object(Bucket="releases", Key=key(build))
    body, marks = stored["Body"].read(), stored["Metadata"]
    client.put_object(Bucket="releases", Key=key(build), Body=body[:-1], Metadata=marks)
    assert udo(*DEPLOY, "--again").exit == 7


def test_two_who_upload_the_same_both_deploy_it(build: Path, world: Any, udo: Udo) -> None:
    stored: list[Any] = []

    def faster() -> None:
        from udo.change.upload import MARK, SIZE

        marks = {MARK: listing(build).sha256, SIZE: "2"}
        stored.append(world.client("s3").put_object(Bucket="releases", Key=key(build), Body=b"PK", Metadata=marks))

    at(world, "PutObject", faster)
    done = udo(*DEPLOY, "--no-wait")
    assert done.exit == 0, done.stderr
    assert "it was uploaded meanwhile" in done.stderr
    assert deployments(world)[0]["revision"]["s3Location"]["eTag"] == stored[0]["ETag"].strip('"')


def test_who_puts_something_else_there_meanwhile_ends_it(build: Path, world: Any, udo: Udo) -> None:
    put = {"Bucket": "releases", "Key": key(build), "Body": b"evil"}
    at(world, "PutObject", lambda: world.client("s3").put_object(**put))
    done = udo(*DEPLOY)
    assert (done.exit, deployments(world)) == (4, [])
    assert "is not what was uploaded: somebody else writes there; nothing was deployed" in done.stderr


def test_another_deployment_is_a_conflict_before_anything_is_uploaded(build: Path, world: Any, udo: Udo) -> None:
    begin(world)
    done = udo(*DEPLOY)
    assert (done.exit, keys(world)) == (4, [])
    queued = udo(*DEPLOY, "--queue")
    assert queued.exit == 0, queued.stderr
    assert keys(world) == [key(build)]


def test_another_deployment_is_superseded_after_the_upload(build: Path, world: Any, udo: Udo) -> None:
    begin(world)
    done = udo(*DEPLOY, "--supersede", "--yes")
    assert done.exit == 0, done.stderr
    order = [name for name in writes(world) if name in ("PutObject", "StopDeployment", "CreateDeployment")]
    assert order[-3:] == ["PutObject", "StopDeployment", "CreateDeployment"]


def test_a_hook_that_fails_keeps_it_from_being_uploaded(build: Path, world: Any, udo: Udo) -> None:
    Path("udo.yml").write_text(config(f"{S3}, pre_deploy_hook: [['false']]"))
    done = udo(*DEPLOY)
    assert (done.exit, keys(world)) == (7, [])


def test_the_document_names_the_revision_with_its_etag(build: Path, udo: Udo) -> None:
    done = udo(*DEPLOY, "-o", "json")
    data = json.loads(done.stdout)["data"]
    assert data["revision"]["s3Location"]["eTag"]
    assert data["revision"]["s3Location"]["key"] == key(build)
