"""The sandbox as a process: it starts quickly, is found, survives nothing, and leaves nothing."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from whole import some

from udo.config import load
from udo.errors import UdoError
from udo.sandbox import daemon
from udo.stacks.template import template_of

STATE = Path("home/state/udo")
SMALL = """
region: eu-west-1
account: "210987654321"
ami: ami-0123456789abcdef0
iam_profile: shop
vpc: vpc-0aa1b2c3d4e5f6071
subnets: [subnet-0aa1b2c3d4e5f6071]
clusters:
  prod:
    roles:
      webapp: {scale_policy: {min_size: 1, max_size: 3, desired: 2}}
"""


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Callable[..., subprocess.CompletedProcess[str]]]:
    """Runs `udo sandbox ...` as a process; what it started is stopped at the end."""

    def run(
        *words: str, expect: int | None = 0, group: bool = True, **settings: Any
    ) -> subprocess.CompletedProcess[str]:
        argv = [sys.executable, "-c", _MAIN, *(["sandbox"] if group else []), *words]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=90, check=False, **settings)
        assert expect is None or done.returncode == expect, done.stdout + done.stderr
        return done

    yield run
    run("stop", expect=None)
    assert leftovers(tmp_path) == []


_MAIN = "from udo.cli import main; main()"


def started(sandbox: Any, *words: str) -> dict[str, Any]:
    Path("udo.yml").write_text(SMALL)
    document: dict[str, Any] = json.loads(sandbox("start", "-o", "json", *words).stdout)
    return dict(document["data"])


def leftovers(folder: Path) -> list[str]:
    """Processes whose environment names the folder, other than this test's own children in passing."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            environment = (place / "environ").read_bytes()
        except OSError:
            continue
        if f"UDO_SANDBOX_FOLDER={folder}".encode() in environment:
            found.append((place / "cmdline").read_text().replace("\0", " "))
    return found


def listening(pid: int) -> set[str]:
    """The local addresses the process listens on, IPv6 ones as they stand in /proc."""
    sockets = {str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir() if link.is_symlink()}
    found = set()
    for name in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]:
            local, _remote, state, *rest = line.split()[1:]
            if state == "0A" and f"socket:[{rest[5]}]" in sockets:
                address = local.partition(":")[0]
                found.add(socket.inet_ntoa(bytes.fromhex(address)[::-1]) if name == "tcp" else address)
    return found


def run_for_ever(endpoint: str) -> None:
    """Sends a command of Systems Manager to the members, and asks for nothing more."""
    session = json.loads((STATE / "sandbox.json").read_text())
    keys = {"aws_access_key_id": session["access_key"], "aws_secret_access_key": session["secret_key"]}
    botocore.session.get_session().create_client("ssm", session["region"], endpoint_url=endpoint, **keys).send_command(
        DocumentName="AWS-RunShellScript",
        Targets=[{"Key": "tag:aws:autoscaling:groupName", "Values": ["prod-webapp"]}],
        Parameters={"commands": ["nohup sleep 600 > /dev/null & sleep 600"]},
    )


def test_it_starts_tells_what_it_built_and_stops_without_a_trace(sandbox: Any, tmp_path: Path) -> None:
    data = started(sandbox)
    assert [(row["group"], row["instances"]) for row in data["groups"]] == [("prod-webapp", 2)]
    assert (data["region"], data["account"]) == ("eu-west-1", "210987654321")
    session = STATE / "sandbox.json"
    assert stat.S_IMODE(session.stat().st_mode) == 0o600
    assert stat.S_IMODE(Path(data["ssh"]["key"]).stat().st_mode) == 0o600
    assert all(address.startswith("127.") for address in listening(data["pid"]))
    assert data["groups"][0]["addresses"][0] in listening(data["pid"])
    run_for_ever(data["endpoint"])
    assert eventually(lambda: any("sleep 600" in line for line in leftovers(tmp_path)))
    assert "stopped" in sandbox("stop").stdout
    assert sorted(path.name for path in STATE.iterdir()) == []
    assert eventually(lambda: not alive(data["pid"]))


@pytest.mark.whole
def test_after_kill_9_it_counts_as_stopped_and_the_next_start_cleans_up(sandbox: Any, tmp_path: Path) -> None:
    data = started(sandbox)
    login = ["ssh", "-F", "/dev/null", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"]
    where = ["-p", str(data["ssh"]["port"]), "-i", data["ssh"]["key"], f"x@{data['groups'][0]['addresses'][0]}"]
    running = subprocess.Popen([*login, *where, "sleep 600"], stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    try:
        assert eventually(lambda: len(leftovers(tmp_path)) == 3)
        os.kill(data["pid"], signal.SIGKILL)
        running.wait(10)
    finally:
        running.kill()
        running.wait()
    # A command that only uses it neither cleans up nor takes the file it has left for its word.
    told = sandbox("--sandbox", "status", expect=1, group=False).stderr
    assert told.strip() == "udo: the sandbox is not running: start it with 'udo sandbox start'"
    assert (STATE / "sandbox.json").exists()
    assert sandbox("status", expect=1).stderr.strip().endswith("start it with 'udo sandbox start'")
    assert leftovers(tmp_path) == []
    second = started(sandbox)
    assert second["pid"] != data["pid"]
    assert second["ssh"]["key"] == data["ssh"]["key"]


@pytest.mark.parametrize("what", some([".", "sandbox.lock", "sandbox.json", "sandbox"], "sandbox.json"))
def test_files_of_its_that_cannot_be_used_are_told_in_one_line(sandbox: Any, what: str) -> None:
    Path("udo.yml").write_text(SMALL)
    place = STATE / what
    place.parent.mkdir(parents=True)
    if what in (".", "sandbox"):
        place.write_text("a file in the way of a folder")
    else:
        (place / "x").mkdir(parents=True)
    told = sandbox("start", expect=1).stderr
    assert (told.count("\n"), "cannot be used: " in told) == (1, True), told
    assert str(place.absolute()) in told
    told = sandbox("--sandbox", "status", expect=1, group=False).stderr
    assert told.strip() == "udo: the sandbox is not running: start it with 'udo sandbox start'"
    shutil.rmtree(place) if place.is_dir() else place.unlink()


@pytest.mark.whole
@pytest.mark.parametrize("words", some(["[]", "{}", "17", '{"endpoint": "http://127.0.0.1:1"}', "{"], "[]"))
def test_another_file_in_place_of_its_own_is_none(sandbox: Any, words: str) -> None:
    started(sandbox)
    (STATE / "sandbox.json").write_text(words)
    for line in (["sandbox", "status"], ["sandbox", "env"], ["--sandbox", "status"]):
        told = sandbox(*line, expect=1, group=False).stderr
        assert told.strip() == "udo: the sandbox is not running: start it with 'udo sandbox start'"
    assert "stopped" in sandbox("stop").stdout


@pytest.mark.whole
def test_a_commit_that_nobody_pushed_is_rehearsed_by_its_name_in_the_clone_of_the_sandbox(
    sandbox: Any, tmp_path: Path
) -> None:
    clone = ["git", "-C", str(tmp_path / "shop"), "-c", "user.name=x", "-c", "user.email=x@example.com"]
    subprocess.run(["git", "init", "-q", "-b", "main", str(tmp_path / "shop")], check=True)
    subprocess.run([*clone, "commit", "-q", "--allow-empty", "-m", "one"], check=True)
    commit = subprocess.run([*clone, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    deploy = "deploy: {application: shop, deployment_group: g, github: {repo: acme/shop}}\n"
    Path("udo.yml").write_text(SMALL + deploy)
    sandbox("start", "--repo", f"acme/shop={tmp_path / 'shop'}")
    for name in ("HEAD", "main", commit[:8]):
        done = sandbox("--sandbox", "deploy", "prod", "webapp", name, "-n", "--reason", "x", expect=0, group=False)
        assert f"deploy acme/shop {commit} to" in done.stdout
    told = sandbox("--sandbox", "deploy", "prod", "webapp", "mian", "-n", expect=2, group=False).stderr
    assert f"'mian' cannot be resolved in {tmp_path / 'shop'}: there is no branch, tag" in told


def test_a_stop_ends_no_process_but_the_sandboxs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daemon, "STOP_SECONDS", 0.1)
    STATE.mkdir(parents=True)
    bystander = subprocess.Popen(["sleep", "60"])
    try:
        with (STATE / "sandbox.lock").open("w") as lock:
            # As one that was killed leaves it, while another one begins to start.
            fcntl.flock(lock, fcntl.LOCK_EX)
            lock.write(str(bystander.pid))
            lock.flush()
            with pytest.raises(UdoError, match="does not end"):
                daemon.stop()
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


@pytest.mark.whole
def test_a_taken_port_is_said_in_one_line(sandbox: Any) -> None:
    Path("udo.yml").write_text(SMALL)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = sandbox("start", "--port", port, expect=1)
    assert done.stderr.strip() == (
        f"udo: port {port} on 127.0.0.1 cannot be used: Address already in use: leave --port out, or choose another one"
    )
    assert not (STATE / "sandbox").exists()


@pytest.mark.whole
def test_a_broken_configuration_is_told_before_anything_starts(sandbox: Any) -> None:
    Path("udo.yml").write_text("clusters: {prod: {roles: {webapp: {instance_typo: t3.small}}}}")
    done = sandbox("start", expect=2)
    assert "instance_typo" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.whole
def test_two_sandboxes_do_not_meet_and_one_without_a_configuration_holds_the_example(
    sandbox: Any, tmp_path: Path
) -> None:
    first = started(sandbox)
    Path("udo.yml").unlink()
    other = {**os.environ, "XDG_STATE_HOME": str(tmp_path / "other")}
    second = json.loads(sandbox("start", "-o", "json", env=other).stdout)["data"]
    try:
        assert {row["group"] for row in second["groups"]} == {
            "stage-webapp",
            "stage-worker",
            "prod-webapp",
            "prod-worker",
        }
        assert Path(second["config"]).parent == Path(second["folder"])
        assert first["endpoint"] != second["endpoint"]
        assert not listening(first["pid"]) - {"127.0.0.1"} & listening(second["pid"])
    finally:
        sandbox("stop", env=other)
    assert not Path(second["config"]).exists()
    assert "process" in sandbox("status").stderr


def test_the_bundled_example_has_what_it_names_beside_it(tmp_path: Path) -> None:
    stacks = load(daemon.write_example(tmp_path), {}, strict=True).stacks
    assert stacks
    assert all(template_of(one.unordered()) for one in stacks.values())


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def eventually(holds: Callable[[], bool], seconds: float = 10) -> bool:
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True
