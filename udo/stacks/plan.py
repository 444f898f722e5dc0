"""What makes, changes and deletes a stack, as plans."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from udo.change.plan import Call, Pair, Plan, Read, Wait
from udo.errors import Conflict, Refused
from udo.stacks.change_sets import is_unchanged
from udo.stacks.differences import differences, losses
from udo.stacks.protection import is_protected, protection
from udo.stacks.rows import TAG
from udo.stacks.states import CREATED, CREATION_FAILED, DELETED, REVIEW, UPDATE_FAILED, is_stuck, means, remedy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from udo.config.stacks import Stack as Order
    from udo.model.stacks import ChangeSet, Stack, StackResource

# What the request tokens of Udo's operations begin with.
OURS = "udo-"
CREATE, UPDATE, DELETE = "stack create", "stack update", "stack delete"
_GOAL = {CREATE: CREATED[0], UPDATE: "UPDATE_COMPLETE", DELETE: DELETED}
_FAILED = {CREATE: CREATION_FAILED, UPDATE: UPDATE_FAILED, DELETE: ("DELETE_FAILED",)}
_MOVING = {CREATE: "CREATE", UPDATE: "UPDATE", DELETE: "DELETE"}
_GERUND = {CREATE: "made", UPDATE: "updated", DELETE: "deleted"}
_THERE = "Stacks[?StackStatus!='DELETE_COMPLETE'] | [0].StackStatus"


class Named(Protocol):
    """A stack by its name in AWS, the words by which a command line names it, and how long it is followed."""

    @property
    def name(self) -> str: ...
    @property
    def words(self) -> str: ...
    @property
    def timeout(self) -> float: ...


def plan_change(verb: str, order: Order, live: Stack | None, found: ChangeSet) -> Plan:
    """The plan that executes a change set and follows it to its end; without steps where nothing is to be changed.

    Raises: Conflict where a stack that is to be made exists, and is not as udo.yml says.
    """
    stack = f"stack {order.name}"
    heading = Plan(verb, stack, (), notes=_notes(order, live), unchanged=f"nothing to do: {stack} is as udo.yml says")
    protecting = (protection(found.stack_id, order.name, on=True),) if order.protect and not _protected(live) else ()
    protected = (is_protected(found.stack_id),) if protecting else ()
    if is_unchanged(found):
        return replace(heading, steps=protecting, goal=protected, done=f"{stack} is protected now")
    if verb == CREATE and live is not None and live.status != REVIEW:
        raise Conflict(
            f"{stack} exists and is not as udo.yml says: {len(found.changes)} of its resources would change",
            hint=f"nothing was changed; see 'udo stack plan {order.words}', then: udo stack update {order.words}",
        )
    lost = losses(found)
    return replace(
        heading,
        steps=(*protecting, _execution(order, found, live), _following(verb, order, found.stack_id, found.name)),
        goal=(_is(found.stack_id, _GOAL[verb]), *protected),
        differences=differences(found),
        asks=f"{'; '.join(lost)}. Update {stack}?" if lost else None,
        done=f"{stack} is {_GERUND[verb]}",
        shows=True,
    )


def plan_to_follow(verb: str, order: Named, live: Stack) -> Plan:
    """The plan that follows what Udo has begun on a stack already, from here or elsewhere."""
    wait = _following(verb, order, live.stack_id)
    note = f"stack {live.name} is {live.status} already: it is followed to its end"
    done = f"stack {live.name} is {_GERUND[verb]}"
    goal = (_is(live.stack_id, _GOAL[verb]),) if verb != DELETE else (_is_gone(live.stack_id),)
    return Plan(verb, f"stack {live.name}", (wait,), goal=goal, notes=(note,), done=done)


def plan_deletion(
    order: Named, live: Stack, resources: Sequence[StackResource], token: str, retain: Sequence[str]
) -> Plan:
    """The plan that deletes a stack, and waits for its end.

    Raises: Refused where CloudFormation protects it, or takes no such resources.
    """
    name, stack_id = live.name, live.stack_id
    if live.protected:
        raise Refused(
            f"stack {name} has termination protection, CloudFormation does not delete it",
            hint=f"nothing was changed; if it is to go all the same: aws cloudformation update-termination-protection "
            f"--no-enable-termination-protection --stack-name {name}, and then the same command",
        )
    if retain:
        _check_retained(live, resources, retain)
    params: dict[str, Any] = {"StackName": stack_id, "ClientRequestToken": token}
    params |= {"RetainResources": list(retain)} if retain else {}
    asked = {"StackName": stack_id}
    unprotected = Pair(
        Read("cloudformation", "DescribeStacks", asked, "Stacks[0].EnableTerminationProtection || `false`"),
        False,
        "its termination protection",
    )
    call = Call(
        f"delete stack {name}",
        "cloudformation",
        "DeleteStack",
        params,
        expect=(_is(stack_id, live.status), unprotected),
        proof=(Pair(Read("cloudformation", "DescribeStackEvents", asked, _begun_by(token)), True),),
    )
    count = sum(not one.status.startswith("DELETE_") for one in resources)
    what = f" and the {f'{count} resources' if count != 1 else 'one resource'} in it" if count else ""
    return Plan(
        DELETE,
        f"stack {name}",
        (call, _following(DELETE, order, stack_id, token)),
        goal=(_is_gone(stack_id),),
        asks=f"Delete stack {name}{what} for ever?",
        done=f"stack {name} is deleted",
    )


def refuse_to_change(verb: str, order: Named, live: Stack) -> None:
    """Lets a stack pass that can be changed now.

    Raises: Conflict where it is not Udo's, or somebody is at work on it; Refused where it is stuck.
    """
    name, words = live.name, order.words
    refuse_foreign(live)
    if live.is_moving:
        raise Conflict(
            f"stack {name} is {live.status}, which no command of Udo's has begun that does the same",
            hint=f"nothing was changed; 'udo stack events {words} -w' follows it, then run it again",
        )
    if is_stuck(live.status) and verb != DELETE:
        told = f"stack {name} is {live.status}: {means(live.status)}"
        raise Refused(told, hint=f"nothing was changed; {remedy(live, words)}")


def refuse_foreign(live: Stack) -> None:
    """Lets a stack pass that Udo has made; of one that is not made yet that is not known.

    Raises: Conflict.
    """
    if TAG not in live.tags and live.status != REVIEW:
        raise Conflict(
            f"a stack {live.name} exists that Udo did not make: it has no tag {TAG}",
            hint="nothing was changed; say another name in udo.yml, or leave it to who made it",
        )


def follows(verb: str, live: Stack) -> bool:
    """Whether what a verb would begin is what CloudFormation is at work on."""
    return live.is_moving and live.status.startswith((_MOVING[verb], *_ROLLBACKS[verb]))


# A rollback is how what was begun ends; nothing can be begun before its end either.
_ROLLBACKS = {CREATE: ("ROLLBACK",), UPDATE: (), DELETE: ()}


def begun_by_udo(token: str) -> bool:
    """Whether the token of an operation is one of Udo's."""
    return token.startswith(OURS)


def _execution(order: Order, found: ChangeSet, live: Stack | None) -> Call:
    asked = {"ChangeSetName": found.change_set_id}
    available = Pair(Read("cloudformation", "DescribeChangeSet", asked, "ExecutionStatus"), "AVAILABLE", "change set")
    status = live.status if live else REVIEW
    token = found.name
    proof = Read("cloudformation", "DescribeStackEvents", {"StackName": found.stack_id}, _begun_by(token))
    return Call(
        f"execute change set {found.name} of stack {order.name}",
        "cloudformation",
        "ExecuteChangeSet",
        {**asked, "ClientRequestToken": token},
        expect=(available, _is(found.stack_id, status)),
        proof=(Pair(proof, True),),
    )


def _following(verb: str, order: Named, stack_id: str, token: str = "") -> Wait:
    """The wait for the end of what goes by this token; without one for that of whatever is under way.

    A deletion ends where the stack is deleted, whoever came first.
    """
    gone = f" || ResourceStatus=='{DELETED}'" if verb == DELETE else ""
    by = f" && (ClientRequestToken=='{token}'{gone})" if token else ""
    path = f"StackEvents[?PhysicalResourceId==StackId{by}] | [0].ResourceStatus"
    return Wait(
        f"wait until stack {order.name} is {_GERUND[verb]}",
        Read("cloudformation", "DescribeStackEvents", {"StackName": stack_id}, path),
        success=(_GOAL[verb],),
        failure=tuple(one for one in _FAILED[verb] if one != _GOAL[verb]),
        every=2.0,
        timeout=order.timeout,
        detached=f"it continues in AWS; the same command follows it again, or: udo stack events {order.words} -w",
        watch="stack",
    )


def _begun_by(token: str) -> str:
    return f"length(StackEvents[?ClientRequestToken=='{token}']) > `0`"


def _is(stack_id: str, status: str) -> Pair:
    return Pair(
        Read("cloudformation", "DescribeStacks", {"StackName": stack_id}, "Stacks[0].StackStatus"), status, "state"
    )


def _is_gone(stack_id: str) -> Pair:
    return Pair(Read("cloudformation", "DescribeStacks", {"StackName": stack_id}, _THERE), None, "state")


def _protected(live: Stack | None) -> bool:
    return live is not None and live.protected


def _notes(order: Order, live: Stack | None) -> tuple[str, ...]:
    if _protected(live) and not order.protect:
        return (f"stack {order.name} has termination protection, and udo.yml does not say protect: it is left",)
    return ()


def _check_retained(live: Stack, resources: Sequence[StackResource], retain: Sequence[str]) -> None:
    """Raises: Refused for what CloudFormation does not take."""
    if live.status != "DELETE_FAILED":
        told = f"--retain leaves out what could not be deleted, and stack {live.name} is {live.status}"
        raise Refused(told, hint="nothing was changed; leave it out")
    known = {one.logical_id for one in resources if one.status == "DELETE_FAILED"}
    if unknown := [name for name in retain if name not in known]:
        told = f"{unknown[0]!r} is none of what could not be deleted of stack {live.name}"
        raise Refused(told, hint=f"nothing was changed; that is {', '.join(sorted(known)) or 'nothing'}")
