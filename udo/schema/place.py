"""The configuration's keys about where a part lives: account, region, network, protection."""

from udo.schema.key import Key

# The verbs that change what a group launches, runs or who may change it.
CHANGING = (
    *("updatelc", "rollback", "prune", "apply", "deploy", "refresh", "scale", "create", "update"),
    *("standby", "detach", "attach", "suspend", "resume", "sleep", "wake", "destroy", "unlock", "dashboard"),
    *("stack create", "stack update", "stack delete"),
)
CIDR = r"\d{1,3}(\.\d{1,3}){3}/\d{1,2}|[0-9a-fA-F:]+/\d{1,3}"


def verb_of(command: str) -> str:
    """The verb that a command begins with: one word, or two where the verb has its own."""
    first, second, *_ = (*command.split(" ", 2), "")
    return f"{first} {second}" if f"{first} {second}" in CHANGING else first


KEYS: tuple[Key, ...] = (
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
    Key(
        "availability_zones",
        "list",
        "Availability zones of the group, where it has no subnets.",
        "[us-west-2a, us-west-2b]",
    ),
    Key(
        "vpc",
        "text",
        "Id of the VPC; needed where two VPCs have the same CIDR blocks, or such tags.",
        "vpc-0a1b2c3d4e5f60718",
    ),
    Key("subnets", "list", "Ids of the subnets of the group.", "[subnet-0a1b2c3d4e5f60718]"),
    Key(
        "subnets_cidr",
        "list",
        "CIDR blocks of the subnets of the group, instead of their ids.",
        "[10.1.1.0/24]",
        pattern=CIDR,
        shape="a CIDR block like 10.1.1.0/24",
    ),
    Key(
        "subnets_tags",
        "tags",
        "Tags of the subnets of the group, all of which each has, instead of their ids.",
        "{tier: private}",
    ),
    Key(
        "protected",
        "verbs",
        "true: every change of this part asks first; or a list of the verbs that do, `ssh` and `cp` too.",
        "[updatelc, deploy, ssh]",
        choices=(*CHANGING, "ssh", "cp"),
    ),
)
