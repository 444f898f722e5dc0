"""Names a role's group as it is known in files of Udo's own: where it is asked for, and by which name."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from udo.config import Role
    from udo.session import Session


def identity(session: Session, role: Role) -> str:
    """A word that no other group has: a name of a group may hold any character, and be as long as a file name."""
    aws = session.aws(role)
    return hashlib.sha256(json.dumps([aws.endpoint or "", aws.region, role.group_name]).encode()).hexdigest()[:32]
