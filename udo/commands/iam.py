"""Print the least policy of IAM for verbs on groups and stacks."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from udo.actions import OF_GROUPS, READS, WRITES
from udo.config.suggesting import among
from udo.errors import CredentialsError, NotSent, PermissionDenied, UsageError
from udo.iam.facts import facts
from udo.iam.policy import LIMITS, Policy, no_force_delete, policy, size
from udo.iam.resources import ALL_OR_NOTHING
from udo.iam.stacks import makes_by_the_callers_rights, stack_facts
from udo.iam.trust import repository, trust
from udo.permissions import permissions
from udo.result import Result
from udo.selectors import reading_roles

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from udo.config import Role
    from udo.config.stacks import StackDefinition
    from udo.iam.facts import Facts
    from udo.iam.stacks import StackFacts
    from udo.session import Session


@click.command()
@click.argument("words", nargs=-1, metavar="[CLUSTER [ROLE]]")
@click.option("--verb", "named", metavar="VERB,...", multiple=True, help="Only what these verbs need (default: all).")
@click.option("--read-only", is_flag=True, help="Only what verbs need that change nothing.")
@click.option("--deny-force-delete", is_flag=True, help="Also deny to delete a group that has instances.")
@click.option("--github-oidc", metavar="OWNER/REPO", help="Print the trust policy for workflows on GitHub instead.")
@click.option("--offline", is_flag=True, help="Ask AWS nothing; what AWS alone knows is wider, or left out.")
@click.pass_obj
def command(
    session: Session,
    words: tuple[str, ...],
    named: tuple[str, ...],
    read_only: bool,
    deny_force_delete: bool,
    github_oidc: str | None,
    offline: bool,
) -> Result:
    """Print the least policy for verbs on groups and stacks, or whom a role for CI lets in.

    Without a word it is for all roles and stacks; with CLUSTER for its own; either may be a list (webapp,worker) or
    '*'. What stands on * is named with its reason, and so is what is left out. A verb of two words is one in quotes:
    'stack plan', which makes change sets and removes them, and so has to be allowed to. OWNER/REPO may be followed by
    what of it is let in, like :environment:prod or :ref:refs/heads/main.

    \b
    udo iam prod webapp --verb deploy,ssh > policy.json
    udo iam stage --verb 'stack create,stack state'
    udo iam --read-only
    udo iam prod --github-oidc example/shop:environment:prod
    """
    roles = reading_roles(session.config, words, all_by_default=True)
    if github_oidc:
        if named or read_only or deny_force_delete:
            raise UsageError("--github-oidc prints whom a role lets in", hint="print what it may do by another run")
        return _trusted(session, roles, github_oidc, offline=offline)
    stacks = _stacks(session, words)
    verbs = _verbs(named, read_only=read_only)
    if named and not stacks and (verb := next((one for one in verbs if one not in OF_GROUPS), "")):
        where = f"of {' '.join(words)}" if words else "in udo.yml"
        raise UsageError(f"'{verb}' is about stacks, and none is {where}", hint="name another CLUSTER, and no ROLE")
    actions = frozenset[str]().union(*(permissions(one) for one in verbs if one in OF_GROUPS))
    if not any(verb in OF_GROUPS for verb in verbs):
        roles = ()
    if all(verb in OF_GROUPS for verb in verbs):
        stacks = []
    known, of_stacks = _known(session, roles, stacks, actions, offline=offline)
    made = policy(verbs, known, of_stacks)
    if deny_force_delete:
        made.document["Statement"].append(no_force_delete())
    found = _result(made, verbs, roles, stacks)
    return replace(found, notes=[*found.notes, *_rights(verbs, of_stacks)])


def _stacks(session: Session, words: Sequence[str]) -> list[StackDefinition]:
    """The stacks that the words name: all, or those of clusters; a role has none."""
    every = session.config.stacks.values()
    if not words:
        return list(every)
    names = words[0].split(",")
    return [one for one in every if not words[1:] and (one.cluster in names or names == ["*"])]


def _verbs(named: Sequence[str], *, read_only: bool) -> list[str]:
    """The verbs that are asked for. Raises: UsageError."""
    wanted = [verb for text in named for verb in text.split(",")]
    for verb in wanted:
        if verb not in READS:
            raise UsageError(f"no verb {verb!r}", hint=among(verb, sorted(READS)))
        if read_only and verb in WRITES:
            raise UsageError(f"'{verb}' changes something, and --read-only is for what does not", hint="leave one out")
    return [verb for verb in sorted(READS) if (not wanted or verb in wanted) and not (read_only and verb in WRITES)]


def _known(
    session: Session,
    roles: Sequence[Role],
    stacks: Sequence[StackDefinition],
    actions: Collection[str],
    *,
    offline: bool,
) -> tuple[list[Facts], list[StackFacts]]:
    """What is known of roles and stacks, which are of one account: a policy allows nothing in another.

    Raises: UsageError for several accounts; another UdoError.
    """
    try:
        known = [facts(session, role, actions, offline=offline) for role in roles]
        of_stacks = [stack_facts(session, one, offline=offline) for one in stacks]
    except (CredentialsError, NotSent, PermissionDenied) as error:
        error.hint = "; or ".join(filter(None, [error.hint, "use --offline, which asks AWS nothing"]))
        raise
    of_all: list[Facts | StackFacts] = [*known, *of_stacks]
    accounts = {one.label: one.place.account for one in of_all}
    if len(set(accounts.values())) > 1:
        told = ", ".join(f"{label} in {account}" for label, account in accounts.items())
        raise UsageError(f"a policy is of one account, and these are of several: {told}", hint="name one cluster")
    return known, of_stacks


def _rights(verbs: Sequence[str], stacks: Sequence[StackFacts]) -> Iterator[str]:
    """What of stacks no policy here says by itself."""
    if found := makes_by_the_callers_rights(verbs, stacks):
        told = "CloudFormation makes, changes and deletes its resources with the rights of whoever asks"
        yield f"{', '.join(found)} without role: {told}, which have to be given besides"
    if "stack plan" in verbs and stacks:
        yield "'udo stack plan' writes: it makes a change set, and an empty stack where there is none, and removes both"


def _trusted(session: Session, roles: Sequence[Role], text: str, *, offline: bool) -> Result:
    name, what = repository(text)
    document = trust(_known(session, roles, (), (), offline=offline)[0][0].place, name, what)
    notes = []
    if what == "*":
        notes.append(f"every branch, tag and pull request of {name} is let in: {name}:environment:NAME is narrower")
    return Result({"policy": document, "size": size(document)}, text=_text(document), notes=notes)


def _result(made: Policy, verbs: Sequence[str], roles: Sequence[Role], stacks: Sequence[StackDefinition]) -> Result:
    data = {
        "policy": made.document,
        "verbs": verbs,
        "roles": [role.label for role in roles],
        "stacks": [one.key for one in stacks],
        "broad": _rows(made.broad),
        "unused": _rows(made.unused),
        "missing": _rows(made.missing),
        "size": made.size,
        "limits": LIMITS,
    }
    return Result(data, text=_text(made.document), notes=list(_notes(made)))


def _rows(told: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"action": action, "why": why} for action, why in told.items()]


def _notes(made: Policy) -> Iterator[str]:
    reasons: dict[str, list[str]] = {}
    for action, why in made.broad.items():
        reasons.setdefault(why, []).append(action)
    for why, actions in reasons.items():
        # Of those the statement on * is a list already.
        told = f"{len(actions)} actions" if why == ALL_OR_NOTHING and actions[1:] else ", ".join(actions)
        yield f"on all there is: {told} ({why})"
    if not made.document["Statement"]:
        yield "nothing has to be allowed for that, and IAM takes no policy without a statement"
    if made.unused:
        many, them = ("action", "it with its reason") if len(made.unused) == 1 else ("actions", "them with reasons")
        yield f"left out: {len(made.unused)} {many} that udo.yml gives no use for (-o json has {them})"
    for action, why in made.missing.items():
        yield f"missing: {action}, which is needed: {why}"
    if made.size > LIMITS["managed"]:
        told = f"{made.size:,} characters, and a managed policy has at most {LIMITS['managed']:,}"
        yield f"{told}: print one for each cluster, or for some verbs (--verb)"


def _text(document: Any) -> str:
    return json.dumps(document, indent=2)
