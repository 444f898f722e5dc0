"""The events of an operation as a tree: every resource once, its durations, and what failed first."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from whole import examples

from udo.model.stacks import STACK_TYPE, StackEvent
from udo.stacks.events import Node, first_failure, last_operation, tree

_BEGIN = datetime(2026, 11, 29, 10, 0, tzinfo=UTC)
ROOT = "arn:aws:cloudformation:eu-west-1:123456789012:stack/review/1"


def at(seconds: int) -> str:
    """A time so many seconds after the beginning."""
    return f"{_BEGIN + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%SZ}"


def event(second: int, name: str, status: str, reason: str = "", **more: Any) -> StackEvent:
    """What happened to a resource of the stack, or with an empty name to the stack itself."""
    stack = more.get("stack", ROOT)
    kind = more.get("kind", "AWS::SQS::Queue" if name else STACK_TYPE)
    physical = more.get("physical", f"id-{name}") if name else stack
    event_id = f"{stack}/{name}/{second}/{status}/{physical}"
    return StackEvent(event_id, stack, name or "review", physical, kind, status, at(second), reason)


def built(*events: StackEvent) -> Node:
    """The tree of these events, which are in order."""
    stacks: dict[str, list[StackEvent]] = {}
    for one in events:
        stacks.setdefault(one.stack_id, []).append(one)
    found = tree(ROOT, stacks)
    assert found is not None
    return found


FAILED = (
    event(0, "", "CREATE_IN_PROGRESS"),
    event(1, "Topic", "CREATE_IN_PROGRESS"),
    event(1, "Queue", "CREATE_IN_PROGRESS", physical=""),
    event(2, "Bucket", "CREATE_IN_PROGRESS"),
    event(4, "Topic", "CREATE_COMPLETE"),
    event(5, "Queue", "CREATE_FAILED", "Queue already exists", physical=""),
    event(5, "Bucket", "CREATE_FAILED", "Resource creation cancelled"),
    event(6, "", "ROLLBACK_IN_PROGRESS", "The following resource(s) failed to create: [Queue, Bucket]."),
    event(7, "Topic", "DELETE_IN_PROGRESS"),
    event(9, "Topic", "DELETE_COMPLETE"),
    event(10, "", "ROLLBACK_COMPLETE"),
)


def test_the_first_real_failure_is_told_and_those_that_it_cancelled_are_counted() -> None:
    found = first_failure(built(*FAILED))
    assert found is not None
    assert (found.path, found.event.reason, found.cancelled) == (("Queue",), "Queue already exists", 1)


def test_a_cancellation_that_comes_first_is_no_cause() -> None:
    first = event(4, "Bucket", "CREATE_FAILED", "Resource creation cancelled")
    late = [*FAILED[:5], first, FAILED[5], *FAILED[7:]]
    found = first_failure(built(*late))
    assert found is not None
    assert found.path == ("Queue",)


def test_each_resource_has_how_long_it_took_in_all() -> None:
    root = built(*FAILED)
    took = {child.logical_id: child.seconds(0.0) for child in root.children}
    assert took == {"Topic": 3 + 2, "Queue": 4, "Bucket": 3}
    assert root.seconds(0.0) == 10
    assert [child.status for child in root.children] == ["DELETE_COMPLETE", "CREATE_FAILED", "CREATE_FAILED"]


def test_what_is_still_at_work_takes_until_now() -> None:
    root = built(*FAILED[:5])
    assert root.is_moving
    assert root.seconds(_BEGIN.timestamp() + 60) == 60


def test_the_removal_of_what_was_replaced_is_not_the_end_of_it() -> None:
    root = built(
        event(0, "", "UPDATE_IN_PROGRESS"),
        event(1, "Queue", "UPDATE_IN_PROGRESS", "Requested update requires the creation of a new physical resource"),
        event(2, "Queue", "UPDATE_IN_PROGRESS", physical="new"),
        event(3, "Queue", "UPDATE_COMPLETE", physical="new"),
        event(4, "", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"),
        event(5, "Queue", "DELETE_IN_PROGRESS"),
        event(6, "Queue", "DELETE_COMPLETE"),
        event(7, "", "UPDATE_COMPLETE"),
    )
    (queue,) = root.children
    assert (queue.status, queue.physical_id, queue.replaced) == ("UPDATE_COMPLETE", "new", True)


INNER = f"{ROOT[:-1]}2"


def test_a_failure_in_a_nested_stack_is_told_where_it_is_and_not_by_what_is_around_it() -> None:
    root = built(
        event(0, "", "CREATE_IN_PROGRESS"),
        event(1, "Net", "CREATE_IN_PROGRESS", kind=STACK_TYPE, physical=INNER),
        event(2, "", "CREATE_IN_PROGRESS", stack=INNER),
        event(3, "Subnet", "CREATE_IN_PROGRESS", stack=INNER),
        event(4, "Subnet", "CREATE_FAILED", "the range is taken", stack=INNER),
        event(4, "", "CREATE_FAILED", "The following resource(s) failed to create: [Subnet].", stack=INNER),
        event(
            4, "Net", "CREATE_FAILED", "Embedded stack was not successfully created", kind=STACK_TYPE, physical=INNER
        ),
        event(5, "", "ROLLBACK_IN_PROGRESS"),
    )
    found = first_failure(root)
    assert found is not None
    assert found.path == ("Net", "Subnet")
    assert [path for path, _ in root.below()] == [("Net",), ("Net", "Subnet")]


def test_where_the_stack_alone_tells_of_a_failure_that_is_it() -> None:
    found = first_failure(built(event(0, "", "CREATE_IN_PROGRESS"), event(1, "", "CREATE_FAILED", "no rights")))
    assert found is not None
    assert (found.path, found.event.reason) == ((), "no rights")
    assert first_failure(built(*FAILED[:5])) is None


def test_the_last_operation_begins_where_the_stack_began_it_and_no_more_is_read() -> None:
    before = [event(0, "", "CREATE_IN_PROGRESS"), event(3, "", "CREATE_COMPLETE")]
    now = [
        event(10, "", "UPDATE_IN_PROGRESS"),
        event(11, "Queue", "UPDATE_IN_PROGRESS"),
        event(12, "", "UPDATE_FAILED"),
    ]
    newest_first = iter([*reversed(now), *reversed(before)])
    assert last_operation(newest_first) == tuple(now)
    assert next(newest_first) == before[-1], "nothing was asked for beyond it"


# A resource is its steps, or a nested stack with resources of its own.
_STEPS = st.lists(
    st.tuples(st.sampled_from(["CREATE", "UPDATE", "DELETE"]), st.sampled_from(["IN_PROGRESS", "COMPLETE", "FAILED"])),
    min_size=1,
    max_size=4,
)
_PLAIN = st.fixed_dictionaries({"steps": _STEPS})
_RESOURCES: Any = st.recursive(
    st.dictionaries(st.sampled_from("ABCDE"), _PLAIN, max_size=4),
    lambda inner: st.dictionaries(
        st.sampled_from("ABCDE"), _PLAIN | st.fixed_dictionaries({"steps": _STEPS, "inside": inner}), max_size=4
    ),
    max_leaves=12,
)


def _told(stack: str, resources: Any, found: list[StackEvent], path: tuple[str, ...] = ()) -> set[tuple[str, ...]]:
    """Adds the events of a stack and of those nested in it; the resources that they are about, by path."""
    found.append(event(len(found), "", "CREATE_IN_PROGRESS", stack=stack))
    paths: set[tuple[str, ...]] = set()
    for name, one in resources.items():
        here = (*path, name)
        is_stack = "inside" in one
        inner = f"{ROOT}/{'/'.join(here)}"
        paths.add(here)
        if is_stack:
            paths |= _told(inner, one["inside"], found, here)
        kind, physical = (STACK_TYPE, inner) if is_stack else ("AWS::SQS::Queue", f"id-{name}")
        for verb, how in one["steps"]:
            found.append(event(len(found), name, f"{verb}_{how}", stack=stack, kind=kind, physical=physical))
    return paths


@given(resources=_RESOURCES, mixed=st.randoms(use_true_random=False))
@settings(max_examples=examples(200))
def test_the_tree_accounts_for_every_resource_once_and_for_every_failure(resources: Any, mixed: Any) -> None:
    found: list[StackEvent] = []
    paths = _told(ROOT, resources, found)
    root = built(*found)
    seen = Counter(path for path, _ in root.below())
    assert seen == dict.fromkeys(paths, 1)
    told = [one.event_id for _, node in [((), root), *root.below()] for one in node.failures]
    assert Counter(told) == dict.fromkeys((one.event_id for one in found if one.status.endswith("_FAILED")), 1)
    # What is told first of several things at work does not change what there is.
    mixed.shuffle(found)
    assert {path for path, _ in built(*found).below()} <= paths
