"""A length of time is read in one way, in udo.yml and on the command line."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from udo.config import load
from udo.config.json_schema import json_schema
from udo.duration import given, seconds
from udo.errors import ConfigError, UsageError

TIMES = {"30": 30.0, "90s": 90.0, "1.5m": 90.0, "60m": 3600.0, "2h": 7200.0, "3d": 259200.0}
NO_TIMES = ("", "soon", "30 s", "1w", "-5", "+5", "05", "1e3", "1h30m", "٣", ".5", "5.", "m", "9999999999")


@pytest.mark.parametrize(("text", "wanted"), TIMES.items())
def test_a_time_is_seconds_or_has_a_unit_wherever_it_stands(text: str, wanted: float) -> None:
    assert (seconds(text), given(text)) == (wanted, wanted)
    assert configured(text) == wanted
    assert any(re.search(pattern, text) for pattern in patterns())


@pytest.mark.parametrize("text", NO_TIMES)
def test_anything_else_is_no_time_wherever_it_stands(text: str) -> None:
    assert seconds(text) is None
    with pytest.raises(UsageError, match="is not a time"):
        given(text)
    assert text == "" or isinstance(configured(text), ConfigError)
    assert not any(re.search(pattern, text) for pattern in patterns())


@pytest.mark.parametrize("text", ["0", "0s", "0.0d"])
def test_no_time_at_all_is_refused(text: str) -> None:
    assert isinstance(configured(text), ConfigError)
    with pytest.raises(UsageError):
        given(text)


def configured(text: str) -> object:
    """What udo.yml makes of it."""
    path = Path("udo.yml")
    path.write_text(f"deploy: {{timeout: '{text}'}}\nclusters: {{prod: {{roles: {{web: {{}}}}}}}}\n")
    try:
        return load(path, os.environ).role("prod", "web").get("deploy.timeout")
    except ConfigError as error:
        return error


def patterns() -> list[str]:
    """How editors judge a text."""
    forms = json_schema()["properties"]["deploy"]["anyOf"][0]["properties"]["timeout"]["anyOf"]
    return [form["pattern"] for form in forms if "smhd" in form.get("pattern", "")]
