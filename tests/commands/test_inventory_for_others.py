"""`udo inventory` as Ansible and ClusterShell read it: what it holds, and those programs at work with it."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_inventory import addresses
from test_ssh import GROUPS, members
from whole import examples

from udo.fanout import inventory

Udo = Callable[..., Any]
BIN = Path(sys.executable).parent
DOCS = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text(encoding="utf-8")


@pytest.fixture
def stage(world: Any, ssh: Any, seeded: Any) -> Any:
    """A cluster whose instances answer ssh."""
    seeded(ssh.settings + GROUPS)
    return world


def host(cluster: str, role: str, instance_id: str, **target: Any) -> Any:
    told = {"instance_id": instance_id, "address": "10.0.0.1", "port": 22, "user": "me", "key": None, "unset": ()}
    whose = SimpleNamespace(cluster=cluster, name=role, label=f"{cluster} {role}")
    return SimpleNamespace(role=whose, instance_id=instance_id, target=told | target)


def groups(*pairs: tuple[str, str]) -> tuple[dict[str, list[str]], list[str]]:
    """The hosts of Ansible's groups, one host a role."""
    hosts = [host(*pair, f"i-{number:08x}") for number, pair in enumerate(pairs)]
    document, notes = inventory.ansible(hosts, {one.instance_id: () for one in hosts}, [one.role for one in hosts])
    return {name: group["hosts"] for name, group in document.items() if name != "_meta"}, notes


@pytest.mark.parametrize(
    ("form", "text"), [("ansible", '{\n  "_meta": {\n    "hostvars": {}\n  }\n}\n'), ("clush", "")]
)
def test_groups_without_members_are_an_empty_inventory_and_groups_that_are_not_there_are_none(
    stage: Any, udo: Udo, form: str, text: str
) -> None:
    done = udo("inventory", "stage", "idle", "-o", form)
    assert (done.exit, done.stdout, done.stderr) == (0, text, "left out: group stage-idle is empty\n")
    Path("udo.yml").write_text(Path("udo.yml").read_text() + "      ghost: {}\n")
    done = udo("inventory", "stage", "ghost", "-o", form)
    assert (done.exit, done.stdout) == (1, "")
    assert "group stage-ghost of stage ghost does not exist" in done.stderr


def test_ansible_is_told_of_every_host_under_cluster_role_and_both(stage: Any, udo: Udo) -> None:
    done = udo("inventory", "stage", "*", "-o", "ansible", "--list")
    assert (done.exit, done.stderr) == (0, "left out: group stage-idle is empty\n")
    document = done.json
    webapp, worker = members(stage), members(stage, "stage-worker")
    told = document.pop("_meta")["hostvars"]
    assert {name: sorted(group["hosts"]) for name, group in document.items()} == {
        "stage": sorted(webapp + worker),
        "webapp": webapp,
        "worker": worker,
        "stage_webapp": webapp,
        "stage_worker": worker,
    }
    assert {one: told[one]["ansible_host"] for one in webapp} == addresses(stage)
    assert {(one["ansible_user"], one["ansible_port"]) for one in told.values()} == {("ec2-user", stage.hosts.port)}
    assert {one["udo_role"] for one in told.values()} == {"webapp", "worker"}


def test_the_variables_of_one_host_are_those_of_the_list(stage: Any, udo: Udo) -> None:
    listed = udo("inventory", "stage", "webapp", "-o", "ansible").json["_meta"]["hostvars"]
    one = members(stage)[0]
    assert udo("inventory", "stage", "webapp", "-o", "ansible", "--host", one).json == listed[one]
    assert udo("inventory", "stage", "webapp", "-o", "ansible", "--host", "somebody").json == {}


def test_ansible_is_told_of_the_jump_host_the_configuration_and_files_to_trust(stage: Any, udo: Udo) -> None:
    Path("known hosts").touch()
    Path("conf").write_text("Host x\n")
    more = "ssh: {jump: me@bastion, config: conf, known_hosts: 'known hosts', "
    Path("udo.yml").write_text(Path("udo.yml").read_text().replace("ssh: {", more))
    document = udo("inventory", "stage", "webapp", "--newest", "1", "-o", "ansible").json
    (variables,) = document["_meta"]["hostvars"].values()
    words = shlex.split(variables["ansible_ssh_common_args"])
    assert words[:2] == ["-F", str(Path("conf").resolve())]
    assert {"ProxyJump=me@bastion", "IdentitiesOnly=yes", "ForwardAgent=no"} <= set(words)
    (trusted,) = (word for word in words if word.startswith("UserKnownHostsFile="))
    assert trusted.startswith('UserKnownHostsFile="')


@pytest.mark.parametrize(
    "words", [("--list",), ("--host", "x"), ("-o", "ansible", "--list", "--host", "x"), ("-o", "clush", "--list")]
)
def test_what_ansible_alone_asks_is_for_it_alone(stage: Any, udo: Udo, words: tuple[str, ...]) -> None:
    before = len(stage.log)
    assert udo("inventory", "stage", "webapp", *words).exit == 2
    assert len(stage.log) == before


def test_names_are_what_ansible_takes_for_names_of_groups() -> None:
    found, notes = groups(("eu-1", "web-app"), ("2", "db"))
    assert notes == []
    assert found == {
        **{name: ["i-00000000"] for name in ("eu_1", "web_app", "eu_1_web_app")},
        **{name: ["i-00000001"] for name in ("_2", "db", "_2_db")},
    }


@pytest.mark.parametrize(
    ("pairs", "missing", "note"),
    [
        ([("web", "web")], "web", "no group web: it would be cluster web and role web"),
        ([("a", "b-c"), ("a", "b_c")], "b_c", "no group b_c: it would be role b-c and role b_c"),
        ([("a", "b_c"), ("a_b", "c")], "a_b_c", "no group a_b_c: it would be a b_c and a_b c"),
        ([("all", "x")], "all", "no group all: it is Ansible's own"),
        ([("x", "ungrouped")], "ungrouped", "no group ungrouped: it is Ansible's own"),
    ],
)
def test_a_name_that_would_hold_two_things_is_no_group_and_said(
    pairs: list[tuple[str, str]], missing: str, note: str
) -> None:
    found, notes = groups(*pairs)
    assert missing not in found
    assert note in notes


_NAMES = st.from_regex(r"[a1][a1_-]{0,2}", fullmatch=True)


@settings(max_examples=examples(200))
@given(st.lists(st.tuples(_NAMES, _NAMES), min_size=1, max_size=8, unique=True))
def test_no_group_holds_anything_but_one_cluster_one_role_or_one_role_of_a_cluster(
    pairs: list[tuple[str, str]],
) -> None:
    ids = {pair: f"i-{number:08x}" for number, pair in enumerate(pairs)}
    things = [{ids[pair] for pair in pairs if pair[0] == cluster} for cluster, _ in pairs]
    things += [{ids[pair] for pair in pairs if pair[1] == role} for _, role in pairs]
    things += [{one} for one in ids.values()]
    for name, hosts in groups(*pairs)[0].items():
        assert re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name)
        assert set(hosts) in things


def test_what_ansible_would_fill_in_is_marked_as_text() -> None:
    one = host("a", "b", "i-00000001", key="/keys/{{ x }}/50%")
    document, _ = inventory.ansible([one], {"i-00000001": ()}, [one.role])
    told = document["_meta"]["hostvars"]["i-00000001"]
    assert told["ansible_ssh_private_key_file"] == {"__ansible_unsafe": "/keys/{{ x }}/50%%"}


def test_a_role_that_clustershell_takes_for_everybody_is_left_out_and_said() -> None:
    text, notes = inventory.clush([host("a", "all", "i-1"), host("a", "no", "i-2"), host("1", "2", "i-3")])
    assert text == '"a":\n  "no": "i-2"\n"1":\n  "2": "i-3"\n'
    assert notes == ["no group all: role 'all' would be every host to ClusterShell"]


@pytest.fixture
def others(stage: Any, served_world: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The same in an AWS that other processes reach too, which find `udo` and Ansible on their path."""
    monkeypatch.setenv("PATH", str(BIN), prepend=os.pathsep)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("ANSIBLE_HOME", str(tmp_path / "ansible"))
    # The path of a socket may not be as long as that of a test's folder.
    monkeypatch.setenv("ANSIBLE_SSH_ARGS", "-o ControlMaster=no")
    return stage


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)


def blocks(word: str) -> str:
    """The block of the documentation that holds a word."""
    return next(block for block in re.findall(r"```sh\n(.*?)```", DOCS, re.DOTALL) if word in block)


@pytest.mark.whole
def test_the_documented_script_is_an_inventory_to_ansible(others: Any) -> None:
    script = Path("stage script")
    script.write_text(blocks("-o ansible").replace("prod", "stage"))
    script.chmod(0o755)
    one = members(others)[0]
    assert json.loads(run(f"./{script}", "--host", one).stdout)["ansible_host"] == addresses(others)[one]
    listed = run("ansible-inventory", "-i", str(script), "--list")
    assert listed.returncode == 0, listed.stderr
    assert "WARNING" not in listed.stderr
    document = json.loads(listed.stdout)
    assert sorted(document["stage_webapp"]["hosts"]) == members(others)
    # Without anybody having met the hosts, with their keys checked.
    done = run("ansible", "-i", str(script), "stage_webapp", "-m", "raw", "-a", "echo it is $UDO_INSTANCE_ID")
    assert done.returncode == 0, done.stdout + done.stderr
    assert sorted(re.findall(r"^it is (\S+)", done.stdout, re.MULTILINE)) == members(others)


@pytest.mark.whole
def test_ansible_is_refused_by_a_host_with_another_key_than_the_pinned_one(others: Any, udo: Udo) -> None:
    from udo.sandbox.faults import InstanceFault

    script, bad = Path("inventory"), members(others)[0]
    text = udo("inventory", "stage", "webapp", "-o", "ansible").stdout
    script.write_text(f"#!/bin/sh\ncat <<'END'\n{text}END\n")
    script.chmod(0o755)
    others.faults.add(InstanceFault("other-key", bad))
    done = run("ansible", "-i", str(script), "webapp", "-m", "raw", "-a", "true")
    assert (done.returncode, "Host key verification failed" in done.stdout) == (4, True)
    assert sorted(re.findall(r"^(\S+) \| CHANGED", done.stdout, re.MULTILINE)) == members(others)[1:]


@pytest.mark.whole
def test_the_documented_files_are_groups_to_clustershell(others: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("groups.d").mkdir()
    Path("groups.conf").write_text(f"[Main]\nautodir: {Path.cwd()}/groups.d\n")
    monkeypatch.setenv("CLUSTERSHELL_CFGDIR", str(Path.cwd()))
    lines = blocks("-o clush").replace("/etc/clustershell/groups.d", "groups.d").replace("prod", "stage")
    done = run("sh", "-ec", lines.replace("uptime", "'echo it is $UDO_INSTANCE_ID'"))
    assert done.returncode == 0, done.stderr
    assert sorted(done.stdout.splitlines()) == [f"{one}: it is {one}" for one in members(others)]
    everybody = members(others) + members(others, "stage-worker")
    assert sorted(run("nodeset", "-e", "@stage:*").stdout.split()) == sorted(everybody)
