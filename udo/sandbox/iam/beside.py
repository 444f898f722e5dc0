"""What AWS asks for beside the operation: roles that are passed, templates to launch from, tags that are put."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from moto.codedeploy.models import codedeploy_backends

from udo.sandbox.iam.named.iam import role_of_profile
from udo.sandbox.iam.tagging import puts, tags_of_new_things_need_a_permission
from udo.sandbox.strict.rules import rule

if TYPE_CHECKING:
    from udo.sandbox.iam.requests import Ask


@dataclass(frozen=True)
class Beside:
    """An action on a resource of a kind; the rest as Need has it."""

    action: str
    resource: str
    kind: str = ""
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    told: str = ""


def beside(ask: Ask) -> Iterator[Beside]:
    """Everything that the operation needs beside itself."""
    for needed in _RULES.get(ask.name, ()):
        yield from needed(ask)
    if puts(ask):
        yield from (Beside(*one) for one in tags_of_new_things_need_a_permission(ask))


@rule(
    "iam",
    *(
        "CreateLaunchConfiguration",
        "CreateDeploymentGroup",
        "UpdateDeploymentGroup",
        "PutLifecycleHook",
        "RunInstances",
    ),
    moto="asks for no permission to pass a role",
)
def roles_are_passed_by_permission(role: str, service: str, told: str = "") -> Beside:
    """With `--iam` whoever hands a role to a service, in an instance profile too, needs iam:PassRole on it, with the
    service as iam:PassedToService.

    Source: docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html.
    """
    to = {"iam:passedtoservice": (f"{service}.amazonaws.com",)}
    return Beside("iam:PassRole", role, "role", to, told)


def _launch_configuration_role(ask: Ask) -> Iterator[Beside]:
    for profile in ask.named("IamInstanceProfile"):
        if role := role_of_profile(ask, profile):
            yield roles_are_passed_by_permission(role, "ec2")


def _instance_role(ask: Ask) -> Iterator[Beside]:
    said: Mapping[str, Any] = ask.params.get("IamInstanceProfile") or {}
    if role := role_of_profile(ask, str(said.get("Arn") or said.get("Name") or "")):
        yield roles_are_passed_by_permission(role, "ec2")


def _roles(service: str, parameter: str) -> Callable[[Ask], Iterator[Beside]]:
    def found(ask: Ask) -> Iterator[Beside]:
        yield from (roles_are_passed_by_permission(role, service) for role in ask.named(parameter))

    return found


def _hook_roles(ask: Ask) -> Iterator[Beside]:
    for hook in ask.params.get("LifecycleHookSpecificationList") or ():
        if role := hook.get("RoleARN"):
            yield roles_are_passed_by_permission(role, "autoscaling")


def _templates(ask: Ask) -> Iterator[Beside]:
    from udo.sandbox.iam.launching import templates_are_launched_by_who_names_them

    return templates_are_launched_by_who_names_them(ask)


@rule("cloudformation", "DescribeStacks", moto="asks for no permission")
def all_stacks_are_described_by_who_may_list_them(ask: Ask) -> Iterator[Beside]:
    """With `--iam` whoever describes stacks without a name needs cloudformation:ListStacks besides.

    Source: API_DescribeStacks, StackName.
    """
    if not ask.named("StackName"):
        yield Beside("cloudformation:ListStacks", "*")


@rule("codedeploy", "CreateDeployment", moto="asks for no permission")
def deployments_read_their_configuration(ask: Ask) -> Iterator[Beside]:
    """With `--iam` whoever creates a deployment needs codedeploy:GetDeploymentConfig on its configuration, and with a
    revision RegisterApplicationRevision and GetApplicationRevision on the application.

    Source: docs.aws.amazon.com/codedeploy/latest/userguide/auth-and-access-control-permissions-reference.html.
    """
    application, group = ("".join(ask.named(one)) for one in ("applicationName", "deploymentGroupName"))
    known = ask.backend(codedeploy_backends).deployment_groups.get(application, {}).get(group)
    configuration = "".join(ask.named("deploymentConfigName")) or getattr(known, "deployment_config_name", None)
    named = ask.arn(f"deploymentconfig:{configuration or 'CodeDeployDefault.OneAtATime'}")
    yield Beside("codedeploy:GetDeploymentConfig", named, "deploymentconfig")
    if ask.params.get("revision"):
        resource = ask.arn(f"application:{application}")
        yield Beside("codedeploy:RegisterApplicationRevision", resource, "application")
        yield Beside("codedeploy:GetApplicationRevision", resource, "application")


def _copied(ask: Ask) -> Iterator[Beside]:
    from urllib.parse import unquote

    source = unquote(ask.environ.get("HTTP_X_AMZ_COPY_SOURCE", "")).removeprefix("/").partition("?")[0]
    if source:
        yield Beside("s3:GetObject", ask.arn(source, region="", account=""), "object")


_RULES: Mapping[str, tuple[Callable[[Ask], Iterator[Beside]], ...]] = {
    "autoscaling:CreateAutoScalingGroup": (_templates, _hook_roles),
    "autoscaling:CreateLaunchConfiguration": (_launch_configuration_role,),
    "autoscaling:PutLifecycleHook": (_roles("autoscaling", "RoleARN"),),
    "autoscaling:StartInstanceRefresh": (_templates,),
    "autoscaling:UpdateAutoScalingGroup": (_templates,),
    "cloudformation:CreateChangeSet": (_roles("cloudformation", "RoleARN"),),
    "cloudformation:DescribeStacks": (all_stacks_are_described_by_who_may_list_them,),
    "cloudformation:CreateStack": (_roles("cloudformation", "RoleARN"),),
    "cloudformation:DeleteStack": (_roles("cloudformation", "RoleARN"),),
    "cloudformation:UpdateStack": (_roles("cloudformation", "RoleARN"),),
    "codedeploy:CreateDeployment": (deployments_read_their_configuration,),
    "codedeploy:CreateDeploymentGroup": (_roles("codedeploy", "serviceRoleArn"),),
    "codedeploy:UpdateDeploymentGroup": (_roles("codedeploy", "serviceRoleArn"),),
    "ec2:RunInstances": (_instance_role,),
    "lambda:CreateFunction": (_roles("lambda", "Role"),),
    "lambda:UpdateFunctionConfiguration": (_roles("lambda", "Role"),),
    "s3:CopyObject": (_copied,),
    "s3:UploadPartCopy": (_copied,),
    "ssm:SendCommand": (_roles("ssm", "ServiceRoleArn"),),
}
