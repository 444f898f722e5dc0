"""Plans from files: what AWS answers and what udo.yml says, and the steps that follow or the exact error.

A case is one file in `plans/<verb>/`. `groups`, `configurations`, `versions` (of the template lt-1), `images` and
`parameters` are AWS's own rows, short of what every row has; `udo.yml` and `argv` are what the operator has and types;
`steps`, `unchanged` or `error` is what comes of it. Texts stand for base64, `RUN` for the run id.
"""

from __future__ import annotations

import base64
import datetime
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

FOLDER = Path(__file__).parent / "plans"
CASES = sorted(FOLDER.glob("*/*.yml"))
KEYS = {"says", "groups", "configurations", "versions", "images", "parameters", "absent", "udo.yml", "argv"}
OUTCOMES = {"steps", "unchanged", "error", "differences", "notes"}
GROUP = {"MinSize": 1, "MaxSize": 3, "DesiredCapacity": 2, "Instances": [], "Tags": []}
_RUN = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{6}")
CREATED = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


class Rows:
    """An AWS that answers every read with the rows of a case, and fails a test that writes."""

    def __init__(self, case: Mapping[str, Any]) -> None:
        self._case = case

    def attach(self, session: Any) -> None:
        """Answers in place of the network."""
        session.set_credentials("k", "s")
        session.register("before-call", self._answer)

    def _answer(self, model: Any, params: Mapping[str, Any], **_event: Any) -> Any:
        return _Http(), getattr(self, model.name)(params["body"])

    def DescribeAutoScalingGroups(self, _asked: Any) -> Any:
        return {"AutoScalingGroups": [GROUP | row for row in self._case["groups"]]}

    def DescribeLaunchConfigurations(self, _asked: Any) -> Any:
        rows = (_encoded(row) for row in self._case.get("configurations", ()))
        return {"LaunchConfigurations": [{"CreatedTime": CREATED, **row} for row in rows]}

    def DescribeLaunchTemplateVersions(self, _asked: Any) -> Any:
        rows = self._case.get("versions", ())
        named = {"LaunchTemplateId": "lt-1", "LaunchTemplateName": "prod-webapp", "CreateTime": CREATED}
        made = [{**named, **row, "LaunchTemplateData": _encoded(row["LaunchTemplateData"])} for row in rows]
        return {"LaunchTemplateVersions": made}

    def DescribeLaunchTemplates(self, _asked: Any) -> Any:
        named = {"LaunchTemplateId": "lt-1", "LaunchTemplateName": "prod-webapp"}
        return {"LaunchTemplates": [named] if self._case.get("versions") else []}

    def DescribeInstances(self, _asked: Any) -> Any:
        return {"Reservations": []}

    def DescribeInstanceRefreshes(self, _asked: Any) -> Any:
        return {"InstanceRefreshes": []}

    def DescribeImages(self, asked: Any) -> Any:
        return {"Images": self._case.get("images", [{"ImageId": name} for name in self._there(asked)])}

    def DescribeInstanceTypes(self, asked: Any) -> Any:
        # An architecture is part of the name of these: m7g runs arm64 alone.
        rows = [
            {
                "InstanceType": name,
                "ProcessorInfo": {"SupportedArchitectures": ["arm64" if name.startswith("m7g.") else "x86_64"]},
            }
            for name in self._there(asked)
        ]
        return {"InstanceTypes": rows}

    def DescribeKeyPairs(self, asked: Any) -> Any:
        return {"KeyPairs": [{"KeyName": name} for name in self._there(asked)]}

    def DescribeSecurityGroups(self, asked: Any) -> Any:
        names = self._there(asked)
        rows = [{"GroupId": name, "GroupName": "" if name.startswith("sg-") else name} for name in names]
        return {"SecurityGroups": rows}

    def DescribeSubnets(self, _asked: Any) -> Any:
        return {"Subnets": []}

    def ListInstanceProfiles(self, _asked: Any) -> Any:
        names = {"shop", "web", *re.findall(r"iam_profile: ([\w-]+)", self._case["udo.yml"])}
        return {
            "InstanceProfiles": [{"InstanceProfileName": name} for name in names - set(self._case.get("absent", ()))]
        }

    def _there(self, asked: Any) -> list[str]:
        """What is asked for, but for what the case says is absent."""
        values = [str(value) for key, value in asked.items() if ".Value." in key]
        return [value for value in values if value not in self._case.get("absent", ())]

    def GetParameters(self, _asked: Any) -> Any:
        rows = self._case.get("parameters", {})
        return {"Parameters": [{"Name": name, "Value": value} for name, value in rows.items()]}

    def GetCallerIdentity(self, _asked: Any) -> Any:
        return {"Account": "123456789012", "Arn": "arn:aws:iam::123456789012:user/me"}


class _Http:
    status_code = 200


class Noon:
    """`time` on one day, for what is told by its age."""

    def time(self) -> float:
        """Noon of that day."""
        return datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.UTC).timestamp()

    monotonic = time

    def sleep(self, _seconds: float) -> None:
        """Takes no time."""


def _encoded(row: Mapping[str, Any]) -> dict[str, Any]:
    told = {key: base64.b64encode(row[key].encode()).decode() for key in ("UserData",) if row.get(key)}
    return {**row, **told}


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


@pytest.fixture
def planned(
    capsys: pytest.CaptureFixture[str], loader: Any, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Mapping[str, Any]], Any]:
    """What `udo ARGV --dry-run -o json` says of a case."""

    def plan(case: Mapping[str, Any]) -> Any:
        from udo.cli import main

        def prepare(session: Any) -> None:
            session.register_component("data_loader", loader)
            Rows(case).attach(session)

        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")
        Path("udo.yml").write_text(case["udo.yml"], encoding="utf-8")
        argv = case.get("argv", ["updatelc", "prod", "webapp"])
        with pytest.raises(SystemExit):
            main([*argv, "--dry-run", "-o", "json"], prepare=prepare, clock=Noon())
        return json.loads(capsys.readouterr().out)

    return plan


@pytest.fixture(scope="session")
def loader() -> Any:
    """botocore's models, read once."""
    from botocore.loaders import create_loader

    return create_loader()


def test_there_are_cases_and_no_file_is_ignored() -> None:
    assert len(CASES) >= 25
    assert [path for path in FOLDER.rglob("*") if path.is_file() and path not in CASES] == []


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_what_is_observed_and_asked_for_gives_these_steps(path: Path, planned: Callable[[Any], Any]) -> None:
    case = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert not set(case) - KEYS - OUTCOMES
    assert len({"steps", "unchanged", "error"} & set(case)) == 1
    told = planned(case)
    if "error" in case:
        error = {"exit": told["exit"], **told["error"]}
        assert {key: error[key] for key in case["error"]} == case["error"]
        return
    assert told["exit"] == 0, told["error"]
    assert outcome(told["data"], set(case)) == {key: case[key] for key in OUTCOMES & set(case)}


def outcome(data: Any, asked: set[str]) -> dict[str, Any]:
    """What came of a case, in the words of its file, as far as the case asks."""
    plan = data.get("plan", {"steps": [], "unchanged": data.get("unchanged"), "differences": [], "notes": []})
    told = {
        "steps": [{f"{one['service']}:{one['operation']}": _told(one["params"])} for one in plan["steps"]],
        "differences": [f"{one['key']}  {one['old']} -> {one['new']}" for one in plan["differences"]],
        "notes": [*plan["notes"], *data.get("notes", ())],
        "unchanged": not plan["steps"],
    }
    return {key: value for key, value in told.items() if key in asked}
