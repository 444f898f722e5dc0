"""The sabotages of `make mutants`, a file a room; each is caught by the tests it names."""

from __future__ import annotations

from sabotage import (
    alarms,
    changes,
    command_line,
    configuration,
    copying,
    creation,
    deploying,
    drift,
    failures,
    forecast,
    gone,
    groups,
    guards,
    kernel,
    output,
    places,
    reading,
    refreshing,
    rollout,
    run_command,
    sandbox,
    ssh,
    suspension,
    trust,
)
from sabotage.mutant import Mutant

# Those of one room are printed together.
ROOMS: dict[str, tuple[Mutant, ...]] = {
    "launch changes, runner and locks": changes.MUTANTS,
    "long changes": kernel.MUTANTS,
    "deploying": deploying.MUTANTS,
    "deploying: failures": failures.MUTANTS,
    "deploying: suspended processes": suspension.MUTANTS,
    "forecast and blue/green": forecast.MUTANTS,
    "the life of groups": groups.MUTANTS,
    "groups that are made": creation.MUTANTS,
    "where groups live, and what they leave": places.MUTANTS,
    "drift of launch data and settings": drift.MUTANTS,
    "launch data that was deleted": gone.MUTANTS,
    "alarms and freeze windows": guards.MUTANTS,
    "alarms of udo.yml": alarms.MUTANTS,
    "refreshes": refreshing.MUTANTS,
    "ssh": ssh.MUTANTS,
    "ssh: whom to trust": trust.MUTANTS,
    "files that are copied": copying.MUTANTS,
    "configuration": configuration.MUTANTS,
    "session and command line": command_line.MUTANTS,
    "output": output.MUTANTS,
    "reading verbs": reading.MUTANTS,
    "sandbox": sandbox.MUTANTS,
    "the sandbox: Run Command": run_command.MUTANTS,
    "sandbox: deployments": rollout.MUTANTS,
}
