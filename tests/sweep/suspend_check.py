"""What a deployment with `deploy.suspend` is held to: nothing of others resumed, nothing of its own left suspended."""

from __future__ import annotations

from arena import Run
from invariants import SUSPENDED, TAGS, only_ours_changes, only_these_change
from scenario import Case, Check
from state import OURS, State

from udo.groups.processes import BY_RUN

# By whom each of these is suspended in the scenarios.
CODEDEPLOYS, UDOS, THEIRS = "AZRebalance", ("AlarmNotification", "ReplaceUnhealthy"), "HealthCheck"


def recorded(state: State) -> frozenset[str]:
    """The processes that the tag of our group names."""
    tags = state["groups"][OURS].get(TAGS, [])
    return frozenset(name for tag in tags if tag["Key"] == BY_RUN for name in tag["Value"].split()[1:])


def suspended(state: State) -> frozenset[str]:
    """The suspended processes of our group."""
    return frozenset(state["groups"][OURS].get(SUSPENDED, {}))


def what_others_suspended_stays(case: Case) -> None:
    """I3: what is suspended and nobody's of Udo's stays so, and is never recorded as ours."""
    theirs = suspended(case.before) - recorded(case.before) - {CODEDEPLOYS}
    assert theirs <= suspended(case.after), "what somebody else suspended is resumed"
    assert not theirs & recorded(case.after), "what somebody else suspended is claimed"


def what_is_suspended_is_recorded(case: Case) -> None:
    """I3: whatever is suspended beside that is recorded, but for what CodeDeploy sees to while it is at work."""
    active = any(one["status"] in ("Created", "InProgress") for one in case.after["deployments"][OURS])
    allowed = suspended(case.before) | recorded(case.after) | ({CODEDEPLOYS} if active else set())
    assert suspended(case.after) <= allowed, f"unrecorded: {suspended(case.after) - allowed}"


def what_is_left_is_told(case: Case, run: Run) -> None:
    """A run that was not killed leaves nothing suspended, or names the command that resumes it."""
    if run.exit is not None and recorded(case.after) and "autoscaling:CreateOrUpdateTags" in run.asked:
        assert "udo resume prod webapp --recover" in run.stderr, run.stderr


SUSPENDING = Check(
    always=(
        only_these_change("deployments", "files", "groups"),
        only_ours_changes("groups", SUSPENDED, TAGS),
        what_others_suspended_stays,
        what_is_suspended_is_recorded,
    ),
    told=(what_is_left_is_told,),
    end=lambda _end: None,
    same=lambda _one, _other, _excused: True,
)
