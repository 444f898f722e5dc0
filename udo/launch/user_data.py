"""Makes a role's user data: the boot script from its packages and scripts, or the file it names."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING

from udo.config.opening import bytes_of
from udo.errors import ConfigError, Problem

if TYPE_CHECKING:
    from udo.config import Role

# Source: API_CreateLaunchConfiguration and API_RequestLaunchTemplateData, UserData: 16 KB before encoding.
LIMIT = 16 * 1024

_KEYS = (
    "user_data.file",
    "packages",
    "repo",
    "repo_url",
    "cloud_init",
    "cloud_init_pre",
    "cloud_init_extra",
    "cloud_init_post",
)


def boot_script(role: Role) -> bytes | None:
    """The user data udo.yml asks for, not encoded; None where it sets nothing that goes into one.

    Every change of its wording gives every group new user data.

    Raises: ConfigError when a file cannot be read, or AWS would not take so much.
    """
    key = next((key for key in _KEYS if role.says(key.removesuffix(".file")) and role.get(key)), None)
    if key is None:
        return None
    data = _file(role) if key == "user_data.file" else _generated(role).encode()
    if len(data) > LIMIT:
        told = f"the user data of {role.label} is {len(data):,} bytes, and AWS takes at most {LIMIT:,}"
        problem = Problem(*role.mark_of(key), told)
        raise ConfigError(problem, hint="keep the long part elsewhere and let the boot script fetch it")
    return data


def _file(role: Role) -> bytes:
    path = role.path("user_data.file")
    assert path, role.label  # noqa: S101  (the caller saw the key)
    try:
        return bytes_of(path, str(path))
    except ConfigError as error:
        problem = Problem(*role.mark_of("user_data.file"), f"user_data.file {error.problems[0]}")
        raise ConfigError(problem) from error


def _generated(role: Role) -> str:
    return "\n\n".join(("#!/bin/bash\n# Made by Udo.", *_parts(role))) + "\n"


def _parts(role: Role) -> Iterator[str]:
    yield _variables(role)
    yield from _repository(role)
    yield "yum makecache"
    # The original takes cloud_init for cloud_init_pre, and lets it win.
    yield from _script(role, "cloud_init" if role.get("cloud_init") else "cloud_init_pre")
    yield "yum update -y"
    if packages := role.get("packages"):
        yield "yum install -y " + " ".join(shlex.quote(name) for name in packages)
    yield from _script(role, "cloud_init_extra")
    yield from _script(role, "cloud_init_post")


def _variables(role: Role) -> str:
    values = {
        "UDO_CLUSTER": role.cluster,
        "UDO_ROLE": role.name,
        "UDO_REGION": role.region or "",
        "UDO_APP": role.get("app_name") or "",
        "CLUSTER_NAME": role.cluster,
        "ROLE_NAME": role.name,
        "BOOTSTRAP_DIR": "/root/.udo",
    }
    lines = [f"export {name}={shlex.quote(value)}" for name, value in values.items()]
    return "\n".join([*lines, 'mkdir -p "$BOOTSTRAP_DIR"'])


def _repository(role: Role) -> Iterator[str]:
    if url := role.get("repo.plugin_url"):
        yield _plugin(url, role.get("repo.plugin_sha256"))
    if url := role.get("repo_url"):
        name = re.sub(r"[^A-Za-z0-9._-]+", "-", role.get("app_name") or "").strip("-.") or "udo"
        lines = [f"[{name}]", f"name={name}", f"baseurl={url}", "enabled=1", "s3_enabled=1", "gpgcheck=1"]
        if key := role.get("repo.gpgkey"):
            lines.append(f"gpgkey={key}")
        yield f"printf '%s\\n' {' '.join(map(shlex.quote, lines))} > /etc/yum.repos.d/{name}.repo"


def _plugin(url: str, sha256: str | None) -> str:
    fetch = f'curl --fail --silent --show-error --location --output "$BOOTSTRAP_DIR/plugin.rpm" {shlex.quote(url)}'
    if sha256 is None:
        return f'{fetch} \\\n  && yum install -y --setopt=localpkg_gpgcheck=1 "$BOOTSTRAP_DIR/plugin.rpm"'
    check = f'echo "{sha256}  $BOOTSTRAP_DIR/plugin.rpm" | sha256sum --check --status'
    return f'{fetch} \\\n  && {check} \\\n  && rpm --install "$BOOTSTRAP_DIR/plugin.rpm"'


def _script(role: Role, key: str) -> Iterator[str]:
    if script := role.get(key):
        yield f"# {key}\n{script.rstrip()}"
