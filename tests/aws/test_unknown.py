"""Elements of AWS's answers that this botocore does not know are noticed, and only those."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from launch_worlds import WORLDS, group

from udo.aws import Aws
from udo.errors import UdoError
from udo.model.launch import LaunchTemplateVersion

CONFIGURATIONS = """<?xml version="1.0"?>
<DescribeLaunchConfigurationsResponse xmlns="http://autoscaling.amazonaws.com/doc/2011-01-01/">
  <DescribeLaunchConfigurationsResult><LaunchConfigurations>
    <member><LaunchConfigurationName>plain</LaunchConfigurationName><ImageId>ami-1</ImageId><NewAndEmpty/></member>
    <member>
      <LaunchConfigurationName>newer</LaunchConfigurationName><ImageId>ami-1</ImageId>
      <CpuCredits>unlimited</CpuCredits>
      <MetadataOptions><HttpTokens>required</HttpTokens><HttpShield>on</HttpShield></MetadataOptions>
      <BlockDeviceMappings><member><DeviceName>/dev/xvda</DeviceName>
        <Ebs><VolumeSize>8</VolumeSize><Warmth><Degree>3</Degree></Warmth></Ebs></member></BlockDeviceMappings>
    </member>
  </LaunchConfigurations></DescribeLaunchConfigurationsResult>
  <ResponseMetadata><RequestId>r</RequestId></ResponseMetadata>
</DescribeLaunchConfigurationsResponse>"""

VERSIONS = """<?xml version="1.0"?>
<DescribeLaunchTemplateVersionsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">
  <requestId>r</requestId>
  <launchTemplateVersionSet>
    <item><launchTemplateId>lt-1</launchTemplateId><versionNumber>1</versionNumber>
      <launchTemplateData><imageId>ami-1</imageId></launchTemplateData></item>
    <item><launchTemplateId>lt-1</launchTemplateId><versionNumber>2</versionNumber><reviewed>yes</reviewed>
      <launchTemplateData><imageId>ami-1</imageId><sparkle>3</sparkle>
        <networkInterfaceSet><item><deviceIndex>0</deviceIndex><shimmer>x</shimmer></item></networkInterfaceSet>
      </launchTemplateData></item>
  </launchTemplateVersionSet>
</DescribeLaunchTemplateVersionsResponse>"""


@contextmanager
def answering(body: str, status: int = 200) -> Iterator[Aws]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: Any) -> None:
            return

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield Aws(region="us-west-2", endpoint=f"http://127.0.0.1:{server.server_port}", credentials=("k", "s"))
        finally:
            server.shutdown()
            thread.join()


def test_unknown_elements_of_a_launch_configuration_are_named_by_their_paths() -> None:
    with answering(CONFIGURATIONS) as aws:
        found = aws.autoscaling.launch_configurations()
    assert found["plain"].unknown == ()
    assert found["newer"].unknown == ("CpuCredits", "MetadataOptions.HttpShield", "BlockDeviceMappings.Ebs.Warmth")
    assert found["newer"].data["MetadataOptions"] == {"HttpTokens": "required"}


def test_unknown_elements_of_a_template_version_are_those_of_its_launch_data() -> None:
    with answering(VERSIONS) as aws:
        newer, older = aws.ec2.launch_template_versions("lt-1")
    assert older.unknown == ()
    assert newer.unknown == ("sparkle", "NetworkInterfaces.shimmer")


@pytest.mark.parametrize(("body", "status"), [("<html>not what you asked for", 200), ("", 200), ("<Error/>", 400)])
def test_an_answer_that_is_none_fails_as_it_would_without_the_hook(
    monkeypatch: pytest.MonkeyPatch, body: str, status: int
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with answering(body, status) as aws, pytest.raises(UdoError):
        aws.autoscaling.launch_configurations()


@pytest.mark.whole
@pytest.mark.parametrize("kind", WORLDS)
def test_what_the_sandbox_answers_is_known(world: Any, kind: str) -> None:
    WORLDS[kind](world)
    aws = Aws(region="us-west-2", prepare=world.attach)
    found: list[Any] = list(aws.autoscaling.launch_configurations().values())
    if kind != "configuration":
        row = group(world)
        mixed = row.get("MixedInstancesPolicy", {}).get("LaunchTemplate", {}).get("LaunchTemplateSpecification")
        versions = aws.ec2.launch_template_versions((mixed or row["LaunchTemplate"])["LaunchTemplateId"])
        assert isinstance(versions[0], LaunchTemplateVersion)
        found += versions
    assert [one for one in found if one.unknown] == []
