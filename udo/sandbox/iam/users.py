"""Users of the sandbox's IAM as its own command makes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError
from moto.iam.models import iam_backends

from udo.errors import UdoError, UsageError

if TYPE_CHECKING:
    from udo.sandbox.world import World

# How the policy is called that a user is given by the command.
_POLICY = "udo-sandbox"


def keys(world: World, name: str, policy: str | None) -> dict[str, str]:
    """The keys of a user, who is made where there is none; `policy` takes the place of the one it was given so before.

    Raises: UsageError where the world does not go by policies; UdoError for what IAM refuses.
    """
    if not world.goes_by_policies:
        raise UsageError("the sandbox does not go by policies", hint="stop it, and start it with --iam")
    iam = world.client("iam")
    known = iam_backends[world.account]["aws"].users
    try:
        if name not in known:
            iam.create_user(UserName=name)
        if policy is not None:
            iam.put_user_policy(UserName=name, PolicyName=_POLICY, PolicyDocument=policy)
        if not known[name].access_keys:
            iam.create_access_key(UserName=name)
    except ClientError as error:
        told = error.response["Error"]
        raise UdoError(f"IAM refuses it: {told['Message']} ({told['Code']})") from error
    key = known[name].access_keys[0]
    return {"AWS_ACCESS_KEY_ID": key.access_key_id, "AWS_SECRET_ACCESS_KEY": key.secret_access_key}
