"""Bundles checked before they are sent: each rule with its line, what will happen, and the remedy."""

from __future__ import annotations

import io
import os
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from udo.bundle.check import check_bundle
from udo.bundle.finding import Finding
from udo.errors import UdoError

GOOD = "version: 0.0\nos: linux\nfiles:\n  - source: web\n    destination: /srv/app\n"
FILES = {"web/i.html": "hello\n", "h.sh": "#!/bin/sh\n"}
Udo = Callable[..., Any]


def folder(place: Path, spec: str | bytes = GOOD, files: Mapping[str, str] = FILES, name: str = "appspec.yml") -> Path:
    for path, content in files.items():
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        (place / path).write_text(content, newline="")
    place.mkdir(exist_ok=True)
    (place / name).write_bytes(spec if isinstance(spec, bytes) else spec.encode())
    return place


def found(place: Path, spec: str | bytes = GOOD, files: Mapping[str, str] = FILES) -> tuple[Finding, ...]:
    return check_bundle(folder(place / "b", spec, files)).findings


def hooks(*scripts: str, event: str = "AfterInstall") -> str:
    return GOOD + f"hooks:\n  {event}:\n" + "".join(f"    - {script}\n" for script in scripts)


def permitted(entry: str) -> str:
    return GOOD + f"permissions:\n  - {{object: /srv/app, {entry}}}\n"


def test_a_good_bundle_is_clean(tmp_path: Path) -> None:
    assert found(tmp_path, hooks("location: h.sh")) == ()


SURE = [
    ('version: "0.0"\nos: linux\n', (1, 10), "BeforeInstall fails", "without quotes"),
    ("version: 0.0\nos: Linux\n", (2, 5), "unsupported operating system (Linux)", "os: linux"),
    ("", (0, 0), "the appspec was empty", "version: 0.0"),
    (b"\xef\xbb\xbf" + GOOD.encode(), (1, 1), "byte order mark", "UTF-8 without one"),
    (GOOD.encode("utf-16"), (1, 1), "control characters", "UTF-8"),
    (b"version: 0.0\nos: linux\nx: \xff\n", (3, 1), "invalid leading UTF-8 octet", "UTF-8"),
    ("version: 0.0\nos: linux\nfiles:\n\t- source: web\n", (4, 1), "cannot start any token", "not with tabs"),
    (GOOD + "file_exists_behavior: overwrite\n", (6, 23), "file_exists_behavior value (overwrite)", "in capitals"),
    (GOOD + "hooks: []\n", (6, 8), "hooks is no map", "keys and values"),
    (
        hooks("location: h.sh", event="AfterInstal"),
        (7, 3),
        'unknown lifecycle events: ["AfterInstal"]',
        "did you mean AfterInstall?",
    ),
    (hooks("location: h.sh", event="Xyz"), (7, 3), 'unknown lifecycle events: ["Xyz"]', "one of BeforeBlockTraffic"),
    (hooks("timeout: 5"), (8, 7), "no location value", "scripts/x.sh"),
    (hooks("{location: h.sh, timeout: 0}"), (8, 33), "invalid timeout value", "whole seconds above zero"),
    (hooks("location: gone.sh"), (8, 17), "the script gone.sh", "is it in the bundle"),
    (hooks("location: web"), (8, 17), "the script web is a folder", "name a script in it"),
    (hooks("location: my h.sh"), (8, 17), "is split at its blank", "without blanks"),
    (hooks("location: ../h.sh"), (8, 17), "lies outside of the bundle", "within the bundle"),
    (GOOD + "  - {source: web, destination: /srv/app}\n", (6, 14), "two source files named web/i.html", "leave one"),
    (
        GOOD + "  - {source: nope, destination: /srv}\n",
        (6, 14),
        "No such file or directory: nope",
        "is it in the bundle",
    ),
    (GOOD + "  - {source: '*.html', destination: /srv}\n", (6, 14), "directory: *.html", "is it in the bundle"),
    (GOOD + "  - {source: web, destination: ~/x}\n", (6, 14), "File exists @ dir_s_mkdir - /root", "knows no ~"),
    (GOOD + "  - {source: 5, destination: /srv}\n", (6, 14), "the source 5 is no text", "in quotes"),
    (GOOD + "  - {source: ../x, destination: /srv}\n", (6, 14), "lies outside of the bundle", "within the bundle"),
    (GOOD + "  - source: web\n", (6, 5), "only a source file (web)", "add destination"),
    (permitted("mode: 0755"), (7, 30), "permissions mode (493)", 'in quotes, as in "0644"'),
    (permitted("mode: '00644'"), (7, 30), "length of a permissions mode", "three or four"),
    (permitted("type: [link]"), (7, 30), "not supported for permissions (link)", "file and directory"),
    (permitted("owner: 1234"), (7, 5), "is a number, not a name", "write the name"),
    (permitted("acls: ['x:foo:rw']"), (7, 30), "Invalid acl entry (x:foo:rw)", "u:NAME:rwx"),
    (permitted("acls: ['d:u:x:rw']"), (7, 5), "the -d parameter", "type: [directory]"),
    (permitted("context: {type: etc_t}"), (7, 5), "a context without a range", "add range"),
    (f"version: {'9' * 5000}\nos: linux\n", (1, 10), "invalid version value (999", "without quotes"),
    (hooks("{location: h.sh, timeout: .inf}"), (8, 33), "a timeout is no number", "whole seconds"),
    (hooks("{location: h.sh, timeout: .nan}"), (8, 33), "a timeout is no number", "whole seconds"),
    (hooks(f"location: {'x' * 5000}"), (8, 17), "No such file or directory", "by this very name"),
    (GOOD.replace("web", "x" * 300), (4, 13), "File name too long", "a shorter name"),
    (GOOD + f"  - {{source: h.sh, destination: /srv/{'x' * 300}}}\n", (6, 14), "File name too long", "a shorter name"),
    (GOOD + '  - {source: h.sh, destination: "/srv/a\\0b"}\n', (6, 14), "null byte", "without \\0"),
    (GOOD + f"x: {'[' * 100_000}{']' * 100_000}\n", (6, 67), "nested deeper than 64 levels", "five levels"),
]


@pytest.mark.parametrize(("spec", "at", "told", "remedy"), SURE, ids=lambda value: str(value)[:40])
def test_what_is_sure_to_fail_is_a_mistake(
    tmp_path: Path, spec: str | bytes, at: tuple[int, int], told: str, remedy: str
) -> None:
    errors = [one for one in found(tmp_path, spec) if one.level == "error"]
    seen = [((one.at.line, one.at.column), told in one.message, remedy in one.remedy) for one in errors]
    assert (at, True, True) in seen, errors
    assert all("agent 1.8.1" in one.message for one in errors)


SURPRISES = [
    (permitted("mode: 0644"), (7, 30), "mode: 0644 becomes 0420", '"0644"'),
    (permitted("mode: 644"), (7, 5), "nobody can then enter", "type: [file]"),
    (permitted("owner: nginx"), (7, 5), "no user nginx", "image"),
    (permitted("{}pattern: '?.sh'".replace("{}", "")), (7, 5), "matches nothing", "*.sh"),
    (GOOD + "permissions:\n  - {object: /elsewhere, mode: '755'}\n", (7, 5), "it is ignored", "check the path"),
    (permitted("mode: '4755', owner: root"), (7, 5), "loses its set-uid", "in a hook"),
    (GOOD.replace("destination:", "overwrite: true\n    destination:"), (5, 5), "overwrite is ignored", "source"),
    (GOOD + "Files: []\n", (6, 1), "the key Files is ignored", "did you mean files?"),
    (GOOD + "os: linux\n", (6, 1), "os is there twice", "keep one"),
    (GOOD + "---\nversion: 9\n", (1, 1), "only the first document", "remove"),
    (GOOD + "released: 2026-01-01\n", (6, 11), "on Ruby 3.1 and newer", "in quotes"),
    (GOOD + "a: &x 1\nb: *x\n", (7, 4), "on Ruby 3.1 and newer", "write it out"),
    (GOOD.replace("/srv/app", "srv/app"), (4, 13), "whatever folder the agent runs in", "begin it with /"),
    (GOOD + "  - {source: web/i.html, destination: /srv/i.html}\n", (6, 14), "/srv/i.html/i.html", "destination: /srv"),
    (hooks("{location: h.sh, sudo: true}"), (8, 18), "drops DEPLOYMENT_ID", "leave it out"),
    (hooks("{location: h.sh, runas: app}"), (8, 18), "no user app", "image"),
    (hooks("{location: h.sh, timeout: 5 minutes}"), (8, 33), "is 5 seconds", "whole seconds"),
    (hooks("{location: h.sh, timeout: 1.9}"), (8, 33), "is cut to 1", "whole seconds"),
    (hooks(*["{location: h.sh, timeout: 3000}"] * 2), (7, 3), "6000 seconds", "3600"),
    (hooks("location: h.sh", event="Install"), (7, 3), "is ever run", "BeforeInstall"),
]


@pytest.mark.parametrize(("spec", "at", "told", "remedy"), SURPRISES, ids=lambda value: str(value)[:40])
def test_what_may_surprise_is_a_warning(tmp_path: Path, spec: str, at: tuple[int, int], told: str, remedy: str) -> None:
    findings = found(tmp_path, spec)
    assert not [one for one in findings if one.level == "error"]
    assert (at, True, True) in [
        ((one.at.line, one.at.column), told in one.message, remedy in one.remedy) for one in findings
    ], findings


@pytest.mark.parametrize(
    ("script", "line", "told"),
    [
        ("#!/bin/sh\n./server &\n", 2, "keeps the output open: the event waits 3600 seconds"),
        ("echo x\n", 1, "run by sh"),
        ("#!/bin/sh\necho x\r\n", 2, "CRLF"),
    ],
)
def test_what_may_surprise_in_a_script_is_told_at_its_line(tmp_path: Path, script: str, line: int, told: str) -> None:
    (one,) = found(tmp_path, hooks("location: h.sh"), {**FILES, "h.sh": script})
    assert (one.level, one.file, one.at.line) == ("warning", "h.sh", line)
    assert told in one.message


def test_a_first_line_with_a_carriage_return_is_sure_to_fail(tmp_path: Path) -> None:
    (one,) = found(tmp_path, hooks("location: h.sh"), {**FILES, "h.sh": "#!/bin/sh\r\necho\r\n"})
    assert one.level == "error"
    assert "the first line of h.sh ends in CRLF" in one.message


@pytest.mark.parametrize("script", ["#!/bin/sh\na && b\n", "#!/bin/sh\nserver >/dev/null 2>&1 </dev/null &\n"])
def test_scripts_that_let_go_of_their_output_are_clean(tmp_path: Path, script: str) -> None:
    assert found(tmp_path, hooks("location: h.sh"), {**FILES, "h.sh": script}) == ()


def test_a_bundle_with_appspec_yaml_alone_always_fails(tmp_path: Path) -> None:
    (one,) = check_bundle(folder(tmp_path / "b", name="appspec.yaml")).findings
    assert (one.level, one.remedy) == ("error", "rename appspec.yaml to appspec.yml")


def tgz(place: Path, *names: str, **contents: bytes) -> Path:
    with tarfile.open(place, "w:gz") as made:
        for name in names:
            data = contents.get(name.rpartition("/")[2].replace(".", "_"), b"")
            info = tarfile.TarInfo(name)
            info.size = len(data)
            made.addfile(info, io.BytesIO(data))
    return place


def test_one_folder_that_holds_everything_is_looked_through_and_two_are_not(tmp_path: Path) -> None:
    spec = b"version: 0.0\nos: linux\n"
    assert check_bundle(tgz(tmp_path / "1.tgz", "app/appspec.yml", appspec_yml=spec)).findings == ()
    (one,) = check_bundle(tgz(tmp_path / "2.tgz", "app/appspec.yml", "README", appspec_yml=spec)).findings
    assert "there is no appspec.yml at the top" in one.message
    assert one.remedy == "rename app/appspec.yml to appspec.yml"


def test_backslashes_in_a_zip_are_told(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as made:
        made.writestr("appspec.yml", "version: 0.0\nos: linux\n")
        made.writestr("web\\i.html", "x")
    assert ["backslashes" in one.message for one in check_bundle(tmp_path / "b.zip").findings] == [True]


@pytest.mark.parametrize("cut", [0, 10, 40])
def test_an_archive_that_is_cut_fails_at_its_download(tmp_path: Path, cut: int) -> None:
    whole = tgz(tmp_path / "whole.tgz", "appspec.yml", appspec_yml=os.urandom(100))
    (tmp_path / "b.tgz").write_bytes(whole.read_bytes()[:cut])
    (one,) = check_bundle(tmp_path / "b.tgz").findings
    assert one.level == "error"
    assert "DownloadBundle fails" in one.message


def test_what_is_in_a_bundle_and_cannot_be_sent_is_told(tmp_path: Path) -> None:
    place = folder(tmp_path / "b")
    os.mkfifo(place / "web/pipe")
    (place / "web/out").symlink_to("/etc/hostname")
    (place / "web/loop").symlink_to("loop")
    (place / "web/blank ").write_text("x")
    told = {one.file: one.message for one in check_bundle(place).findings}
    assert "neither a file nor a link" in told["web/pipe"]
    assert "leads out of the bundle, to /etc/hostname" in told["web/out"]
    assert "ends in a blank" in told["web/blank "]


def bad_input(name: str, place: Path) -> Path:
    match name:
        case "empty folder":
            place.mkdir()
        case "pipe":
            os.mkfifo(place)
        case "sparse":
            with place.open("wb") as made:
                made.truncate(3 * 1024**3)
        case "large appspec":
            folder(place, b"x" * 2_000_000)
    return place


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("empty folder", "is empty: there is no bundle in it"),
        ("pipe", "is neither a folder nor an archive"),
        ("sparse", "is larger than 2 GB"),
        ("large appspec", "is larger than 1024 KiB"),
    ],
)
def test_bad_input_is_told_in_one_line(udo: Udo, tmp_path: Path, name: str, told: str) -> None:
    ended = udo("check", "--bundle", str(bad_input(name, tmp_path / "x")))
    assert ended.exit == 1
    assert told in ended.stderr
    assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize("name", ["absent", "file/absent"])
def test_a_bundle_that_is_not_there_is_a_wrong_use(udo: Udo, tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("x")
    ended = udo("check", "--bundle", str(tmp_path / name))
    assert (ended.exit, ended.stderr.count("\n")) == (2, 1)
    assert f"{name}: there is no such file or folder" in ended.stderr


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "b.tar", "w") as made:
        info = tarfile.TarInfo("bomb")
        made.addfile(info)
    info.size = 3 * 1024**3
    (tmp_path / "b.tar").write_bytes(info.tobuf() + bytes(1024))
    (one,) = check_bundle(tmp_path / "b.tar").findings
    assert "larger than 2 GB unpacked" in one.message


def _zip(place: Path, method: int, says: int) -> Path:
    """A zip with 300,000 bytes, of which it says that they are so many."""
    with zipfile.ZipFile(place, "w", method) as made:
        made.writestr("appspec.yml", GOOD)
        made.writestr("web", bytes(300_000))
    data = place.read_bytes().replace((300_000).to_bytes(4, "little"), says.to_bytes(4, "little"))
    place.write_bytes(data)
    return place


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
def test_a_zip_that_holds_more_than_it_says_is_not_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: int
) -> None:
    monkeypatch.setattr("udo.bundle.archive.MOST_BYTES", 500_000)
    assert check_bundle(_zip(tmp_path / "a.zip", method, 300_000)).errors == ()
    (one,) = check_bundle(_zip(tmp_path / "b.zip", method, 10)).findings
    assert "holds more of web than it says" in one.message


def test_udo_check_tells_places_and_ends_with_2(udo: Udo, tmp_path: Path) -> None:
    folder(tmp_path / "b", 'version: "0.0"\nos: linux\nFiles: []\n')
    ended = udo("check", "--bundle", "b")
    assert ended.exit == 2
    assert "b/appspec.yml:1:10: BeforeInstall fails with agent 1.8.1: an invalid version value" in ended.stderr
    assert "b/appspec.yml:3:1: the key Files is ignored; did you mean files? (warning)" in ended.stderr
    document = udo("check", "--bundle", "b", "-o", "json").json
    assert document["error"]["errors"][0]["line"] == 1
    assert [row["level"] for row in document["data"]["bundle"]["findings"]] == ["error", "warning"]


def test_udo_check_looks_at_the_appspec_beside_udo_yml(udo: Udo, tmp_path: Path) -> None:
    Path("udo.yml").write_text("clusters: {prod: {roles: {web: {}}}}\n")
    folder(tmp_path, GOOD)
    assert udo("check").exit == 0
    folder(tmp_path, GOOD.replace("source: web", "source: gone"))
    ended = udo("check")
    assert ended.exit == 2
    assert "appspec.yml:4:13: Install fails with agent 1.8.1: No such file or directory: gone" in ended.stderr


def test_what_lies_beside_the_appspec_of_a_working_copy_is_no_bundle_of_its_own(udo: Udo, tmp_path: Path) -> None:
    Path("udo.yml").write_text("clusters: {prod: {roles: {web: {}}}}\n")
    spec = GOOD.replace("source: web", "source: /") + "permissions:\n  - {object: /srv/app/deep/down, mode: '755'}\n"
    folder(tmp_path, spec)
    os.mkfifo(tmp_path / "pipe")
    ended = udo("check")
    assert ended.exit == 0
    assert "warning" not in ended.stderr


def test_a_bundle_and_aws_are_not_checked_at_once(udo: Udo) -> None:
    assert udo("check", "--bundle", ".", "--online").exit == 2


@pytest.mark.parametrize("seconds", ["9" * 5000, "0x" + "f" * 5000, f"1{'0' * 400} minutes"])
def test_a_number_without_end_is_looked_at(tmp_path: Path, seconds: str) -> None:
    found(tmp_path, hooks(f"{{location: h.sh, timeout: {seconds}}}"))


def test_a_name_that_is_no_utf8_is_sure_to_fail(tmp_path: Path) -> None:
    place = folder(tmp_path / "b")
    Path(os.fsdecode(f"{place}/web/".encode() + b"\xff")).write_text("x")
    (one,) = check_bundle(place).errors
    assert "illegal/malformed utf-8" in one.message


def test_folders_deeper_than_any_stack_are_told(tmp_path: Path) -> None:
    place = folder(tmp_path / "b")
    here = place / "web"
    for _ in range(600):
        here /= "d"
        here.mkdir()
    with pytest.raises(UdoError, match="more than 500 levels deep"):
        check_bundle(place)


def test_a_folder_that_a_link_leads_out_to_is_not_looked_into(tmp_path: Path) -> None:
    (tmp_path / "beside").mkdir()
    os.mkfifo(tmp_path / "beside/pipe")
    place = folder(tmp_path / "b", permitted("owner: 1"))
    (place / "web/out").symlink_to("../../beside")
    told = [one.message for one in check_bundle(place).errors]
    assert any("/srv/app/i.html is a number" in one for one in told)
    assert not any("/srv/app/out/pipe" in one for one in told)


def test_an_appspec_that_leads_to_itself_is_not_to_be_renamed_to_itself(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b/appspec.yml").symlink_to("appspec.yml")
    (one,) = [one for one in check_bundle(tmp_path / "b").findings if one.level == "error"]
    assert one.remedy == "put appspec.yml at the top"


def test_an_archive_of_folders_deeper_than_any_path_is_not_unpacked(tmp_path: Path) -> None:
    packed = tgz(tmp_path / "deep.tgz", "d/" * 600 + "f")
    (one,) = check_bundle(packed).errors
    assert "more than 500 levels deep" in one.message
