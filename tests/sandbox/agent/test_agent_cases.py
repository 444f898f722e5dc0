"""The agent does with every bundle of agent-cases.yml what CodeDeploy's own agent did with it."""

from __future__ import annotations

import grp
import os
import pwd
import re
import stat
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from agent_bundles import MADE, build, fetcher

from udo.bundle.names import HOOKS
from udo.sandbox.agent.agent import Agent
from udo.sandbox.agent.deployment import Deployment, Report
from udo.sandbox.agent.host import Host
from udo.sandbox.agent.program import Here

FILE = Path(os.environ.get("UDO_AGENT_CASES") or Path(__file__).with_name("agent-cases.yml"))
CASES = yaml.load(FILE.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))["cases"]
LOCAL = (
    *("BeforeBlockTraffic", "AfterBlockTraffic", "ApplicationStop", "DownloadBundle", "BeforeInstall", "Install"),
    *("AfterInstall", "ApplicationStart", "ValidateService", "BeforeAllowTraffic", "AfterAllowTraffic"),
)
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# Who is not root cannot become another user, give a file away, keep an owner, or write to a file that nobody may.
ROOTS = re.compile(r"runas|sudo|owner|group: ?\w|cdtest|whoami|chmod 444")


def needs_root(case: Mapping[str, Any]) -> bool:
    return bool(ROOTS.search(str(case["steps"])))


@pytest.fixture
def work() -> Iterator[Path]:
    """A scratch folder that every user may enter, unlike pytest's own."""
    with tempfile.TemporaryDirectory(prefix="udo-agent-", ignore_cleanup_errors=True) as made:
        Path(made).chmod(0o755)
        before = os.umask(0o022)
        yield Path(made)
        os.umask(before)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_a_bundle_fares_as_it_did_with_the_real_agent(case: Mapping[str, Any], work: Path) -> None:
    if os.geteuid() and needs_root(case):
        pytest.skip(f"LEFT OUT without root: {case['id']}, {case['about']}")
    lab = Lab(work)
    for number, step in enumerate(case["steps"], 1):
        lab.step(number, step)


class Lab:
    """The scratch folder of one case, with an agent whose host is this machine itself."""

    def __init__(self, work: Path) -> None:
        self.work = work
        self.ids = {f"d{number}": f"d-{number}ABCDEFGH" for number in range(1, 20)}
        for name in ("cwd", "home"):
            (work / name).mkdir()

    def fill(self, text: str) -> str:
        names = {"work": str(self.work), "dst": f"{self.work}/dst", **self.ids}
        # A prefix may end within a name.
        return re.sub(r"\{(\w+)\}", lambda found: names.get(found[1], found[0]), re.sub(r"\{\w*$", "", text))

    def step(self, number: int, step: Mapping[str, Any]) -> None:
        for before in step.get("before", ()):
            self.prepare(before)
        (self.work / "trace").unlink(missing_ok=True)
        environment = {"PATH": PATH, "HOME": f"{self.work}/home", "LANG": "C.UTF-8", **step.get("agent_env", {})}
        host = Host(Path("/"), f"{self.work}/cwd", f"{self.work}/home", environment)
        agent = Agent(host, Here(), f"{self.work}/root")
        deployment, events = self.deployment(number, step)
        noted = step["observed"].get("noop_and_total_timeout", {})
        for event in events:
            if event in noted:
                assert [noop(agent, event, deployment), total(agent, event, deployment)] == noted[event]
            report = agent.perform(event, deployment)
            if not report.ok:
                return self.compare(step["observed"], event, report, deployment)
        return self.compare(step["observed"], None, report, deployment)

    def prepare(self, before: Mapping[str, Any]) -> None:
        if "shell" in before:
            subprocess.run(["bash", "-c", self.fill(before["shell"])], cwd=self.work, check=True)
        else:
            entry = before["create"]
            content = self.fill(entry.get("content") or "")
            build(Path("/"), {**entry, "path": self.fill(entry["path"]).lstrip("/"), "content": content})

    def deployment(self, number: int, step: Mapping[str, Any]) -> tuple[Deployment, list[str]]:
        options = step["options"]
        asked = options["events"].split(",") if "events" in options else []
        needed = [event for event in ("DownloadBundle", "Install") if event not in asked]
        possible = tuple(dict.fromkeys([*LOCAL, *asked]))
        made = Deployment(
            self.ids[f"d{number}"],
            options["group"],
            fetcher(step["bundle"], self.fill, self.work / f"bundle{number}"),
            step["bundle"]["declared_type"],
            options.get("application_name", "bundle"),
            options.get("deployment_group_name", "LocalFleet"),
            options.get("appspec_filename", "appspec.yml"),
            options.get("file_exists_behavior", "DISALLOW"),
            variables(options.get("s3_location", "")),
            possible,
            tuple(event for event in possible if event not in ("DownloadBundle", "Install")),
        )
        return made, [*needed, *asked] if asked else list(LOCAL)

    def compare(self, seen: Mapping[str, Any], failed: str | None, report: Report, deployment: Deployment) -> None:
        assert ("Failed" if failed else "Succeeded") == seen["status"], report
        assert failed == seen.get("failed_event"), report
        if failed:
            self.compare_report(seen, report)
        if "extra" in seen:
            # What a hook has left is looked for after a while.
            told = subprocess.run(
                ["bash", "-c", self.fill(seen["extra"]["command"])], cwd=self.work, stdout=-1, text=True, check=False
            )
            assert told.stdout.splitlines() == [self.fill(line) for line in seen["extra"]["output"]]
        else:
            trace = self.work / "trace"
            assert (trace.read_text().splitlines() if trace.exists() else []) == [self.fill(x) for x in seen["scripts"]]
        for key, folder in (("tree", "dst"), ("tree_of_home", "home"), ("tree_of_cwd", "cwd")):
            if key in seen:
                assert list(self.tree(self.work / folder, seen[key])) == [self.filled(row) for row in seen[key]]
        if "kept_revisions" in seen:
            kept = sorted(one.name for one in (self.work / f"root/{deployment.group_id}").iterdir())
            assert kept == [self.fill(one) for one in seen["kept_revisions"]]
        if "scripts_log" in seen:
            place = self.work / f"root/{deployment.group_id}/{deployment.deployment_id}/logs/scripts.log"
            lines = [line.split(" ", 2)[2] for line in place.read_text().splitlines()]
            same(sorted(lines), sorted(map(self.fill, seen["scripts_log"])))

    def compare_report(self, seen: Mapping[str, Any], report: Report) -> None:
        assert report.code == str(seen["error_code"]), report
        assert report.script == self.fill(seen.get("script", "")), report
        assert report.internal == seen.get("internal_error", False), report
        if "message_prefix" in seen:
            assert ours(report.message).startswith(ours(self.fill(seen["message_prefix"]))), report
        if "exception_message_prefix" in seen:
            assert report.exception.startswith(self.fill(seen["exception_message_prefix"]))
        if "log" in seen:
            same(sorted(report.log.splitlines()), sorted(self.fill(seen["log"]).splitlines()))
        if "log_chars" in seen:
            assert len(report.log) == seen["log_chars"]
            lines = report.log.splitlines()
            assert [lines[0], lines[-1]] == [seen["log_first_line"], seen["log_last_line"]]

    def filled(self, row: Mapping[str, Any]) -> dict[str, Any]:
        return {**row, **{key: self.fill(row[key])[:200] for key in ("target", "content") if key in row}}

    def tree(self, folder: Path, wanted: list[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
        known = {row["path"]: row for row in wanted}
        if not folder.exists():
            return
        for place in [folder, *sorted(folder.rglob("*"), key=lambda one: one.relative_to(folder).as_posix())]:
            path = place.relative_to(folder).as_posix()
            yield row_of(place, path, known.get(path, {}))


def row_of(place: Path, path: str, wanted: Mapping[str, Any]) -> dict[str, Any]:
    known = place.lstat()
    if place.is_symlink():
        return {"path": path, "type": "symlink", "target": str(place.readlink())}
    row: dict[str, Any] = {"path": path, "type": "dir" if place.is_dir() else "file"}
    row["mode"] = f"{stat.S_IMODE(known.st_mode):04o}"
    owner = f"{pwd.getpwuid(known.st_uid).pw_name}:{grp.getgrgid(known.st_gid).gr_name}"
    if owner != f"{pwd.getpwuid(os.getuid()).pw_name}:{grp.getgrgid(os.getgid()).gr_name}":
        row["owner"] = owner
    if row["type"] == "file" and "content" in wanted:
        shown = place.read_text(encoding="utf-8", errors="replace")[:200]
        row["content"] = "(the appspec)" if wanted["content"] == "(the appspec)" else shown
    if "mtime" in wanted and known.st_mtime == MADE.timestamp():
        row["mtime"] = "as in the bundle"
    if "acl" in wanted:
        told = subprocess.run(["getfacl", "-cpE", str(place)], stdout=-1, text=True, check=True).stdout
        row["acl"] = told.split()
    return row


def ours(message: str) -> str:
    """Ruby's own texts count by their path alone; what a shell's exit was called differs by Ruby."""
    found = re.fullmatch(r"[A-Z][\w ]+ @ \w+ - (.*)", message, re.DOTALL)
    return f"a path: {found[1]}" if found else message


def same(lines: list[str], wanted: list[str]) -> None:
    """HOME stands for the home of whoever it is."""
    assert len(lines) == len(wanted), lines
    for line, pattern in zip(lines, wanted, strict=True):
        assert re.fullmatch(re.escape(pattern).replace(r"HOME\ ", r"\S+\ "), line), (line, pattern)


def variables(location: str) -> dict[str, str | None]:
    """What a hook is told of an S3 location."""
    if not location:
        return {}
    place, _, query = location.removeprefix("s3://").partition("?")
    bucket, _, key = place.partition("/")
    given = dict(part.split("=") for part in query.split("&") if part)
    return {
        "BUNDLE_BUCKET": bucket,
        "BUNDLE_KEY": key,
        "BUNDLE_VERSION": given.get("versionId"),
        "BUNDLE_ETAG": given.get("etag"),
    }


def noop(agent: Agent, event: str, deployment: Deployment) -> bool:
    if event not in HOOKS:
        return False
    hook = agent.hook(event, deployment)
    return hook is None or not hook.scripts


def total(agent: Agent, event: str, deployment: Deployment) -> int | None:
    if noop(agent, event, deployment) or event not in HOOKS:
        return None
    hook = agent.hook(event, deployment)
    assert hook is not None
    return sum(script.timeout for script in hook.scripts)
