"""Keys on the command line: made, listed, rotated and revoked, each shown once."""

from __future__ import annotations

from typing import Any

ADD = ("serve", "key", "add", "desk", "--allow", "stacks:create,status", "--stacks", "shop-review-*")


def test_a_key_is_shown_once_on_stdout_alone_and_never_listed(udo: Any) -> None:
    made = udo(*ADD, "--expires", "90d")
    secret = made.stdout.strip()
    assert (made.exit, secret.startswith("udo_")) == (0, True)
    assert made.stderr == "this is key desk: it is shown this once\n"
    listed = udo("serve", "key", "list")
    assert [line.split()[0] for line in listed.stdout.splitlines()] == ["KEY", "desk"]
    document = udo("serve", "key", "list", "-o", "json")
    [row] = document.json["data"]
    assert (row["allow"], row["stacks"]) == (["stacks:create", "status"], ["shop-review-*"])
    assert secret not in listed.stdout + document.stdout


def test_a_key_is_rotated_and_revoked_by_its_name(udo: Any) -> None:
    first = udo(*ADD, "-o", "json").json["data"]["key"]
    second = udo("serve", "key", "rotate", "desk", "-o", "json").json["data"]["key"]
    assert first != second
    assert udo("serve", "key", "revoke", "desk").stderr == "key desk opens nothing any more\n"
    again = udo("serve", "key", "revoke", "desk")
    assert (again.exit, again.stderr) == (1, "udo: no key 'desk': udo serve key list\n")
    assert udo("serve", "key", "list").stderr == "there is no key: udo serve key add NAME --allow status\n"


def test_keys_are_made_where_there_is_no_configuration_and_a_server_is_not(udo: Any) -> None:
    assert udo(*ADD).exit == 0
    done = udo("serve", "--port", "0")
    assert (done.exit, "udo.yml" in done.stderr) == (2, True)
