"""Breaks Udo on purpose, one line at a time in a copy of it, and sees whether the tests notice: `make mutants`."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
# Each round is asked only where those before it noticed nothing; a test that fails ends it.
ROUNDS: tuple[tuple[str, ...], ...] = (
    ("tests/sweep/test_single_faults.py", "tests/test_runner.py", "-k", "undisturbed or test_runner"),
    (
        *("tests/test_copying.py", "tests/launch/test_keeping.py"),
        *(f"tests/commands/test_{one}.py" for one in ("locks", "rollback", "updatelc", "many_roles")),
    ),
    ("tests/sweep/test_second_operator.py", "-k", "updatelc-configuration or updatelc-mixed"),
    ("tests/sweep/test_single_faults.py", "-k", "killed-after or dropped-after or failed-before or interrupted-after"),
)


@dataclass(frozen=True)
class Mutant:
    """One sabotage: what it is, and the text of one file that another takes the place of."""

    says: str
    file: str
    old: str
    new: str


MUTANTS = (
    Mutant("drop the compare before a write", "runner.py", "if _text(found) != _text(wanted):", "if False:"),
    Mutant("compare in two requests", "runner.py", "rows = next(same, None)", "rows = None"),
    Mutant("skip the read-back", "runner.py", "_read_back(plan.goal, known, tools)", "pass"),
    Mutant("do not look what else moved", "runner.py", "_compare_seen(plan.seen, known, tools)", "pass"),
    Mutant("send a lost write again", "runner.py", "_settle(call, error, known, tools)", "continue"),
    Mutant(
        "take whatever has the name",
        "runner.py",
        "if not (call.proof and _seems_to_hold(call.proof, known, tools)):",
        "if False:",
    ),
    Mutant(
        "swallow an error",
        "runner.py",
        "tools.emit(StepFailed(step.says, error.message))\n        raise",
        "tools.emit(StepFailed(step.says, error.message))",
    ),
    Mutant(
        "give up at the first throttle",
        "runner.py",
        "if tools.clock.monotonic() + pause > until:\n                raise",
        "if True:\n                raise",
    ),
    Mutant(
        "let the SDK send writes again",
        "aws/connection.py",
        '{"mode": "standard", "total_max_attempts": 1}',
        '{"mode": "standard", "total_max_attempts": 3}',
    ),
    Mutant("read the first page only", "aws/connection.py", "if not token:", "if True:"),
    Mutant("take a page of a proxy's for an answer", "aws/connection.py", 'if service != "s3" and ', "if False and "),
    Mutant("a family by its beginning", "launch/naming.py", "pattern.fullmatch(name)", "pattern.match(name)"),
    Mutant("forget whose group has the name", "launch/naming.py", "match and name not in other_groups", "match"),
    Mutant(
        "forget the groups where a family is made out",
        "launch/changes.py",
        "state.configurations, {*state.group_names} - {state.group.name})",
        "state.configurations)",
    ),
    Mutant(
        "swap before there is something to swap in",
        "launch/changes.py",
        "steps = (*create, *remember(group, name, live), swap, *old)",
        "steps = (swap, *create, *remember(group, name, live), *old)",
    ),
    Mutant(
        "tag after the swap",
        "launch/changes.py",
        "steps = (*create, *remember(group, name, live), swap, *old)",
        "steps = (*create, swap, *remember(group, name, live), *old)",
    ),
    Mutant(
        "delete before the swap",
        "launch/changes.py",
        "steps = (*create, *remember(group, name, live), swap, *old)",
        "steps = (*create, *remember(group, name, live), *old, swap)",
    ),
    Mutant("make another copy each time", "launch/changes.py", "if satisfies(candidate, wanted):", "if False:"),
    Mutant(
        "delete configurations in use",
        "launch/changes.py",
        "{*state.used, state.live.name, *previous}",
        "{state.live.name, *previous}",
    ),
    Mutant(
        "delete versions in use", "launch/changes.py", "needed = {*state.used, state.number,", "needed = {state.number,"
    ),
    Mutant(
        "overlook who uses a version in an override",
        "launch/keeping.py",
        'return f"({own}) || {inside}',
        'return f"({own}) || `false` && {inside}',
    ),
    Mutant("delete the default version", "launch/changes.py", "current, *defaults, *also}", "current, *also}"),
    Mutant("delete the one before", "launch/changes.py", "{told.before} if told else", "set() if told else"),
    Mutant("delete the one below", "launch/changes.py", "{max(below)} if (below", "set() if (below"),
    Mutant(
        "pin to $Latest", "launch/swapping.py", 'template.id, "Version": number', 'template.id, "Version": "$Latest"'
    ),
    Mutant(
        "lose the overrides of a policy", "launch/swapping.py", ' | ({"Overrides": overrides} if overrides else {})', ""
    ),
    Mutant(
        "encode user data twice",
        "launch/copying.py",
        'base64.b64decode(sent["UserData"])',
        'sent["UserData"].encode()',
    ),
    Mutant("keep empty strings", "launch/copying.py", "if not _empty(value) or (key", "if True or (key"),
    Mutant("leave monitoring out", "launch/copying.py", 'copy["InstanceMonitoring"] = dict(', "_ = dict("),
    Mutant(
        "remember anew in a rollback",
        "launch/returning.py",
        "if told is not None and told.before ==",
        "if False and told.before ==",
    ),
    Mutant(
        "keep the lock", "finish/__init__.py", "finally:\n            lock.give_back()", "finally:\n            pass"
    ),
    Mutant("overwrite a lock", "lock.py", '"Overwrite": False', '"Overwrite": True'),
    Mutant("give back anybody's lock", "lock.py", 'expect=(Pair(read, seen, f"lock of {group_name}"),),', ""),
    Mutant(
        "forget a lock at Ctrl-C",
        "locking.py",
        "except Interrupted:\n                self._give_back_what_is_ours()\n",
        "except Interrupted:\n",
    ),
    Mutant(
        "know a process by its number alone", "lock.py", "_started(self.pid) != self.started", "not _started(self.pid)"
    ),
    Mutant(
        "overlook instances outside of groups",
        "commands/_launching.py",
        " | aws.ec2.versions_running(live.id)",
        "",
    ),
    Mutant(
        "delete the first 200 versions only", "launch/keeping.py", "for batch in batches)", "for batch in batches[:1])"
    ),
    Mutant(
        "take a template for ours by its newest version",
        "launch/converting.py",
        "not existing[-1].description",
        "not existing[0].description",
    ),
    Mutant(
        "overlook what a foreign configuration has besides", "launch/proof.py", "if key not in wanted:", "if False:"
    ),
    Mutant(
        "take no lock",
        "finish/__init__.py",
        "if not (self._locked and self._plan.writes):",
        "if True:",
    ),
    Mutant(
        "wait for a lock for ever",
        "locking.py",
        "if not self._wait or self._tools.clock.monotonic() >= until:",
        "if not self._wait:",
    ),
    Mutant("begin the next role without credentials", "finish/several.py", "ended = _ends_all(error)", "ended = False"),
    Mutant(
        "call nobody's lock dead",
        "lock.py",
        "if not self.pid or self.host != socket.gethostname():",
        "if not self.pid:",
    ),
)


def main(words: Sequence[str]) -> int:
    """Prints who caught each mutant whose description has one of the words in it; 1 if one survives."""
    chosen = [one for one in MUTANTS if not words or any(word in one.says for word in words)]
    with ThreadPoolExecutor(max(2, (os.cpu_count() or 2) // 2)) as pool:
        caught = pool.map(_caught, chosen)
        survivors = 0
        for mutant, test in zip(chosen, caught, strict=True):
            print(f"{'caught  ' if test else 'SURVIVED'}  {mutant.says:<46} {mutant.file:<20} {test}", flush=True)
            survivors += not test
    print(f"{len(chosen) - survivors} of {len(chosen)} mutants caught")
    return 1 if survivors else 0


def _caught(mutant: Mutant) -> str:
    """The first test that fails because of the mutant, empty for none."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(ROOT / "udo", Path(folder, "udo"), ignore=shutil.ignore_patterns("__pycache__"))
        path = Path(folder, "udo", mutant.file)
        text = path.read_text(encoding="utf-8")
        if text.count(mutant.old) != 1:
            return sys.exit(f"{mutant.file} does not have this once any more: {mutant.old}")
        path.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
        found = (_failing(Path(folder), tests) for tests in ROUNDS)
        return next(filter(None, found), "")


def _failing(folder: Path, tests: Sequence[str]) -> str:
    command = (sys.executable, "-m", "pytest", "-x", "-n0", "-p", "no:cacheprovider", *tests)
    # Nothing but the folder of the mutant may come first: not the one it is started in.
    env = os.environ | {"PYTHONPATH": str(folder), "PYTHONSAFEPATH": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    env = {name: value for name, value in env.items() if name not in ("UDO_SWEEP", "PYTEST_ADDOPTS")}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return ""
    named = re.search(r"^(?:FAILED|ERROR) (\S+)", done.stdout, re.MULTILINE)
    return named[1] if named else f"pytest ended with {done.returncode}: {done.stdout[-200:]}{done.stderr[-200:]}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
