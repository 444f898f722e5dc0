"""What an action is allowed on, for one role: a row for each type of resource, and for the actions that want another.

A verb whose actions are on resources of a new type needs a row here; a test finds the one that is missing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from udo.change.holder import PATH, parameter_name
from udo.iam.reference import resource_types

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from udo.iam.facts import Facts

# Source: docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-tagging.html: a tag that Auto Scaling itself
# puts on what it launches, and that nobody else can.
GROUP_TAG = "aws:autoscaling:groupName"
# Source: docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-restrict-access-quickstart.html.
_SESSION_TAG, _CALLER = "ssm:resourceTag/aws:ssmmessages:session-id", "${aws:userid}"
COMMANDS, LOGINS = "AWS-RunShellScript", "SSM-SessionManagerRunShell"
ANYTHING, ALL_OR_NOTHING = "*", "AWS knows no resource for it"
# Source: API_DescribeAlarms.
ALARMS = "AWS tells of composite alarms only those who may ask for all"
# The names of CodeDeploy's own configurations, and of those that `--canary` makes.
_AWS_CONFIGS, _CANARIES = "CodeDeployDefault.*", "udo-*"


class Condition(NamedTuple):
    """What must hold besides: a key of AWS's is one of these values."""

    operator: str
    key: str
    values: tuple[str, ...]


class Fence(NamedTuple):
    """Resources of one kind, as `service:type`; `why` says why there are none, or why it is all.

    With `needed` there are none although the verb needs some.
    """

    kind: str
    resources: tuple[str, ...]
    conditions: tuple[Condition, ...] = ()
    why: str = ""
    needed: bool = False


class Use(NamedTuple):
    """An action as a verb uses it on a role; `actions` are all that the verb needs."""

    action: str
    verb: str
    actions: Collection[str]
    facts: Facts


def fences(use: Use) -> tuple[Fence, ...]:
    """What the action is allowed on. Raises: UdoError."""
    if special := _OF_ACTIONS.get(use.action):
        return special(use)
    types = resource_types(use.action)
    if not types:
        return (Fence("", (ANYTHING,), why=ALL_OR_NOTHING),)
    known = tuple(_OF_TYPES[one](use) for one in types if one in _OF_TYPES)
    return known or (Fence("", (ANYTHING,), why="AWS knows no resource for what Udo asks by it"),)


def is_known(action: str) -> bool:
    """Whether the tables here say what the action is allowed on, where AWS knows resources for it. Raises: UdoError."""
    types = resource_types(action)
    return not types or action in _OF_ACTIONS or any(one in _OF_TYPES for one in types)


def _named(kind: str, names: Iterable[str], made: Callable[[str], str], why: str) -> Fence:
    found = tuple(made(name) for name in names if name)
    return Fence(kind, found, why="" if found else why)


def _group(use: Use) -> Fence:
    rest = f"autoScalingGroup:*:autoScalingGroupName/{use.facts.group}"
    return Fence("autoscaling:autoScalingGroup", (use.facts.place.arn("autoscaling", rest),))


def _configuration(use: Use) -> Fence:
    names = (use.facts.group, f"{use.facts.group}-v*")
    rest = (f"launchConfiguration:*:launchConfigurationName/{name}" for name in names)
    return Fence("autoscaling:launchConfiguration", tuple(use.facts.place.arn("autoscaling", one) for one in rest))


def _application(use: Use) -> Fence:
    names, place = (use.facts.application,), use.facts.place
    why = "udo.yml says no deploy.application"
    return _named("codedeploy:application", names, lambda name: place.arn("codedeploy", f"application:{name}"), why)


def _deployment_group(use: Use) -> Fence:
    place, there = use.facts.place, use.facts.application and use.facts.deployment_group
    # Who looks for every deployment group that a group is in reads all of the application's.
    is_any = use.action.endswith(":BatchGetDeploymentGroups") and "codedeploy:ListDeploymentGroups" in use.actions
    names = (f"{use.facts.application}/{'*' if is_any else use.facts.deployment_group}",) if there else ()
    why = "udo.yml says no deploy.application and deployment_group"
    return _named(
        "codedeploy:deploymentgroup", names, lambda name: place.arn("codedeploy", f"deploymentgroup:{name}"), why
    )


def _deployment_config(use: Use) -> Fence:
    own = (*use.facts.configs, _AWS_CONFIGS)
    names = (_CANARIES,) if use.action.endswith(":CreateDeploymentConfig") else (*own, _CANARIES)
    resources = (use.facts.place.arn("codedeploy", f"deploymentconfig:{name}") for name in names)
    return Fence("codedeploy:deploymentconfig", tuple(resources))


def _alarm(use: Use) -> Fence:
    place, names = use.facts.place, use.facts.alarms
    if use.action.endswith((":DeleteAlarms", ":ListTagsForResource")):
        # Of those that udo.yml no longer has only their beginning is known.
        names = (f"{use.facts.prefix}*",)
    why = "udo.yml says no alarms"
    return _named("cloudwatch:alarm", names, lambda name: place.arn("cloudwatch", f"alarm:{name}"), why)


def _dashboard(use: Use) -> Fence:
    place = use.facts.place
    # One of the account, whatever the region.
    arn = f"arn:{place.partition}:cloudwatch::{place.account}:dashboard/{use.facts.dashboard}"
    return Fence("cloudwatch:dashboard", (arn,))


def _member(kind: str, tag: str) -> Callable[[Use], Fence]:
    """Members of the group, which only its tag tells from other instances."""

    def fence(use: Use) -> Fence:
        condition = Condition("StringEquals", f"{tag}/{GROUP_TAG}", (use.facts.group,))
        return Fence(kind, (use.facts.place.arn("ec2", "instance/*"),), (condition,))

    return fence


def _template(use: Use) -> Fence:
    known = use.facts.templates
    makes = use.action.endswith(":CreateLaunchTemplate")
    launches = use.action.endswith(":RunInstances") and "ec2:CreateLaunchTemplate" in use.actions
    if known is None or makes or (launches and use.facts.takes_new):
        why = "the id is known to AWS alone" if known is None else "AWS chooses the id of a new launch template"
        return Fence("ec2:launch-template", (use.facts.place.arn("ec2", "launch-template/*"),), why=why)
    why = f"{use.facts.group} has no launch template"
    return _named("ec2:launch-template", known, lambda one: use.facts.place.arn("ec2", f"launch-template/{one}"), why)


def _parameter(use: Use) -> Fence:
    place, names = use.facts.place, list[str]()
    if use.action.endswith(":GetParametersByPath"):
        names = [f"{PATH}*"]
    elif any(f"ssm:{one}" in use.actions for one in ("PutParameter", "DeleteParameter")):
        names = [parameter_name(use.facts.group)]
    resources = [place.arn("ssm", f"parameter{name}") for name in names]
    if use.action.endswith(":GetParameters"):
        looked_up = use.facts.parameters
        # What is AWS's own is listed without an account.
        owners = {name: "*" if name.startswith("/aws/") else place.account for name in looked_up}
        resources += [place.arn("ssm", f"parameter/{name.removeprefix('/')}", owners[name]) for name in looked_up]
    why = "" if resources else "udo.yml looks up no parameter, and the verb takes no lock"
    return Fence("ssm:parameter", tuple(resources), why=why)


def _stack(use: Use) -> Fence:
    # The end of its ARN is made by AWS anew each time that there is a stack of that name.
    arns = tuple(use.facts.place.arn("cloudformation", f"stack/{name}/*") for name in use.facts.stacks)
    return Fence("cloudformation:stack", arns, why="" if arns else "udo.yml takes no output of a stack")


def _document(use: Use) -> Fence:
    place = use.facts.place
    if use.action.endswith(":StartSession"):
        return Fence("ssm:document", (place.arn("ssm", f"document/{LOGINS}"),))
    return Fence("ssm:document", (place.arn("ssm", f"document/{COMMANDS}", ""),))


def _own_session(use: Use) -> Fence:
    condition = Condition("StringLike", _SESSION_TAG, (_CALLER,))
    return Fence("ssm:session", (use.facts.place.arn("ssm", "session/*"),), (condition,))


def _outputs(use: Use) -> Fence:
    why = "udo.yml says no ssh.ssm.bucket"
    return _named("ssm:bucket", (use.facts.outputs,), use.facts.place.s3, why)


def _bucket(use: Use) -> Fence:
    return _named("s3:bucket", (use.facts.bucket,), use.facts.place.s3, "udo.yml says no deploy.s3.bucket")


def _object(use: Use) -> Fence:
    bucket, folder, key = use.facts.bucket, use.facts.folder, "deploy.s3.bucket"
    if use.verb == "ssh":
        bucket, folder, key = use.facts.outputs, use.facts.outputs_folder, "ssh.ssm.bucket"
    below = f"{bucket}/{folder}/*" if folder else f"{bucket}/*"
    return _named("s3:object", (below,) if bucket else (), use.facts.place.s3, f"udo.yml says no {key}")


def _topic(use: Use) -> Fence:
    why = "alarms of others that look at the group tell topics of their own"
    return Fence("sns:topic", (use.facts.place.arn("sns", ANYTHING),), why=why)


def _assumed(use: Use) -> Fence:
    return _named("sts:role", (use.facts.assume_role,), str, "udo.yml says no assume_role")


def _profile(use: Use) -> Fence:
    # A profile may have a path before its name.
    names = (path for name in use.facts.profiles for path in (name, f"*/{name}"))
    place = use.facts.place
    return _named(
        "iam:instance-profile", names, lambda name: place.iam(f"instance-profile/{name}"), "no instance profile"
    )


def _passed(use: Use) -> tuple[Fence, ...]:
    """The roles that are handed on, each only to the service that is to work with it."""
    facts, found = use.facts, list[Fence]()
    if "ec2:RunInstances" in use.actions or "autoscaling:CreateLaunchConfiguration" in use.actions:
        one = _handed(facts, "ec2", facts.launch_roles or (), _why_no_role(facts))
        found.append(one._replace(needed=bool(facts.profiles) and not one.resources))
    if "codedeploy:CreateDeploymentGroup" in use.actions and facts.service_role:
        found.append(_handed(facts, "codedeploy", (facts.service_role,), ""))
    if "autoscaling:PutLifecycleHook" in use.actions and facts.hook_roles:
        found.append(_handed(facts, "autoscaling", facts.hook_roles, ""))
    return tuple(found)


def _handed(facts: Facts, service: str, roles: tuple[str, ...], why: str) -> Fence:
    condition = Condition("StringEquals", "iam:PassedToService", facts.place.services(service))
    return Fence("iam:role", roles, (condition,), "" if roles else why)


def _why_no_role(facts: Facts) -> str:
    profiles = " and ".join(facts.profiles)
    if not profiles:
        return f"{facts.label} launches without an instance profile"
    if facts.launch_roles is None:
        return f"the role of instance profile {profiles} is known to AWS alone"
    return f"instance profile {profiles} has no role"


def _launched(use: Use) -> tuple[Fence, ...]:
    """What instances are made of: AWS asks for all of it when a group takes a launch template.

    Source: docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-launch-template-permissions.html.
    """
    place, template = use.facts.place, _template(use)
    if not template.resources:
        return (template,)
    owned = (
        *("instance", "network-interface", "security-group", "subnet", "volume", "key-pair"),
        *("placement-group", "spot-instances-request"),
    )
    resources = [place.arn("ec2", f"{one}/*") for one in owned]
    # Images and snapshots may be others', and their ARNs tell no account.
    resources += [place.arn("ec2", f"{one}/*", "") for one in ("image", "snapshot")]
    return template, Fence("ec2:instance", tuple(resources), why="AWS alone chooses their ids, or the template does")


def _tagged_at_launch(use: Use) -> tuple[Fence, ...]:
    """Tags of a template on what is launched, and at no other time."""
    place = use.facts.place
    kinds = ("instance", "network-interface", "volume", "spot-instances-request")
    condition = Condition("StringEquals", "ec2:CreateAction", ("RunInstances",))
    return (Fence("ec2:instance", tuple(place.arn("ec2", f"{one}/*") for one in kinds), (condition,)),)


def _asker(use: Use) -> tuple[Fence, ...]:
    """Whoever asks, of whom the simulator is asked: a user, or the role of a session."""
    kinds = ("role/*",) if use.action.endswith(":GetRole") else ("role/*", "user/*")
    resources = tuple(use.facts.place.iam(one) for one in kinds)
    return (Fence("iam:caller", resources, why="whoever asks is asked about"),)


def _all(why: str) -> Callable[[Use], tuple[Fence, ...]]:
    return lambda _use: (Fence("", (ANYTHING,), why=why),)


def _composite(use: Use) -> tuple[Fence, ...]:
    if not use.facts.composites:
        return (Fence("cloudwatch:alarm", (), why="udo.yml says no composite alarm"),)
    return (Fence("", (ANYTHING,), why="AWS takes composite alarms only from those who may put any"),)


_OF_TYPES: dict[str, Callable[[Use], Fence]] = {
    "autoscaling:autoScalingGroup": _group,
    "autoscaling:launchConfiguration": _configuration,
    "cloudwatch:alarm": _alarm,
    "cloudwatch:dashboard": _dashboard,
    "codedeploy:application": _application,
    "codedeploy:deploymentconfig": _deployment_config,
    "codedeploy:deploymentgroup": _deployment_group,
    "ec2:instance": _member("ec2:instance", "aws:ResourceTag"),
    "ec2:launch-template": _template,
    "ec2-instance-connect:instance": _member("ec2-instance-connect:instance", "aws:ResourceTag"),
    "iam:instance-profile": _profile,
    "s3:bucket": _bucket,
    "s3:object": _object,
    "ssm:bucket": _outputs,
    "ssm:document": _document,
    "ssm:instance": _member("ssm:instance", "ssm:resourceTag"),
    "cloudformation:stack": _stack,
    "ssm:parameter": _parameter,
    "ssm:session": _own_session,
    "sns:topic": _topic,
    "sts:role": _assumed,
}
# Source: API_DescribeAlarms and API_PutCompositeAlarm: permissions that are scoped to `*`.
_OF_ACTIONS: dict[str, Callable[[Use], tuple[Fence, ...]]] = {
    "cloudwatch:DescribeAlarms": _all(ALARMS),
    "cloudwatch:GetMetricData": _all("AWS knows no resource for what Udo asks by it"),
    "cloudwatch:PutCompositeAlarm": _composite,
    "ec2:CreateTags": _tagged_at_launch,
    "ec2:RunInstances": _launched,
    "iam:GetRole": _asker,
    "iam:PassRole": _passed,
    "iam:SimulatePrincipalPolicy": _asker,
}
