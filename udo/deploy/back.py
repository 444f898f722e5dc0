"""Where `rollback --code` goes back to, and by what a deployment that went back is known."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from udo.change.mark import marked
from udo.deploy.revision import told
from udo.deploy.source import alike, still_there, whole
from udo.deploy.stop import ROLLBACK
from udo.errors import Absent
from udo.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from udo.aws import Aws
    from udo.config import Role
    from udo.model.deployments import Deployment

_WORD = "rollback"
# How many deployments are looked at for one that brought another revision.
_MOST = 200


@frozen
class Back:
    """The revision to go back to, in CodeDeploy's words, and why that one.

    With `follow` CodeDeploy's own rollback is on its way to it.
    """

    revision: Mapping[str, Any]
    note: str
    follow: bool = False


def back(aws: Aws, role: Role) -> Back:
    """The newest revision that succeeded on the role's group, other than the one that was last deployed.

    Where the last deployment went back already, by Udo or by CodeDeploy, it is that one's: so a second rollback finds
    nothing to do, and one that was broken off goes on. What the last deployment came to does not matter.

    Raises: Absent where there is none; Refused where it is no longer what it was.
    """
    every = islice(whole(aws, role), _MOST)
    last = next(every, None)
    if last is None:
        raise Absent(f"{role.label} was never deployed to", hint="there is nothing to go back to")
    what = f"{last.deployment_id} ({last.outcome})"
    if _went_back(last):
        note = f"deployment {what} went back to {told(last.revision)}"
        return Back(still_there(aws, last.revision), note, last.active and last.creator == ROLLBACK)
    found = next((one for one in every if one.status == "Succeeded" and not alike(one.revision, last.revision)), None)
    if found is None:
        raise Absent(
            f"no other revision than {told(last.revision)} has succeeded on {role.label}",
            hint="nothing was deployed; name the revision to 'udo deploy'",
        )
    note = f"back from {told(last.revision)} of {what} to that of {found.deployment_id}, {found.created_at}"
    return Back(still_there(aws, found.revision), note)


def reason_back(text: str) -> str:
    """The reason as a deployment's description keeps it, by which a rollback is known again."""
    return f"{_WORD}: {text}" if text else _WORD


def _went_back(one: Deployment) -> bool:
    run, says = marked(one.description)
    return one.creator == ROLLBACK or bool(run and says.partition(":")[0] == _WORD)
