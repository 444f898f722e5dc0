"""Freeze windows: nothing is changed in one, but by the ways back, and by whoever says why."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from deploy_worlds import OTHER, SHA, begin, config, end, writes
from guard_worlds import FROZEN, UNTIL
from launch_worlds import CONFIG, configuration_world, launched_from, register_images, write_config
from test_many_roles import TWO, two_groups

from udo.schema import guards

Udo = Callable[..., Any]
Seeded = Callable[..., Any]
UPDATE = ("updatelc", "prod", "webapp")
WHY = ("--override-freeze", "--reason", "the page is down")


def freeze(more: str = FROZEN, text: str = CONFIG) -> None:
    write_config(f"{text}{more}\n")


@pytest.fixture
def frozen(world: Any) -> Any:
    configuration_world(world)
    freeze()
    world.log.clear()
    return world


def test_a_change_in_a_window_is_refused_with_the_end_of_it_in_its_zone(frozen: Any, udo: Udo) -> None:
    done = udo(*UPDATE)
    assert done.exit == 7
    assert done.stderr.splitlines()[-1].startswith(f"udo: {UNTIL}7): nothing was changed; wait, or use")
    assert writes(frozen) == []
    frozen.clock.step(24 * 3600)
    assert udo(*UPDATE).exit == 0


def test_a_dry_run_tells_of_the_window_and_is_no_failure(frozen: Any, udo: Udo) -> None:
    shown = udo(*UPDATE, "-n")
    assert shown.exit == 0
    assert f"warning: {UNTIL}7): this would be refused" in shown.stdout + shown.stderr
    notes = udo(*UPDATE, "-n", "-o", "json").json["data"]["plan"]["notes"]
    assert any("this would be refused" in note for note in notes)


def test_whoever_says_why_changes_it_all_the_same_and_the_history_says_it(frozen: Any, udo: Udo) -> None:
    done = udo(*UPDATE, *WHY)
    assert done.exit == 0, done.stderr
    assert launched_from(frozen) == "prod-webapp-v2"
    assert "overridden, the page is down" in done.stderr
    run = udo("history", "-o", "json").json["data"][0]
    assert run["reason"] == "the page is down"


@pytest.mark.parametrize(
    "words", [(*UPDATE,), ("update", "prod"), ("sleep", "prod"), ("destroy", "prod", "webapp"), ("scale", "prod", "1")]
)
def test_no_reason_no_override(frozen: Any, udo: Udo, words: tuple[str, ...]) -> None:
    done = udo(*words, "--override-freeze", "--reason", " ")
    assert (done.exit, list(frozen.log)) == (2, [])
    assert "--override-freeze wants a reason: add --reason TEXT" in done.stderr


def test_where_nothing_is_to_change_no_window_is_in_the_way(world: Any, udo: Udo) -> None:
    configuration_world(world)
    write_config()
    assert udo(*UPDATE).exit == 0
    freeze()
    assert udo(*UPDATE).exit == 0


@pytest.mark.whole
def test_the_ways_back_are_never_frozen(world: Any, udo: Udo) -> None:
    configuration_world(world)
    write_config()
    assert udo(*UPDATE).exit == 0
    freeze()
    done = udo("rollback", "prod", "webapp")
    assert (done.exit, launched_from(world)) == (0, "prod-webapp"), done.stderr
    assert udo("scale", "prod", "webapp", "3", "--max", "4").exit == 0
    assert udo("scale", "prod", "webapp", "2").exit == 7
    assert udo("scale", "prod", "webapp", "2", "--max", "3", *WHY).exit == 0
    assert udo("suspend", "prod", "webapp", "AZRebalance").exit == 0
    assert udo("resume", "prod", "webapp", "AZRebalance").exit == 0
    assert udo("sleep", "prod", "--yes").exit == 7
    assert udo("sleep", "prod", "--yes", *WHY).exit == 0
    assert udo("wake", "prod").exit == 0


def test_deployments_are_stopped_and_taken_back_in_a_window_and_not_made(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config(more=FROZEN))
    begin(world, OTHER)
    end(world)
    begin(world)
    end(world)
    done = udo("deploy", "prod", "webapp", OTHER, "--allow-older")
    assert done.exit == 7
    assert UNTIL in done.stderr
    done = udo("rollback", "prod", "webapp", "--code")
    assert done.exit == 0, done.stderr
    begin(world, SHA)
    # Somebody's deployment that is active is followed: that writes nothing.
    assert udo("deploy", "prod", "webapp", SHA, "-n").exit == 0
    assert udo("stop", "prod", "webapp").exit == 0


def test_a_window_holds_up_the_verbs_that_it_names_alone(world: Any, udo: Udo) -> None:
    configuration_world(world)
    freeze(FROZEN.replace("}]", ", verbs: [deploy, scale]}]"))
    assert udo("scale", "prod", "webapp", "1").exit == 7
    assert udo(*UPDATE).exit == 0


def test_windows_add_up_over_the_levels_and_profiles_and_the_last_end_counts(world: Any, udo: Udo) -> None:
    configuration_world(world)
    windows = {
        "root": "{when: 08:00 - 18:00, zone: UTC}",
        "profile": "{when: Sun - Wed, zone: UTC}",
        "role": "{when: 2026-01-05 - 2026-01-05, zone: UTC}",
    }
    text = f"""
region: us-west-2
freeze: [{windows["root"]}]
profiles:
  careful:
    freeze: [{windows["profile"]}]
clusters:
  prod:
    use: [careful]
    roles:
      webapp: {{ami: ami-0bbbbbbbbbbbbbbbb, freeze: [{windows["role"]}]}}
      worker: {{freeze: {{replace: []}}}}
"""
    write_config(text)
    done = udo(*UPDATE)
    assert done.exit == 7
    assert "frozen until Thu 2026-01-08 00:00 UTC (Sun - Wed, udo.yml:6)" in done.stderr
    Path("udo.yml").write_text(text.replace("Sun - Wed", "Sat - Sun"))
    assert "frozen until Tue 2026-01-06 00:00 UTC (2026-01-05 - 2026-01-05, udo.yml:" in udo(*UPDATE).stderr
    # One that begins where another ends.
    Path("udo.yml").write_text(text.replace("Sun - Wed", "Tue - Tue").replace("08:00 - 18:00", "00:00 - 07:00"))
    assert "frozen until Wed 2026-01-07 07:00 UTC (00:00 - 07:00, udo.yml:3)" in udo(*UPDATE).stderr


@pytest.mark.parametrize("when", ["00:00 - 24:00", "Mon - Sun"])
def test_what_is_never_changed_is_told_so_and_changed_by_whoever_says_why(world: Any, udo: Udo, when: str) -> None:
    configuration_world(world)
    freeze(f"freeze: [{{when: '{when}', zone: UTC}}]")
    done = udo(*UPDATE)
    told = f"udo: frozen at all times ({when}, udo.yml:7): nothing was changed; use --override-freeze --reason TEXT"
    assert (done.exit, done.stderr.splitlines()[-1]) == (7, told)
    assert udo(*UPDATE, *WHY).exit == 0


def test_of_several_roles_those_that_are_frozen_are_named_and_the_others_changed(world: Any, udo: Udo) -> None:
    two_groups(world)
    write_config(f"{TWO}{FROZEN}\n")
    assert udo("updatelc", "prod", "*", "--yes").exit == 7
    write_config(TWO.replace("worker: {", f"worker: {{{FROZEN}, "))
    done = udo("updatelc", "prod", "*", "--yes")
    assert done.exit == 3, done.stderr
    assert f"udo: prod worker: {UNTIL}" in done.stderr
    assert (launched_from(world), launched_from(world, "prod-worker")) == ("prod-webapp-v2", "prod-worker")


def test_no_group_is_made_in_a_window(world: Any, udo: Udo) -> None:
    register_images(world)
    sizes = "scale_policy: {min_size: 0, max_size: 1}, availability_zones: [us-west-2a]"
    freeze(text=CONFIG.replace("webapp: {", f"webapp: {{{sizes}, "))
    done = udo("create", "prod", "webapp")
    assert (done.exit, UNTIL in done.stderr) == (7, True), done.stderr
    done = udo("create", "prod", "webapp", *WHY)
    assert done.exit == 0, done.stderr
    assert launched_from(world)


def test_a_saved_plan_is_held_up_when_it_is_applied(world: Any, udo: Udo) -> None:
    configuration_world(world)
    freeze()
    assert udo("plan", "prod", "--save", "plan").exit == 0
    assert udo("apply", "plan").exit == 7
    assert launched_from(world) == "prod-webapp"
    assert udo("apply", "plan", *WHY).exit == 0
    assert udo("history", "-o", "json").json["data"][0]["reason"] == "the page is down"


def test_every_verb_that_is_held_up_can_be_let_through_with_a_reason() -> None:
    for verb in guards.FROZEN:
        command = import_module(f"udo.commands.{verb.replace(' ', '.')}").command
        options = {word for one in command.params for word in one.opts}
        wanted = {"--override-freeze", "--reason", *(("--ignore-alarms",) if verb in guards.GUARDED else ())}
        assert wanted <= options, verb
