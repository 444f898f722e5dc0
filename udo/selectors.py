"""The words after a verb: CLUSTER ROLE, CLUSTER.ROLE, lists and '*', read here and nowhere else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from udo.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from udo.config import Config, Role

_NAME = r"[A-Za-z0-9][A-Za-z0-9_-]*"
# No cluster has a colon in its name.
_STACK = "stack:"
# How many names a hint holds.
_MOST = 20
_LIST = re.compile(rf"\*|{_NAME}(,{_NAME})*")


def one_role(config: Config, words: Sequence[str]) -> tuple[Role, tuple[str, ...]]:
    """The one role a changing verb names, and the words after it.

    Raises: UsageError for a missing, unknown or ill-formed name, or a list where one role is wanted.
    """
    cluster, role, rest = _pair(config, words)
    if role is None:
        raise _which_role(config, cluster)
    for word in (cluster, role):
        if word == "*" or "," in word:
            raise UsageError(f"{word!r} is more than one, and this takes one role", hint="name it exactly")
    return config.role(cluster, role), rest


def changing_roles(config: Config, words: Sequence[str]) -> tuple[Role, ...]:
    """The roles of one cluster that a changing verb names: lists and '*' for the role, never for the cluster.

    Raises: UsageError.
    """
    roles, rest = roles_to_change(config, words)
    no_more(rest)
    return roles


def roles_to_change(config: Config, words: Sequence[str]) -> tuple[tuple[Role, ...], tuple[str, ...]]:
    """The same with the words after them.

    Raises: UsageError.
    """
    cluster, role, rest = _pair(config, words)
    if role is None:
        raise _which_role(config, cluster)
    if cluster == "*" or "," in cluster:
        raise UsageError(f"{cluster!r} is more than one cluster", hint="changes are made in one cluster at a time")
    return config.roles(cluster, role), rest


def one_cluster(config: Config, word: str) -> str:
    """The one cluster that the value of an option names.

    Raises: UsageError for no name, a list, `*`, CLUSTER.ROLE, or an unknown name.
    """
    if word in config.clusters:
        return word
    if word == "*" or "," in word:
        raise UsageError(f"{word!r} is more than one cluster, and this takes one", hint="name it exactly")
    if "." in word:
        raise UsageError(f"{word!r} is no cluster", hint="name the cluster alone, without a role")
    _name(word, word)
    config.roles(word, None)
    return word


def cluster_roles(config: Config, words: Sequence[str]) -> tuple[Role, ...]:
    """The roles of one cluster that a changing verb names, all of it where the role is left out.

    Raises: UsageError.
    """
    cluster, role, rest = _pair(config, words)
    no_more(rest)
    return changing_roles(config, (cluster, role or "*"))


def stack_word(words: Sequence[str]) -> str | None:
    """The word for a stack in `stack:NAME`; None where the words are about roles.

    Raises: UsageError where there are more words, or the name is missing.
    """
    if not words or not words[0].startswith(_STACK):
        return None
    no_more(words[1:])
    if name := words[0].removeprefix(_STACK):
        return name
    raise UsageError("which stack?", hint="name it after the colon: stack:NAME")


def no_more(words: Sequence[str]) -> None:
    """Accepts the end of the words.

    Raises: UsageError when there are more.
    """
    if words:
        raise UsageError(f"unexpected word {words[0]!r}")


def reading_roles(config: Config, words: Sequence[str], *, all_by_default: bool = False) -> tuple[Role, ...]:
    """The roles a reading verb names, in the order of the file.

    The role may be left out in a cluster with one role, or anywhere with `all_by_default` (no word at all: all roles).

    Raises: UsageError.
    """
    if not words and all_by_default:
        return config.roles("*", None)
    cluster, role, rest = _pair(config, words)
    no_more(rest)
    roles = config.roles(cluster, role)
    if role is None and not all_by_default:
        _only_role_each(roles)
    return roles


def fan_out_roles(config: Config, words: Sequence[str]) -> tuple[tuple[Role, ...], tuple[str, ...]]:
    """The roles `ssh` names (lists and '*' may stand, the role is never left out), and the words after them.

    Raises: UsageError.
    """
    cluster, role, rest = _pair(config, words)
    if role is None:
        raise _which_role(config, cluster)
    return config.roles(cluster, role), rest


def completions(config: Config, words: Sequence[str], incomplete: str) -> list[str]:
    """What the word that is being typed after these may become: a cluster, a role of it, or CLUSTER.ROLE.

    Of a list the last name is completed. Raises: UsageError where the words before name nothing.
    """
    if not words:
        cluster, dot, begun = incomplete.partition(".")
        if dot:
            return [f"{cluster}.{name}" for name in _lists(begun, _role_names(config, cluster))]
        return _lists(incomplete, config.clusters)
    if len(words) > 1 or "." in words[0]:
        return []
    return _lists(incomplete, _role_names(config, words[0]))


def _role_names(config: Config, clusters: str) -> list[str]:
    return list(dict.fromkeys(role.name for role in config.roles(clusters, None)))


def _lists(begun: str, names: Iterable[str]) -> list[str]:
    before, comma, last = begun.rpartition(",")
    taken = before.split(",")
    return [f"{before}{comma}{name}" for name in names if name.startswith(last) and name not in taken]


def _pair(config: Config, words: Sequence[str]) -> tuple[str, str | None, tuple[str, ...]]:
    if not words:
        raise UsageError("which cluster and role?", hint=f"clusters are {', '.join(config.clusters)}")
    first, *others = words
    if "." in first:
        cluster, _, named = first.partition(".")
        others = [named, *others]
    else:
        cluster = first
    _check_cluster(config, _name(cluster, first), others[:1])
    if not others:
        return cluster, None, ()
    return cluster, _name(others[0], first if "." in first else others[0]), tuple(others[1:])


def _check_cluster(config: Config, cluster: str, role: Sequence[str]) -> None:
    """Accepts a cluster, a list or `*`; of another word it is told what was probably meant.

    Raises: UsageError.
    """
    if cluster == "*" or "," in cluster or cluster in config.clusters:
        return
    roles = config.roles("*", None)
    meant = [one.label for one in roles if [one.name, one.cluster] == [cluster, *role]]
    meant = meant or [one.label for one in roles if cluster in (f"{one.cluster}-{one.name}", _group_name(one))]
    meant = meant or [one.label for one in roles if one.name == cluster and not role]
    if meant:
        told = " or ".join(repr(label) for label in meant[:_MOST])
        raise UsageError(f"no cluster {cluster!r} ({config.place})", hint=f"did you mean {told}?")


def _group_name(role: Role) -> str:
    try:
        return role.group_name
    except ConfigError:
        return ""


def _which_role(config: Config, cluster: str) -> UsageError:
    names = _role_names(config, cluster)
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    return UsageError(f"which role of cluster {cluster!r}?", hint=f"roles are {', '.join(names[:_MOST])}{more}")


def _name(word: str, given: str) -> str:
    if not _LIST.fullmatch(word):
        raise UsageError(f"{given!r} is not a name", hint="letters, digits, '_' and '-'; lists with ','; '*' for all")
    return word


def _only_role_each(roles: Sequence[Role]) -> None:
    names: dict[str, list[str]] = {}
    for role in roles:
        names.setdefault(role.cluster, []).append(role.name)
    for cluster, found in names.items():
        if len(found) > 1:
            raise UsageError(f"cluster {cluster!r} has the roles {', '.join(found)}", hint="name one, or '*' for all")
