"""The cache of cut-down models: whatever is wrong with it, the answers are those that are given without one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from whole import some

from udo.aws import Aws
from udo.aws.cut import PLAIN
from udo.aws.loading import CutLoader, FullLoader

CONFIG = """
region: us-west-2
ami: ami-0aaaaaaaaaaaaaaaa
instance_type: t3.small
availability_zones: [us-west-2a]
scale_policy: {min_size: 0, max_size: 3, desired: 3}
clusters: {prod: {roles: {web: {}}}}
"""
KINDS = (*PLAIN, "endpoints")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of this test's own, where nothing is yet."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "udo"


@pytest.fixture(scope="module")
def full() -> FullLoader:
    return FullLoader()


def is_cut(full: FullLoader, service: str = "ec2") -> bool:
    """Whether a new loader gives a model that is cut down; it is that one, or the whole one, and nothing between."""
    found = CutLoader(full).load_service_model(service, "service-2")
    cut = set(found["operations"]) == set(PLAIN[service])
    assert cut or found == full.load_service_model(service, "service-2")
    return cut


def made(cache: Path, full: FullLoader, service: str = "ec2") -> Path:
    """The file of a service, made now."""
    assert is_cut(full, service)
    (file,) = cache.glob(f"{service}-*.json")
    return file


@pytest.fixture
def answers(world: Any, seeded: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """What is read of a group and its members by clients made now."""
    seeded(CONFIG)

    def read(switch: str = "on") -> Any:
        monkeypatch.setenv("UDO_CACHE", switch)
        aws = Aws(region="us-west-2", prepare=world.attach)
        groups = aws.autoscaling.groups()
        ids = [member.instance_id for group in groups.values() for member in group.members]
        assert len(ids) == 3
        return groups, groups["prod-web"].raw, aws.ec2.instances(ids), aws.ssm.below("/udo/")

    return read


@pytest.fixture
def instances(served_world: Any, seeded: Callable[[str], Any]) -> Callable[..., subprocess.Popen[str]]:
    """Begins `udo instances` as a process of its own."""
    seeded(CONFIG)

    def begin(*before: str, **env: str) -> subprocess.Popen[str]:
        line = [*before, sys.executable, "-m", "udo", "instances", "prod", "web", "-o", "json"]
        pipe = subprocess.PIPE
        env = {**os.environ, **env}
        return subprocess.Popen(line, stdout=pipe, stderr=subprocess.STDOUT, text=True, env=env)

    return begin


def told(process: subprocess.Popen[str]) -> str:
    """What a process prints that ends well."""
    text = process.communicate(timeout=60)[0]
    assert process.returncode == 0, text
    return text


def test_models_are_made_once_and_belong_to_the_user_alone(cache: Path, full: FullLoader) -> None:
    file = made(cache, full)
    before = file.stat()
    assert (cache.stat().st_mode & 0o777, before.st_mode & 0o777) == (0o700, 0o600)
    assert is_cut(full)
    assert file.stat() == before or file.stat().st_mtime_ns == before.st_mtime_ns
    assert len(file.read_bytes()) < 60_000


def _cut_short(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-9])


def _emptied(file: Path) -> None:
    file.write_bytes(b"")


def _changed(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def _another(file: Path) -> None:
    """Whole, but what was kept of something else."""
    (other,) = set(file.parent.glob("autoscaling-*.json"))
    file.write_bytes(other.read_bytes())


def _a_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def _a_pipe(file: Path) -> None:
    file.unlink()
    os.mkfifo(file, 0o600)


def _a_link(file: Path) -> None:
    file.rename(file.parent / "elsewhere")
    file.symlink_to(file.parent / "elsewhere")


def _open_to_all(file: Path) -> None:
    file.chmod(0o666)


def _given_away(file: Path) -> None:
    os.chown(file, 12345, 12345)


SPOILT = [_cut_short, _emptied, _changed, _another, _a_folder, _a_pipe, _a_link, _open_to_all]
# Only root can give a file away, and to root nothing is read-only.
IS_ROOT = os.geteuid() == 0
SPOILT += [_given_away] if IS_ROOT else []


@pytest.mark.whole
@pytest.mark.parametrize("spoil", some(SPOILT, SPOILT[0]), ids=lambda spoil: spoil.__name__.strip("_"))
def test_a_file_that_is_not_as_it_was_written_gives_the_same_answers_as_none(
    spoil: Callable[[Path], None], cache: Path, answers: Callable[..., Any]
) -> None:
    without = answers("off")
    assert not cache.exists()
    assert answers() == without
    files = {kind: file for kind in KINDS for file in cache.glob(f"{kind}-*.json")}
    assert {*files} == {*KINDS} - {"cloudformation", "cloudwatch", "codedeploy", "elbv2", "events", "sns"}
    for kind in ("ec2", "ssm", "endpoints"):
        spoil(files[kind])
    assert answers() == without


@pytest.mark.parametrize("spoil", SPOILT, ids=lambda spoil: spoil.__name__.strip("_"))
def test_a_file_that_is_not_as_it_was_written_is_not_used_but_made_anew(
    spoil: Callable[[Path], None], cache: Path, full: FullLoader
) -> None:
    made(cache, full, "autoscaling")
    file = made(cache, full)
    spoil(file)
    spoilt = file.stat()
    if spoil in (_a_folder, _a_pipe):
        assert not is_cut(full)
        return
    assert is_cut(full)
    again = file.lstat()
    assert (again.st_uid, again.st_mode & 0o777, again.st_ino != spoilt.st_ino) == (os.geteuid(), 0o600, True)


def test_what_is_kept_of_another_version_is_not_used(
    cache: Path, full: FullLoader, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = made(cache, full)
    monkeypatch.setattr("botocore.__version__", "1.99.0")
    assert is_cut(full)
    assert len({*cache.glob("ec2-*.json")} - {file}) == 1


@pytest.mark.whole
def test_what_is_kept_of_a_model_that_has_changed_since_is_not_used(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil

    data = tmp_path / "data"
    for part in ("ec2", "endpoints.json", "sdk-default-configuration.json"):
        source = Path(FullLoader.BUILTIN_DATA_PATH, part)
        (shutil.copytree if source.is_dir() else shutil.copy)(source, (data.mkdir(exist_ok=True), data / part)[1])
    monkeypatch.setattr(FullLoader, "BUILTIN_DATA_PATH", str(data))
    made(cache, FullLoader())
    model = FullLoader().load_service_model("ec2", "service-2")
    model["shapes"]["InstanceState"]["members"]["Mood"] = {"shape": "String", "locationName": "mood"}
    (packed,) = sorted((data / "ec2").glob("*/service-2.json.gz"))[-1:]
    packed.unlink()
    packed.with_suffix("").write_text(json.dumps(model))
    found = CutLoader(FullLoader()).load_service_model("ec2", "service-2")
    assert "Mood" in found["shapes"]["InstanceState"]["members"]
    assert len([*cache.glob("ec2-*.json")]) == 2


def test_models_of_the_operators_own_are_used_as_they_are(
    cache: Path, full: FullLoader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "models"
    model = full.load_service_model("ec2", "service-2")
    folder = own / "ec2" / "2099-01-01"
    folder.mkdir(parents=True)
    (folder / "service-2.json").write_text(json.dumps(model))
    loader = CutLoader(FullLoader(extra_search_paths=[str(own)]))
    assert len(loader.load_service_model("ec2", "service-2")["operations"]) > 100
    (own / "endpoints.json").write_text('{"partitions": []}')
    assert loader.load_data_with_path("endpoints")[0] == {"partitions": []}
    assert not [*cache.glob("ec2-*")]


def test_no_more_files_of_a_service_are_kept_than_a_few(cache: Path, full: FullLoader) -> None:
    made(cache, full, "autoscaling")
    for number in range(9):
        (cache / f"ec2-{number}.json").write_text("old")
        os.utime(cache / f"ec2-{number}.json", (number, number))
    assert is_cut(full)
    assert len([*cache.glob("ec2-*.json")]) == 4
    assert len([*cache.glob("autoscaling-*.json")]) == 1
    assert is_cut(full)


@pytest.mark.parametrize(
    "place",
    some(
        ["/proc/udo-cache", "/dev/null/cache", "given away" if IS_ROOT else "read-only", "open to all"],
        *("/proc/udo-cache", "open to all"),
    ),
)
def test_a_cache_that_cannot_be_written_gives_the_same_answers_as_none(
    place: str,
    tmp_path: Path,
    full: FullLoader,
    answers: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = Path(place) if place.startswith("/") else tmp_path / "cache"
    if not place.startswith("/"):
        (folder / "udo").mkdir(parents=True)
        if place == "given away":
            os.chown(folder / "udo", 12345, 12345)
        else:
            (folder / "udo").chmod(0o777 if place == "open to all" else 0o500)
    without = answers("off")
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    assert answers() == without
    assert not is_cut(full)
    assert place.startswith("/") or not [*(folder / "udo").iterdir()]


@pytest.mark.whole
@pytest.mark.parametrize("room", some([0, 8], 8))
def test_a_full_disk_gives_the_same_answers_as_no_cache_and_leaves_nothing(
    room: int, cache: Path, instances: Callable[..., subprocess.Popen[str]]
) -> None:
    without = told(instances(UDO_CACHE="off"))
    assert told(instances("bash", "-c", f'ulimit -f {room} && exec "$@"', "-")) == without
    assert not [*cache.iterdir()]


@pytest.mark.whole
def test_two_processes_that_make_it_at_once_give_the_same_answers_as_none(
    cache: Path, instances: Callable[..., subprocess.Popen[str]]
) -> None:
    without = told(instances(UDO_CACHE="off"))
    both = [instances() for _ in range(3)]
    assert {*map(told, both)} == {without}
    assert sorted(file.name.partition("-")[0] for file in cache.iterdir()) == ["autoscaling", "ec2", "endpoints"]
    assert told(instances()) == without


def test_it_can_be_turned_off(cache: Path, full: FullLoader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UDO_CACHE", "off")
    assert not is_cut(full)
    assert not cache.exists()
