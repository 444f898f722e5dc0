"""The keys of what `-o json` prints under `data`, which scripts rest on: a change of them stands in CHANGELOG.md."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from launch_worlds import configuration_world, write_config
from test_locks import held_by
from test_ssh import GROUPS

Udo = Callable[..., Any]
ROWS = {
    "status": "cluster role group state min_size desired_capacity max_size members in_service unit capacity unhealthy "
    "outdated launch suspended lock deployed not_applied not_launched health last_successful last_attempted under_way",
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
    write_config()
    words = ("prod", "webapp") if verb in ("instances", "versions") else ()
    assert " ".join(udo(verb, *words, "-o", "json").json["data"][0]) == ROWS[verb]


def test_the_page_of_one_role_has_these_keys_too(world: Any, udo: Udo) -> None:
    configuration_world(world)
    write_config()
    (row,) = udo("status", "prod", "webapp", "-o", "json").json["data"]
    more = "settings refresh hooks policies schedules targets launch_deleted instances"
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
