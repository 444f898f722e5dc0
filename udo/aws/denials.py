"""What AWS says of a request that it denies: which action it is about, and which policies are to be changed."""

from __future__ import annotations

import re

# Source: IAM User Guide, "Troubleshoot access denied error messages".
_ACTION = re.compile(r"is not authorized to perform: ([\w-]+:\w+)")
_EXPLICIT = re.compile(r"with an explicit deny in (?:an? |the )?([\w -]+? polic(?:y|ies)|permissions boundary)")
_IMPLICIT = re.compile(r"because no ([\w -]+?) allows the")
# Source: EC2 API Reference, DecodeAuthorizationMessage: hundreds of characters that only AWS can read.
_ENCODED = re.compile(r"\.? ?Encoded authorization failure message: .*")
_TEMPLATE = "not authorized to use launch template"


def told_in_short(message: str) -> str:
    """AWS's words without those in code."""
    return _ENCODED.sub("", message)


def remedy(action: str, message: str) -> str:
    """What to do about a denial in AWS's words; `action` is the one that was asked for, in IAM's words."""
    if _TEMPLATE in message:
        # Source: docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-launch-template-permissions.html.
        return "one of ec2:RunInstances, ec2:CreateTags and iam:PassRole is missing for what the template names"
    named = _ACTION.search(message)
    action = named[1] if named else action
    if denied := _EXPLICIT.search(message):
        return f"the IAM action {action} is denied by a statement of {_a(denied[1])}"
    if (layer := _IMPLICIT.search(message)) and layer[1] != "identity-based policy":
        return f"the IAM action {action} is missing in the {layer[1]}"
    return f"the IAM action {action} is missing"


def _a(name: str) -> str:
    return f"an {name}" if name[0] in "aeiou" else f"a {name}"
