"""The original's words after `deploy`, said in today's."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from udo.change.events import Notice
from udo.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from udo.config import Config, Role
    from udo.session import Session

# The original's actions, and the verb that does today what each did.
_ACTIONS = {"list": "deployments", "last": "deployments", "status": "deployments", "stop": "stop", "create": "deploy"}


def todays(session: Session, words: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """The verb and its words for what was typed after `deploy`; a note says the new form where it is another.

    Raises: UsageError for what nothing does today, and a deployment group of several roles.
    """
    config = session.config
    if not words or words[0].partition(".")[0] in config.clusters:
        return "deploy", words
    verb = _ACTIONS.get(words[0], "deploy")
    rest = _roles_of(config, words[1:] if words[0] in _ACTIONS else words)
    if words[0] == "list" and rest not in ((), ("deployments",)):
        raise UsageError(
            f"'deploy list {words[1]}' is no more", hint="'udo deployments' lists what was deployed, 'udo check' looks"
        )
    rest = () if words[0] == "list" else rest
    if words[0] == "last":
        rest = (*rest, "--last", "1")
    if (verb, rest) != ("deploy", words):
        new = shlex.join(("udo", verb, *rest))
        session.emit(Notice(f"'deploy {words[0]}' is a form of the original's; today it is: {new}"))
    return verb, rest


def _roles_of(config: Config, words: tuple[str, ...]) -> tuple[str, ...]:
    """The words with cluster and role in the place of the one deployment group they begin with.

    Raises: UsageError.
    """
    if not words or words[0].partition(".")[0] in config.clusters:
        return words
    found = [role for role in config.roles("*", None) if _deployment_group(role) == words[0]]
    if len(found) > 1:
        raise UsageError(
            f"deployment group {words[0]!r} is that of {_listed(found)}", hint="name one of them by cluster and role"
        )
    return (found[0].cluster, found[0].name, *words[1:]) if found else words


def _deployment_group(role: Role) -> str:
    try:
        return str(role.get("deploy.deployment_group") or "")
    except ConfigError:
        return ""


def _listed(roles: Sequence[Role]) -> str:
    return " and ".join(role.label for role in roles)
