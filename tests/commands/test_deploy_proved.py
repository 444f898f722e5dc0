"""A bundle that fails at each event, on the first, a middle, the last or every instance: told, kept, and mended."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import pytest
from rehearsal import Rehearsal, bundle, rehearsal  # noqa: F401 - a fixture
from whole import rows

from udo.deploy.codes import OF_THE_LAST
from udo.sandbox.strict import DeploymentFault
from udo.sandbox.strict.codedeploy.faults import deployment_faults

EVENTS = (
    *("ApplicationStop", "DownloadBundle", "BeforeInstall", "Install", "AfterInstall", "ApplicationStart"),
    "ValidateService",
)
TRAFFIC = (
    *("BeforeBlockTraffic", "BlockTraffic", "AfterBlockTraffic"),
    *("BeforeAllowTraffic", "AllowTraffic", "AfterAllowTraffic"),
)
WHERE = ("first", "middle", "last", "all")
SAYS = "no port is free"
BALANCED = {
    "deploymentStyle": {"deploymentType": "IN_PLACE", "deploymentOption": "WITH_TRAFFIC_CONTROL"},
    "loadBalancerInfo": {"elbInfoList": [{"name": "lb"}]},
}


@dataclass(frozen=True)
class Failing:
    """How an event is made to fail, how that is told, and how it is mended."""

    event: str

    @property
    def how(self) -> str:
        """What stands in brackets."""
        match self.event:
            case "DownloadBundle":
                return "The disk is (or was) full during extraction"
            case "Install":
                return "/srv/app/new.html is in the way"
            case "BlockTraffic" | "AllowTraffic":
                return "the load balancer refuses it"
        return f"scripts/{self.event}, exit 3"

    @property
    def remedy(self) -> str:
        """What is to be done about it, empty where the last lines tell."""
        if self.event in OF_THE_LAST:
            return "deploy.ignore_stop_failures: true deploys although it fails"
        return {"DownloadBundle": "make room", "Install": "--file-exists overwrite"}.get(self.event, "")

    def begin(self, shop: Rehearsal, ids: Collection[str]) -> None:
        """From now on it fails on these instances."""
        for one in ids:
            match self.event:
                case "DownloadBundle":
                    shop.world.agents.troubles.add({"kind": "disk-full", "event": self.event, "instance_id": one})
                case "Install":
                    (shop.folder(one) / "srv/app/new.html").write_text("theirs")
                case "BlockTraffic" | "AllowTraffic":
                    fault = DeploymentFault(self.event, one, error_code="UnknownError", message=self.how)
                    deployment_faults.add(fault)
                case _:
                    shop.fail(self.event, [one], f"{SAYS}\n")

    def mend(self, shop: Rehearsal) -> None:
        """The instances are as they should be again."""
        shop.world.agents.troubles.clear()
        deployment_faults.clear()
        if self.event in OF_THE_LAST:
            shop.mend()
        for one in shop.members():
            place = shop.folder(one) / "srv/app/new.html"
            if place.exists() and place.read_text() == "theirs":
                place.unlink()

    def bundles(self) -> tuple[bytes, bytes, bytes]:
        """The one before, the one that fails, and the mended one."""
        hooks = () if self.how.startswith(("The", "the", "/")) else (self.event,)
        last = self.event in OF_THE_LAST
        new = {"web_new.html": "new"}
        return (
            bundle(*(hooks if last else ())),
            bundle(*(() if last else hooks), page="second\n", **new),
            bundle(*hooks, page="mended\n", mends=True, **new),
        )


@pytest.mark.whole
@pytest.mark.parametrize(
    ("event", "where"),
    rows(
        [(event, where) for event in (*EVENTS, *TRAFFIC) for where in WHERE],
        [(event, WHERE[number % 4]) for number, event in enumerate((*EVENTS, *TRAFFIC)) if number % 5 == 0],
    ),
)
def test_what_fails_is_told_folded_and_kept_and_the_mended_revision_reaches_all(
    rehearsal: Rehearsal,  # noqa: F811
    event: str,
    where: str,
) -> None:
    failing = Failing(event)
    before, broken, mended = failing.bundles()
    if event in TRAFFIC:
        rehearsal.configure(**BALANCED)
    assert rehearsal.deploy(rehearsal.put("a", before)).exit == 0
    members = rehearsal.members()
    ids = {"first": members[:1], "middle": members[1:2], "last": members[3:], "all": members}[where]
    failing.begin(rehearsal, ids)
    config = "AllAtOnce" if where == "all" else "OneAtATime"
    rehearsal.configure(deploymentConfigName=f"CodeDeployDefault.{config}")
    done = rehearsal.deploy(rehearsal.put("b", broken))
    # The last one of a deployment that goes one at a time may fail: CodeDeploy calls it a success.
    assert done.exit == (3 if where == "last" else 1), done.stderr
    last = done.stderr.splitlines()[-1]
    who = "4 of 4" if where == "all" else ids[0]
    assert f"{who} failed in {event} ({failing.how})" in last
    assert ("udo rollback prod webapp --code brings back a.tgz" in last) == (where != "last")
    story(failing, who, done.stdout)
    again = rehearsal.why()
    story(failing, who, again)
    assert f"ago  deployment {rehearsal.deployments()[0]['deploymentId']} of b.tgz: " in again
    failing.mend(rehearsal)
    done = rehearsal.deploy(rehearsal.put("b", mended))
    assert done.exit == 0, done.stderr
    assert rehearsal.pages() == {"mended\n"}
    assert "since then: deployment" in rehearsal.why()


def story(failing: Failing, who: str, text: str) -> None:
    """Checks that it is told once, with its remedy, on a screen of eighty columns."""
    lines = [line for line in text.splitlines() if not line.startswith("deployment ")]
    assert max(map(len, lines)) <= 80, lines
    told = " ".join(text.split())
    assert told.count(f"{who} failed in {failing.event} ({failing.how})") == 1
    assert told.count(SAYS) == failing.how.startswith("scripts/")
    assert told.count("same last lines:") == (who == "4 of 4" and failing.how.startswith("scripts/"))
    assert told.count(failing.remedy) == 1 if failing.remedy else True


@pytest.mark.whole
def test_the_odd_one_stands_apart_from_those_that_failed_alike(rehearsal: Rehearsal) -> None:  # noqa: F811
    assert rehearsal.deploy(rehearsal.put("a", bundle("ApplicationStop"))).exit == 0
    rehearsal.configure(deploymentConfigName="CodeDeployDefault.AllAtOnce")
    *alike, odd, fine = rehearsal.members()
    rehearsal.fail("ApplicationStart", alike)
    rehearsal.fail("ApplicationStop", [odd], "will not stop\n")
    done = rehearsal.deploy(rehearsal.put("b", bundle("ApplicationStart")))
    assert done.exit == 3
    assert done.stdout.splitlines()[1:] == [
        "2 of 4 failed in ApplicationStart",
        "    (scripts/ApplicationStart, exit 3), same last lines:",
        f"    on {alike[0]}, {alike[1]}",
        "    [stderr]no port is free",
        f"{odd} failed in ApplicationStop",
        "    (scripts/ApplicationStop, exit 3):",
        "    [stderr]will not stop",
        "-> that script is of the revision before: deploy.ignore_stop_failures: true",
        "   deploys although it fails",
    ]
    told = rehearsal.udo("deploy", "prod", "webapp", "b", "-o", "json").json
    assert (told["exit"], {row["instance_id"] for row in told["data"]["targets"]}) == (1, {*alike, odd})
    rehearsal.mend()
    done = rehearsal.deploy("b")
    assert (done.exit, rehearsal.targets(rehearsal.deployments()[0]["deploymentId"]).keys()) == (0, {*alike, odd})
    assert (rehearsal.folder(fine) / "srv/app/index.html").exists()
