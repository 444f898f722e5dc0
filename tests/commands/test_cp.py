"""`udo cp` on the instances of a group in the sandbox: what arrives where, what is left alone, how it ends."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from test_ssh import GROUPS, members
from whole import rows, some

Udo = Callable[..., Any]
CLIENTS = some(("openssh", "paramiko"), "openssh", "paramiko")


@pytest.fixture
def stage(world: Any, ssh: Any, seeded: Any) -> Any:
    """A cluster whose instances answer ssh."""
    seeded(ssh.settings + GROUPS)
    return world


def home(world: Any, instance_id: str) -> Path:
    """The folder that is an instance's own."""
    instance = next(one for one in world.instances() if one.id == instance_id)
    return Path(world.hosts.place(instance).folder)


def homes(world: Any) -> list[Path]:
    return [home(world, one) for one in members(world)]


def held(folder: Path) -> dict[str, Any]:
    """All that a folder holds, by its path below it: permissions, and what a file says or where a link leads."""
    found: dict[str, Any] = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if name.partition("/")[0] == ".bin":
            continue
        mode = oct(path.lstat().st_mode & 0o777)
        if path.is_symlink():
            found[name] = str(path.readlink())
        else:
            found[name] = (mode, None if path.is_dir() else path.read_bytes())
    return found


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A tree with a bit of everything that copies."""
    site = tmp_path / "site"
    (site / "a" / "empty").mkdir(parents=True)
    (site / "b").mkdir(0o750)
    (site / "index.html").write_text("hello\n")
    (site / "a" / "run.sh").write_text("#!/bin/sh\n")
    (site / "a" / "run.sh").chmod(0o755)
    (site / "b" / "secret").write_bytes(os.urandom(200_000))
    (site / "b" / "secret").chmod(0o600)
    (site / "b" / "nothing").touch()
    (site / "b" / "link").symlink_to("../index.html")
    return site


@pytest.mark.parametrize("via", CLIENTS)
def test_a_folder_goes_to_all_and_comes_back_from_all_as_it_was(
    stage: Any, udo: Udo, site: Path, tmp_path: Path, via: str
) -> None:
    done = udo("cp", "stage", "webapp", str(site), ":", "--via", via)
    assert done.exit == 0, done.stderr
    for one in homes(stage):
        assert held(one / "site") == held(site)
        assert (one / "site").stat().st_mode == site.stat().st_mode
    assert all(f"{one}  [4 files copied, 200 KB]" in done.stderr for one in members(stage))
    back = udo("cp", "stage", "webapp", ":site", str(tmp_path / "back"), "--via", via)
    assert back.exit == 0, back.stderr
    for one in members(stage):
        assert held(tmp_path / "back" / one) == {"site": (oct(site.stat().st_mode & 0o777), None)} | {
            f"site/{name}": what for name, what in held(site).items()
        }


@pytest.mark.parametrize("via", CLIENTS)
def test_what_is_the_same_on_both_sides_is_not_sent_again(
    stage: Any, udo: Udo, site: Path, tmp_path: Path, via: str
) -> None:
    udo("cp", "stage", "webapp", str(site), ":", "--via", via)
    first = homes(stage)[0] / "site"
    before = {path: path.lstat().st_ino for path in first.rglob("*")}
    (site / "index.html").write_text("HELLO\n")
    (site / "a" / "run.sh").chmod(0o700)
    done = udo("cp", "stage", "webapp", str(site), ":", "--via", via, "-o", "json")
    assert done.exit == 0, done.stderr
    assert [(row["files"], row["bytes"], row["unchanged"]) for row in done.json["data"]["hosts"]] == [(1, 6, 3)] * 3
    assert held(first) == held(site)
    changed = {path.name for path in first.rglob("*") if path.lstat().st_ino != before[path]}
    assert changed == {"index.html"}


@pytest.mark.parametrize(
    ("to", "there", "arrives"),
    rows(
        [
            (":", None, "app.conf"),
            (":other.conf", None, "other.conf"),
            (":~/other.conf", None, "other.conf"),
            (":etc", "etc/", "etc/app.conf"),
            (":etc/", "etc/", "etc/app.conf"),
            (":etc/", None, "etc/app.conf"),
            (":etc/other.conf", "etc/", "etc/other.conf"),
            (":/srv", "srv/", "srv/app.conf"),
            (":app.conf", "app.conf", "app.conf"),
        ],
        {(":", None, "app.conf"), (":etc", "etc/", "etc/app.conf"), (":app.conf", "app.conf", "app.conf")},
    ),
)
def test_a_file_gets_the_name_or_goes_into_the_folder(
    stage: Any, udo: Udo, tmp_path: Path, to: str, there: str | None, arrives: str
) -> None:
    (tmp_path / "app.conf").write_text("port=80\n")
    for one in homes(stage):
        if there and there.endswith("/"):
            (one / there).mkdir()
        elif there:
            (one / there).write_text("old")
    done = udo("cp", "stage", "webapp", "app.conf", to)
    assert done.exit == 0, done.stderr
    for one in homes(stage):
        assert {name for name, (_, what) in held(one).items() if what is not None} == {arrives}
        assert (one / arrives).read_text() == "port=80\n"


@pytest.mark.parametrize(
    ("sources", "arrive"),
    [
        (("site/",), {"www/index.html", "www/a/run.sh"}),
        (("site/.",), {"www/index.html", "www/a/run.sh"}),
        (("site",), {"www/site/index.html", "www/site/a/run.sh"}),
        (("site/a", "site/index.html"), {"www/a/run.sh", "www/index.html"}),
    ],
)
@pytest.mark.whole
def test_a_folder_arrives_under_its_name_or_as_what_it_holds_however_often(
    stage: Any, udo: Udo, site: Path, sources: tuple[str, ...], arrive: set[str]
) -> None:
    for _ in range(2):
        assert udo("cp", "stage", "webapp", *sources, ":www", "--pick", "3").exit == 0
    for one in homes(stage):
        files = {name for name in held(one) if name.endswith(("index.html", "run.sh"))}
        assert files == arrive


def test_globs_are_of_the_hosts(stage: Any, udo: Udo, tmp_path: Path) -> None:
    for one in homes(stage):
        (one / "log").mkdir()
        for name in ("a.log", "b.log", ".hidden.log", "c.txt", "[x].log"):
            (one / "log" / name).write_text(name)
    assert udo("cp", "stage", "webapp", ":l?g/*.log", "logs").exit == 0
    assert udo("cp", "stage", "webapp", ":log/[[]x*", ":log/.hidden*", "more").exit == 0
    for one in members(stage):
        assert {path.name for path in Path("logs", one).iterdir()} == {"a.log", "b.log", "[x].log"}
        assert {path.name for path in Path("more", one).iterdir()} == {"[x].log", ".hidden.log"}
    assert udo("cp", "stage", "webapp", ":log/[x].log", "literal").exit == 0
    assert Path("literal", members(stage)[0], "[x].log").read_text() == "[x].log"
    assert udo("cp", "stage", "webapp", r":log/\[x].log", r":log/\b.lo?", r":l\?g/*", r":l?g/\*.log", "kept").exit == 1
    assert {path.name for path in Path("kept", members(stage)[0]).iterdir()} == {"[x].log", "b.log"}
    (homes(stage)[0] / "log" / "*.log").write_text("star")
    assert udo("cp", "stage", "webapp", r":l?g/\*.log", "star", "--instance", members(stage)[0]).exit == 0
    assert [path.name for path in Path("star", members(stage)[0]).iterdir()] == ["*.log"]
    done = udo("cp", "stage", "webapp", ":log/*.gz", "none")
    assert (done.exit, done.stderr.count("[not copied: log/*.gz: nothing matches]")) == (1, 3)
    # Of a host that nothing came from there is no folder.
    assert [*Path("none").glob("*")] == []


@pytest.mark.whole
def test_times_are_kept_where_asked_for(stage: Any, udo: Udo, site: Path) -> None:
    os.utime(site / "index.html", (1_000_000_000, 1_100_000_000))
    os.utime(site / "a", (1_000_000_000, 1_200_000_000))
    udo("cp", "stage", "webapp", "site", ":")
    assert (homes(stage)[0] / "site/index.html").stat().st_mtime > 1_700_000_000
    assert udo("cp", "stage", "webapp", "site", ":", "-p").exit == 0
    for one in homes(stage):
        assert (one / "site/index.html").stat().st_mtime == 1_100_000_000
        assert (one / "site/a").stat().st_mtime == 1_200_000_000
    assert udo("cp", "stage", "webapp", ":site", "back", "-p").exit == 0
    assert Path("back", members(stage)[0], "site/index.html").stat().st_mtime == 1_100_000_000


def test_one_host_that_is_lost_keeps_nobody_from_the_files(stage: Any, udo: Udo, site: Path) -> None:
    from udo.sandbox.faults import InstanceFault

    lost, kept, full = members(stage)
    stage.faults.add(InstanceFault("refuse", lost))
    (home(stage, full) / "site").write_text("a file where the folder is to be")
    done = udo("cp", "stage", "webapp", "site", ":", "-o", "json")
    ended = {row["instance_id"]: (row["outcome"], row["status"]) for row in done.json["data"]["hosts"]}
    assert (done.exit, ended) == (255, {lost: ("unreachable", None), kept: ("ok", 0), full: ("failed", 1)})
    assert held(home(stage, kept) / "site") == held(site)
    done = udo("cp", "stage", "webapp", "site", ":", "--exclude", lost)
    assert done.exit == 1
    assert f"{full}  [not copied: site: a file of that name is there]" in done.stderr


def test_where_a_canary_fails_no_other_host_gets_anything(stage: Any, udo: Udo, site: Path) -> None:
    for one in homes(stage):
        (one / "site").write_text("in the way")
    done = udo("cp", "stage", "webapp", "site", ":", "--canary", "1", "-o", "json")
    assert (done.exit, done.json["data"]["totals"]["not started"]) == (1, 2)


def test_a_dry_run_says_what_would_be_copied_and_copies_nothing(stage: Any, udo: Udo, site: Path) -> None:
    done = udo("cp", "stage", "webapp", "site", ":/srv", "--dry-run")
    assert done.exit == 0
    assert "copy site (4 files, 200 KB) to :/srv on 3 instances of stage webapp" in done.stdout
    assert all(not held(one) for one in homes(stage))


def test_names_of_any_bytes_are_told_without_harm(stage: Any, udo: Udo, tmp_path: Path) -> None:
    name = os.fsdecode(b"\xff\x1b[31m")
    Path(name).mkdir()
    (Path(name) / "x").touch()
    os.mkfifo(Path(name) / "pipe")
    for form in ("text", "json"):
        done = udo("cp", "stage", "webapp", name, ":", "--dry-run", "-o", form)
        assert (done.exit, "\x1b" in done.stdout + done.stderr) == (0, False)
    done = udo("cp", "stage", "webapp", f":{name}", "back")
    assert (done.exit, "\x1b" in done.stderr) == (1, False)
    assert "nothing matches" in done.stderr


def test_limit_holds_for_all_hosts_together(stage: Any, udo: Udo, tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(bytes(100_000))
    begun = time.monotonic()
    assert udo("cp", "stage", "webapp", "large", ":", "--limit", "300K").exit == 0
    assert time.monotonic() - begun > 0.7


def test_a_protected_role_asks_first(world: Any, ssh: Any, seeded: Any, udo: Udo, site: Path) -> None:
    seeded(ssh.settings + GROUPS + "protected: [cp]\n")
    done = udo("cp", "stage", "webapp", "site", ":")
    assert (done.exit, "stage webapp is protected" in done.stderr) == (7, True)
    assert udo("cp", "stage", "webapp", "site", ":", "--yes").exit == 0
    assert udo("ssh", "stage", "webapp", "true").exit == 0


def test_a_role_that_is_reached_over_ssm_gets_files_by_an_ssh_client_that_is_named(
    world: Any, ssh: Any, seeded: Any, udo: Udo, site: Path
) -> None:
    seeded(ssh.settings.replace("user:", "via: ssm, user:") + GROUPS)
    done = udo("cp", "stage", "webapp", "site", ":")
    assert (done.exit, "which carries commands alone" in done.stderr) == (2, True)
    assert udo("cp", "stage", "webapp", "site", ":", "--via", "openssh").exit == 0


@pytest.mark.parametrize("via", CLIENTS)
@pytest.mark.whole
def test_a_one_time_key_is_told_again_before_a_second_connection(
    world: Any, ssh: Any, seeded: Any, udo: Udo, site: Path, via: str
) -> None:
    seeded(f"ssh: {{user: ec2-user, port: {ssh.port}, instance_connect: true}}\n" + GROUPS)
    assert udo("cp", "stage", "webapp", "site", ":", "--via", via).exit == 0
    sent = sum(request.operation == "SendSSHPublicKey" for request in world.log)
    done = udo("cp", "stage", "webapp", "site", ":", "--via", via)
    assert done.stderr.count("[nothing to copy, 4 unchanged]") == 3
    sent_again = sum(request.operation == "SendSSHPublicKey" for request in world.log) - sent
    assert (sent, sent_again) == (3, 6 if via == "openssh" else 3)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "what is copied where?"),
        (("site",), "what is copied where?"),
        (("site", "there"), "one side must be of the hosts"),
        ((":site", ":there"), "one side must be of the hosts"),
        (("site", ":other", "there"), "one side must be of the hosts"),
        (("nowhere", ":"), "nowhere: no such file or directory"),
        (("pipe", ":"), "pipe is neither a file nor a folder"),
        (("site/index.html", "twin/index.html", ":"), "would both be 'index.html' there"),
        (("site", ":~root/x"), "the home of another user"),
        (("site", ":", "--limit", "0"), "'0' is not a number of bytes a second"),
        (("site", ":", "--limit", "10MB"), "'10MB' is not a number of bytes a second"),
        (("site", ":", "--owner", "a b"), "'a b' is not an owner"),
        ((":site", "site/index.html"), "site/index.html is no folder"),
        ((":site", "here", "--owner", "root"), "--owner is for files that go to hosts"),
        (("site", ":", "--stdin"), "--stdin"),
        (("site", ":", "--via", "ssm"), "files are not copied over ssm, which carries commands alone"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anybody_is_reached(
    stage: Any, udo: Udo, site: Path, words: tuple[str, ...], told: str
) -> None:
    Path("twin").mkdir()
    Path("twin/index.html").touch()
    os.mkfifo("pipe")
    before = len(stage.log)
    done = udo("cp", "stage", "webapp", *words)
    assert (done.exit, told in done.stderr) == (2, True), done.stderr
    assert len(stage.log) == before


def test_what_is_neither_file_folder_nor_link_is_left_out_and_named(stage: Any, udo: Udo, site: Path) -> None:
    os.mkfifo(site / "pipe")
    done = udo("cp", "stage", "webapp", "site", ":", "--pick", "1", "-o", "json")
    (row,) = done.json["data"]["hosts"]
    assert (done.exit, row["left_out"]) == (0, 1)
    assert "site/pipe is left out: it is neither a file, a folder nor a link" in row["stderr"]
    (site / "pipe").unlink()
    there = home(stage, row["instance_id"]) / "site"
    os.mkfifo(there / "pipe")
    (there / "out").symlink_to("../../elsewhere")
    (there / "away").symlink_to("/etc/passwd")
    done = udo("cp", "stage", "webapp", ":site", "back", "--instance", row["instance_id"])
    assert done.exit == 0
    assert "site/away is left out: the link leads out, to /etc/passwd" in done.stderr
    assert "3 left out" in done.stderr
    assert held(Path("back", row["instance_id"], "site")) == held(site)


def test_an_account_of_the_run_tells_what_was_copied(stage: Any, udo: Udo, site: Path) -> None:
    lines = udo("cp", "stage", "webapp", "site", ":", "-o", "jsonl").stdout.splitlines()
    events = [json.loads(line) for line in lines]
    last = {event["instance_id"]: event for event in events if event["event"] == "copied"}
    assert set(last) == set(members(stage))
    assert all((one["files"], one["all_files"]) == (4, 4) for one in last.values())
    told = udo("history").stdout
    assert "cp" in told
