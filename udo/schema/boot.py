"""The configuration's keys about the boot script."""

from udo.schema.key import Key, url

KEYS: tuple[Key, ...] = (
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
    url(
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
    url(
        "repo.gpgkey",
        "URL of the key the repository's packages are signed with.",
        "https://packages.example.com/shop/signing.key",
    ),
    url("repo_url", "URL of the package repository.", "https://packages.example.com/shop"),
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
)
