"""AWS: the only importer of boto3 and botocore. Reads become model values, writes go through `call` alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from udo.aws.autoscaling import AutoScaling
from udo.aws.codedeploy import CodeDeploy
from udo.aws.connection import Connection
from udo.aws.ec2 import Ec2
from udo.aws.named import Named
from udo.aws.s3 import S3
from udo.aws.shapes import copyable
from udo.aws.ssm import Ssm

if TYPE_CHECKING:
    from collections.abc import Mapping

    from udo.change.plan import Read


class Aws:
    """One account in one region; services as attributes for reading, `call` for writing."""

    def __init__(self, **settings: Any) -> None:
        self._connection = Connection(**settings)
        self.autoscaling = AutoScaling(self._connection)
        self.codedeploy = CodeDeploy(self._connection)
        self.ec2 = Ec2(self._connection)
        self.named = Named(self._connection)
        self.s3 = S3(self._connection)
        self.ssm = Ssm(self._connection)

    @property
    def region(self) -> str | None:
        """The region, wherever it was said: udo.yml, a flag, the environment or the profile."""
        return self._connection.region

    @property
    def endpoint(self) -> str | None:
        """The address that takes the place of AWS's own, where there is one."""
        return self._connection.endpoint

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
        return (
            copyable(service.shape_for("LaunchConfiguration"), service.shape_for("CreateLaunchConfigurationType")) or {}
        )

    def launch_template_shape(self) -> Mapping[str, Any]:
        """The keys of launch template data that can be sent again, nested."""
        service = self._connection.client("ec2").meta.service_model
        return (
            copyable(service.shape_for("ResponseLaunchTemplateData"), service.shape_for("RequestLaunchTemplateData"))
            or {}
        )
