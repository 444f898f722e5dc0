"""The configuration's one table: every key of udo.yml with its type, place, merge rule, default and words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Level = Literal["root", "cluster", "role", "profile"]
Kind = Literal[
    "text",
    "script",
    "whole",
    "flag",
    "duration",
    "list",
    "map",
    "tags",
    "maps",
    "commands",
    "image",
    "sections",
    "uses",
    "params",
]
Merge = Literal["replace", "deep", "append"]

EVERYWHERE: tuple[Level, ...] = ("root", "cluster", "role", "profile")
ROOT: tuple[Level, ...] = ("root",)


@dataclass(frozen=True)
class Key:
    """One key: its dotted path (`[]` stands for any element of a list) and all that is known of it.

    `example` is its value as written in YAML; `shape` says in words what `pattern` asks for; a key with `same_as` is
    another spelling of that key; `one` lets a single text stand for a list of one; `secret` ones are never shown;
    `old` ones still work, and it says what to write instead;
    durations are seconds as a float.
    """

    path: str
    kind: Kind
    doc: str
    example: str = ""
    merge: Merge = "replace"
    default: Any = None
    levels: tuple[Level, ...] = EVERYWHERE
    choices: tuple[str, ...] = ()
    pattern: str = ""
    shape: str = ""
    least: int = 0
    most: int = 2**31 - 1
    same_as: str = ""
    one: bool = False
    secret: bool = False
    old: str = ""

    @property
    def name(self) -> str:
        """The last word of the path."""
        return self.path.rpartition(".")[2]

    @property
    def spelling(self) -> str:
        """The path its value is kept at, which is another's where it is another spelling."""
        return self.same_as or self.path

    @property
    def parent(self) -> str:
        """The path of the key it stands in, empty at the top."""
        return self.path.rpartition(".")[0].removesuffix("[]").removesuffix(".*")


_CIDR = r"\d{1,3}(\.\d{1,3}){3}/\d{1,2}|[0-9a-fA-F:]+/\d{1,3}"


def _one_of(path: str, doc: str, *choices: str, default: str | None = None) -> Key:
    return Key(path, "text", doc, default or choices[0], default=default, choices=choices)


def _url(path: str, doc: str, example: str) -> Key:
    return Key(path, "text", doc, example, pattern=r"[a-z][a-z0-9+.-]*://\S+", shape="a URL")


KEYS: tuple[Key, ...] = (
    # What the file is about.
    Key("app_name", "text", "Name of the application; ${app} in values.", "shop", levels=ROOT),
    Key(
        "naming",
        "text",
        "Pattern of every group's name, made of {app}, {cluster}, {role} and {region}.",
        '"{cluster}-{role}"',
        default="{cluster}-{role}",
        levels=ROOT,
    ),
    Key("clusters", "sections", "The clusters by name: sets of roles that live together.", levels=ROOT),
    Key("roles", "sections", "The roles of a cluster by name; each is one Auto Scaling group.", levels=("cluster",)),
    Key(
        "include",
        "list",
        "Files to read first, relative to this one; * may stand.",
        "[teams/*.yml]",
        levels=ROOT,
        one=True,
    ),
    Key("profiles", "sections", "Parts of a configuration by name, for clusters and roles to use.", levels=ROOT),
    Key(
        "use",
        "uses",
        "Profiles laid under this part, in this order; parameters are given as {name: {PARAM: value}}.",
        "[web]",
        levels=("cluster", "role", "profile"),
    ),
    Key("params", "params", "Parameters of a profile by name; ${param:NAME} in its values.", levels=("profile",)),
    _one_of("params.*.type", "Type of the parameter.", "str", "int", "bool", default="str"),
    Key("params.*.default", "text", "Its value where none is given; without one it must be given.", "t3.small"),
    Key("params.*.doc", "text", "What it is for.", "Size of its instances"),
    Key("description", "text", "A sentence for people.", "Serves the web pages"),
    Key("debug", "text", "Of the original Udo; has no effect.", "0", old="it has no effect, use the option -v"),
    # Where it lives.
    Key(
        "region",
        "text",
        "AWS region.",
        "us-west-2",
        pattern=r"[a-z]{2,4}(-[a-z]+)+-\d+",
        shape="a region like us-west-2",
    ),
    Key(
        "account",
        "text",
        "AWS account this part lives in; any other is refused before the first write.",
        '"123456789012"',
        pattern=r"\d{12}",
        shape="an account number of 12 digits",
    ),
    Key("aws_profile", "text", "Profile of the AWS configuration to use.", "shop-prod"),
    Key(
        "assume_role",
        "text",
        "ARN of the IAM role to assume.",
        "arn:aws:iam::123456789012:role/deployer",
        pattern=r"arn:aws[a-z-]*:iam::\d{12}:role/.+",
        shape="an ARN like arn:aws:iam::123456789012:role/name",
    ),
    Key("availability_zones", "list", "Availability zones of a new group.", "[us-west-2a, us-west-2b]"),
    Key("vpc", "text", "Id of the VPC; needed where two VPCs have the same CIDR blocks.", "vpc-0a1b2c3d4e5f60718"),
    Key("subnets", "list", "Ids of the subnets of a new group.", "[subnet-0a1b2c3d4e5f60718]"),
    Key(
        "subnets_cidr",
        "list",
        "CIDR blocks of the subnets of a new group, instead of their ids.",
        "[10.1.1.0/24]",
        pattern=_CIDR,
        shape="a CIDR block like 10.1.1.0/24",
    ),
    Key("protected", "flag", "Every change of this part asks first.", "true"),
    # The Auto Scaling group.
    Key(
        "group_name",
        "text",
        "Name of the Auto Scaling group; by default as `naming` says.",
        "prod-webapp",
        pattern=r"[^:\x00-\x1f]{1,255}",
        shape="a name of at most 255 characters without a colon",
    ),
    Key("scale_policy", "map", "Sizes of the group.", merge="deep"),
    Key("scale_policy.min_size", "whole", "Smallest number of instances.", "1"),
    Key("scale_policy.max_size", "whole", "Largest number of instances.", "4"),
    Key("scale_policy.desired", "whole", "Number of instances to start with.", "2"),
    Key("elbs", "list", "Classic load balancers of the group, by name.", "[prod-https]", merge="append"),
    Key(
        "target_groups",
        "list",
        "Target groups of the group, by name or ARN.",
        "[prod-webapp]",
        merge="append",
    ),
    Key("health_check", "map", "How the group judges its instances.", merge="deep"),
    _one_of("health_check.type", "EC2 or ELB.", "EC2", "ELB"),
    Key("health_check.grace", "duration", "Time an instance has before its first check.", "5m"),
    Key("tags", "tags", "Tags of the group.", "{team: payments}", merge="deep"),
    # What its instances are launched from.
    Key("launch", "map", "How launch data is kept.", merge="deep"),
    _one_of(
        "launch.as",
        "What a new group launches from; an existing group stays what it is.",
        "template",
        "configuration",
        default="template",
    ),
    Key("launch.keep", "whole", "How many versions to keep.", "5", default=5, least=1, most=1000),
    Key(
        "ami",
        "image",
        "Machine image: an id, ssm:/path of a parameter that holds one, or {owner, name, pick: newest}.",
        "ami-0a1b2c3d4e5f60718",
        pattern=r"ami-[0-9A-Za-z-]+|ssm:/.+",
        shape="an image like ami-0a1b2c3d4e5f60718, or ssm:/path",
    ),
    Key("ami.owner", "text", "Account or alias that owns the image.", "amazon"),
    Key("ami.name", "text", "Pattern of the image's name.", '"al2023-ami-2023.*-x86_64"'),
    _one_of("ami.pick", "Which of the images found.", "newest", default="newest"),
    Key(
        "instance_type",
        "text",
        "EC2 instance type.",
        "t3.small",
        pattern=r"[a-z][a-z0-9-]*\.[a-z0-9-]+",
        shape="an instance type like t3.small",
    ),
    Key("keypair_name", "text", "EC2 key pair.", "shop-prod"),
    Key(
        "security_groups",
        "list",
        "Security groups, by id (or by name in the default VPC).",
        "[sg-0a1b2c3d4e5f60718]",
        merge="append",
    ),
    Key("iam_profile", "text", "Instance profile, by name or ARN.", "shop-webapp"),
    Key(
        "spot_price",
        "text",
        "Highest price of a spot instance in dollars an hour.",
        "0.018",
        pattern=r"\d+(\.\d+)?|\.\d+",
        shape="a price like 0.018",
    ),
    _one_of("tenancy", "Hardware shared with others, or not.", "default", "dedicated", "host"),
    Key("associate_public_ip_address", "flag", "Instances get a public address.", "false"),
    Key("instance_monitoring", "flag", "Detailed monitoring, a reading a minute.", "true"),
    Key("metadata_options", "map", "The instance metadata service, as AWS names its options.", merge="deep"),
    _one_of("metadata_options.HttpTokens", "Whether a session token is needed (IMDSv2).", "optional", "required"),
    Key(
        "metadata_options.HttpPutResponseHopLimit",
        "whole",
        "How many network hops an answer may take.",
        "1",
        least=1,
        most=64,
    ),
    _one_of("metadata_options.HttpEndpoint", "Whether the service answers at all.", "enabled", "disabled"),
    _one_of(
        "metadata_options.HttpProtocolIpv6",
        "Whether it answers over IPv6 (launch templates only).",
        "enabled",
        "disabled",
    ),
    _one_of(
        "metadata_options.InstanceMetadataTags",
        "Whether tags are shown (launch templates only).",
        "enabled",
        "disabled",
    ),
    Key("block_device_mappings", "maps", "Volumes, as AWS names them."),
    Key("block_device_mappings[].DeviceName", "text", "Device name.", "/dev/xvda"),
    Key("block_device_mappings[].VirtualName", "text", "Name of an instance store volume.", "ephemeral0"),
    Key("block_device_mappings[].NoDevice", "flag", "Leaves out a device of the image.", "true"),
    Key("block_device_mappings[].Ebs", "map", "An EBS volume."),
    Key("block_device_mappings[].Ebs.SnapshotId", "text", "Snapshot to start from.", "snap-0a1b2c3d4e5f60718"),
    Key("block_device_mappings[].Ebs.VolumeSize", "whole", "Size in GiB.", "20", least=1, most=65536),
    Key("block_device_mappings[].Ebs.VolumeType", "text", "Type of the volume.", "gp3"),
    Key("block_device_mappings[].Ebs.DeleteOnTermination", "flag", "Whether it goes with its instance.", "true"),
    Key("block_device_mappings[].Ebs.Iops", "whole", "Operations a second.", "3000", least=100),
    Key("block_device_mappings[].Ebs.Throughput", "whole", "MiB a second.", "125", least=125),
    Key("block_device_mappings[].Ebs.Encrypted", "flag", "Whether it is encrypted.", "true"),
    Key("block_device_mappings[].Ebs.KmsKeyId", "text", "Key it is encrypted with.", "alias/shop"),
    # The boot script.
    Key(
        "packages",
        "list",
        "RPM packages to install at boot.",
        "[shop-base]",
        merge="append",
        pattern=r"[^\s-]\S*",
        shape="the name of a package",
    ),
    Key("repo", "map", "How the package repository is reached.", merge="deep"),
    _url(
        "repo.plugin_url",
        "URL of an RPM with a yum plugin, installed first.",
        "https://packages.example.com/yum-plugin-s3-iam.noarch.rpm",
    ),
    Key(
        "repo.plugin_sha256",
        "text",
        "SHA-256 of that RPM; without it the RPM must be signed by a key the image trusts.",
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        pattern=r"[0-9a-f]{64}",
        shape="64 hexadecimal digits",
    ),
    _url(
        "repo.gpgkey",
        "URL of the key the repository's packages are signed with.",
        "https://packages.example.com/shop/signing.key",
    ),
    _url("repo_url", "URL of the package repository.", "https://packages.example.com/shop"),
    Key(
        "cloud_init",
        "script",
        "Script run before packages are installed; instead of cloud_init_pre.",
        "touch /root/began",
        old="it is called cloud_init_pre now",
    ),
    Key("cloud_init_pre", "script", "Script run before packages are installed.", "touch /root/began"),
    Key("cloud_init_extra", "script", "Script run after packages are installed.", "sysctl -w vm.swappiness=1"),
    Key("cloud_init_post", "script", "Script run last.", "touch /root/ready"),
    Key("user_data", "map", "User data of your own, instead of the generated boot script.", merge="deep"),
    Key("user_data.file", "text", "File with the user data, relative to udo.yml; used as it is.", "boot.sh"),
    # Deployments.
    Key("deploy", "map", "CodeDeploy.", merge="deep"),
    Key("deploy.application", "text", "CodeDeploy application.", "shop"),
    Key("deploy.deployment_group", "text", "CodeDeploy deployment group.", "prod-webapp"),
    Key("deploy.github", "map", "Revisions from GitHub.", merge="deep"),
    Key(
        "deploy.github.repo",
        "text",
        "Repository, as owner/name.",
        "example/shop",
        pattern=r"[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+",
        shape="a repository like owner/name",
    ),
    Key("deploy.s3", "map", "Revisions from S3: a bare word is prefix/REV.type in the bucket.", merge="deep"),
    Key("deploy.s3.bucket", "text", "Bucket.", "shop-releases"),
    Key("deploy.s3.prefix", "text", "Folder in the bucket.", "webapp"),
    _one_of("deploy.s3.type", "Kind of archive.", "zip", "tgz", "tar", default="zip"),
    Key("deploy.config", "text", "CodeDeploy deployment configuration.", "CodeDeployDefault.OneAtATime"),
    Key("deploy.timeout", "duration", "How long a deployment may take.", "60m", default=3600.0),
    _one_of(
        "deploy.on_failure",
        "What CodeDeploy does after a failure; by default what the deployment group says.",
        "stop",
        "rollback",
    ),
    Key(
        "deployment_group",
        "text",
        "CodeDeploy deployment group, the original's spelling.",
        "prod-webapp",
        same_as="deploy.deployment_group",
    ),
    Key("post_deploy_hook", "commands", "Run beside udo.yml after a successful deployment.", '["./announce deployed"]'),
    Key("slack", "map", "Where to tell people what was done.", merge="deep"),
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
    # How instances are reached.
    Key("ssh", "map", "How instances are reached.", merge="deep"),
    Key("ssh.user", "text", "Remote user.", "ec2-user"),
    Key("ssh.port", "whole", "Remote port.", "22", default=22, least=1, most=65535),
    Key("ssh.key", "text", "Private key file.", "~/.ssh/shop"),
    Key("ssh.known_hosts", "list", "Files with known host keys.", "~/.ssh/known_hosts", one=True),
    _one_of("ssh.address", "Which address of an instance to use.", "private", "public", "ipv6", default="private"),
    _one_of("ssh.via", "What carries the connection.", "paramiko", "openssh", default="paramiko"),
    Key("ssh.config", "text", "OpenSSH client configuration to follow; `none`: no file at all.", "~/.ssh/config"),
    Key("ssh.jump", "text", "Host to jump through, as [user@]host[:port].", "bastion.example.com"),
    Key("ssh.fanout", "whole", "How many hosts at a time.", "32", default=32, least=1, most=1000),
    Key("ssh.connect_timeout", "duration", "From dialling to being logged in.", "10s", default=10.0),
    Key("ssh.timeout", "duration", "How long a command may take, per host.", "5m"),
    Key("ssh.idle_timeout", "duration", "How long a command may say nothing.", "60s"),
    _one_of(
        "ssh.host_keys",
        "Whether the key of a host nobody knows may be trusted the first time.",
        "strict",
        "accept-new",
        default="strict",
    ),
)

BY_PATH: Mapping[str, Key] = {key.path: key for key in KEYS}
TOP = frozenset(path for path in BY_PATH if "." not in path)


def _inside() -> dict[str, dict[str, Key]]:
    found: dict[str, dict[str, Key]] = {}
    for key in KEYS:
        found.setdefault(key.parent, {})[key.name] = key
    return found


_INSIDE = _inside()


def inside(path: str) -> Mapping[str, Key]:
    """The keys directly inside the key at `path` by their names; the top ones for an empty path."""
    return _INSIDE.get(path, {})
