"""`udo ip` and `udo inventory`: a group for other tools."""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from test_ssh import GROUPS, members

Udo = Callable[..., Any]


@pytest.fixture
def stage(world: Any, ssh: Any, seeded: Any) -> Any:
    """A cluster whose instances answer ssh."""
    seeded(ssh.settings + GROUPS)
    return world


def addresses(world: Any, group: str = "stage-webapp") -> dict[str, str]:
    ids = members(world, group)
    return {one.id: one.private_ip for one in world.instances() if one.id in ids}


def ssh(config: Path, instance_id: str, command: str) -> subprocess.CompletedProcess[str]:
    argv = ["ssh", "-F", str(config), "-o", "BatchMode=yes", "--", instance_id, command]
    return subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)


def test_ip_prints_an_address_a_line(stage: Any, udo: Udo) -> None:
    done = udo("ip", "stage", "webapp")
    assert (done.exit, sorted(done.stdout.split())) == (0, sorted(addresses(stage).values()))
    assert done.stdout.count("\n") == 3
    assert udo("ip", "stage", "webapp", "--newest", "1").stdout.strip() in addresses(stage).values()


@pytest.mark.whole
def test_ip_gives_one_at_random(stage: Any, udo: Udo) -> None:
    drawn = {udo("ip", "stage", "webapp", "--random").stdout.strip() for _ in range(25)}
    assert drawn == set(addresses(stage).values())


def test_an_instance_without_the_address_wanted_is_named_and_left_out(stage: Any, udo: Udo) -> None:
    Path("udo.yml").write_text(Path("udo.yml").read_text().replace("ssh: {", "ssh: {address: ipv6, "))
    done = udo("ip", "stage", "webapp")
    assert (done.exit, done.stdout) == (1, "")
    assert "the instance has no ipv6 address" in done.stderr


def test_ids_are_one_a_line(stage: Any, udo: Udo) -> None:
    done = udo("inventory", "stage", "webapp", "-o", "ids")
    assert (done.exit, done.stderr, sorted(done.stdout.splitlines())) == (0, "", sorted(members(stage)))


def test_ssh_config_works_as_it_stands_with_the_pins_there_are(stage: Any, udo: Udo) -> None:
    assert udo("ssh", "stage", "webapp", "true").exit == 0
    done = udo("inventory", "stage", "webapp", "-o", "ssh-config")
    assert (done.exit, done.stderr) == (0, "")
    Path("conf").write_text(done.stdout)
    for one in members(stage):
        ended = ssh(Path("conf"), one, "echo $UDO_INSTANCE_ID; exit 3")
        assert (ended.stdout, ended.returncode) == (f"{one}\n", 3), ended.stderr


def test_ssh_config_works_for_hosts_that_nobody_has_met_before(stage: Any, udo: Udo) -> None:
    done = udo("inventory", "stage", "webapp")
    assert (done.exit, done.stderr) == (0, "")
    Path("conf").write_text(done.stdout)
    for one in members(stage):
        assert ssh(Path("conf"), one, "echo $UDO_INSTANCE_ID").stdout == f"{one}\n"


@pytest.fixture
def silent(stage: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """No instance has printed anything on its console yet."""
    from udo.sandbox import strict

    monkeypatch.setattr(strict.delays, "console", 9999.0)


@pytest.mark.usefixtures("silent")
def test_a_host_whose_key_is_not_known_yet_is_named_with_what_to_do(stage: Any, udo: Udo) -> None:
    done = udo("inventory", "stage", "webapp")
    one = members(stage)[0]
    assert (done.exit, f"Host {one}\n" in done.stdout) == (0, True)
    assert f"the host key of {one} is unknown: not pinned, not in known_hosts, and no host keys in its" in done.stderr
    assert "'udo ssh --host-keys accept-new' pins it" in done.stderr
    Path("conf").write_text(done.stdout)
    assert ssh(Path("conf"), one, "true").returncode == 255


def test_another_key_than_the_pinned_one_is_refused_by_ssh(stage: Any, udo: Udo) -> None:
    from udo.sandbox.faults import InstanceFault

    udo("ssh", "stage", "webapp", "true")
    Path("conf").write_text(udo("inventory", "stage", "webapp").stdout)
    bad = members(stage)[0]
    stage.faults.add(InstanceFault("other-key", bad))
    ended = ssh(Path("conf"), bad, "touch reached")
    assert (ended.returncode, "Host key verification failed" in ended.stderr) == (255, True)


@pytest.mark.usefixtures("silent")
def test_where_there_is_no_pin_the_files_of_the_role_are_asked(stage: Any, udo: Udo) -> None:
    known = Path("known hosts 50%")
    key = {one: stage.hosts.key(one) for one in members(stage)}
    port = stage.hosts.port
    lines = (f"[{address}]:{port} {key[one].get_name()} {key[one].get_base64()}\n" for one, address in _some(stage))
    known.write_text("".join(lines))
    Path("udo.yml").write_text(Path("udo.yml").read_text().replace("ssh: {", f'ssh: {{known_hosts: "{known}", '))
    Path("conf").write_text(udo("inventory", "stage", "webapp").stdout)
    (listed, _), *_others = _some(stage)
    assert ssh(Path("conf"), listed, "exit 4").returncode == 4
    unlisted = next(one for one in members(stage) if one != listed)
    assert ssh(Path("conf"), unlisted, "true").returncode == 255


def _some(world: Any) -> list[tuple[str, str]]:
    return sorted(addresses(world).items())[:1]


def test_hosts_are_lines_for_the_file_of_that_name(stage: Any, udo: Udo) -> None:
    done = udo("inventory", "stage", "*", "-o", "hosts")
    rows = [line.split() for line in done.stdout.splitlines()]
    assert {row[1]: row[0] for row in rows} == addresses(stage) | addresses(stage, "stage-worker")
    assert {" ".join(row[2:]) for row in rows} == {"# stage webapp", "# stage worker"}


def test_json_is_the_document_that_every_verb_prints(stage: Any, udo: Udo) -> None:
    document = udo("inventory", "stage", "webapp", "-o", "json", "-l", "admin").json
    assert list(document) == ["udo", "command", "ok", "exit", "data", "error"]
    rows = document["data"]
    assert {row["instance_id"]: row["address"] for row in rows} == addresses(stage)
    assert {row["user"] for row in rows} == {"admin"}


def test_an_empty_group_and_a_bad_name_are_errors(stage: Any, udo: Udo) -> None:
    assert udo("inventory", "stage", "idle").exit == 1
    assert udo("ip", "stage", "idle").exit == 1
    assert udo("inventory", "stage", "webapp", "-l", "x\n  ProxyCommand y").exit == 2
    assert udo("inventory", "stage", "webapp", "-o", "yaml").exit == 2


def test_nobody_is_connected_to_and_consoles_are_read_once_for_ssh_alone(stage: Any, udo: Udo) -> None:
    for form in ("hosts", "json", "ssh-config", "ssh-config"):
        assert udo("inventory", "stage", "webapp", "-o", form).exit == 0
    asked = Counter(request.operation for request in stage.log)
    assert asked == {"DescribeAutoScalingGroups": 4, "DescribeInstances": 4, "GetConsoleOutput": 3}


@pytest.mark.parametrize("words", [("ssh", "true"), ("ip",), ("inventory", "-o", "hosts")])
def test_a_role_that_has_nobody_is_named_where_others_have_somebody(
    stage: Any, udo: Udo, words: tuple[str, ...]
) -> None:
    Path("udo.yml").write_text(Path("udo.yml").read_text() + "      ghost: {}\n")
    verb, *rest = words
    done = udo(verb, "stage", "*", *rest)
    assert done.exit == 0
    left_out = ["group stage-idle is empty", "group stage-ghost of stage ghost does not exist"]
    assert [line for line in done.stderr.splitlines() if "left out" in line] == [f"left out: {why}" for why in left_out]
    # Whom the operator did not choose is no news.
    some = udo(verb, "stage", "webapp,worker", *rest, "--instance", members(stage)[0])
    assert (some.exit, "left out" in some.stderr) == (0, False)
