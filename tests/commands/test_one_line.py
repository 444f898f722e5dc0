"""What is told of a word of the command line stays one line, whatever the word holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from deploy_worlds import OTHER, SHA, begin, config, deployments

Udo = Callable[..., Any]
Seeded = Callable[..., Any]
WRONG: list[tuple[str, ...]] = [
    ("deploy", "prod", "webapp", "v1\nv2"),
    ("deploy", "prod", "webapp", "s3://releases/app\n.zip"),
    ("deploy", "prod", "webapp", "s3://releases/app.zip?versionId=1\n2"),
    ("deploy", "prod", "webapp", "--from", "sta\nge"),
    ("deploy", "prod", "webapp", SHA, "--timeout", "1\nm"),
    ("deploy", "prod", "webapp", SHA, "--queue=1\nm"),
    ("deploy", "prod", "webapp", SHA, "--file-exists", "a\nb"),
    ("deploy", "prod", "webapp", SHA, "more\nwords"),
    ("deploy", "prod\nx", "webapp", SHA),
    ("deploy", "prod", "web\napp", SHA),
    ("why", "prod.web\napp"),
    ("status", "pr\nod"),
    ("sta\ntus",),
    ("status", "--wro\nng"),
    ("--region", "us\n-west", "status"),
    ("-c", "udo\n.yml", "status"),
    ("-o", "te\nxt", "status"),
    ("stop", "prod", "webapp", "d-1\n2"),
    ("deployments", "d-1\n2"),
    ("updatelc", "prod", "webapp", "--ami", "ami-1\n2"),
    ("rollback", "prod", "webapp", "--to", "v1\n2"),
    ("history", "--role", "prod\nx"),
    ("check", "--bundle", "fol\nder"),
    ("apply", "pl\nan.json"),
    ("unlock", "prod", "webapp", "wo\nrd"),
    ("ssh", "prod", "webapp", "--host", "i-\n1", "true"),
]


@pytest.mark.parametrize("words", WRONG, ids=lambda words: " ".join(words).replace("\n", "+"))
def test_an_error_that_shows_a_word_with_a_line_break_is_one_line(
    udo: Udo, seeded: Seeded, words: tuple[str, ...]
) -> None:
    seeded(config())
    done = udo(*words)
    assert done.exit not in (0, 70), done.stderr
    assert [line for line in done.stderr.splitlines() if not line.startswith("udo: ")] == []
    assert done.stderr.count("\n") == 1, done.stderr


def test_a_reason_with_line_breaks_is_one_line_wherever_it_is_shown(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    assert udo("deploy", "prod", "webapp", SHA, "--reason", "fixes\nthe cart\x1b[2J").exit == 0
    assert deployments(world)[0]["description"].endswith(" fixes the cart\x1b[2J")
    assert "\x1b" not in udo("history").stdout + udo("deployments", "prod", "webapp").stdout


def test_what_others_wrote_into_a_deployment_makes_no_line_of_its_own(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    begin(world, OTHER, description="first\nudo: all is well")
    done = udo("deploy", "prod", "webapp", SHA)
    assert done.exit == 4
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "words",
    [
        ("deploy", "prod", "webapp", "--bundle", ""),
        ("check", "--bundle", ""),
        ("plan", "--save", ""),
        ("apply", ""),
        ("ssh", "prod", "webapp", "--script", ""),
        ("-c", "", "status"),
        ("--profile", "", "status"),
        ("status", "--region", ""),
    ],
    ids=" ".join,
)
def test_a_path_or_an_option_of_all_that_is_given_empty_is_not_taken_for_left_out(
    world: Any, udo: Udo, seeded: Seeded, words: tuple[str, ...]
) -> None:
    seeded(config())
    world.log.clear()
    done = udo(*words)
    assert (done.exit, done.stderr.count("\n"), len(world.log)) == (2, 1, 0), done.stderr
    assert "set the variable that it comes from" in done.stderr
