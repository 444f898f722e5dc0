"""Sabotages of dashboards: whose they are, when they are equal, and what of them is kept."""

from __future__ import annotations

from sabotage.mutant import Mutant

SHOWN = "tests/commands/test_dashboard.py"

MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "put a dashboard of somebody else's",
        "dashboards/plan.py",
        "if dashboard.is_foreign:",
        "if False:",
        (f"{SHOWN}::test_a_dashboard_of_somebody_else_is_left",),
    ),
    Mutant(
        "put a dashboard again that is spelled otherwise",
        "aws/dashboards.py",
        'parsed["DashboardBody"] = canonical(body)',
        'parsed["DashboardBody"] = body',
        (f"{SHOWN}::test_another_spelling_of_the_same_is_equal",),
    ),
    Mutant(
        "lose the markers that AWS does not tell",
        "dashboards/plan.py",
        "if one.markers is None:",
        "if False:",
        (f"{SHOWN}::test_markers_that_aws_does_not_tell_stay_as_they_are",),
    ),
    Mutant(
        "remove widgets of somebody's without a word",
        "dashboards/plan.py",
        'from dashboard {dashboard.name}?" if goes else None',
        'from dashboard {dashboard.name}?" if False else None',
        (f"{SHOWN}::test_a_widget_that_somebody_added_is_named_before_it_goes",),
    ),
    Mutant(
        "mark what CodeDeploy brings to single instances",
        "dashboards/markers.py",
        "if one.creator not in _OF_ONE_INSTANCE",
        "if one",
        (f"{SHOWN}::test_deployments_and_refreshes_are_markers_and_the_same_lists_give_the_same_ones",),
    ),
    Mutant(
        "overwrite what was put meanwhile",
        "dashboards/plan.py",
        'save={"warnings": _WARNINGS},\n        expect=(_as_seen(dashboard),),',
        'save={"warnings": _WARNINGS},\n        expect=(),',
        (f"{SHOWN}::test_what_was_put_meanwhile_is_not_overwritten",),
    ),
)
