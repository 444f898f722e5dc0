"""Bundles deployed by the sandbox's CodeDeploy: fetched, installed on its instances, and told of by its targets."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from udo.sandbox.agent.agent import ROOT

SMALL = """
region: us-west-2
ami: ami-0123456789abcdef0
app_name: shop
deploy: {application: shop, s3: {bucket: releases}}
clusters:
  prod:
    roles:
      webapp: {scale_policy: {min_size: 1, max_size: 3, desired: 2}, deployment_group: prod-webapp}
"""
SPEC = "version: 0.0\nos: linux\nfiles:\n  - {source: web, destination: /srv/app}\n"


def bundle(spec: str = SPEC, **files: str) -> bytes:
    """A tgz of an appspec and of files, those that end in _sh scripts."""
    kept = io.BytesIO()
    with tarfile.open(fileobj=kept, mode="w:gz") as made:
        for name, content in {"appspec.yml": spec, "web/index.html": "hello\n", **files}.items():
            info = tarfile.TarInfo(name.replace("_sh", ".sh"))
            info.size, info.mode = len(content.encode()), 0o755 if name.endswith("_sh") else 0o644
            made.addfile(info, io.BytesIO(content.encode()))
    return kept.getvalue()


def hook(event: str, script: str = "h.sh") -> str:
    return f"{SPEC}hooks:\n  {event}:\n    - location: {script}\n"


class Shop:
    """A seeded world whose deployments are real."""

    def __init__(self, world: Any, aws: Callable[..., Any]) -> None:
        self.world, self.codedeploy, self.s3 = world, aws("codedeploy"), aws("s3")

    def put(self, data: bytes, key: str = "app.tgz") -> Mapping[str, str]:
        tag = self.s3.put_object(Bucket="releases", Key=key, Body=data)["ETag"]
        return {"bucket": "releases", "key": key, "bundleType": key.rpartition(".")[2], "eTag": tag}

    def deploy(self, location: Mapping[str, str], **more: Any) -> Any:
        revision = {"revisionType": "S3", "s3Location": location}
        return self.ended(revision, **more)

    def ended(self, revision: Mapping[str, Any], **more: Any) -> Any:
        made = self.codedeploy.create_deployment(
            applicationName="shop", deploymentGroupName="prod-webapp", revision=revision, **more
        )["deploymentId"]
        self.world.clock.step(600)
        found = self.codedeploy.get_deployment(deploymentId=made)["deploymentInfo"]
        assert found["status"] in ("Succeeded", "Failed"), found
        return found

    def events(self, deployment: Mapping[str, Any]) -> dict[str, Any]:
        """The events of the first target, by name."""
        made = deployment["deploymentId"]
        ids = self.codedeploy.list_deployment_targets(deploymentId=made)["targetIds"]
        told = self.codedeploy.batch_get_deployment_targets(deploymentId=made, targetIds=ids)["deploymentTargets"]
        first = min(told, key=lambda one: one["instanceTarget"]["lastUpdatedAt"])["instanceTarget"]
        return {event["lifecycleEventName"]: event for event in first["lifecycleEvents"]}

    def folders(self) -> list[Path]:
        return [self.world.hosts.place(one).folder for one in self.world.instances() if one.state == "running"]


@pytest.fixture
def shop(world: Any, ssh: Any, seeded: Any, aws: Callable[..., Any]) -> Iterator[Shop]:
    seeded(SMALL)
    yield Shop(world, aws)
    world.agents.reset()


def test_a_bundle_lands_on_every_instance_and_its_hooks_run_there(shop: Shop) -> None:
    told = shop.deploy(shop.put(bundle(hook("AfterInstall"), h_sh="#!/bin/sh\nhostname > /srv/app/name\n")))
    assert told["status"] == "Succeeded"
    assert len(shop.folders()) == 2
    assert [(one / "srv/app/index.html").read_text() for one in shop.folders()] == ["hello\n"] * 2
    assert len({(one / "srv/app/name").read_text() for one in shop.folders()}) == 2
    event = shop.events(told)["AfterInstall"]
    assert event["diagnostics"] == {"errorCode": "Success", "scriptName": "", "message": "Succeeded: ", "logTail": ""}


def test_a_restart_runs_the_scripts_of_the_bundle_installed_last(shop: Shop) -> None:
    started = {"h_sh": "#!/bin/sh\necho $LIFECYCLE_EVENT >> /srv/app/started\n"}
    shop.deploy(shop.put(bundle(hook("ApplicationStart"), **started)))
    words = {"applicationName": "shop", "deploymentGroupName": "prod-webapp", "deploymentMode": "RESTART"}
    made = shop.codedeploy.create_deployment(**words)["deploymentId"]
    shop.world.clock.step(600)
    assert shop.codedeploy.get_deployment(deploymentId=made)["deploymentInfo"]["status"] == "Succeeded"
    for one in shop.folders():
        assert (one / "srv/app/started").read_text() == "ApplicationStart\n" * 2


def test_a_newcomer_has_the_bundle_before_it_is_in_service(shop: Shop, aws: Callable[..., Any]) -> None:
    shop.deploy(shop.put(bundle()))
    aws("autoscaling").set_desired_capacity(AutoScalingGroupName="prod-webapp", DesiredCapacity=3)
    shop.world.clock.step(3)
    shop.world.advance()
    group = aws("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"][0]
    assert sorted(one["LifecycleState"] for one in group["Instances"]) == ["InService", "InService", "Pending:Wait"]
    shop.world.clock.step(600)
    group = aws("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"][0]
    assert [one["LifecycleState"] for one in group["Instances"]] == ["InService"] * 3
    assert [(one / "srv/app/index.html").read_text() for one in shop.folders()] == ["hello\n"] * 3


def test_an_instance_that_leaves_stops_what_it_has(shop: Shop, aws: Callable[..., Any]) -> None:
    words = {"applicationName": "shop", "currentDeploymentGroupName": "prod-webapp"}
    shop.codedeploy.update_deployment_group(**words, terminationHookEnabled=True)
    shop.deploy(shop.put(bundle(hook("ApplicationStop"), h_sh="#!/bin/sh\necho gone > /srv/app/stopped\n")))
    before = shop.folders()
    aws("autoscaling").set_desired_capacity(AutoScalingGroupName="prod-webapp", DesiredCapacity=1)
    shop.world.clock.step(5)
    shop.world.advance()
    assert sorted((one / "srv/app/stopped").exists() for one in before) == [False, True]


def test_a_failing_hook_is_told_with_its_script_and_the_last_of_its_log(shop: Shop) -> None:
    spec = hook("ValidateService")
    told = shop.deploy(shop.put(bundle(spec, h_sh="#!/bin/sh\necho looking; echo no >&2; exit 3\n")))
    assert told["status"] == "Failed"
    diagnostics = shop.events(told)["ValidateService"]["diagnostics"]
    assert diagnostics["errorCode"] == "ScriptFailed"
    assert diagnostics["scriptName"] == "h.sh"
    assert diagnostics["message"] == "Script at specified location: h.sh failed with exit code 3"
    assert sorted(diagnostics["logTail"].splitlines()) == [
        "LifecycleEvent - ValidateService",
        "Script - h.sh",
        "[stderr]no",
        "[stdout]looking",
    ]


def test_a_hook_knows_where_its_bundle_is_from(shop: Shop) -> None:
    location = shop.put(bundle(hook("AfterInstall"), h_sh="#!/bin/sh\nenv > /srv/app/env\n"))
    told = shop.deploy(location)
    known = dict(line.split("=", 1) for line in (shop.folders()[0] / "srv/app/env").read_text().splitlines())
    assert known["BUNDLE_BUCKET"] == "releases"
    assert known["BUNDLE_KEY"] == "app.tgz"
    assert known["BUNDLE_ETAG"] == location["eTag"]
    assert "BUNDLE_VERSION" not in known
    assert known["DEPLOYMENT_ID"] == told["deploymentId"]
    assert known["APPLICATION_NAME"] == "shop"
    assert known["DEPLOYMENT_GROUP_NAME"] == "prod-webapp"


def test_the_stop_hook_is_that_of_the_bundle_before(shop: Shop) -> None:
    stops = hook("ApplicationStop")
    shop.deploy(shop.put(bundle(stops, h_sh="#!/bin/sh\necho first >> /srv/stopped\n"), "1.tgz"))
    assert not (shop.folders()[0] / "srv/stopped").exists()
    shop.deploy(shop.put(bundle(stops, h_sh="#!/bin/sh\necho second >> /srv/stopped\n"), "2.tgz"))
    assert (shop.folders()[0] / "srv/stopped").read_text() == "first\n"


def test_a_failing_stop_hook_blocks_the_next_deployment_unless_it_is_ignored(shop: Shop) -> None:
    shop.deploy(shop.put(bundle(hook("ApplicationStop"), h_sh="#!/bin/sh\nexit 1\n"), "1.tgz"))
    told = shop.deploy(shop.put(bundle(), "2.tgz"))
    assert told["status"] == "Failed"
    assert shop.events(told)["ApplicationStop"]["status"] == "Failed"
    assert shop.deploy(shop.put(bundle(), "2.tgz"), ignoreApplicationStopFailures=True)["status"] == "Succeeded"


def test_what_is_no_archive_fails_at_its_download(shop: Shop) -> None:
    told = shop.deploy(shop.put(b"not an archive"))
    diagnostics = shop.events(told)["DownloadBundle"]["diagnostics"]
    assert (diagnostics["errorCode"], diagnostics["message"]) == ("UnknownError", "Error extracting tar archive: 2")


def test_a_file_that_is_there_already_fails_the_install_unless_the_deployment_overwrites(shop: Shop) -> None:
    for folder in shop.folders():
        (folder / "srv/app").mkdir(parents=True)
        (folder / "srv/app/index.html").write_text("theirs")
    told = shop.deploy(shop.put(bundle()))
    assert (
        "already exists at this location: /srv/app/index.html" in shop.events(told)["Install"]["diagnostics"]["message"]
    )
    assert shop.deploy(shop.put(bundle()), fileExistsBehavior="OVERWRITE")["status"] == "Succeeded"


def test_a_commit_comes_from_a_clone_in_place_of_github(shop: Shop, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    commit = committed(clone, {"appspec.yml": hook("AfterInstall"), "web/index.html": "committed\n"}, "$BUNDLE_COMMIT")
    shop.world.agents.clones = {"acme/shop": clone}
    try:
        location = {"repository": "acme/shop", "commitId": commit}
        told = shop.ended({"revisionType": "GitHub", "gitHubLocation": location})
        assert told["status"] == "Succeeded"
        assert (shop.folders()[0] / "srv/app/index.html").read_text() == "committed\n"
        assert (shop.folders()[0] / "srv/told").read_text() == f"{commit}\n"
        location["commitId"] = "0" * 40
        told = shop.ended({"revisionType": "GitHub", "gitHubLocation": location})
        assert "404 'Not Found'" in shop.events(told)["DownloadBundle"]["diagnostics"]["message"]
    finally:
        shop.world.agents.clones = {}


def test_a_repository_without_a_clone_is_deployed_as_if(shop: Shop) -> None:
    location = {"repository": "acme/shop", "commitId": "1" * 40}
    assert shop.ended({"revisionType": "GitHub", "gitHubLocation": location})["status"] == "Succeeded"
    assert not (shop.folders()[0] / ROOT.lstrip("/")).exists()


def committed(clone: Path, files: Mapping[str, str], told: str) -> str:
    for name, content in files.items():
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        (clone / name).write_text(content)
    (clone / "h.sh").write_text(f"#!/bin/sh\necho {told} > /srv/told\n")
    identity = {
        "GIT_AUTHOR_NAME": "a",
        "GIT_AUTHOR_EMAIL": "a@b",
        "GIT_COMMITTER_NAME": "a",
        "GIT_COMMITTER_EMAIL": "a@b",
    }
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "x"]):
        subprocess.run(["git", "-C", str(clone), *words], check=True, env={**os.environ, **identity})
    told = subprocess.run(["git", "-C", str(clone), "rev-parse", "HEAD"], check=True, stdout=-1, text=True).stdout
    return told.strip()


def test_behind_a_load_balancer_the_events_of_traffic_run_their_hooks_too(shop: Shop) -> None:
    shop.codedeploy.update_deployment_group(
        applicationName="shop",
        currentDeploymentGroupName="prod-webapp",
        deploymentStyle={"deploymentType": "IN_PLACE", "deploymentOption": "WITH_TRAFFIC_CONTROL"},
        loadBalancerInfo={"elbInfoList": [{"name": "lb"}]},
    )
    names = ("BeforeBlockTraffic", "AfterBlockTraffic", "BeforeAllowTraffic", "AfterAllowTraffic")
    spec = SPEC + "hooks:\n" + "".join(f"  {name}: [{{location: h.sh}}]\n" for name in names)
    data = bundle(spec, h_sh="#!/bin/sh\necho $LIFECYCLE_EVENT >> /srv/traffic\n")
    for key in ("1.tgz", "2.tgz"):
        told = shop.deploy(shop.put(data, key))
        assert told["status"] == "Succeeded", shop.events(told)
    assert (shop.folders()[0] / "srv/traffic").read_text().split() == [*names[2:], *names]


def test_an_instance_may_have_users_that_this_machine_has_not(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = f"{SPEC}permissions:\n  - {{object: /srv/app, owner: nginx-x, type: [file]}}\nhooks:\n  AfterInstall:\n"
    spec += "    - {location: h.sh, runas: nginx-x}\n"
    data = bundle(spec, h_sh='#!/bin/sh\ncd /; echo "$HOME $USER" > /tmp/who; id -un >> /tmp/who\n')
    told = shop.deploy(shop.put(data))
    assert shop.events(told)["Install"]["diagnostics"]["message"] == "can't find user for nginx-x"
    shop.world.agents.reset()
    monkeypatch.setattr(shop.world.agents, "users", ("nginx-x", "root"))
    told = shop.deploy(shop.put(data))
    assert told["status"] == "Succeeded", shop.events(told)
    who = (shop.folders()[0] / "tmp/who").read_text().split()
    assert who[0] == "/home/nginx-x"
    if os.geteuid() == 0:
        assert who[-1] == "nginx-x"
        assert (shop.folders()[0] / "srv/app/index.html").stat().st_uid > 60_000


@pytest.mark.parametrize(
    ("kind", "event", "told"),
    [
        ("agent-lost", "ApplicationStop", "was not able to receive the lifecycle event"),
        ("disk-full", "DownloadBundle", "The disk is (or was) full"),
        ("bundle-gone", "DownloadBundle", "The specified key does not exist"),
        ("hook-hangs", "ApplicationStop", "failed to complete in 3600 seconds"),
        ("dies-at", "ApplicationStop", "was not able to receive the lifecycle event"),
    ],
)
def test_what_goes_wrong_with_an_agent_on_demand(shop: Shop, kind: str, event: str, told: str) -> None:
    shop.world.agents.troubles.add({"kind": kind})
    shop.world.clock.step(1)
    location = shop.put(bundle(hook("AfterInstall"), h_sh="#!/bin/sh\n"))
    made = shop.codedeploy.create_deployment(
        applicationName="shop",
        deploymentGroupName="prod-webapp",
        revision={"revisionType": "S3", "s3Location": location},
    )["deploymentId"]
    for _ in range(40):
        shop.world.clock.step(200)
        found = shop.codedeploy.get_deployment(deploymentId=made)["deploymentInfo"]
        if found["status"] == "Failed":
            break
    assert found["status"] == "Failed"
    assert told in shop.events(found)[event]["diagnostics"]["message"]


def test_a_slow_agent_takes_longer_for_each_event(shop: Shop) -> None:
    shop.world.agents.troubles.add({"kind": "agent-slow", "seconds": 50.0})
    made = shop.codedeploy.create_deployment(
        applicationName="shop",
        deploymentGroupName="prod-webapp",
        revision={"revisionType": "S3", "s3Location": shop.put(bundle())},
    )["deploymentId"]
    shop.world.clock.step(60)
    assert shop.codedeploy.get_deployment(deploymentId=made)["deploymentInfo"]["status"] == "InProgress"
    shop.world.clock.step(2 * 7 * 50)
    assert shop.codedeploy.get_deployment(deploymentId=made)["deploymentInfo"]["status"] == "Succeeded"


def test_without_bubblewrap_hooks_are_listed_and_the_deployment_says_so(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    from udo.sandbox.agent.confine import Way

    monkeypatch.setattr(shop.world.agents, "_way", Way(why="this machine has no bubblewrap (bwrap)"))
    told = shop.deploy(shop.put(bundle(hook("AfterInstall"), h_sh="#!/bin/sh\ntouch /srv/app/ran; exit 1\n")))
    assert told["status"] == "Succeeded"
    message = shop.events(told)["AfterInstall"]["diagnostics"]["message"]
    assert "not run: h.sh (this machine has no bubblewrap" in message
    assert "--run-hooks-unconfined" in message
    assert not (shop.folders()[0] / "srv/app/ran").exists()
    assert shop.world.agents.remarks() == [
        "the hooks of bundles are listed, not run: this machine has no bubblewrap (bwrap)"
    ]


def test_unconfined_hooks_run_where_the_files_really_are(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shop.world.agents, "unconfined", True)
    told = shop.deploy(shop.put(bundle(hook("AfterInstall"), h_sh='#!/bin/sh\npwd; dirname "$0" > told\n')))
    assert told["status"] == "Succeeded", shop.events(told)
    folder = shop.folders()[0]
    assert (folder / "told").read_text().startswith(f"{folder}{ROOT}")


@pytest.mark.parametrize(
    ("name", "told"),
    [("../x", "leads out of it"), ("link/x", "leads out of it by a link"), ("huge", "larger than 2 GB")],
)
def test_an_archive_that_would_harm_this_machine_is_refused(shop: Shop, name: str, told: str) -> None:
    kept = io.BytesIO()
    with tarfile.open(fileobj=kept, mode="w") as made:
        if name.startswith("link"):
            link = tarfile.TarInfo("link")
            link.type, link.linkname = tarfile.SYMTYPE, "/tmp"
            made.addfile(link)
        info = tarfile.TarInfo(name)
        made.addfile(info, io.BytesIO())
    data = kept.getvalue()
    if name == "huge":
        info.size = 3 * 1024**3
        data = info.tobuf() + bytes(1024)
    found = shop.deploy(shop.put(data, "app.tar"))
    assert told in shop.events(found)["DownloadBundle"]["diagnostics"]["message"]


def test_a_zip_that_unpacks_to_more_than_the_disk_is_refused(shop: Shop) -> None:
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w") as made:
        info = zipfile.ZipInfo("bomb")
        made.writestr(info, "x")
    data = bytearray(kept.getvalue())
    # The size unpacked, as the directory at the end has it.
    at = data.rindex(b"PK\x01\x02") + 24
    data[at : at + 4] = (0xF0000000).to_bytes(4, "little")
    found = shop.deploy(shop.put(bytes(data), "app.zip"))
    assert "larger than 2 GB" in shop.events(found)["DownloadBundle"]["diagnostics"]["message"]
