"""Every operation of AWS that a verb asks for, and the permissions that follow; nothing else may be asked for.

Operations are named as requests and CloudTrail name them: the name the service signs by, then the operation. Only
where IAM has other words for it a second table says so. The tests hold each command line they run against these rows.
A verb of a group has its row under both its words.
"""

from __future__ import annotations

from udo import stack_actions

_GROUPS = frozenset({"autoscaling:DescribeAutoScalingGroups"})
_MEMBERS = _GROUPS | {"ec2:DescribeInstances"}
_LAUNCH_DATA = _GROUPS | {"autoscaling:DescribeLaunchConfigurations", "ec2:DescribeLaunchTemplateVersions"}
_REFRESHES = frozenset({"autoscaling:DescribeInstanceRefreshes"})
_LAUNCH_STATE = _LAUNCH_DATA | _REFRESHES | {"ec2:DescribeInstances"}
# What a change of launch data names is looked up first.
_LAUNCHABLE = frozenset(
    {
        "ec2:DescribeImages",
        "ec2:DescribeInstanceTypes",
        "ec2:DescribeKeyPairs",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets",
        "iam:ListInstanceProfiles",
    }
)
# Why members do not come.
_LAUNCHES = frozenset({"autoscaling:DescribeScalingActivities"})
_CALLER = frozenset({"sts:GetCallerIdentity"})
_DEPLOYMENT_GROUPS = frozenset({"codedeploy:BatchGetDeploymentGroups"})
_LOCKS = frozenset({"ssm:GetParametersByPath"})
# What udo.yml guards a change with.
_ALARMS = frozenset({"monitoring:DescribeAlarms"})
_UPDATE = (
    _LAUNCH_STATE | _LAUNCHABLE | _CALLER | _DEPLOYMENT_GROUPS | {"ec2:DescribeLaunchTemplates", "ec2:DescribeVpcs"}
)
_PARTS = frozenset(
    {
        "autoscaling:DescribeLifecycleHooks",
        "autoscaling:DescribePolicies",
        "autoscaling:DescribeScheduledActions",
        "autoscaling:DescribeTrafficSources",
    }
)
_SETTINGS = _PARTS | {
    "ec2:DescribeSubnets",
    "elasticloadbalancing:DescribeLoadBalancers",
    "elasticloadbalancing:DescribeTargetGroups",
}
_LOCK = frozenset({"ssm:PutParameter", "ssm:DeleteParameter"})
_SWAP = _LOCK | {"autoscaling:CreateOrUpdateTags", "autoscaling:UpdateAutoScalingGroup"}
# The alarms of a role, and whose they are.
_OWN_ALARMS = _ALARMS | {"monitoring:ListTagsForResource"}
_SET = frozenset(
    {
        "monitoring:PutCompositeAlarm",
        "monitoring:PutMetricAlarm",
        "autoscaling:AttachTrafficSources",
        "autoscaling:CreateOrUpdateTags",
        "autoscaling:EnableMetricsCollection",
        "autoscaling:PutLifecycleHook",
        "autoscaling:PutScalingPolicy",
        "autoscaling:PutScheduledUpdateGroupAction",
        "autoscaling:UpdateAutoScalingGroup",
    }
)
_DELETE = frozenset({"autoscaling:DeleteLaunchConfiguration", "ec2:DeleteLaunchTemplateVersions"})
_RESUME = frozenset({"autoscaling:DeleteTags", "autoscaling:ResumeProcesses"})
_CREATE = frozenset(
    {
        "autoscaling:CreateLaunchConfiguration",
        "ec2:CreateLaunchTemplate",
        "ec2:CreateLaunchTemplateVersion",
    }
)

# What any verb may ask for that asks for anything: the role of assume_role.
ANY = frozenset({"sts:AssumeRole"})
# What ${ssm:..}, ssm:/path and ${cfn:..} hold, for these verbs and for every verb that takes or breaks a lock.
_LOOKUPS = frozenset({"ssm:GetParameters", "cloudformation:DescribeStacks"})
_LOOKING_UP = frozenset(
    {"check", "cloudinit", "dashboard", "doctor", "history", "iam", "plan", "stack plan", "versions"}
)
_STACKS = frozenset({"cloudformation:DescribeStackEvents", "cloudformation:DescribeStacks"})
# Deployments, and how they are on instances.
_LISTED = frozenset({"codedeploy:BatchGetDeployments", "codedeploy:ListDeployments"})
_FOLLOWED = frozenset(
    {"codedeploy:BatchGetDeploymentTargets", "codedeploy:GetDeployment", "codedeploy:ListDeploymentTargets"}
)
_DEPLOY = (
    _MEMBERS
    | _CALLER
    | _REFRESHES
    | {
        "codedeploy:BatchGetDeploymentTargets",
        "codedeploy:BatchGetDeployments",
        "codedeploy:GetDeployment",
        "codedeploy:GetDeploymentConfig",
        "codedeploy:GetDeploymentGroup",
        "codedeploy:ListDeploymentTargets",
        "codedeploy:ListDeployments",
        "monitoring:DescribeAlarms",
        "s3:HeadObject",
    }
)
# What a refresh meets, and why it does not move.
_REFRESHING = _REFRESHES | {
    "autoscaling:DescribeLifecycleHooks",
    "autoscaling:DescribeScalingActivities",
    "ec2:DescribeInstances",
    "ec2:DescribeLaunchTemplateVersions",
    "ec2:DescribeSubnets",
    "elasticloadbalancing:DescribeTargetHealth",
}
READS: dict[str, frozenset[str]] = {
    **stack_actions.READS,
    "alarms": _ALARMS | {"monitoring:GetMetricData"},
    "apply": _OWN_ALARMS | _LAUNCH_DATA | _REFRESHES | _LAUNCHABLE | _CALLER | _DEPLOYMENT_GROUPS | _PARTS,
    "attach": _GROUPS | _LAUNCHES | _CALLER | {"ec2:DescribeInstances"},
    "check": _OWN_ALARMS
    | _GROUPS
    | _LAUNCHABLE
    | _CALLER
    | _DEPLOYMENT_GROUPS
    | _SETTINGS
    | {
        "codedeploy:ListApplications",
        "codedeploy:ListDeploymentConfigs",
        "ec2:DescribeAvailabilityZones",
        "ec2:DescribeLaunchTemplateVersions",
        "ec2:DescribeLaunchTemplates",
        "ec2:DescribeVpcs",
        "elasticloadbalancing:DescribeLoadBalancers",
        "sns:ListTopics",
    },
    "cloudinit": frozenset(),
    "config": frozenset(),
    "cp": _MEMBERS | _CALLER | {"ec2:DescribeLaunchTemplateVersions", "ec2:GetConsoleOutput"},
    "create": _OWN_ALARMS
    | _LAUNCH_STATE
    | _LAUNCHABLE
    | _CALLER
    | _DEPLOYMENT_GROUPS
    | {
        "autoscaling:DescribeLifecycleHooks",
        "autoscaling:DescribePolicies",
        "autoscaling:DescribeScalingActivities",
        "autoscaling:DescribeScheduledActions",
        "autoscaling:DescribeTrafficSources",
        "codedeploy:BatchGetDeployments",
        "codedeploy:GetDeploymentGroup",
        "codedeploy:ListApplications",
        "codedeploy:ListDeployments",
        "ec2:DescribeAvailabilityZones",
        "ec2:DescribeLaunchTemplates",
        "ec2:DescribeVpcs",
        "elasticloadbalancing:DescribeLoadBalancers",
        "elasticloadbalancing:DescribeTargetGroups",
    },
    "dashboard": _GROUPS
    | _CALLER
    | _REFRESHES
    | _LISTED
    | {"elasticloadbalancing:DescribeTargetGroups", "monitoring:GetDashboard"},
    "deploy": _DEPLOY | {"s3:HeadBucket", "s3:ListMultipartUploads"},
    "deployments": _LISTED | _FOLLOWED,
    "destroy": _OWN_ALARMS
    | _GROUPS
    | _CALLER
    | _REFRESHES
    | {
        "autoscaling:DescribeLaunchConfigurations",
        "autoscaling:DescribeLifecycleHooks",
        "codedeploy:BatchGetDeploymentGroups",
        "codedeploy:BatchGetDeployments",
        "codedeploy:GetDeploymentGroup",
        "codedeploy:ListDeploymentGroups",
        "codedeploy:ListDeployments",
        "ec2:DescribeLaunchTemplateVersions",
        "ec2:DescribeLaunchTemplates",
    },
    "detach": _GROUPS | _LAUNCHES | _CALLER | {"ec2:DescribeInstances"},
    "doctor": (_LAUNCH_DATA | _REFRESHES | _CALLER | _DEPLOYMENT_GROUPS | _LOCKS | _ALARMS)
    | {
        *("autoscaling:DescribeLifecycleHooks", "autoscaling:DescribeWarmPool", "codedeploy:BatchGetDeploymentTargets"),
        *("codedeploy:BatchGetDeployments", "codedeploy:ListDeploymentTargets", "ec2:DescribeImages"),
        *("ec2:DescribeInstances", "ec2:DescribeKeyPairs", "ec2:DescribeLaunchTemplates", "ec2:DescribeSecurityGroups"),
        *("ec2:DescribeSubnets", "ec2:GetInstanceMetadataDefaults", "elasticloadbalancing:DescribeLoadBalancers"),
        *("elasticloadbalancing:DescribeTargetGroups", "elasticloadbalancing:DescribeTargetHealth"),
        *("events:ListRules", "iam:GetRole", "iam:ListInstanceProfiles", "iam:SimulatePrincipalPolicy"),
        *("sns:GetTopicAttributes", "sns:ListSubscriptions"),
    },
    "history": _LAUNCH_DATA | _CALLER | _REFRESHES | _LISTED | _STACKS,
    "iam": _LAUNCH_DATA | _CALLER | _DEPLOYMENT_GROUPS | {"ec2:DescribeLaunchTemplates", "iam:GetInstanceProfile"},
    "init": _LAUNCH_DATA | _CALLER,
    "instances": _MEMBERS
    | {
        "codedeploy:BatchGetDeployments",
        "codedeploy:ListDeploymentTargets",
        "codedeploy:ListDeployments",
        "ec2:DescribeLaunchTemplateVersions",
    },
    "inventory": _MEMBERS | {"ec2:GetConsoleOutput"},
    "ip": _MEMBERS,
    "lock": _GROUPS | _CALLER | _LOCKS,
    "plan": _OWN_ALARMS | _UPDATE | _LOCKS | _SETTINGS,
    "profiles": frozenset(),
    "prune": _LAUNCH_STATE | _CALLER,
    "refresh": _ALARMS | _GROUPS | _CALLER | _REFRESHING,
    "reload": frozenset(),
    "resume": _ALARMS | _GROUPS | _CALLER | _LISTED | {"codedeploy:GetDeploymentGroup"},
    "rollback": _LAUNCH_STATE | _LAUNCHABLE | _CALLER | _DEPLOY | _REFRESHING,
    "sandbox": frozenset(),
    # What it does for others are command lines of their own.
    "serve": frozenset(),
    "scale": _ALARMS
    | _GROUPS
    | _LAUNCHES
    | _CALLER
    | {
        "autoscaling:DescribePolicies",
        "autoscaling:DescribeScheduledActions",
        "ec2:DescribeLaunchTemplateVersions",
    },
    "ssh": _MEMBERS
    | _CALLER
    | {
        "ec2:DescribeLaunchTemplateVersions",
        "ec2:GetConsoleOutput",
        "s3:GetObject",
        "ssm:DescribeInstanceInformation",
        "ssm:GetCommandInvocation",
        "ssm:ListCommandInvocations",
        "ssm:ListCommands",
    },
    "sleep": _ALARMS | _GROUPS | _CALLER,
    "standby": _GROUPS | _LAUNCHES | _CALLER,
    "status": _ALARMS
    | _GROUPS
    | _DEPLOYMENT_GROUPS
    | _LOCKS
    | _REFRESHES
    | {
        "autoscaling:DescribeLifecycleHooks",
        "autoscaling:DescribePolicies",
        "autoscaling:DescribeScheduledActions",
        "codedeploy:BatchGetDeployments",
        "codedeploy:ListDeploymentTargets",
        "codedeploy:ListDeployments",
        "ec2:DescribeInstances",
        "ec2:DescribeLaunchTemplateVersions",
        "ec2:DescribeLaunchTemplates",
        "elasticloadbalancing:DescribeTargetHealth",
    },
    "stop": _ALARMS | _GROUPS | _CALLER | _LISTED | _FOLLOWED | {"codedeploy:GetDeploymentGroup"},
    "suspend": _GROUPS | _CALLER,
    "unlock": _CALLER,
    "update": _OWN_ALARMS | _GROUPS | _CALLER | _SETTINGS,
    "updatelc": _ALARMS | _UPDATE | _REFRESHING,
    "versions": _LAUNCH_STATE,
    "wake": _ALARMS | _GROUPS | _LAUNCHES | _CALLER,
    "why": _REFRESHES
    | _STACKS
    | {
        "autoscaling:DescribeAutoScalingGroups",
        "autoscaling:DescribeScalingActivities",
        "codedeploy:BatchGetDeploymentTargets",
        "codedeploy:BatchGetDeployments",
        "codedeploy:GetDeploymentGroup",
        "codedeploy:ListDeploymentTargets",
        "codedeploy:ListDeployments",
    },
}
_LET_IN = frozenset({"ec2-instance-connect:SendSSHPublicKey"})
WRITES: dict[str, frozenset[str]] = {
    **stack_actions.WRITES,
    "apply": _SWAP | _CREATE | _DELETE | _SET,
    "attach": _LOCK | {"autoscaling:AttachInstances"},
    "cp": _LET_IN,
    "create": _LOCK
    | _CREATE
    | {
        "autoscaling:CreateAutoScalingGroup",
        "autoscaling:DeleteTags",
        "autoscaling:EnableMetricsCollection",
        "autoscaling:PutScalingPolicy",
        "autoscaling:PutScheduledUpdateGroupAction",
        "autoscaling:UpdateAutoScalingGroup",
        "monitoring:PutCompositeAlarm",
        "monitoring:PutMetricAlarm",
        "codedeploy:CreateApplication",
        "codedeploy:CreateDeploymentGroup",
        "codedeploy:UpdateDeploymentGroup",
    },
    "dashboard": frozenset({"monitoring:DeleteDashboards", "monitoring:PutDashboard"}),
    "deploy": _LOCK
    | _RESUME
    | {
        "autoscaling:CreateOrUpdateTags",
        "autoscaling:SuspendProcesses",
        "codedeploy:CreateDeployment",
        "codedeploy:CreateDeploymentConfig",
        "codedeploy:StopDeployment",
        "s3:AbortMultipartUpload",
        "s3:CompleteMultipartUpload",
        "s3:CreateMultipartUpload",
        "s3:PutObject",
        "s3:UploadPart",
    },
    "destroy": _LOCK
    | {
        "autoscaling:CreateOrUpdateTags",
        "autoscaling:DeleteAutoScalingGroup",
        "autoscaling:DeleteLaunchConfiguration",
        "autoscaling:SuspendProcesses",
        "autoscaling:UpdateAutoScalingGroup",
        "codedeploy:UpdateDeploymentGroup",
        "ec2:DeleteLaunchTemplate",
        "monitoring:DeleteAlarms",
    },
    "detach": _LOCK | {"autoscaling:DetachInstances"},
    "lock": _LOCK,
    "prune": _LOCK | _DELETE | {"autoscaling:CreateOrUpdateTags"},
    "refresh": _LOCK
    | {
        "autoscaling:CancelInstanceRefresh",
        "autoscaling:CreateOrUpdateTags",
        "autoscaling:RollbackInstanceRefresh",
        "autoscaling:StartInstanceRefresh",
    },
    "resume": _LOCK | _RESUME | {"autoscaling:CreateOrUpdateTags"},
    "rollback": _SWAP
    | _RESUME
    | {"autoscaling:RollbackInstanceRefresh", "autoscaling:SuspendProcesses", "codedeploy:CreateDeployment"},
    "scale": _LOCK | {"autoscaling:UpdateAutoScalingGroup"},
    "ssh": _LET_IN | {"ssm:CancelCommand", "ssm:SendCommand", "ssm:StartSession", "ssm:TerminateSession"},
    "standby": _LOCK | {"autoscaling:EnterStandby", "autoscaling:ExitStandby"},
    "stop": _LOCK | {"autoscaling:CreateOrUpdateTags", "codedeploy:StopDeployment"},
    "sleep": _LOCK
    | {"autoscaling:CreateOrUpdateTags", "autoscaling:SuspendProcesses", "autoscaling:UpdateAutoScalingGroup"},
    "suspend": _LOCK | {"autoscaling:CreateOrUpdateTags", "autoscaling:SuspendProcesses"},
    "unlock": frozenset({"ssm:DeleteParameter"}),
    "update": _LOCK
    | _SET
    | {
        "autoscaling:DeleteLifecycleHook",
        "autoscaling:DeletePolicy",
        "autoscaling:DeleteScheduledAction",
        "autoscaling:DeleteTags",
        "autoscaling:DetachTrafficSources",
        "autoscaling:DisableMetricsCollection",
        "monitoring:DeleteAlarms",
    },
    "updatelc": _SWAP | _CREATE | _DELETE | {"autoscaling:RollbackInstanceRefresh", "autoscaling:StartInstanceRefresh"},
    "wake": _LOCK | _RESUME | {"autoscaling:UpdateAutoScalingGroup"},
}
# Those that are about groups; stacks are something else.
OF_GROUPS = frozenset(READS) - frozenset(stack_actions.READS)


def operations(verb: str) -> frozenset[str]:
    """Every operation that the verb may ask for, what any verb may included; none for those that ask for nothing."""
    own = READS.get(verb, frozenset()) | WRITES.get(verb, frozenset())
    if verb in _LOOKING_UP or own & _LOCK:
        own |= _LOOKUPS
    return own | ANY if own else own
