"""The dashboard of a cluster in changes that are swept, beside those of others that are called almost like it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from arena import Arena, Run
from dashboard_worlds import NAME, SAYS, live, put
from deploy_worlds import begin, config
from deploy_worlds import end as let_it_end
from invariants import CODES, exit_code_is_one_of, only_these_change
from scenario import Case, Check, Scenario
from state import State

PUT = ("dashboard", "prod", "--put", "--yes")
CONFIG = config(SAYS)
_OTHERS = ("shop-prod2", "shop-pro", "shop", "prod")


def _absent(arena: Arena) -> None:
    """A world with a deployment to mark, and dashboards of others alone."""
    arena.world.seed(arena.config())
    begin(arena.world)
    let_it_end(arena.world)
    for name in _OTHERS:
        put(arena.world, {"widgets": []}, name)


def _changed(arena: Arena) -> None:
    """The same with one of ours that is otherwise: a widget of somebody's, and a threshold of long ago."""
    _absent(arena)
    done = arena.run(*PUT)
    assert done.exit == 0, done.stderr
    body = live(arena.world)
    added = {"type": "text", "properties": {"markdown": "on call"}}
    slow = next(one for one in body["widgets"] if one["properties"].get("title") == "webapp: alarm slow")
    slow["properties"]["annotations"]["horizontal"][0]["value"] = 9
    put(arena.world, {**body, "widgets": [*body["widgets"], added]})


def _gone(arena: Arena) -> None:
    _absent(arena)
    done = arena.run(*PUT)
    assert done.exit == 0, done.stderr


def dashboards_of_others_stay(case: Case) -> None:
    """I2: a dashboard of another name is what it was, and none is made beside ours."""
    before, after = ({**state["dashboards"], NAME: None} for state in (case.before, case.after))
    assert after == before, "a dashboard of others changed"


def ours_is_whole(case: Case) -> None:
    """Ours is as it was or as it is to be; but for markers, where AWS did not tell of deployments."""
    now, known = (
        case.after["dashboards"].get(NAME),
        [state["dashboards"].get(NAME) for state in (case.before, case.end)],
    )
    assert _unmarked(now) in [_unmarked(one) for one in known], f"neither: {now}"


def _unmarked(body: Any) -> Any:
    """A body without the times that deployments are marked at."""
    if not isinstance(body, dict):
        return body
    marked = {key: value for key, value in body.items() if key != "annotations"}
    notes = {key: value for key, value in body.get("annotations", {}).items() if key != "vertical"}
    kept = marked | ({"annotations": notes} if notes else {})
    return {
        key: [_unmarked(one) for one in value] if isinstance(value, list) else _unmarked(value)
        for key, value in kept.items()
    }


def same(one: State, other: State, excused: frozenset[str]) -> bool:
    """Whether two states are the same; markers may be missing where that was said."""
    first, second = (
        {**state, "dashboards": _unmarked(state["dashboards"]) if excused else state["dashboards"]}
        for state in (one, other)
    )
    return bool(first == second)


def excuses(run: Run) -> frozenset[str]:
    """What a run has said it left out."""
    return frozenset({"markers"} if "continuing without new markers" in run.stderr else ())


def _as_it_should_be(case: Case, run: Run) -> None:
    """I4: exit 0 only where it is what it should be, but for markers of which it was said that they are unknown."""
    read = _unmarked if excuses(run) or case.excused else (lambda body: body)
    assert run.exit != 0 or read(case.after["dashboards"].get(NAME)) == read(case.end["dashboards"].get(NAME)), (
        run.stderr
    )


def _put(state: State) -> None:
    titles = [one["properties"].get("title") for one in state["dashboards"][NAME]["widgets"]]
    assert "webapp: alarm slow" in titles
    assert "deploy 740800d" in str(state["dashboards"][NAME])
    assert "on call" not in str(state["dashboards"][NAME])


def _deleted(state: State) -> None:
    assert NAME not in state["dashboards"]


def _check(end: Callable[[State], None]) -> Check:
    return Check(
        always=(only_these_change("dashboards"), dashboards_of_others_stay, ours_is_whole),
        told=(exit_code_is_one_of(*CODES), _as_it_should_be),
        end=end,
        same=same,
        excuses=excuses,
    )


CORE = {"dashboard-changed": Scenario(PUT, _changed, _check(_put), CONFIG)}
MORE = {
    "dashboard-new": Scenario(PUT, _absent, _check(_put), CONFIG),
    "dashboard-deleted": Scenario(("dashboard", "prod", "--delete", "--yes"), _gone, _check(_deleted), CONFIG),
}
