"""What the journal and CloudFormation know of changes of stacks: each operation, by whose run, and how it ended."""

from __future__ import annotations

import re
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from udo.change.mark import RUN
from udo.config.stacks import chosen
from udo.errors import AwsError, CredentialsError, PermissionDenied
from udo.frozen import frozen
from udo.history.from_aws import FEW, Change
from udo.stacks.events import begins, operations
from udo.stacks.find import places
from udo.stacks.rows import BY, TAG
from udo.stacks.states import since

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from udo.aws import Aws
    from udo.change.journal import Entry
    from udo.config import Config
    from udo.config.stacks import StackDefinition
    from udo.history.from_aws import Warn
    from udo.model.stacks import Stack
    from udo.session import Session

# What the journal calls a stack, before its name.
_STACK = "stack "
_TOKEN = re.compile(rf"udo-({RUN.pattern})(?:-\d+)?")
_DONE = {"CREATE": "created", "UPDATE": "updated", "DELETE": "deleted", "IMPORT": "imported into"}


@frozen
class Found:
    """What is known of stacks: lines of the journal, what AWS keeps, and what people are to be told of it."""

    recorded: tuple[Entry, ...] = ()
    kept: tuple[Change, ...] = ()
    notes: tuple[str, ...] = ()


def stack_changes(
    session: Session,
    word: str,
    recorded: Sequence[Entry],
    account: Callable[[Aws], str | None],
    limit: int,
    warn: Warn,
) -> Found:
    """What is known of the stacks that a word means: a key of udo.yml with all that were ordered of it, a name in AWS,
    or without one all of Udo's.

    Raises: UsageError for a word that means none; another UdoError.
    """
    of_stacks = [entry for entry in recorded if entry.target.startswith(_STACK)]
    if not word and not (of_stacks or session.config.stacks):
        return Found()
    found: list[Entry] = []
    kept: list[Change] = []
    notes: list[str] = []
    known = False
    for aws, _ in places(session):
        here = {key: one for key, one in session.config.stacks.items() if session.aws(one.base) is aws}
        mine = [one for one in of_stacks if not word or _means(word, one.target.removeprefix(_STACK), here)]
        owner = account(aws) if mine else None
        accounts = ("", "unknown", owner)
        found += [one for one in mine if one.region in ("", aws.region) and (not owner or one.account in accounts)]
        stacks = [one for one in _listed(aws, warn) if not one.parent and _is_wanted(word, one, here)]
        known = known or bool(stacks)
        stacks.sort(key=since, reverse=True)
        asked = [partial(_operations, aws, one, limit, warn) for one in stacks[:FEW]]
        kept += [change for changes in session.together(asked) for change in changes]
        if len(stacks) > FEW:
            notes.append(
                f"events of {len(stacks) - FEW} more stacks are not asked for: name one (stack:NAME) to see them"
            )
    if word and not (found or known):
        _refuse_unknown(session.config, word)
    return Found(tuple(dict.fromkeys(found)), tuple(kept), tuple(notes))


def _means(word: str, name: str, definitions: Mapping[str, StackDefinition]) -> bool:
    """Whether a word means the stack of a name: that itself, or the key of which it is an order."""
    return word == name or (word in definitions and definitions[word].params_in(name) is not None)


def _is_wanted(word: str, stack: Stack, definitions: Mapping[str, StackDefinition]) -> bool:
    if word:
        return word == stack.tags.get(TAG) or _means(word, stack.name, definitions)
    return TAG in stack.tags


def _listed(aws: Aws, warn: Warn) -> tuple[Stack, ...]:
    try:
        return aws.cloudformation.stacks()
    except (AwsError, PermissionDenied, CredentialsError) as error:
        warn(f"what AWS keeps of stacks is unknown: {error.message}")
        return ()


def _operations(aws: Aws, stack: Stack, limit: int, warn: Warn) -> list[Change]:
    try:
        return [*_changes(aws, stack, limit)]
    except (AwsError, PermissionDenied, CredentialsError) as error:
        warn(f"events of stacks are unknown: {error.message}")
        return []


def _changes(aws: Aws, stack: Stack, limit: int) -> Iterator[Change]:
    for events in islice(operations(aws.cloudformation.events(stack.stack_id)), limit):
        first = events[0]
        if not begins(first):
            # The stack that waited for its first change set.
            continue
        ended = next(one for one in reversed(events) if one.is_of_stack)
        verb = first.status.partition("_")[0]
        run = _TOKEN.fullmatch(first.token)
        who = stack.tags.get(BY, "") if verb == "CREATE" else ""
        what = f"stack {stack.name} {_DONE[verb]}"
        target = (f"{_STACK}{stack.name}",)
        yield Change(first.at, run[1] if run else "", who, what, target, ended.status, status=ended.status)


def _refuse_unknown(config: Config, word: str) -> None:
    """Lets a word pass that udo.yml knows, be it that nothing was done to it yet.

    Raises: UsageError.
    """
    if word not in config.stacks:
        chosen(config, word, {})
