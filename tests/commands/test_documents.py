"""The keys of what `-o json` prints under `data`, which scripts rest on: a change of them stands in CHANGELOG.md."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from launch_worlds import CONFIG, configuration_world, template_world, write_config
from refresh_worlds import outdated
from test_locks import held_by
from test_ssh import GROUPS

Udo = Callable[..., Any]
ROWS = {
    "status": "cluster role group state min_size desired_capacity max_size members in_service unit capacity unhealthy "
    "outdated launch suspended lock deployed not_applied not_launched alarms health last_successful last_attempted "
    "under_way",
    "alarms": "cluster role alarm name state since reason actions_enabled tells description comparison threshold for "
    "rule last trend",
    "plan": "cluster role group changes running outdated absent differences settings refused steps notes lock error",
    "lock": "group roles region state holder host since run reason",
    "instances": "cluster role group instance_id lifecycle_state health_status state instance_type image_id "
    "availability_zone private_address public_address ipv6_address launch launched_at protected_from_scale_in",
    "versions": "number name state instances created_at created_by description compared_with differences changes "
    "run reason",
}


@pytest.mark.parametrize("verb", ROWS)
def test_the_rows_of_reading_verbs_have_these_keys(world: Any, udo: Udo, verb: str) -> None:
    configuration_world(world)
    held_by(world)
    write_config(f"{CONFIG}\nalarms: {{busy: {{metric: AWS/EC2/CPUUtilization, above: 80}}}}\n")
    words = ("prod", "webapp") if verb in ("instances", "versions") else ()
    assert " ".join(udo(verb, *words, "-o", "json").json["data"][0]) == ROWS[verb]


def test_the_page_of_one_role_has_these_keys_too(world: Any, udo: Udo) -> None:
    configuration_world(world)
    write_config()
    (row,) = udo("status", "prod", "webapp", "-o", "json").json["data"]
    more = "stack settings refresh hooks policies schedules targets launch_deleted instances"
    assert " ".join(row) == f"{ROWS['status']} {more}"
    more = "condition why outdated revision deployment_id"
    assert " ".join(row["instances"][0]) == f"{ROWS['instances']} {more}"


def test_ssh_inventory_and_check_have_these_keys(world: Any, ssh: Any, seeded: Any, udo: Udo) -> None:
    seeded(ssh.settings + GROUPS)
    data = udo("ssh", "stage", "webapp", "true", "-o", "json").json["data"]
    assert list(data) == ["run", "totals", "hosts"]
    assert " ".join(data["totals"]).startswith("hosts ok failed signal timeout refused unreachable dropped gone ")
    row = udo("inventory", "stage", "webapp", "-o", "json").json["data"][0]
    assert " ".join(row) == "cluster role instance_id address port user key known_hosts jump"
    assert " ".join(udo("check", "-o", "json").json["data"]) == "file clusters roles advice"


def test_a_dry_run_is_a_document_of_one_line_where_documents_are_asked_for(
    world: Any, ssh: Any, seeded: Any, udo: Udo
) -> None:
    seeded(ssh.settings + GROUPS)
    Path("file").touch()
    for words in (("ssh", "stage", "webapp", "true"), ("cp", "stage", "webapp", "file", ":file")):
        told = udo(*words, "-n", "-o", "jsonl")
        assert told.exit == 0, told.stderr
        (line,) = told.stdout.splitlines()
        assert (json.loads(line)["exit"], json.loads(line)["dry_run"]) == (0, True)


def test_a_dry_run_of_a_refresh_is_one_too_and_so_is_that_nothing_is_to_be_done(world: Any, udo: Udo) -> None:
    outdated(world, udo, template_world)
    (line,) = udo("refresh", "prod", "webapp", "-n", "-o", "jsonl").stdout.splitlines()
    found = json.loads(line)
    plan = udo("refresh", "prod", "webapp", "-n", "-o", "json").json["data"]["plan"]
    assert found == {"exit": 0, "dry_run": True, "plan": plan}
    assert udo("refresh", "prod", "webapp", "--yes").exit == 0
    (line,) = udo("refresh", "prod", "webapp", "-n", "-o", "jsonl").stdout.splitlines()
    assert (json.loads(line)["exit"], json.loads(line)["changed"]) == (0, False)
