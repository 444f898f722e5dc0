"""An AWS of rows: what a case of `plans/` says is there, in AWS's own words, and nothing that can be changed."""

from __future__ import annotations

import base64
import datetime
import json
import re
from collections.abc import Mapping
from typing import Any

CREATED = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
GROUP = {"MinSize": 1, "MaxSize": 3, "DesiredCapacity": 2, "Instances": [], "Tags": []}
DEPLOYMENT = {"applicationName": "shop", "deploymentGroupName": "prod-webapp", "creator": "user"}


class Answering:
    """The AWS of the present case, for clients that are made once."""

    rows: Rows

    def attach(self, session: Any) -> None:
        """Answers in place of the network."""
        session.set_credentials("k", "s")
        session.register("before-call", self._answer)

    def _answer(self, **event: Any) -> Any:
        return self.rows.answer(**event)


class Rows:
    """An AWS that answers every read with the rows of a case, and fails a test that writes."""

    def __init__(self, case: Mapping[str, Any]) -> None:
        self._case = case
        self.asked: list[str] = []

    def answer(self, model: Any, params: Mapping[str, Any], **_event: Any) -> Any:
        """What botocore takes for the answer to a request."""
        self.asked.append(f"{model.service_model.signing_name}:{model.name}")
        if model.name in self._case.get("denied", ()):
            return _failed("AccessDeniedException", f"not authorized to perform {model.name}", 403)
        if model.name == "HeadObject":
            return self._object(params)
        asked = params["body"]
        return _answered(getattr(self, model.name)(json.loads(asked) if isinstance(asked, bytes | str) else asked))

    def DescribeAutoScalingGroups(self, asked: Any) -> Any:
        rows = [GROUP | row for row in self._case["groups"]]
        return {"AutoScalingGroups": _named(rows, "AutoScalingGroupName", asked)}

    def DescribeLaunchConfigurations(self, asked: Any) -> Any:
        rows = [{"CreatedTime": CREATED, **_encoded(row)} for row in self._case.get("configurations", ())]
        return {"LaunchConfigurations": _named(rows, "LaunchConfigurationName", asked)}

    def DescribeLaunchTemplateVersions(self, asked: Any) -> Any:
        named = {"LaunchTemplateId": "lt-1", "LaunchTemplateName": "prod-webapp", "CreateTime": CREATED}
        # One that is asked for by its number is there where a case is not about versions.
        numbers = (text for key, text in asked.items() if key.startswith("LaunchTemplateVersion.") and text.isdigit())
        usual = [{"VersionNumber": int(text), "LaunchTemplateData": {}} for text in numbers]
        made = [named | row for row in self._case.get("versions", usual)]
        made = [row for row in made if row["LaunchTemplateId"] == asked["LaunchTemplateId"]]
        if not made:
            told = f"The launch template {asked['LaunchTemplateId']} does not exist"
            return _failed("InvalidLaunchTemplateId.NotFound", told)
        rows = [row | {"LaunchTemplateData": _encoded(row["LaunchTemplateData"])} for row in made]
        return {"LaunchTemplateVersions": rows}

    def DescribeLaunchTemplates(self, _asked: Any) -> Any:
        named = {"LaunchTemplateId": "lt-1", "LaunchTemplateName": "prod-webapp"}
        return {"LaunchTemplates": [named] if self._case.get("versions") else []}

    def DescribeInstances(self, _asked: Any) -> Any:
        rows = [{"State": {"Name": "running"}, **row} for row in self._case.get("instances", ())]
        return {"Reservations": [{"Instances": rows}]}

    def DescribeInstanceRefreshes(self, _asked: Any) -> Any:
        return {"InstanceRefreshes": self._case.get("refreshes", [])}

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
        return {"Subnets": self._case.get("subnets", [])}

    def DescribeLifecycleHooks(self, _asked: Any) -> Any:
        return {"LifecycleHooks": self._case.get("hooks", [])}

    def ListInstanceProfiles(self, _asked: Any) -> Any:
        names = {"shop", "web", *re.findall(r"iam_profile: ([\w-]+)", self._case["udo.yml"])}
        return {
            "InstanceProfiles": [{"InstanceProfileName": name} for name in names - set(self._case.get("absent", ()))]
        }

    def GetParameters(self, asked: Any) -> Any:
        rows = self._case.get("parameters", {})
        return {"Parameters": [{"Name": name, "Value": rows[name]} for name in asked["Names"] if name in rows]}

    def GetCallerIdentity(self, _asked: Any) -> Any:
        return {"Account": "123456789012", "Arn": "arn:aws:iam::123456789012:user/me"}

    def GetDeploymentGroup(self, asked: Any) -> Any:
        found = self._deployment_groups([asked["deploymentGroupName"]])
        if not found:
            told = f"No Deployment Group found for name: {asked['deploymentGroupName']}"
            return _failed("DeploymentGroupDoesNotExistException", told)
        return {"deploymentGroupInfo": found[0]}

    def BatchGetDeploymentGroups(self, asked: Any) -> Any:
        return {"deploymentGroupsInfo": self._deployment_groups(asked["deploymentGroupNames"])}

    def ListDeployments(self, asked: Any) -> Any:
        wanted = asked.get("includeOnlyStatuses")
        rows = self._deployments()
        return {"deployments": [row["deploymentId"] for row in rows if not wanted or row["status"] in wanted]}

    def BatchGetDeployments(self, asked: Any) -> Any:
        return {
            "deploymentsInfo": [row for row in self._deployments() if row["deploymentId"] in asked["deploymentIds"]]
        }

    def ListDeploymentTargets(self, asked: Any) -> Any:
        """Those of a deployment that it succeeded on."""
        return {"targetIds": self._case.get("reached", {}).get(asked["deploymentId"], [])}

    def _deployment_groups(self, names: list[str]) -> list[dict[str, Any]]:
        """Without a word of a case there is the one of prod webapp, of its group."""
        usual = [{"deploymentGroupName": "prod-webapp", "autoScalingGroups": ["prod-webapp"]}]
        return [
            {
                "applicationName": "shop",
                **row,
                "autoScalingGroups": [{"name": name} for name in row["autoScalingGroups"]],
            }
            for row in self._case.get("deployment_groups", usual)
            if row["deploymentGroupName"] in names
        ]

    def _deployments(self) -> list[dict[str, Any]]:
        """Newest first, as a case names them, an hour apart."""
        rows = self._case.get("deployments", ())
        ages = (CREATED - datetime.timedelta(hours=number) for number in range(len(rows)))
        return [{**DEPLOYMENT, "createTime": at, **row} for at, row in zip(ages, rows, strict=True)]

    def _object(self, params: Mapping[str, Any]) -> Any:
        version = params["query_string"].get("versionId")
        name = params["url"].split("?")[0].partition("://")[2]
        for stored, rows in self._case.get("objects", {}).items():
            bucket, _, key = stored.partition("/")
            if name.startswith(bucket) and name.endswith(key):
                found = [row for row in rows if version in (None, row.get("VersionId"))]
                return _answered(found[0]) if found else _failed("404", "Not Found", 404)
        return _failed("404", "Not Found", 404)

    def _there(self, asked: Any) -> list[str]:
        """What is asked for, but for what the case says is absent."""
        values = [str(value) for key, value in asked.items() if ".Value." in key]
        return [value for value in values if value not in self._case.get("absent", ())]


class _Http:
    def __init__(self, status: int) -> None:
        self.status_code = status


def _answered(found: Any) -> Any:
    return found if isinstance(found, tuple) else (_Http(200), found)


def _failed(code: str, message: str, status: int = 400) -> Any:
    return _Http(status), {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}


def _named(rows: list[dict[str, Any]], key: str, asked: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of the names asked for; all of them where none is."""
    names = [value for name, value in asked.items() if ".member." in name]
    return [row for row in rows if not names or row[key] in names]


def _encoded(row: Mapping[str, Any]) -> dict[str, Any]:
    told = {key: base64.b64encode(row[key].encode()).decode() for key in ("UserData",) if row.get(key)}
    return {**row, **told}
