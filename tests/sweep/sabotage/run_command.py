"""Sabotages of Run Command in the sandbox."""

from __future__ import annotations

from sabotage.mutant import Mutant

_LIMITS = ("tests/sandbox/strict/test_command_limits.py",)
_PROCESSES = "tests/sandbox/test_run_command.py::test_"
_CASE = "tests/sandbox/strict/test_rules.py::test_the_rule_holds_in_the_sandbox"
_RUN = "sandbox/strict/ssm/run.py"

MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "send a command to as many as it may reach at once",
        _RUN,
        "min(command.most_at_once, 1 << ((through + 1).bit_length() - 1))",
        "command.most_at_once",
        _LIMITS,
    ),
    Mutant(
        "stop a command at the last error that it may have",
        _RUN,
        "if command.errors <= command.most_errors:",
        "if command.errors < command.most_errors:",
        _LIMITS,
    ),
    Mutant(
        "count timeouts of scripts as nothing",
        "sandbox/strict/ssm/command.py",
        'return self.count("Failed", "ExecutionTimedOut")',
        'return self.count("Failed")',
        _LIMITS,
    ),
    Mutant(
        "call a command a success that some never heard of",
        "sandbox/strict/ssm/command.py",
        'return "TimedOut", "DeliveryTimedOut"',
        'return "Success", "Success"',
        _LIMITS,
    ),
    Mutant(
        "let an hour pass for no script",
        _RUN,
        "elif one.work is not None and moment.lived() - one.alive_since >= run.seconds:",
        "elif False:",
        (f"{_CASE}[short_execution_timeouts_are_an_hour]",),
    ),
    Mutant(
        "hear of what ran on an instance that was stopped",
        _RUN,
        "one.work, one.due = None, math.inf",
        "pass",
        (_PROCESSES + "what_runs_on_an_instance_that_is_stopped_is_never_heard_of",),
    ),
    Mutant(
        "end the leader of a script and none of its children",
        "sandbox/scripts.py",
        "os.killpg(process.pid, signal.SIGKILL)",
        "os.kill(process.pid, signal.SIGKILL)",
        (_PROCESSES + "what_a_script_leaves_behind_ends_with_it",),
    ),
    Mutant(
        "start every script at once",
        "sandbox/scripts.py",
        "room = min(len(self._waiting), MOST_AT_ONCE - len(self._running))",
        "room = len(self._waiting)",
        ("tests/sandbox/test_scripts.py",),
    ),
    Mutant(
        "run commands of Systems Manager as whoever logs in",
        "sandbox/ssm_agents.py",
        '_NOT_THERE = ("HOME", "USER", "LOGNAME", "SHELL", "PS1")',
        "_NOT_THERE: tuple[str, ...] = ()",
        (_PROCESSES + "commands_run_where_ssh_does_and_as_whoever_they_name",),
    ),
    Mutant(
        "move commands on only where somebody asks",
        "sandbox/ssm_agents.py",
        "if not self.background or self._closed or not commands_are_running():",
        "if True:",
        (_PROCESSES + "commands_go_on_in_the_background_though_nobody_asks",),
    ),
    Mutant(
        "leave references to parameters to the shell",
        "sandbox/strict/ssm/references.py",
        "    if not named:",
        "    if named:",
        (f"{_CASE}[commands_refer_to_parameters]",),
    ),
    Mutant(
        "let a pushed key in for good",
        "sandbox/strict/instance_connect/keys.py",
        "return moment.lived() < self.keys.get((instance_id, user, key), 0.0)",
        "return (instance_id, user, key) in self.keys",
        ("tests/sandbox/test_hosts.py::test_a_key_that_was_pushed_lets_one_user_in_for_a_minute",),
    ),
    Mutant(
        "let a pushed key in for every user",
        "sandbox/strict/instance_connect/keys.py",
        "return moment.lived() < self.keys.get((instance_id, user, key), 0.0)\n",
        "return any(moment.lived() < t and (one[0], one[2]) == (instance_id, key) for one, t in self.keys.items())\n",
        ("tests/sandbox/test_hosts.py::test_a_key_that_was_pushed_lets_one_user_in_for_a_minute",),
    ),
)
