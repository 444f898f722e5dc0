"""An AWS account to try rules on: strict or raw moto, told apart only by what it answers."""

from __future__ import annotations

import base64
import functools
import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError

ZONE = "us-west-2a"
ROLE = "arn:aws:iam::123456789012:role/deployer"


class Broken(AssertionError):
    """The rule does not hold here."""


class Account:
    """The clients of an account and the things most rules need; `world` is None on raw moto, where no time passes."""

    def __init__(self, client: Callable[..., Any], world: Any = None) -> None:
        self._client = client
        self._world = world
        self._image = ""

    def __getattr__(self, service: str) -> Any:
        return self._client(service)

    def user(self, *statements: dict[str, Any], name: str = "operator") -> Account:
        """The account as a user sees it whose policy has these statements; its own sandbox goes by policies then."""
        self.iam.create_user(UserName=name)
        document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
        self.iam.put_user_policy(UserName=name, PolicyName="given", PolicyDocument=document)
        if self._world is not None:
            self._world.goes_by_policies = True
        return self.signed(self.iam.create_access_key(UserName=name)["AccessKey"])

    def signed(self, keys: Mapping[str, str]) -> Account:
        """The account as whoever has these keys sees it."""

        def client(service: str, region: str = "us-west-2") -> Any:
            made = botocore.session.Session()
            made.set_credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys.get("SessionToken"))
            if self._world is not None:
                self._world.attach(made)
            return made.create_client(service, region_name=region, config=Config(retries={"total_max_attempts": 1}))

        return Account(functools.cache(client), self._world)

    def elsewhere(self, service: str, region: str) -> Any:
        """The client of a service in another region."""
        return self._client(service, region)

    def step(self, seconds: float) -> None:
        """Moves time on."""
        if self._world is not None:
            self._world.clock.step(seconds)
            self._world.advance()

    def delay(self, **seconds: float) -> None:
        """Sets how long things take."""
        if self._world is not None:
            from udo.sandbox import strict

            strict.delays.__dict__.update(seconds)

    def quota(self, **numbers: Any) -> None:
        """Sets what the account may hold."""
        if self._world is not None:
            from udo.sandbox import strict

            strict.quotas.__dict__.update(numbers)

    def fault(self, event: str = "ApplicationStart", **more: Any) -> None:
        """Makes a lifecycle event of the deployments to come fail, or such a deployment as a whole."""
        if self._world is not None:
            from udo.sandbox import strict

            strict.deployment_faults.add(strict.DeploymentFault(event=event, **more))

    def launch_fault(self, **words: Any) -> None:
        """Makes launches of groups fail."""
        if self._world is not None:
            from udo.sandbox import strict

            strict.launch_faults.add(strict.LaunchFault(**words))

    def unhealthy(self, instance_id: str) -> None:
        """Makes what runs on an instance fail the checks of its target groups."""
        if self._world is not None:
            from udo.sandbox.faults import InstanceFault

            self._world.faults.add(InstanceFault("unhealthy", instance_id))

    def agent_fault(self, kind: str, **words: Any) -> None:
        """Makes agents of Systems Manager go wrong, or the invocations of commands."""
        if self._world is not None:
            from udo.sandbox import strict

            strict.agent_faults.add(strict.AgentFault(kind, **words))

    def no_agent_faults(self) -> None:
        """Has all agents back."""
        if self._world is not None:
            from udo.sandbox import strict

            strict.agent_faults.clear()

    @property
    def functions(self) -> Any:
        """The client of Lambda, whose name is a word of Python's."""
        return self._client("lambda")

    def http(self, method: str, url: str, body: bytes = b"", **headers: str) -> tuple[int, dict[str, str], str]:
        """What is answered to who is not AWS's client: status, headers by small names, and body."""
        try:
            return _asked(self._world, method, url, body, headers)
        except Exception as error:
            raise Broken(f"nothing answers: {error!r}") from error

    def managed(self, size: int = 2, name: str = "web") -> list[str]:
        """Creates a group whose instances have an instance profile, and returns its members."""
        self.iam.create_instance_profile(InstanceProfileName=name)
        self.configuration(name, IamInstanceProfile=name)
        return self.group(name, size=size, LaunchConfigurationName=name, MaxSize=99)

    def send(self, ids: Sequence[str], *commands: str, wait: bool = True, **more: Any) -> str:
        """Sends a command to instances, or to targets where there are no ids, waits for its end, and returns its id."""
        given = {"commands": list(commands) or ["true"], **more.pop("given", {})}
        words: dict[str, Any] = {"DocumentName": "AWS-RunShellScript", "Parameters": given, **more}
        whom = {"InstanceIds": list(ids)} if ids else {}
        command = str(self.ssm.send_command(**whom, **words)["Command"]["CommandId"])
        if wait:
            self.settled(command)
        return command

    def settled(self, command: str) -> dict[str, Any]:
        """A command once it has ended; its scripts run in real time."""
        until = time.monotonic() + 20
        while True:
            found = dict(self.ssm.list_commands(CommandId=command)["Commands"][0])
            if found["Status"] not in ("Pending", "InProgress", "Cancelling"):
                return found
            if time.monotonic() > until:
                raise Broken(f"it does not end: {found['Status']} ({found['StatusDetails']})")
            time.sleep(0.005)

    def invoked(self, command: str, instance_id: str) -> dict[str, Any]:
        """An invocation as AWS describes it."""
        return dict(self.ssm.get_command_invocation(CommandId=command, InstanceId=instance_id))

    def statuses(self, command: str) -> list[str]:
        """The details of the statuses of a command's invocations."""
        found = accepted(self.ssm.list_command_invocations, CommandId=command)["CommandInvocations"]
        return [one["StatusDetails"] for one in found]

    def balanced(self, name: str = "front") -> str:
        """Creates a target group that a load balancer forwards to, and returns its ARN."""
        vpc = self.ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
        made = self.elbv2.create_target_group(Name=name, Protocol="HTTP", Port=80, VpcId=vpc)["TargetGroups"][0]
        subnets = [one["SubnetId"] for one in self.ec2.describe_subnets()["Subnets"]]
        balancer = self.elbv2.create_load_balancer(Name=name, Subnets=subnets)["LoadBalancers"][0]["LoadBalancerArn"]
        forward = {"Type": "forward", "TargetGroupArn": made["TargetGroupArn"]}
        self.elbv2.create_listener(LoadBalancerArn=balancer, Protocol="HTTP", Port=80, DefaultActions=[forward])
        return str(made["TargetGroupArn"])

    def targets(self, arn: str) -> list[str]:
        """The instances that are registered with a target group."""
        told = self.elbv2.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
        return [one["Target"]["Id"] for one in told if one["TargetHealth"]["State"] != "draining"]

    @property
    def image(self) -> str:
        """The id of an image that exists."""
        if not self._image:
            self._image = self.ec2.register_image(Name="one", Architecture="x86_64")["ImageId"]
        return self._image

    def configuration(self, name: str = "web", **more: Any) -> None:
        """Creates a launch configuration."""
        data = {"ImageId": self.image, "InstanceType": "t3.small"} | more
        self.autoscaling.create_launch_configuration(LaunchConfigurationName=name, **data)

    def template(self, name: str = "web", **data: Any) -> str:
        """Creates a launch template and returns its id."""
        data = {"ImageId": self.image, "InstanceType": "t3.small"} | data
        made = self.ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData=data)
        return str(made["LaunchTemplate"]["LaunchTemplateId"])

    def group(self, name: str = "web", size: int = 2, **more: Any) -> list[str]:
        """Creates a group, on a launch configuration of its name where no launch data is named; returns its members."""
        if not {"LaunchConfigurationName", "LaunchTemplate", "MixedInstancesPolicy"} & set(more):
            self.configuration(name)
            more["LaunchConfigurationName"] = name
        if "VPCZoneIdentifier" not in more:
            more.setdefault("AvailabilityZones", [ZONE])
        sizes = {"MinSize": 1, "MaxSize": 9, "DesiredCapacity": size}
        self.autoscaling.create_auto_scaling_group(AutoScalingGroupName=name, **(sizes | more))
        return self.members(name)

    def described(self, name: str = "web") -> dict[str, Any]:
        """A group as AWS describes it; empty where there is none."""
        found = self.autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
        return found[0] if found else {}

    def members(self, name: str = "web") -> list[str]:
        """The ids of a group's members."""
        return [one["InstanceId"] for one in self.described(name).get("Instances", [])]

    def update(self, name: str = "web", **more: Any) -> None:
        """Updates a group."""
        self.autoscaling.update_auto_scaling_group(AutoScalingGroupName=name, **more)

    def deployable(self, size: int = 2, zones: Sequence[str] = (ZONE,), **more: Any) -> list[str]:
        """Creates a group and a deployment group `web` of the application `shop` on it; returns the members."""
        members = self.group(size=size, AvailabilityZones=list(zones))
        self.codedeploy.create_application(applicationName="shop")
        self.codedeploy.create_deployment_group(
            applicationName="shop",
            deploymentGroupName="web",
            serviceRoleArn=ROLE,
            autoScalingGroups=["web"],
            **more,
        )
        return members

    def deploy(self, commit: str = "a" * 40, **more: Any) -> str:
        """Creates a deployment and returns its id."""
        revision = {"revisionType": "GitHub", "gitHubLocation": {"repository": "acme/shop", "commitId": commit}}
        words = {"applicationName": "shop", "deploymentGroupName": "web", "revision": revision} | more
        return str(self.codedeploy.create_deployment(**words)["deploymentId"])

    def events(self, deployment_id: str, instance_id: str) -> list[tuple[str, str]]:
        """The lifecycle events of a deployment on an instance, each with its status."""
        found = self.codedeploy.get_deployment_target(deploymentId=deployment_id, targetId=instance_id)
        events = found["deploymentTarget"]["instanceTarget"]["lifecycleEvents"]
        return [(event["lifecycleEventName"], event["status"]) for event in events]

    def deployments(self, creator: str | None = None) -> list[dict[str, Any]]:
        """Every deployment, newest first, or those of one creator."""
        ids = self.codedeploy.list_deployments()["deployments"]
        return [one for one in map(self.deployed, ids) if creator in (None, one["creator"])]

    def deployed(self, deployment_id: str) -> dict[str, Any]:
        """A deployment as AWS describes it."""
        return dict(self.codedeploy.get_deployment(deploymentId=deployment_id)["deploymentInfo"])


def _asked(world: Any, method: str, url: str, body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, str], str]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if world is None:
        import requests

        told = requests.request(method, url, data=body, headers=named, timeout=10)
        return told.status_code, {name.lower(): value for name, value in told.headers.items()}, told.text
    from moto.core.request import Request

    answer = world.answer(Request.from_primitives(method, url, named, body).environ)
    return answer.status, {name.lower(): value for name, value in answer.headers}, answer.body.decode()


def refused(call: Callable[..., Any], code: str, text: str = "", **params: Any) -> str:
    """Asserts that a call is refused with AWS's code, its message holding `text`, and returns the message."""
    try:
        call(**params)
    except ClientError as error:
        told = error.response["Error"]
        if told["Code"] != code or text not in told["Message"]:
            raise Broken(f"expected {code} ({text}), got {told['Code']}: {told['Message']}") from error
        return str(told["Message"])
    except Exception as error:
        raise Broken(f"crashed: {error!r}") from error
    raise Broken(f"accepted, instead of {code}")


def accepted(call: Callable[..., Any], **params: Any) -> Any:
    """Asserts that a call is accepted, and returns its answer."""
    try:
        return call(**params)
    except ClientError as error:
        raise Broken(f"refused: {error}") from error


def holds(condition: Any, what: str = "") -> None:
    """Asserts what a rule says."""
    if not condition:
        raise Broken(what or "it is not so")


def encoded(text: str | bytes) -> str:
    """Base64 of a text."""
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()
