"""The configuration's keys about how instances are reached."""

from udo.schema.key import Key, one_of

KEYS: tuple[Key, ...] = (
    Key("ssh", "map", "How instances are reached.", merge="deep"),
    Key("ssh.user", "text", "Remote user.", "ec2-user"),
    Key("ssh.port", "whole", "Remote port.", "22", default=22, least=1, most=65535),
    Key("ssh.key", "text", "Private key file.", "~/.ssh/shop"),
    Key("ssh.known_hosts", "list", "Files with known host keys.", "~/.ssh/known_hosts", one=True),
    one_of("ssh.address", "Which address of an instance to use.", "private", "public", "ipv6", default="private"),
    one_of(
        "ssh.via",
        "What carries the command; `auto`: Systems Manager to hosts that cannot be connected to, ssh to others.",
        "paramiko",
        "openssh",
        "ssm",
        "auto",
        default="paramiko",
    ),
    Key("ssh.ssm", "map", "How commands go through Systems Manager.", merge="deep"),
    Key("ssh.ssm.bucket", "text", "S3 bucket where outputs are kept whole.", "shop-outputs"),
    Key("ssh.ssm.prefix", "text", "Where in the bucket.", "udo"),
    Key(
        "ssh.instance_connect",
        "flag",
        "Log in with a one-time key, which EC2 Instance Connect tells each instance of.",
        "true",
        default=False,
    ),
    Key("ssh.config", "text", "OpenSSH client configuration to follow; `none`: no file at all.", "~/.ssh/config"),
    Key("ssh.jump", "text", "Host to jump through, as [user@]host[:port].", "bastion.example.com"),
    Key("ssh.fanout", "whole", "How many hosts at a time.", "32", default=32, least=1, most=1000),
    Key("ssh.connect_timeout", "duration", "From dialling to being logged in.", "10s", default=10.0),
    Key("ssh.timeout", "duration", "How long a command may take, per host.", "5m"),
    Key("ssh.idle_timeout", "duration", "How long a command may say nothing.", "60s"),
    Key(
        "ssh.keep",
        "whole",
        "Of how many runs the output is kept here for --last; 0: of none.",
        "5",
        default=5,
        least=0,
        most=100,
    ),
    one_of(
        "ssh.host_keys",
        "Whether the key of a host nobody knows may be trusted the first time.",
        "strict",
        "accept-new",
        default="strict",
    ),
)
