"""The configuration's keys about deployments and whom to tell."""

from udo.schema.key import Key, one_of
from udo.schema.place import CHANGING

FILE_EXISTS = ("disallow", "overwrite", "retain")
# Source: botocore autoscaling ScalingProcessQuery, ScalingProcesses.
PROCESSES = (
    *("Launch", "Terminate", "AddToLoadBalancer", "AlarmNotification", "AZRebalance", "HealthCheck"),
    *("InstanceRefresh", "ReplaceUnhealthy", "ScheduledActions"),
)
# The verbs that others are told of.
TELLING = (*CHANGING, "lock", "stop")

KEYS: tuple[Key, ...] = (
    Key("deploy", "map", "CodeDeploy.", merge="deep"),
    Key("deploy.application", "text", "CodeDeploy application.", "shop"),
    Key("deploy.deployment_group", "text", "CodeDeploy deployment group.", "prod-webapp"),
    Key(
        "deploy.service_role",
        "text",
        "ARN of the role that CodeDeploy works with; with it `create` makes a deployment group that is not there.",
        "arn:aws:iam::123456789012:role/codedeploy",
        pattern=r"arn:aws[a-z-]*:iam::\d{12}:role/.+",
        shape="an ARN like arn:aws:iam::123456789012:role/name",
    ),
    Key("deploy.github", "map", "Revisions from GitHub.", merge="deep"),
    Key(
        "deploy.github.repo",
        "text",
        "Repository, as owner/name.",
        "example/shop",
        pattern=r"[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+",
        shape="a repository like owner/name",
    ),
    Key(
        "deploy.s3",
        "map",
        "Revisions from S3: a bare word is prefix/REV.type in the bucket, and `deploy --bundle` uploads to it.",
        merge="deep",
    ),
    Key("deploy.s3.bucket", "text", "Bucket.", "shop-releases"),
    Key("deploy.s3.prefix", "text", "Folder in the bucket.", "webapp"),
    Key(
        "deploy.s3.owner",
        "text",
        "Account that the bucket is of, for `deploy --bundle`; by default the one that is deployed in.",
        '"123456789012"',
        pattern=r"\d{12}",
        shape="an account number of 12 digits",
    ),
    one_of("deploy.s3.type", "Kind of archive.", "zip", "tgz", "tar", default="zip"),
    Key("deploy.config", "text", "CodeDeploy deployment configuration.", "CodeDeployDefault.OneAtATime"),
    Key(
        "deploy.after",
        "list",
        "Roles of the same cluster that are deployed before this one, where one command deploys several.",
        "[webapp]",
        one=True,
    ),
    Key("deploy.timeout", "duration", "How long a deployment may take.", "60m", default=3600.0),
    one_of(
        "deploy.on_failure",
        "What CodeDeploy does after a failure; by default what the deployment group says.",
        "stop",
        "rollback",
    ),
    one_of(
        "deploy.file_exists",
        "What CodeDeploy does with a file in the way that no deployment has brought; by default it fails (disallow).",
        *FILE_EXISTS,
    ),
    Key(
        "deploy.ignore_stop_failures",
        "flag",
        "Deploy although ApplicationStop of the revision that was installed before fails.",
        "true",
    ),
    Key(
        "deploy.suspend",
        "list",
        "Processes of the Auto Scaling group that are suspended during a deployment, by CodeDeploy where it can.",
        "[AZRebalance, AlarmNotification]",
        choices=PROCESSES,
        once=True,
    ),
    Key(
        "deployment_group",
        "text",
        "CodeDeploy deployment group, the original's spelling.",
        "prod-webapp",
        same_as="deploy.deployment_group",
    ),
    Key(
        "pre_deploy_hook",
        "commands",
        "Run beside udo.yml before a deployment; one that fails keeps it from being made.",
        '["./check migrations"]',
    ),
    Key("post_deploy_hook", "commands", "Run beside udo.yml after a successful deployment.", '["./announce deployed"]'),
    Key(
        "slack", "map", "Where to notify people of changes: that one begins, how it ended, why it failed.", merge="deep"
    ),
    Key(
        "slack.url",
        "text",
        "Incoming webhook; better from the environment.",
        '"${env:SLACK_URL:-}"',
        pattern=r"https://\S+",
        shape="a URL that begins with https://",
        secret=True,
    ),
    Key("slack.username", "text", "Name to speak under.", "udo"),
    Key("slack.channel", "text", "Channel.", "'#deployments'"),
    Key("slack.icon_emoji", "text", "Picture.", "':ship:'"),
    Key("notify", "maps", "Who else is notified of changes: to each a POST of JSON."),
    Key(
        "notify[].url",
        "text",
        "Where to; better from the environment.",
        "${env:NOTIFY_URL:-}",
        pattern=r"https://\S+",
        shape="a URL that begins with https://",
        secret=True,
        needed=True,
    ),
    Key("notify[].on", "list", "When, by default always.", "[start, failure]", choices=("start", "success", "failure")),
    Key("notify[].verbs", "list", "Of which verbs, by default of all.", "[deploy]", choices=TELLING),
)
