"""Keys of the front door: shown once, kept as digests in a file of one's own, and read again whenever it changes."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from udo.errors import Absent, Conflict, UdoError, UsageError
from udo.serve.keys import Keys
from udo.serve.scopes import NEVER, PROTECTED, Scope, scope, words

VERBS = ("deploy", "serve", "ssh", "updatelc")
STATUS = Scope(("status",))


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return Keys(tmp_path / "keys.json")


def test_what_opens_is_256_bits_and_stands_nowhere_but_its_digest_does(keys: Keys, tmp_path: Path) -> None:
    secret = keys.add("desk", STATUS, None)
    kept = (tmp_path / "keys.json").read_text()
    assert secret.startswith("udo_")
    assert len(secret.removeprefix("udo_")) == 43
    assert secret not in kept
    assert json.loads(kept)["keys"][0]["sha256"] == hashlib.sha256(secret.encode()).hexdigest()
    assert (tmp_path / "keys.json").stat().st_mode & 0o777 == 0o600


def test_only_the_very_same_text_opens(keys: Keys) -> None:
    secret = keys.add("desk", STATUS, None)
    found = keys.opened(secret)
    assert found is not None
    assert found.name == "desk"
    for wrong in ("", secret[:-1], secret + "x", secret.swapcase(), f" {secret}", "\udcff", "é"):
        assert keys.opened(wrong) is None


def test_what_is_revoked_or_rotated_opens_nothing_from_then_on_for_a_server_that_knew_it(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    serving, changing = Keys(path), Keys(path)
    first, second = changing.add("a", STATUS, None), changing.add("b", STATUS, None)
    assert serving.opened(first)
    assert serving.opened(second)
    new = changing.rotate("a", None)
    assert (serving.opened(first), serving.opened(new) is not None) == (None, True)
    changing.revoke("b")
    assert serving.opened(second) is None
    changing.revoke("a")
    assert serving.opened(new) is None
    path.unlink()
    assert serving.all() == ()


def test_a_rotated_key_keeps_its_scope_and_its_time(keys: Keys) -> None:
    keys.add("desk", Scope(("stacks:list",), ("shop-*",)), 99.0)
    keys.rotate("desk", None)
    [one] = keys.all()
    assert (one.scope, one.expires) == (Scope(("stacks:list",), ("shop-*",)), 99.0)
    assert (one.is_expired(98.9), one.is_expired(99.0)) == (False, True)
    keys.rotate("desk", 200.0)
    assert keys.all()[0].expires == 200.0


def test_names_are_plain_and_stand_once(keys: Keys) -> None:
    keys.add("desk", STATUS, None)
    with pytest.raises(Conflict, match="rotate desk"):
        keys.add("desk", STATUS, None)
    for name in ("", "-x", "a b", "x" * 65, "a\n", "é"):
        with pytest.raises(UsageError, match="no name for a key"):
            keys.add(name, STATUS, None)
    for change in (keys.revoke, lambda name: keys.rotate(name, None)):
        with pytest.raises(Absent, match="udo serve key list"):
            change("nobody")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_file_that_others_can_read_or_write_opens_nothing(keys: Keys, tmp_path: Path, mode: int) -> None:
    secret = keys.add("desk", STATUS, None)
    (tmp_path / "keys.json").chmod(mode)
    with pytest.raises(UdoError, match=r"not this user.s alone: .*chmod 600"):
        keys.opened(secret)


def test_a_link_in_place_of_the_file_opens_nothing(keys: Keys, tmp_path: Path) -> None:
    secret = keys.add("desk", STATUS, None)
    (tmp_path / "keys.json").rename(tmp_path / "elsewhere")
    (tmp_path / "keys.json").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UdoError):
        keys.opened(secret)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"keys": 1}', '{"keys": [{}]}', '{"keys": [{"name": "a"}]}', "null"])
def test_a_damaged_file_is_an_error_and_stays_as_it_is(keys: Keys, tmp_path: Path, text: str) -> None:
    path = tmp_path / "keys.json"
    path.write_text(text)
    path.chmod(0o600)
    for ask in (lambda: keys.opened("x"), lambda: keys.add("desk", STATUS, None), lambda: keys.revoke("desk")):
        with pytest.raises(UdoError, match="damaged"):
            ask()
    assert path.read_text() == text


def test_of_keys_that_are_made_at_the_same_time_none_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    code = (
        "import sys; from pathlib import Path; from udo.serve.keys import Keys; from udo.serve.scopes import Scope\n"
        "for n in range(10): Keys(Path(sys.argv[1])).add(f'{sys.argv[2]}{n}', Scope(('status',)), None)"
    )
    made = [subprocess.Popen([sys.executable, "-c", code, str(path), who], env=os.environ) for who in "abc"]
    assert [one.wait(60) for one in made] == [0, 0, 0]
    assert [key.name for key in Keys(path).all()] == sorted(f"{who}{n}" for who in "abc" for n in range(10))


def test_words_are_those_of_stacks_and_of_verbs_that_may_run() -> None:
    assert "runs:updatelc" in words(VERBS)
    assert PROTECTED in words(VERBS)
    assert not any(f"runs:{verb}" in words([*VERBS, *NEVER, "stack"]) for verb in (*NEVER, "stack"))


@pytest.mark.parametrize(
    ("allow", "stacks", "says"),
    [
        (["statu"], [], "no word 'statu': did you mean 'status'"),
        (["runs:ssh"], [], "'ssh' never runs through the front door"),
        (["runs:nothing-like-it"], [], "no word 'runs:nothing-like-it'"),
        ([], [], "allows nothing"),
        ([","], [], "allows nothing"),
        (["stacks:create"], [], "which stacks"),
    ],
)
def test_a_scope_that_means_nothing_is_refused(allow: list[str], stacks: list[str], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        scope(allow, stacks, VERBS)


def test_a_scope_reaches_the_stacks_of_its_patterns_and_no_others() -> None:
    found = scope(["stacks:create, stacks:state", "status"], ["shop-review-*,queue"], VERBS)
    assert found.allow == ("stacks:create", "stacks:state", "status")
    assert [found.allows(word) for word in ("status", "stacks:delete", "runs:updatelc")] == [True, False, False]
    reached = [found.reaches(name) for name in ("shop-review-cart", "shop-review-", "queue", "Queue", "queues", "shop")]
    assert reached == [True, True, True, False, False, False]
    assert not scope(["status"], [], VERBS).reaches("shop")
