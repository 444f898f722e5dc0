"""AWS: the only importer of boto3 and botocore. Reads become model values, writes go through `call` alone."""

from __future__ import annotations

from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from udo.aws import undocumented
from udo.aws.shapes import copyable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from udo.aws.autoscaling import AutoScaling
    from udo.aws.callers import Callers
    from udo.aws.cloudformation import CloudFormation
    from udo.aws.cloudwatch import CloudWatch
    from udo.aws.codedeploy import CodeDeploy
    from udo.aws.ec2 import Ec2
    from udo.aws.elbv2 import Elbv2
    from udo.aws.named import Named
    from udo.aws.news import News
    from udo.aws.run_command import RunCommand
    from udo.aws.s3 import S3
    from udo.aws.simulation import Simulation
    from udo.aws.ssm import Ssm
    from udo.change.plan import Read

# The parts of Aws that read; each is imported when it is first asked.
SERVICES = (
    *("autoscaling", "callers", "cloudformation", "cloudwatch", "codedeploy", "ec2", "elbv2"),
    *("named", "news", "run_command", "s3", "simulation", "ssm"),
)


class Aws:
    """One account in one region; services as attributes for reading, `call` for writing."""

    def __init__(self, **settings: Any) -> None:
        undocumented.load()
        from udo.aws.connection import Connection

        self._connection = Connection(**settings)

    @cached_property
    def autoscaling(self) -> AutoScaling:
        """Reads of groups and launch configurations."""
        from udo.aws.autoscaling import AutoScaling

        return AutoScaling(self._connection)

    @cached_property
    def callers(self) -> Callers:
        """Reads of whose credentials are used."""
        from udo.aws.callers import Callers

        return Callers(self._connection)

    @cached_property
    def cloudformation(self) -> CloudFormation:
        """Reads of stacks, their events and change sets."""
        from udo.aws.cloudformation import CloudFormation

        return CloudFormation(self._connection)

    @cached_property
    def cloudwatch(self) -> CloudWatch:
        """Reads of alarms."""
        from udo.aws.cloudwatch import CloudWatch

        return CloudWatch(self._connection)

    @cached_property
    def codedeploy(self) -> CodeDeploy:
        """Reads of deployment groups, deployments and their targets."""
        from udo.aws.codedeploy import CodeDeploy

        return CodeDeploy(self._connection)

    @cached_property
    def ec2(self) -> Ec2:
        """Reads of instances, console output, launch template versions and images."""
        from udo.aws.ec2 import Ec2

        return Ec2(self._connection)

    @cached_property
    def elbv2(self) -> Elbv2:
        """Reads of how the targets of target groups are."""
        from udo.aws.elbv2 import Elbv2

        return Elbv2(self._connection)

    @cached_property
    def named(self) -> Named:
        """Reads of what a configuration names."""
        from udo.aws.named import Named

        return Named(self._connection)

    @cached_property
    def news(self) -> News:
        """Reads of whom topics and events reach."""
        from udo.aws.news import News

        return News(self._connection)

    @cached_property
    def run_command(self) -> RunCommand:
        """Reads of commands on instances, and of the agents that take them."""
        from udo.aws.run_command import RunCommand

        return RunCommand(self._connection)

    @cached_property
    def s3(self) -> S3:
        """Reads of which object a name stands for."""
        from udo.aws.s3 import S3

        return S3(self._connection)

    @cached_property
    def simulation(self) -> Simulation:
        """Reads of what a caller may do."""
        from udo.aws.simulation import Simulation

        return Simulation(self._connection)

    @cached_property
    def ssm(self) -> Ssm:
        """Reads of parameters."""
        from udo.aws.ssm import Ssm

        return Ssm(self._connection)

    def open(self, *services: str, whole: bool = False, writes: bool = False) -> None:
        """Builds the clients by which these services are read, or by which `read` does (`whole`), or `call` (`writes`).

        On other threads that would be slower.

        Raises: UdoError.
        """
        for service in services:
            self._connection.client(service, "writing" if writes else "full" if whole else "plain")

    @property
    def region(self) -> str | None:
        """The region, wherever it was said: udo.yml, a flag, the environment or the profile."""
        return self._connection.region

    @property
    def endpoint(self) -> str | None:
        """The address that takes the place of AWS's own, where there is one."""
        return self._connection.endpoint

    @property
    def profile(self) -> str | None:
        """The profile of AWS's configuration, where one was named: in udo.yml, by a flag or in the environment."""
        return self._connection.profile

    def address(self, service: str) -> str:
        """Where a service is asked.

        Raises: UdoError.
        """
        return str(self._connection.client(service).meta.endpoint_url)

    def identity(self) -> tuple[str, str]:
        """The account (12 digits) and the ARN of the caller.

        Raises: UdoError.
        """
        answer = self._connection.ask("sts", "GetCallerIdentity", {})
        return answer["Account"], answer["Arn"]

    def read(self, read: Read) -> Any:
        """The value a Read means, as plain JSON, from all its pages.

        Raises: UdoError.
        """
        return self._connection.read(read)

    def call(self, service: str, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """AWS's answer to one write, sent in a single attempt.

        Raises: NotSent, LostAnswer, AlreadyThere or another UdoError.
        """
        return self._connection.ask(service, operation, params, writing=True)

    def check(self, service: str, operation: str, params: Mapping[str, Any]) -> None:
        """Compares parameters with botocore's model of the operation, without asking AWS.

        Raises: UsageError.
        """
        self._connection.check(service, operation, params)

    def search(self, path: str, answer: Mapping[str, Any]) -> Any:
        """The value at a JMESPath in an answer."""
        import jmespath

        return jmespath.search(path, answer)

    def launch_configuration_shape(self) -> Mapping[str, Any]:
        """The keys of a launch configuration that can be sent again, nested."""
        service = self._connection.client("autoscaling").meta.service_model
        return _shared(service, "LaunchConfiguration", "CreateLaunchConfigurationType")

    def launch_template_shape(self) -> Mapping[str, Any]:
        """The keys of launch template data that can be sent again, nested."""
        service = self._connection.client("ec2").meta.service_model
        return _shared(service, "ResponseLaunchTemplateData", "RequestLaunchTemplateData")


@cache
def _shared(service: Any, given: str, taken: str) -> Mapping[str, Any]:
    """What two shapes of a service have in common; every role asks for it, and it takes a tenth of what one costs."""
    return copyable(service.shape_for(given), service.shape_for(taken)) or {}
