"""What the checker says of the bundles of agent-cases.yml, beside what the real agent did with them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from agent_bundles import fetcher
from test_agent_cases import CASES

from udo.bundle.check import Checked, check_bundle
from udo.bundle.failure import Failed
from udo.errors import UdoError

# What stands in the way on the host, what a script does, and how the bundle is named to the agent, no bundle shows.
ALONE = [
    case
    for case in CASES
    if not any(step.get("before") for step in case["steps"])
    and not re.search("appspec_filename|'events'", str(case["steps"]))
]
SEEN = ("BeforeInstall", "Install", "DownloadBundle")
SUFFIXES = {"zip": ".zip", "tar": ".tar", "tgz": ".tgz"}


def checked(step: Mapping[str, Any], tmp_path: Path) -> Checked:
    bundle = step["bundle"]
    fill = {"{dst}": "/srv/dst", "{work}": "/srv"}
    made = fetcher(bundle, lambda text: re.sub(r"\{\w+\}", lambda found: fill.get(found[0], "x"), text), tmp_path / "b")
    if bundle["form"] == "directory":
        return check_bundle(tmp_path / "b")
    place = tmp_path / f"bundle{SUFFIXES[bundle['declared_type']]}"
    made(place)
    return check_bundle(place)


@pytest.mark.parametrize("case", ALONE, ids=lambda case: case["id"])
def test_a_mistake_is_never_told_of_what_succeeds_nor_nothing_of_what_fails(
    case: Mapping[str, Any], tmp_path: Path
) -> None:
    for number, step in enumerate(case["steps"]):
        observed = step["observed"]
        (tmp_path / str(number)).mkdir()
        try:
            found = checked(step, tmp_path / str(number))
        except (UdoError, Failed) as error:
            pytest.fail(f"{error}")
        now = [one for one in found.errors if "of the next deployment" not in one.message]
        if observed["status"] == "Succeeded" and len(case["steps"]) == 1:
            assert not now, now
        if observed["status"] == "Failed" and observed["failed_event"] in SEEN and number == 0:
            fails = observed.get("error_code") != 4
            assert found.findings or not fails, observed


@pytest.mark.whole
def test_what_fails_whatever_the_host_is_told_as_a_mistake(tmp_path: Path) -> None:
    silent = {}
    for case in ALONE:
        step = case["steps"][0]
        observed = step["observed"]
        if observed.get("failed_event") in SEEN and observed["error_code"] == 5:
            (tmp_path / case["id"]).mkdir()
            if not checked(step, tmp_path / case["id"]).errors:
                silent[case["id"]] = case["about"]
    # What depends on the users, the Ruby and the SELinux of the host is a warning.
    ours = re.compile("owner|group|date|alias|nosuch|context|SELinux|[Uu]nknown user")
    assert not {name: about for name, about in silent.items() if not ours.search(about)}
