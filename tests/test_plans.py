"""Plans from files: what AWS answers and what udo.yml says, and the steps that follow or the exact error.

A case is one file in `plans/<verb>/`. `groups`, `configurations`, `versions` (of the template lt-1), `instances`,
`refreshes`, `hooks`, `subnets`, `images` and `parameters` are AWS's own rows, short of what every row has; so are
`deployment_groups` (of
the application shop), `deployments` (newest first) with the instances they have `reached`, and `objects` in S3.
What is named `absent` is not there, and operations that are `denied` may not be called. `udo.yml` and `argv` are what
the operator has and types; `steps`, `unchanged` or `error` is what comes of it. Texts stand for base64, `RUN` for the
run id.
"""

from __future__ import annotations

import base64
import datetime
import json
import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import actions
import pytest
import yaml
from rows import Answering, Rows

FOLDER = Path(__file__).parent / "plans"
CASES = sorted(FOLDER.glob("*/*.yml"))
KEYS = {"says", "groups", "configurations", "versions", "images", "parameters", "absent", "denied", "udo.yml", "argv"}
KEYS |= {"hooks", "subnets", "instances", "refreshes", "deployment_groups", "deployments", "reached", "objects"}
OUTCOMES = {"steps", "unchanged", "error", "differences", "notes"}
_RUN = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{6}")


class Noon:
    """`time` on one day, for what is told by its age."""

    def time(self) -> float:
        """Noon of that day."""
        return datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.UTC).timestamp()

    monotonic = time

    def sleep(self, _seconds: float) -> None:
        """Takes no time."""


def _told(value: Any) -> Any:
    """A value of a plan as a case tells it."""
    match value:
        case {"$bytes": str(text)}:
            return base64.b64decode(text).decode()
        case dict():
            return {
                key: base64.b64decode(item).decode() if key == "UserData" and isinstance(item, str) else _told(item)
                for key, item in value.items()
            }
        case list():
            return [_told(item) for item in value]
        case str():
            return _RUN.sub("RUN", value)
    return value


def _kept(session: Any, make: Callable[..., Any], clients: dict[str, Any], service: str, **how: Any) -> Any:
    """A client that was made before in the same way, for another case."""
    config = sorted(vars(how["config"])["_user_provided_options"].items())
    key = repr((service, how | {"config": config}, type(session.get_component("data_loader")), session.profile))
    if key not in clients:
        clients[key] = make(service, **how)
    return clients[key]


@pytest.fixture(scope="session")
def answering() -> Answering:
    return Answering()


@pytest.fixture(scope="session")
def clients() -> dict[str, Any]:
    return {}


@pytest.fixture
def planned(
    capsys: pytest.CaptureFixture[str],
    loader: Any,
    answering: Answering,
    clients: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[Mapping[str, Any]], Any]:
    """What `udo ARGV --dry-run -o json` says of a case."""

    def plan(case: Mapping[str, Any]) -> Any:
        from udo.cli import main

        def prepare(session: Any) -> None:
            session.register_component("data_loader", loader)
            answering.attach(session)
            session.create_client = partial(_kept, session, session.create_client, clients)

        rows = answering.rows = Rows(case)
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")
        Path("udo.yml").write_text(case["udo.yml"], encoding="utf-8")
        argv = case.get("argv", ["updatelc", "prod", "webapp"])
        with pytest.raises(SystemExit):
            main([*argv, "--dry-run", "-o", "json"], prepare=prepare, clock=Noon())
        actions.check(argv, rows.asked)
        return json.loads(capsys.readouterr().out)

    return plan


@pytest.fixture(scope="session")
def loader() -> Any:
    """botocore's models, read once."""
    from botocore.loaders import create_loader

    return create_loader()


def test_there_are_cases_and_no_file_is_ignored() -> None:
    assert len(CASES) >= 150
    assert all(len(list(verb.glob("*.yml"))) >= 10 for verb in FOLDER.iterdir())
    assert [path for path in FOLDER.rglob("*") if path.is_file() and path not in CASES] == []


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_what_is_observed_and_asked_for_gives_these_steps(path: Path, planned: Callable[[Any], Any]) -> None:
    case = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert not set(case) - KEYS - OUTCOMES
    assert len({"steps", "unchanged", "error"} & set(case)) == 1
    told = planned(case)
    if "error" in case:
        assert told["error"], told["data"]
        error = {"exit": told["exit"], **told["error"]}
        assert {key: error[key] for key in case["error"]} == case["error"]
        return
    assert told["exit"] == 0, told["error"]
    assert outcome(told["data"], set(case)) == {key: case[key] for key in OUTCOMES & set(case)}


def outcome(data: Any, asked: set[str]) -> dict[str, Any]:
    """What came of a case, in the words of its file, as far as the case asks."""
    plan = data.get("plan", {"steps": [], "unchanged": data.get("unchanged"), "differences": [], "notes": []})
    told = {
        "steps": [_step(one) for one in plan["steps"]],
        "differences": [f"{one['key']}  {one['old']} -> {one['new']}" for one in plan["differences"]],
        "notes": [*plan["notes"], *data.get("notes", ())],
        "unchanged": not plan["steps"],
    }
    return {key: value for key, value in told.items() if key in asked}


def _step(step: Mapping[str, Any]) -> dict[str, Any]:
    """A step as a case tells it: a call by its params, a wait by what it reads and for how long, a program by words."""
    match step:
        case {"kind": "Call", "service": service, "operation": operation, "params": params}:
            return {f"{service}:{operation}": _told(params)}
        case {"kind": "Wait", "read": {"params": params}, "success": success, "timeout": timeout}:
            return {"wait": {"until": success, "of": params, "seconds": timeout}}
        case {"kind": "LocalCommand", "argv": argv, "env": env}:
            return {"run": argv, "env": _told(env)}
    raise AssertionError(f"a case cannot tell {step}")
