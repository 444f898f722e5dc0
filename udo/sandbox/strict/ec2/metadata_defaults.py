"""What an account makes of instance metadata where a launch says nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from udo.sandbox.strict.rules import Refusal, Request, answers, rule

_TOKENS = ("optional", "required", "no-preference")
_KEPT = ("HttpTokens", "HttpPutResponseHopLimit", "HttpEndpoint", "InstanceMetadataTags")


@answers("ec2", "GetInstanceMetadataDefaults", moto="does not have it")
def accounts_have_metadata_defaults(request: Request) -> dict[str, Any]:
    """GetInstanceMetadataDefaults gives what the account says for the region, nothing where it says nothing.

    Source: botocore ec2 GetInstanceMetadataDefaultsResult and InstanceMetadataDefaultsResponse.
    """
    return {"AccountLevel": _defaults(request.backend("ec2"))}


@answers("ec2", "ModifyInstanceMetadataDefaults", moto="does not have it")
def metadata_defaults_are_set(request: Request) -> dict[str, Any]:
    """ModifyInstanceMetadataDefaults sets what it names; HttpTokens is optional, required, or no-preference, which
    takes it back.

    Source: botocore ec2 ModifyInstanceMetadataDefaultsRequest and MetadataDefaultHttpTokensState.
    """
    given = {name: request.params[name] for name in _KEPT if request.params.get(name) is not None}
    if given.get("HttpTokens", "optional") not in _TOKENS:
        raise Refusal("InvalidParameterValue", f"Value ({given['HttpTokens']}) for parameter HttpTokens is invalid.")
    kept = _defaults(request.backend("ec2"))
    kept.update(given)
    for name in [name for name, value in kept.items() if value in ("no-preference", -1)]:
        del kept[name]
    return {"Return": True}


@rule("ec2", "DescribeInstances", moto="has no defaults of the account")
def launches_follow_the_accounts_defaults(backend: Any, said: Mapping[str, Any]) -> dict[str, Any]:
    """A member whose launch says nothing of its metadata gets what the account says.

    Source: docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-options.html, order of precedence.
    """
    return {**_defaults(backend), **said}


def _defaults(backend: Any) -> dict[str, Any]:
    kept: dict[str, Any] = backend.__dict__.setdefault("udo_metadata_defaults", {})
    return kept
