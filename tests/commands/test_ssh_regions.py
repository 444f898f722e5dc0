"""`udo ssh` on clusters of several regions in one run: what holds for all hosts holds across them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from udo.sandbox.faults import Fault

Udo = Callable[..., Any]

REGIONS = """
ami: ami-0123456789abcdef0
instance_type: t3.small
clusters:
  west:
    region: us-west-2
    roles:
      webapp: {scale_policy: {min_size: 2, max_size: 6, desired: 2}}
  east:
    region: us-east-1
    roles:
      webapp: {scale_policy: {min_size: 2, max_size: 6, desired: 2}}
"""


@pytest.fixture
def both(world: Any, ssh: Any, seeded: Any) -> Any:
    """A cluster in each of two regions, whose instances answer ssh."""
    seeded(ssh.settings + REGIONS)
    return world


def ends(done: Any) -> dict[str, list[str]]:
    rows = done.json["data"]["hosts"]
    return {where: sorted(row["outcome"] for row in rows if row["cluster"] == where) for where in ("west", "east")}


def run(udo: Udo, command: str, *options: str) -> Any:
    return udo("ssh", "*", "webapp", command, *options, "-o", "json")


def test_every_host_of_all_regions_is_told_of_and_the_highest_status_counts(both: Any, udo: Udo) -> None:
    done = run(udo, 'test "$UDO_CLUSTER" = west || exit 7; exit 3')
    assert (done.exit, ends(done)) == (7, {"west": ["failed"] * 2, "east": ["failed"] * 2})
    assert "4 failed of 4 hosts" in done.json["error"]["message"]


@pytest.mark.parametrize(
    ("limits", "east"),
    [
        (("--max-failures", "1", "--batch", "1"), ["not started"] * 2),
        (("--max-failures", "2"), ["not started"] * 2),
        (("--max-failures", "3", "--batch", "1"), ["failed", "not started"]),
        (("--max-failures", "4"), ["failed"] * 2),
        (("--max-failures", "50%"), ["not started"] * 2),
        (("--canary", "1"), ["not started"] * 2),
        (("--canary", "3"), ["not started"] * 2),
    ],
)
def test_failures_are_counted_across_regions(both: Any, udo: Udo, limits: tuple[str, ...], east: list[str]) -> None:
    done = run(udo, "exit 3", *limits)
    assert (done.exit, ends(done)["east"]) == (3, east)


def test_canaries_of_the_next_region_are_waited_for_where_one_has_too_few(both: Any, udo: Udo) -> None:
    done = run(udo, 'test "$UDO_CLUSTER" = west || exit 3', "--canary", "3")
    assert (done.exit, ends(done)) == (3, {"west": ["ok"] * 2, "east": ["failed", "not started"]})


def test_the_deadline_is_that_of_the_whole_run(both: Any, udo: Udo) -> None:
    late = Fault("hook", "GetCallerIdentity", hook=lambda _: both.clock.step(58.5))
    both.faults.add(late)
    done = run(udo, 'test "$UDO_CLUSTER" = west || sleep 50', "--deadline", "60")
    assert (done.exit, ends(done)) == (124, {"west": ["ok"] * 2, "east": ["timeout"] * 2})
    assert "the deadline of 60 s passed: 2 ok, 2 timed out of 4 hosts" in done.json["error"]["message"]


def test_a_deadline_that_passed_in_one_region_starts_nobody_in_the_next(both: Any, udo: Udo) -> None:
    done = run(udo, "sleep 50", "--deadline", "1")
    assert (done.exit, ends(done)) == (124, {"west": ["timeout"] * 2, "east": ["not started"] * 2})


def test_groups_of_one_name_in_two_regions_are_remembered_apart(both: Any, seeded: Any, ssh: Any, udo: Udo) -> None:
    seeded(ssh.settings + REGIONS.replace("webapp: {", "webapp: {group_name: shop, "))
    assert (udo("ssh", "west", "webapp", "exit 3").exit, udo("ssh", "east", "webapp", "true").exit) == (3, 0)
    again = udo("ssh", "west", "webapp", "true", "--only-failed", "-o", "json")
    assert (again.exit, ends(again)["west"]) == (0, ["ok"] * 2), again.stdout
    assert udo("ssh", "east", "webapp", "true", "--only-failed").exit == 1


@pytest.mark.parametrize(("wrong", "code"), [("west", 7), ("east", 255)])
def test_a_region_that_cannot_be_worked_in_ends_its_own_hosts_only(both: Any, udo: Udo, wrong: str, code: int) -> None:
    text = Path("udo.yml").read_text()
    Path("udo.yml").write_text(text.replace(f"  {wrong}:\n", f'  {wrong}:\n    account: "999999999999"\n'))
    done = run(udo, "touch here")
    assert done.exit == code
    if wrong == "west":
        assert not list(Path("instances").rglob("here"))
    else:
        assert ends(done) == {"west": ["ok"] * 2, "east": ["refused"] * 2}
        assert "is in 999999999999" in done.json["data"]["hosts"][3]["reason"]
