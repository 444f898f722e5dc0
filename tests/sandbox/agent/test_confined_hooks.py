"""Hooks under bubblewrap: they do their work in the instance's folder, and nothing they try reaches this machine."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from udo.sandbox.agent import mounts
from udo.sandbox.agent.agent import Agent
from udo.sandbox.agent.confine import Confined, way
from udo.sandbox.agent.deployment import Deployment, Report
from udo.sandbox.agent.host import Host

HOW = way()
ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "HOME": "/root", "LANG": "C.UTF-8"}


class Instance:
    """An instance's folder, an agent with confined hooks, and bundles of one hook."""

    def __init__(self, root: Path, **limits: tuple[int, int]) -> None:
        self.root = root
        mounts.furnish(root)
        self.programs = Confined(root, HOW, "ip-10-0-0-1", **limits)
        self.agent = Agent(Host(root, environment=ENVIRONMENT, owners=HOW.real_root), self.programs)
        self.count = 0
        self.notes: list[str] = []

    def deploy(self, script: str, *, files: str = "[]", event: str = "AfterInstall", hook: str = "") -> Report:
        """Deploys a bundle with one hook, the first report that is no success ends it."""
        self.count += 1
        spec = f"version: 0.0\nos: linux\nfiles: {files}\nhooks:\n  {event}:\n    - location: h.sh\n{hook}"
        deployment = Deployment(f"d-{self.count}", "group", lambda place: _bundle(place, spec, script), "directory")
        for name in (
            "ApplicationStop",
            "DownloadBundle",
            "BeforeInstall",
            "Install",
            "AfterInstall",
            "ValidateService",
        ):
            report = self.agent.perform(name, deployment)
            self.notes += report.notes
            if not report.ok:
                break
        return report

    def told(self) -> list[str]:
        """What the last hook has printed."""
        log = self.root / f"opt/codedeploy-agent/deployment-root/group/d-{self.count}/logs/scripts.log"
        return [line.split("[stdout]", 1)[1] for line in log.read_text().splitlines() if "[stdout]" in line]


def _bundle(place: Path, spec: str, script: str) -> None:
    place.mkdir()
    place.chmod(0o755)
    (place / "appspec.yml").write_text(spec)
    (place / "a.txt").write_text("A\n")
    (place / "h.sh").write_text(f"#!/bin/sh\n{script}\n")
    (place / "h.sh").chmod(0o755)


@pytest.fixture
def instance() -> Iterator[Instance]:
    assert not HOW.why, HOW.why
    folder = Path(tempfile.mkdtemp(prefix="udo-confined-"))
    made = Instance(folder)
    yield made
    made.programs.close()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize(
    "place",
    ["/etc/udo-was-here", "/usr/udo-was-here", "/udo-was-here", "/bin/udo-was-here", "/sys/udo", "/proc/sys/kernel/x"],
)
def test_a_hook_cannot_write_to_the_system(instance: Instance, place: str) -> None:
    report = instance.deploy(f"echo x > {place}")
    assert report.code == "4"
    assert not Path(place).exists()


def test_a_hook_cannot_remove_or_change_what_the_machine_has(instance: Instance, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.write_text("mine")
    home = Path("~").expanduser()
    assert instance.deploy(f"rm -rf {tmp_path} {home}/* /var/* /srv/* /opt/other; rm -f /etc/passwd; true").ok
    assert kept.read_text() == "mine"
    assert Path("/etc/passwd").exists()
    assert Path("/var/lib").is_dir()
    assert home.is_dir()


def test_a_hook_sees_nothing_of_the_operators_own_files(instance: Instance, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    assert instance.deploy(f"test ! -e {tmp_path}/secret").ok
    assert instance.deploy(f"test ! -e {Path.cwd()}").ok


def test_a_hook_cannot_end_a_process_of_the_machine(instance: Instance) -> None:
    with subprocess.Popen(["sleep", "60"]) as outside:
        assert instance.deploy(f"kill -9 {outside.pid} 2>/dev/null; kill -9 -1; true").code in ("0", "4")
        assert outside.poll() is None
        outside.kill()


def test_a_hook_reaches_no_server_of_the_machine(instance: Instance) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        connect = f"import socket; socket.create_connection(('127.0.0.1', {port}), 2)"
        assert instance.deploy(f'exec /usr/bin/python3 -c "{connect}"').code == "4"
        server.settimeout(0.01)
        with pytest.raises(TimeoutError):
            server.accept()


def test_what_a_hook_serves_is_seen_by_the_next_hook_and_by_nobody_outside(instance: Instance) -> None:
    serve = "cd /var/tmp; echo up > index.html; /usr/bin/python3 -m http.server 8123 >/dev/null 2>&1 &"
    assert instance.deploy(serve).ok
    look = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:8123/').read().decode())"
    ask = f'for i in 1 2 3 4 5 6 7 8 9; do /usr/bin/python3 -c "{look}" && exit 0; sleep 0.3; done; exit 1'
    assert instance.deploy(ask).ok, instance.told()
    assert instance.told()[0] == "up"
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", 8123), 1)


def test_what_a_hook_has_left_behind_ends_with_the_instance(instance: Instance) -> None:
    assert instance.deploy("setsid sleep 12345 >/dev/null 2>&1 </dev/null & exit 0").ok
    assert soon(lambda: running("sleep 12345"))
    instance.programs.close()
    assert soon(lambda: not running("sleep 12345"))


@pytest.mark.whole
def test_what_a_hook_has_left_behind_ends_with_a_sandbox_that_is_killed(tmp_path: Path) -> None:
    program = (
        "import sys, time; sys.path.insert(0, sys.argv[1]); from pathlib import Path\n"
        "from test_confined_hooks import Instance; one = Instance(Path(sys.argv[2]))\n"
        "one.deploy('setsid sleep 54321 >/dev/null 2>&1 </dev/null & exit 0')\n"
        "print('ready', flush=True); time.sleep(60)"
    )
    words = [sys.executable, "-c", program, str(Path(__file__).parent), str(tmp_path)]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as sandbox:
        assert sandbox.stdout is not None
        assert sandbox.stdout.readline() == b"ready\n"
        assert soon(lambda: running("sleep 54321"))
        os.kill(sandbox.pid, signal.SIGKILL)
    assert soon(lambda: not running("sleep 54321"))


def test_a_file_for_a_folder_of_the_system_is_there_beside_what_the_machine_has(instance: Instance) -> None:
    files = "[{source: a.txt, destination: /usr/local/bin}, {source: a.txt, destination: /etc/myapp/conf.d}]"
    seen = "cat /usr/local/bin/a.txt /etc/myapp/conf.d/a.txt; ls /etc/passwd /usr/bin/env; echo new > /etc/myapp/x"
    report = instance.deploy(seen, files=files)
    assert report.ok, report
    assert instance.told()[:2] == ["A", "A"]
    assert (instance.root / "etc/myapp/x").read_text() == "new\n"
    assert not Path("/usr/local/bin/a.txt").exists()
    assert not Path("/etc/myapp").exists()
    assert instance.deploy("test -e /usr/local/bin/a.txt && exit 9; exit 0").ok


def test_what_an_instance_has_is_its_own_and_lasts(instance: Instance) -> None:
    assert instance.deploy("mkdir -p /var/www; echo 1 >> /var/www/n; echo 2 > /tmp/t; echo 3 > /root/r; hostname").ok
    assert instance.told() == ["ip-10-0-0-1"]
    assert instance.deploy("cat /var/www/n /tmp/t /root/r").ok
    assert instance.told() == ["1", "2", "3"]


def test_a_hook_that_takes_too_long_is_asked_to_end_and_may_clean_up(instance: Instance) -> None:
    report = instance.deploy(
        'trap "echo cleaned > /var/tmp/c; exit 0" TERM; sleep 30 & wait', hook="      timeout: 1\n"
    )
    assert report.code == "3"
    assert (instance.root / "var/tmp/c").read_text() == "cleaned\n"


def test_a_script_that_cannot_be_started_is_told_as_the_agent_tells_it(instance: Instance) -> None:
    report = instance.deploy("x", hook="    - location: nowhere.sh\n", event="BeforeInstall")
    assert report.code in ("1", "4")
    assert "h.sh failed with exit code 127" in report.message


def test_a_hook_runs_as_the_user_it_names(instance: Instance) -> None:
    report = instance.deploy("id -un; echo $LIFECYCLE_EVENT", hook="      runas: nobody\n")
    if HOW.real_root:
        # Whose login shell is none.
        assert report.code == "4"
        assert "run as user nobody failed with exit code 1" in report.message
    else:
        assert report.ok
        assert any("ran as the owner of the sandbox" in note for note in instance.notes)


def test_a_link_that_a_hook_has_left_does_not_lead_the_agent_out(instance: Instance, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("kept")
    assert instance.deploy(f"mkdir -p /srv/app; ln -s {outside} /srv/app/a.txt; ln -s {tmp_path} /srv/there").ok
    # In the eyes of the instance the links lead to a folder of its own.
    (instance.root / str(tmp_path).lstrip("/")).mkdir(parents=True)
    files = "[{source: a.txt, destination: /srv/app}, {source: h.sh, destination: /srv/there}]"
    assert instance.deploy("exit 0", files=files).ok
    assert outside.read_text() == "kept"
    assert not (tmp_path / "h.sh").exists()
    assert (instance.root / str(outside).lstrip("/")).read_text() == "A\n"


def running(words: str) -> bool:
    told = subprocess.run(["ps", "axo", "args"], stdout=subprocess.PIPE, text=True, check=True).stdout
    return any(line.strip() == words for line in told.splitlines())


def soon(holds: Callable[[], bool]) -> bool:
    for _ in range(100):
        if holds():
            return True
        time.sleep(0.05)
    return False


def test_the_way_is_named_where_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert "has no bubblewrap" in way().why


def test_no_script_begins_on_an_instance_that_has_gone(instance: Instance) -> None:
    instance.programs.close()
    report = instance.deploy("exit 0")
    assert report.code == "4"
    assert "ECANCELED" in report.message
    assert not running("bwrap")


def test_threads_end_with_the_confinement(instance: Instance) -> None:
    assert instance.deploy("exit 0").ok
    instance.programs.close()
    assert not [one for one in threading.enumerate() if one.name == "udo-sandbox-confined"]


@pytest.fixture
def bounded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    made = Instance(tmp_path_factory.mktemp("bounded"), limits=(1024 * 1024, 60))
    yield made
    made.programs.close()


def _sleepers(seconds: str) -> int:
    count = 0
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            count += place.read_bytes() == f"sleep\0{seconds}\0".encode()
    return count


def test_more_processes_than_an_instance_may_have_are_all_ended(bounded: Instance) -> None:
    report = bounded.deploy("for i in $(seq 150); do sleep 31.4159 & done; wait")
    assert not report.ok
    if HOW.real_root:
        assert "udo sandbox: more than 60 processes run on the instance: all are ended" in report.log
    deadline = time.monotonic() + 10
    while HOW.real_root and _sleepers("31.4159") and time.monotonic() < deadline:
        time.sleep(0.05)
    assert _sleepers("31.4159") <= (0 if HOW.real_root else 60)
    bounded.programs.close()
    assert _sleepers("31.4159") == 0


def test_a_hook_after_such_a_storm_runs_as_if_there_had_been_none(bounded: Instance) -> None:
    assert not bounded.deploy("for i in $(seq 150); do sleep 31.4159 & done; wait").ok
    assert bounded.deploy("echo up").ok or not HOW.real_root


def test_threads_count_as_processes_do(bounded: Instance) -> None:
    many = "import threading, time; [threading.Thread(target=time.sleep, args=(3,)).start() for _ in range(150)]"
    assert not bounded.deploy(f"exec /usr/bin/python3 -c '{many}'").ok


def test_a_file_grows_no_longer_than_it_may(bounded: Instance) -> None:
    assert not bounded.deploy("head -c 3000000 /dev/zero > /var/tmp/big").ok
    assert (bounded.root / "var/tmp/big").stat().st_size == 1024 * 1024


def test_a_line_without_end_is_kept_in_part(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("udo.sandbox.agent.script.MOST_OF_A_LINE", 1001)
    long = """head -c 300000 /dev/zero | tr '\\0' x | sed 's/xx/\u00e4/g'"""
    assert instance.deploy(f"{long}; echo; echo end; printf short").ok
    first, *others = instance.told()
    assert first == "\u00e4" * 500 + " (the rest of this line is not kept)"
    assert others == ["end", "short"]


@pytest.mark.whole
def test_no_more_of_the_output_is_kept_than_has_room(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("udo.sandbox.agent.tail.MOST_LOGGED", 2_000_000)
    report = instance.deploy("seq 300000; exit 1")
    root = instance.root / "opt/codedeploy-agent/deployment-root"
    log = root / "group/d-1/logs/scripts.log"
    assert log.read_text().endswith("udo sandbox: 1 MB are logged, the rest is not\n")
    assert log.stat().st_size < 6_000_000
    assert (root / "deployment-logs/codedeploy-agent-deployments.log").stat().st_size < 8_000_000
    # The end of it is told all the same.
    assert report.log.endswith("[stdout]300000\n")
