"""Golden screens: every verb with a table on terminals of 60, 80 and 120 columns, and into a pipe.

The files are to be looked at. UDO_GOLDEN=1 writes them anew.
"""

from __future__ import annotations

import fcntl
import os
import re
import struct
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from launch_worlds import CONFIG as LAUNCH
from launch_worlds import NEW_IMAGE, OLD_IMAGE, mixed_world, register_images, set_overrides
from test_plan_command import second_group
from whole import some

from udo.commands.sandbox import COLUMNS
from udo.output import Output
from udo.output.clean import width
from udo.result import Result

GOLDEN = Path(__file__).parents[1] / "golden" / "screens"
# Read before a test puts an environment of its own in its place.
REWRITTEN = bool(os.environ.get("UDO_GOLDEN"))
WIDTHS = (60, 80, 120)
# The page that a team looks at first is looked at on wider terminals too.
WIDER = (60, 80, 140)
SHA = "740800d7e4cc3e6e5a3b2c1d0f9e8d7c6b5a4938"
NEXT = "1f2e3d4c5b6a79880716253443526170fedcba98"
CONFIG = f"""
app_name: shop
region: us-west-2
availability_zones: [us-west-2a, us-west-2b]
ami: {OLD_IMAGE}
instance_type: t3.small
deploy: {{application: shop, github: {{repo: example/shop}}}}
clusters:
  stage:
    roles:
      webapp: {{deployment_group: stage-webapp, scale_policy: {{min_size: 1, max_size: 4, desired: 2}}}}
      worker: {{deployment_group: stage-worker, scale_policy: {{min_size: 1, max_size: 3, desired: 2}}}}
  prod:
    roles:
      webapp:
        deployment_group: prod-webapp
        launch: {{as: configuration}}
        scale_policy: {{min_size: 2, max_size: 6, desired: 3}}
      worker: {{scale_policy: {{min_size: 0, max_size: 4, desired: 0}}}}
"""
ABSENT = "      mailer: {}\n"
SCREENS = {
    "status": ["status"],
    "status-of-one-cluster": ["status", "stage"],
    "instances": ["instances", "prod", "webapp"],
    "instances-of-all": ["instances", "*", "*"],
    "versions": ["versions", "prod", "webapp"],
    "versions-of-a-template": ["versions", "stage", "webapp"],
    "history": ["history"],
    "lock": ["lock"],
    "check": ["check", "--online"],
    "config-keys": ["config", "keys"],
    "config-why": ["config", "show", "prod", "webapp", "--why", "ami"],
    "choose": ["ssh", "*", "webapp", "--choose"],
}
SANDBOX = [
    {"cluster": cluster, "role": role, "group": f"{cluster}-{role}", "launch": launch, "instances": 2, "first": first}
    for cluster, role, launch, first in (
        ("stage", "webapp", "launch template stage-webapp version 1", "127.2.1.10 127.2.1.11"),
        ("stage", "worker", "launch template stage-worker version 1", "127.2.1.12 127.2.1.13"),
        ("prod", "webapp", "launch configuration prod-webapp-v1", "127.2.1.14 127.2.1.15 127.2.2.10 ..."),
    )
]


class Screen:
    """A terminal of so many columns: what is written to it, as it is."""

    def __init__(self, columns: int) -> None:
        self._master, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
        modes = termios.tcgetattr(slave)
        modes[3] &= ~termios.ECHO
        termios.tcsetattr(slave, termios.TCSANOW, modes)
        self.file = os.fdopen(slave, "w", encoding="utf-8")
        self.typed = os.fdopen(os.dup(slave), encoding="utf-8")
        self._read = bytearray()
        self._reader = threading.Thread(target=self._take, daemon=True)
        self._reader.start()

    def type(self, text: str) -> None:
        """Types this."""
        os.write(self._master, text.encode())

    def text(self) -> str:
        """All that was written."""
        self.file.close()
        self.typed.close()
        self._reader.join(30)
        os.close(self._master)
        return self._read.decode().replace("\r\n", "\n")

    def _take(self) -> None:
        try:
            while data := os.read(self._master, 65536):
                self._read += data
        except OSError:
            return


@pytest.fixture(autouse=True)
def _same_everywhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setattr("socket.gethostname", lambda: "desk-7.example.com")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def shop(seeded: Any, world: Any, udo: Callable[..., Any]) -> Any:
    """Four groups with a day of work behind them, and a role whose group is not there yet."""
    seeded(CONFIG)
    register_images(world)
    wanted = CONFIG.replace("        launch: {as", f"        ami: {NEW_IMAGE}\n        launch: {{as")
    Path("udo.yml").write_text(wanted.replace("stage-webapp,", f"stage-webapp, ami: {NEW_IMAGE},") + ABSENT)
    world.clock.step(86_400 * 3)
    for line in (
        ["updatelc", "prod", "webapp", "--reason", "the fix of the kernel that everybody waits for"],
        ["updatelc", "prod", "webapp", "--set", "instance_type=m5.large"],
        ["updatelc", "stage", "webapp"],
        ["deploy", "stage", "worker", SHA],
        ["deploy", "prod", "webapp", NEXT, "--reason", "fixes the cart"],
        ["lock", "prod", "worker", "--reason", "investigating the queue, ask me first"],
    ):
        told = udo(*line)
        assert told.exit == 0, told.stderr
        world.clock.step(4_000)
    world.client("autoscaling").suspend_processes(
        AutoScalingGroupName="stage-worker", ScalingProcesses=["AlarmNotification", "AZRebalance"]
    )
    return world


def _plain(text: str) -> str:
    """The text with what is random replaced by something as long."""
    known: dict[str, str] = {}

    def numbered(match: re.Match[str]) -> str:
        kind = match[1] or match[2] or ""
        length = len(match[0]) - len(kind)
        return known.setdefault(match[0], f"{kind}{len(known):0{length}d}"[: len(match[0])])

    return re.sub(r"\b(i-|lt-)[0-9a-f]{17}\b|\b(d-)[A-Z0-9]{9}\b", numbered, text)


def _runs(text: str) -> str:
    text = re.sub(r"\b\d{8}T\d{6}Z-[0-9a-f]{6}\b", "20260108T090000Z-000000", text)
    # Waits are of random length.
    return re.sub(r"(?<=[ T])\d\d:\d\d:\d\d(?=Z| \+)", "09:00:00", text)


def _compare(name: str, screens: dict[str, str], *, fits: bool = True) -> None:
    for where, screen in screens.items():
        columns = int(where.partition(" ")[0]) if where != "a pipe" else sys.maxsize
        # Notes, on lines of their own, are no part of a table.
        table = screen.split("\n")[: len(screens.get("a pipe", screen).splitlines())]
        assert not fits or max(width(line) for line in table if not line.startswith("not shown: ")) <= columns
    text = "".join(f"--- {where} ---\n{screen}" for where, screen in screens.items())
    text = _runs(_plain(re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE)))
    path = GOLDEN / f"{name}.txt"
    if REWRITTEN:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def _on(columns: int, monkeypatch: pytest.MonkeyPatch, run: Callable[[], Any]) -> str:
    screen = Screen(columns)
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", screen.file)
        patch.setattr(sys, "stderr", screen.file)
        patch.setattr(sys, "stdin", screen.typed)
        screen.type("\n")
        run()
    return screen.text()


@pytest.mark.parametrize("name", some(SCREENS, *[*SCREENS][::4]))
def test_every_table_fits_its_terminal_and_is_whole_in_a_pipe(
    shop: Any, udo: Any, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    words = SCREENS[name]
    widths = WIDER if name.startswith("status") else WIDTHS
    screens = {f"{columns} columns": _on(columns, monkeypatch, lambda: udo(*words)) for columns in widths}
    if name != "choose":
        screens["a pipe"] = udo(*words).stdout
    if name == "config-keys":
        # A list as long as that of all keys is seen by its beginning.
        screens = {where: "".join(screen.splitlines(keepends=True)[:12]) for where, screen in screens.items()}
    _compare(name, screens)


def test_the_groups_of_a_sandbox_fit_its_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    result = Result([], columns=COLUMNS, rows=SANDBOX)
    show = lambda: Output(form="text", quiet=False, verbose=False).show(result, "sandbox status")  # noqa: E731
    _compare("sandbox", {f"{columns} columns": _on(columns, monkeypatch, show) for columns in WIDTHS})


@pytest.mark.whole
def test_one_run_of_the_history_fits_its_terminal(shop: Any, udo: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    run = udo("history", "prod", "webapp", "-o", "json").json["data"][0]["run"]
    screens = {f"{columns} columns": _on(columns, monkeypatch, lambda: udo("history", run, "-q")) for columns in WIDTHS}
    _compare("history-of-a-run", screens | {"a pipe": udo("history", run).stdout})


SETTINGS = """
        scale_policy: {min_size: 2, max_size: 8}
        health_check: {grace: 2m}
        tags: {team: payments}
        lifecycle_hooks: {drain: {LifecycleTransition: "autoscaling:EC2_INSTANCE_TERMINATING", HeartbeatTimeout: 60}}
        scaling_policies:
          cpu: {AdjustmentType: ChangeInCapacity, ScalingAdjustment: 2}
        mixed_instances:
          InstancesDistribution: {OnDemandBaseCapacity: 2}
          Overrides: [{InstanceType: t3.small}, {InstanceType: m7g.large, WeightedCapacity: "4"}]
      mailer: {}
      worker: {scale_policy: {min_size: 1, max_size: 2}}
"""
OF_SETTINGS = {
    "plan-of-settings": ["plan", "-q"],
    "check-of-settings": ["check", "--online"],
    "status-of-weights": ["status"],
}


@pytest.mark.parametrize("name", OF_SETTINGS)
def test_settings_that_differ_and_sizes_in_units_are_readable_on_every_terminal(
    world: Any, udo: Any, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    mixed_world(world)
    second_group(world)
    set_overrides(world, [{"InstanceType": "t3.small", "WeightedCapacity": "2"}])
    for sizes in ({"MinSize": 0, "DesiredCapacity": 0}, {"MinSize": 1, "MaxSize": 12, "DesiredCapacity": 6}):
        world.client("autoscaling").update_auto_scaling_group(AutoScalingGroupName="prod-webapp", **sizes)
        world.clock.step(600)
    cut = LAUNCH.replace("{ami", "\n        ami").replace(", instance_type: m7g.large}", SETTINGS.rstrip())
    Path("udo.yml").write_text(cut)
    words = OF_SETTINGS[name]
    screens = {f"{columns} columns": _on(columns, monkeypatch, lambda: udo(*words)) for columns in WIDTHS}
    # A plan is no table: a terminal breaks its lines.
    _compare(name, screens | {"a pipe": udo(*words).stdout}, fits=name != "plan-of-settings")


@pytest.mark.whole
def test_alarms_fit_their_terminal(seeded: Any, world: Any, udo: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    said = """alarms:
          busy: {metric: AWS/EC2/CPUUtilization, above: 80, for: 2 of 3 x 5m, tell: [on-call]}
          queue-depth: {metric: Shop/Depth, dimensions: {Queue: jobs}, above: 500, tell: [on-call, payments]}
          slow: {metric: Shop/Latency, at_least: 2.5, statistic: p99}
          late: {composite: ALARM(queue-depth) AND NOT OK(slow)}"""
    seeded(CONFIG)
    Path("udo.yml").write_text(CONFIG.replace("        launch: {as", f"        {said}\n        launch: {{as"))
    assert udo("update", "prod", "webapp").exit == 0
    for place, depth in enumerate((40, 220, 300, 380, 640, 610, 90)):
        data = [{"MetricName": "Depth", "Value": depth, "Dimensions": [{"Name": "Queue", "Value": "jobs"}]}]
        world.client("cloudwatch").put_metric_data(Namespace="Shop", MetricData=data)
        world.clock.step(600 if place < 6 else 1)
    ring = {"StateValue": "ALARM", "StateReason": "told"}
    world.client("cloudwatch").set_alarm_state(AlarmName="prod-webapp-queue-depth", **ring)
    words = ("alarms", "prod", "webapp")
    screens = {f"{columns} columns": _on(columns, monkeypatch, lambda: udo(*words)) for columns in WIDTHS}
    _compare("alarms", screens | {"a pipe": udo(*words).stdout})
