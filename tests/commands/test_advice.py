"""Advice on udo.yml: told by `udo check`, and once by a verb that changes something."""

from __future__ import annotations

import grp
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.commands.launch_worlds import CONFIG, configuration_world, write_config

Udo = Callable[..., Any]

OLD = "debug: 1\n"
ADVICE = "udo.yml:1:1: 'debug' is from the original Udo: it has no effect, use the option -v (advice)"


def test_a_verb_that_changes_something_tells_advice_once(world: Any, udo: Udo) -> None:
    configuration_world(world)
    write_config(OLD + CONFIG)
    told = udo("updatelc", "prod", "webapp", "--dry-run")
    assert told.exit == 0
    assert told.stderr.count(ADVICE) == 1
    assert udo("updatelc", "prod", "webapp").stderr.count(ADVICE) == 1


def test_a_verb_that_changes_nothing_keeps_advice_to_itself(world: Any, udo: Udo) -> None:
    configuration_world(world)
    write_config(OLD + CONFIG)
    assert udo("updatelc", "prod", "webapp").exit == 0
    for words in (("updatelc", "prod", "webapp"), ("status",), ("instances", "prod", "webapp"), ("plan",)):
        assert ADVICE not in udo(*words).stderr, words


def test_a_file_that_a_group_of_others_may_write_is_advised_against(udo: Udo) -> None:
    Path("udo.yml").write_text("clusters: {a: {roles: {b: {}}}}\n")
    others = next(group.gr_gid for group in grp.getgrall() if group.gr_gid != os.getgid())
    with suppress(PermissionError):
        os.chown("udo.yml", -1, others)
    Path("udo.yml").chmod(0o664)
    told = udo("check")
    assert told.exit == 0
    owner = Path("udo.yml").owner()
    group = Path("udo.yml").group()
    assert (told.stderr == "") is (group == owner)
    assert group == owner or f"udo.yml: can be written by the group '{group}': chmod g-w it (advice)" in told.stderr
