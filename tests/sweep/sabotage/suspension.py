"""Sabotages of what is suspended around a deployment."""

from __future__ import annotations

from sabotage.mutant import Mutant

_SWEEP = "tests/sweep/test_single_faults.py"
_SUSPEND = "tests/commands/test_deploy_suspend.py"
MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "suspend before it is recorded",
        "deploy/suspend.py",
        "            found += [*steps, replace(step,",
        "            found += [*reversed(list(steps)), replace(step,",
        (_SUSPEND, "-k", "recorded_then_suspended"),
    ),
    Mutant(
        "resume what somebody else suspended before",
        "deploy/suspend.py",
        "fresh = [name for name in _by_udo(role) if name not in before]",
        "fresh = [name for name in _by_udo(role)]",
        (_SUSPEND, "-k", "somebody_else_has_suspended"),
    ),
    Mutant(
        "forget the record before all is resumed",
        "deploy/suspend.py",
        'cleanup += [_untag(name, value, record.processes, "CreateOrUpdateTags")]',
        'cleanup = [_untag(name, value, record.processes, "CreateOrUpdateTags"), *cleanup]',
        (_SUSPEND, "-k", "recorded_then_suspended"),
    ),
    Mutant(
        "leave what a killed run has left while its deployment is followed",
        "deploy/plan.py",
        "return inherited(followed, role, observed, active.deployment_id)",
        "return followed",
        (_SWEEP, "-k", "deploy-suspending-killed-after"),
    ),
    Mutant(
        "resume under a deployment that is not over",
        "deploy/suspend.py",
        "if active := next((one for one in observed.active if _is_of(one, record.run)), None):",
        "if active := next((one for one in observed.active if False), None):",
        ("tests/sweep/test_recover.py", "-k", "once_its_deployment and killed-after"),
    ),
    Mutant(
        "resume between a deployment and those that follow it",
        "deploy/suspend.py",
        "plan = replace(plan, cleanup=(*cleanup, *plan.cleanup), lasting=True, remedy=_remedy(role))",
        "plan = replace(plan, cleanup=(*cleanup, *plan.cleanup), lasting=False, remedy=_remedy(role))",
        (_SUSPEND, "-k", "hook_that_follows"),
    ),
)
