"""Random bundles: what holds of every one of them, and that the checker and the agent agree."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from whole import examples

from udo.bundle.check import check_bundle
from udo.sandbox.agent import mounts
from udo.sandbox.agent.agent import Agent
from udo.sandbox.agent.deployment import Deployment, Report
from udo.sandbox.agent.host import Host
from udo.sandbox.agent.program import Started

ORDER = ("ApplicationStop", "DownloadBundle", "BeforeInstall", "Install", "AfterInstall", "ApplicationStart")
NAMES = st.sampled_from(["a", "b", "c.sh", ".d", "e f", "\u017c", "$x"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
DESTINATIONS = st.sampled_from(
    ["/srv/a", "/srv/a/", "/srv/a/b", "/opt/x/../y", "/usr/local/bin", "~/x", "rel", "/srv/a/a"]
)
MODES = st.sampled_from(['"0644"', "755", '"0700"', "0644", "0755", "644", '"1777"', "rwx", "~", '""', "9", '"00644"'])
EVENTS = st.sampled_from(
    ["BeforeInstall", "AfterInstall", "ApplicationStop", "ApplicationStart", "AfterInstal", "Install"]
)
SETTINGS = settings(
    max_examples=600 if os.environ.get("UDO_SWEEP") else examples(30),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


@dataclass(frozen=True)
class Random:
    """A bundle: its files with content and mode, its links, and the text of its appspec."""

    files: Mapping[str, tuple[str, int]]
    links: Mapping[str, str]
    spec: str

    def build(self, place: Path) -> None:
        """Makes it; what cannot be, since a file is in the way of a folder, is left out."""
        place.mkdir()
        place.chmod(0o755)
        (place / "appspec.yml").write_text(self.spec, encoding="utf-8")
        for path, (content, mode) in self.files.items():
            target = place / path
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(content)
                target.chmod(mode)
            except OSError:
                continue
        for path, to in self.links.items():
            if (place / path).parent.is_dir() and not os.path.lexists(place / path):
                (place / path).symlink_to(to)


class Silent:
    """Scripts that all succeed without being run."""

    refusal = ""
    real_paths = False

    def start(self, command: str, environment: Mapping[str, str], folder: str) -> Started:
        return Started(ended_output(), ended_output(), lambda _seconds: 0, lambda: None)

    def close(self) -> None:
        """Nothing was started."""


def ended_output() -> Any:
    """What a program that says nothing leaves to be read."""
    out, written = os.pipe()
    os.close(written)
    return open(out, "rb", buffering=0)  # noqa: PTH123 - a descriptor


@st.composite
def bundles(draw: Any, *, sound: bool = False) -> Random:
    """Bundles, mostly good ones; sound ones have no appspec that is refused for what is in it."""
    paths = draw(
        st.dictionaries(
            PATHS, st.tuples(st.sampled_from(["x\n", ""]), st.sampled_from([0o644, 0o755, 0o400])), max_size=6
        )
    )
    links = draw(st.dictionaries(PATHS, st.sampled_from(["a", "../a", "/etc/hostname", "nowhere"]), max_size=1))
    return Random({**paths, "h.sh": ("#!/bin/sh\n", 0o755)}, links, draw(specs(list(paths), sound)))


@st.composite
def specs(draw: Any, paths: list[str], sound: bool) -> str:
    version = draw(st.sampled_from(["0.0"] * 8 + ([] if sound else ['"0.0"', "1.0", "~"])))
    lines = [f"version: {version}", f"os: {draw(st.sampled_from(['linux'] * 9 + ([] if sound else ['Linux'])))}"]
    known = [*paths, *{path.split("/")[0] for path in paths}, "/"] + ([] if sound else ["nope", "*"])
    entries = draw(st.lists(st.tuples(st.sampled_from(known), DESTINATIONS), max_size=3))
    lines += (
        ["files:", *(f"  - {{source: {quoted(a)}, destination: {quoted(b)}}}" for a, b in entries)] if entries else []
    )
    granted = draw(st.lists(st.tuples(st.sampled_from(["/srv/a", "/srv", "/srv/a/a", "/"]), MODES), max_size=2))
    if granted and not sound:
        lines += ["permissions:", *(f"  - {{object: {a}, mode: {b}}}" for a, b in granted)]
    elif granted:
        lines += ["permissions:", *(f'  - {{object: {a}, mode: "0755"}}' for a, _ in granted[:1])]
    scripts = draw(st.dictionaries(EVENTS, st.sampled_from(["h.sh", "./h.sh", "/h.sh", "gone.sh", "a"]), max_size=2))
    if scripts and not sound:
        lines += ["hooks:", *(f"  {event}:\n    - location: {script}" for event, script in scripts.items())]
    return "\n".join(lines) + "\n"


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


@contextmanager
def host() -> Iterator[tuple[Path, Agent]]:
    """A fresh machine."""
    root = Path(tempfile.mkdtemp(prefix="udo-random-"))
    mounts.furnish(root)
    try:
        yield root, Agent(Host(root, environment={"LANG": "C.UTF-8"}), Silent())
    finally:
        shutil.rmtree(root, ignore_errors=True)


def deployed(agent: Agent, bundle: Random, number: int) -> tuple[str, Report]:
    """Where a deployment ended, and the last report."""
    one = Deployment(f"d-{number}", "group", bundle.build, "directory")
    for event in ORDER:
        report = agent.perform(event, one)
        if not report.ok:
            return event, report
    return "", report


def tree(root: Path) -> dict[str, Any]:
    """Everything but what the agent keeps for itself."""
    found = {}
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if Path(folder, name) != root / "opt/codedeploy-agent"]
        for name in [*folders, *names]:
            place = Path(folder, name)
            kind = place.lstat()
            what = place.readlink() if place.is_symlink() else place.read_bytes() if place.is_file() else None
            found[str(place.relative_to(root))] = (stat.S_IFMT(kind.st_mode), stat.S_IMODE(kind.st_mode), what)
    return found


def naming(folder: str) -> Random:
    """A bundle whose permissions name a folder that is there before."""
    spec = 'version: 0.0\nos: linux\nfiles:\n  - {source: "/", destination: "/srv/a"}\npermissions:\n'
    return Random({"h.sh": ("#!/bin/sh\n", 0o755)}, {}, f'{spec}  - {{object: {folder}, mode: "0755"}}\n')


@example(naming("/srv/a"), 1)
@example(naming("/srv"), 1)
@given(bundle=bundles(sound=True), again=st.integers(1, 2))
@SETTINGS
def test_a_bundle_deployed_again_leaves_the_same_and_touches_nothing_of_others(bundle: Random, again: int) -> None:
    with host() as (root, agent):
        foreign = root / "srv/a/foreign"
        foreign.parent.mkdir()
        foreign.parent.chmod(0o711)
        foreign.write_text("theirs")
        foreign.chmod(0o640)
        theirs = {name: row for name, row in tree(root).items() if name.startswith("srv")}
        first, _ = deployed(agent, bundle, 1)
        after = tree(root)
        for number in range(again):
            second, report = deployed(agent, bundle, number + 2)
            assert (first, tree(root)) == (second, after), report
        # Folders of others that its permissions name, or that are inside, get those like any other.
        kept = {name: row for name, row in theirs.items() if "permissions:" not in bundle.spec or row[2] is not None}
        assert {name: after.get(name) for name in kept} == kept


@example(
    bundle=Random(
        {"a/a": ("x\n", 0o644), "h.sh": ("#!/bin/sh\n", 0o755)},
        {},
        "version: 0.0\nos: linux\nhooks:\n  BeforeInstall:\n    - location: a\n",
    )
)
@given(bundle=bundles())
@SETTINGS
def test_what_the_checker_is_sure_of_fails_and_what_it_calls_clean_is_installed(
    bundle: Random, tmp_path_factory: pytest.TempPathFactory
) -> None:
    place = tmp_path_factory.mktemp("bundle") / "b"
    bundle.build(place)
    checked = check_bundle(place)
    # That nothing can run a folder does not show where no script is run.
    errors = [one for one in checked.errors if not one.message.endswith(" is a folder")]
    with host() as (_, agent):
        first, report = deployed(agent, bundle, 1)
        if any("of the next deployment" not in one.message for one in errors):
            assert first, errors
        elif errors:
            assert first or deployed(agent, bundle, 2)[0] == "ApplicationStop", errors
        if not checked.findings:
            assert first not in ("BeforeInstall", "Install"), report
