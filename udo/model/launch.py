"""What instances are launched from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from udo.frozen import frozen


@frozen
class LaunchConfigurationReference:
    """A group or an instance launches from a launch configuration."""

    name: str

    def __str__(self) -> str:
        return f"launch configuration {self.name}"

    def row(self) -> dict[str, str]:
        """The reference for scripts."""
        return {"kind": "launch_configuration", "name": self.name}


@frozen
class LaunchTemplateReference:
    """A group or an instance launches from a launch template; `version` is a number, $Latest or $Default."""

    id: str
    name: str
    version: str
    mixed: bool = False

    def __str__(self) -> str:
        return f"launch template {self.name or self.id} version {self.version}"

    def row(self) -> dict[str, str]:
        """The reference for scripts."""
        return {"kind": "launch_template", "name": self.name, "id": self.id, "version": self.version}


LaunchReference = LaunchConfigurationReference | LaunchTemplateReference


@frozen
class LaunchConfiguration:
    """A launch configuration; `data` is AWS's answer for it, user data base64 as AWS gives it.

    `unknown` names the elements of AWS's answer that this botocore does not know, and that no copy can carry.
    """

    name: str
    data: Mapping[str, Any] = field(repr=False)
    created_at: str = ""
    unknown: tuple[str, ...] = ()


@frozen
class LaunchTemplateVersion:
    """One version of a launch template; `data` is its LaunchTemplateData, user data base64.

    `unknown` names the elements of AWS's answer that this botocore does not know, and that only AWS itself can carry.
    """

    template_id: str
    template_name: str
    number: int
    is_default: bool
    data: Mapping[str, Any] = field(repr=False)
    description: str = ""
    created_at: str = ""
    created_by: str = ""
    unknown: tuple[str, ...] = ()


@frozen
class Image:
    """A machine image; `created_at` and `deprecated_at` are RFC 3339 UTC as AWS writes them.

    `imds` is v2.0 where instances of it want tokens for their metadata by default.
    """

    image_id: str
    name: str = ""
    owner: str = ""
    architecture: str = ""
    created_at: str = ""
    root_device_name: str = ""
    state: str = "available"
    deprecated_at: str = ""
    imds: str = ""
