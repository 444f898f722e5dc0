"""Sabotages of ssh."""

from __future__ import annotations

from sabotage.mutant import Mutant

_OPENSSH = "tests/ssh/test_openssh.py"
_IDENTITIES = "tests/ssh/test_identities.py"
_SHELLS = "tests/ssh/test_shells.py"
_TROUBLE = "tests/ssh/test_trouble.py"
_ASKING = "tests/ssh/test_asking_ssh.py"
_TABLE = "tests/ssh/test_logins_against_ssh.py"

MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "let a command go over an open connection of the operator's",
        "ssh/openssh.py",
        '        "ControlPath": "none",\n        "ControlMaster": "no",\n',
        "",
        (f"{_OPENSSH}::test_an_open_connection_of_the_operators_carries_no_command_elsewhere",),
    ),
    Mutant(
        "open the operator's tunnels with every connection",
        "ssh/openssh.py",
        '        "ClearAllForwardings": "yes",\n',
        "",
        (f"{_OPENSSH}::test_no_tunnel_of_the_operators_is_opened",),
    ),
    Mutant(
        "take a vanished host that fell silent for one in trouble",
        "ssh/gone.py",
        'frozenset({"unreachable", "dropped", "timeout"})',
        'frozenset({"unreachable", "dropped"})',
        (f"{_TROUBLE}::test_a_host_that_falls_silent_because_it_was_terminated_is_gone",),
    ),
    Mutant(
        "dial an instance that is shutting down",
        "fanout/reach.py",
        'in ("shutting-down", "terminated")',
        'in ("terminated",)',
        ("tests/commands/test_ssh.py::test_an_instance_that_is_shutting_down_is_gone_and_not_dialled",),
    ),
    Mutant(
        "remember groups of one name in two regions as one",
        "fanout/identity.py",
        'aws.endpoint or "", aws.region, role.group_name',
        'aws.endpoint or "", role.group_name',
        ("tests/commands/test_ssh_regions.py::test_groups_of_one_name_in_two_regions_are_remembered_apart",),
    ),
    Mutant(
        "try a key of the agent's twice",
        "ssh/identities.py",
        "for one in _each(key) if _shown(one) not in held",
        "for one in _each(key)",
        (f"{_IDENTITIES}::test_without_ssh_a_key_that_the_agent_and_a_usual_file_have_is_tried_once",),
    ),
    Mutant(
        "end the login where the agent will not sign",
        "ssh/identities.py",
        "            except paramiko.SSHException:\n                refused",
        "            except RuntimeError:\n                refused",
        (f"{_IDENTITIES}::test_without_ssh_a_key_that_the_agent_refuses_does_not_end_the_login",),
    ),
    Mutant(
        "sign with every key of the agent without asking the server first",
        "ssh/identities.py",
        "if not named and self._agent_keys():",
        "if False:",
        (f"{_TABLE}::test_whoever_ssh_lets_in_gets_in_and_nobody_else", "-k", "agent"),
    ),
    Mutant(
        "take a key file that others can read",
        "ssh/identities.py",
        "        if _is_open(path):\n",
        "        if False:\n",
        (f"{_IDENTITIES}::test_a_key_file_that_others_can_read_is_a_usage_error",),
    ),
    Mutant(
        "find the agent's key of a locked file by its .pub alone",
        "ssh/identities.py",
        'public = {_public(path), _public(Path(f"{path}.pub")), _public_within(path)} - {None}',
        'public = {_public(path), _public(Path(f"{path}.pub"))} - {None}',
        (f"{_IDENTITIES}::test_a_locked_key_is_used_through_the_agent_without_its_public_half",),
    ),
    Mutant(
        "quote words as POSIX shells read them",
        "fanout/command_line.py",
        'frozenset("\'\\\\!")',
        'frozenset("\'!")',
        (f"{_SHELLS}::test_a_word_alone_arrives_as_typed", "-k", "fish"),
    ),
    Mutant(
        "forget that csh replaces ! between quotes",
        "fanout/command_line.py",
        'frozenset("\'\\\\!")',
        'frozenset("\'\\\\")',
        (f"{_SHELLS}::test_a_word_alone_arrives_as_typed", "-k", "tcsh"),
    ),
    Mutant(
        "send a word longer than csh takes in one piece",
        "fanout/command_line.py",
        "for at in range(0, len(text), _PIECE)",
        "for at in range(0, len(text), len(text))",
        (f"{_SHELLS}::test_a_very_long_word_arrives_whole", "-k", "tcsh"),
    ),
    Mutant(
        "believe fish that a command it could not read was done",
        "ssh/shell.py",
        'if ending.outcome == "ok" and (self.on_terminal or not self.stdout) and (why',
        "if False and (why",
        (f"{_SHELLS}::test_a_command_that_the_shell_cannot_run_is_a_failure", "-k", "fish"),
    ),
    Mutant(
        "take nologin for a command that failed",
        "ssh/shell.py",
        "if ending.status == 1 and self.stdout == _NOLOGIN:",
        "if False:",
        (f"{_SHELLS}::test_nologin_is_told_as_what_it_is",),
    ),
    Mutant(
        "ask a host for no key but of the kinds known",
        "ssh/connection.py",
        "tuple(sorted(options.key_types, key=lambda name: name not in algorithms))",
        "tuple(name for name in options.key_types if name in algorithms or not algorithms)",
        ("tests/ssh/test_trust.py::test_a_server_without_a_key_of_a_kind_we_know_is_refused",),
    ),
    Mutant(
        "go to weak algorithms by way of ssh",
        "ssh/openssh.py",
        'if target.via == "paramiko":',
        "if False:",
        (f"{_TROUBLE}::test_a_server_with_only_old_algorithms_is_refused",),
    ),
    Mutant(
        "let a configuration send ssh into the background",
        "ssh/openssh.py",
        " | session_settings()",
        "",
        (f"{_ASKING}::test_a_command_runs_and_reads_whatever_the_configuration_says_of_sessions",),
    ),
    Mutant(
        "try nobody again whom a jump host turned away",
        "ssh/ways.py",
        "_TRIES = 8",
        "_TRIES = 1",
        ("tests/ssh/test_jumps.py::test_hosts_that_the_one_in_between_turns_away_are_tried_again",),
    ),
    Mutant(
        "try again where a jump host lets nobody in",
        "ssh/ways.py",
        "if not ending.turned_away or",
        'if ending.outcome != "unreachable" or',
        ("tests/ssh/test_jumps.py::test_a_host_in_between_that_lets_nobody_in_is_asked_once",),
    ),
    Mutant(
        "log in where there is no terminal",
        "ssh/login.py",
        "if not sys.stdin.isatty():",
        "if False:",
        ("tests/commands/test_ssh.py::test_a_login_without_a_terminal_is_a_usage_error",),
    ),
    Mutant(
        "drop the name of the signal that killed a command",
        "ssh/remote.py",
        "if connection.packets.exit_signal:",
        "if False:",
        ("tests/ssh/test_fan_out.py", "-k", "signal or killed"),
    ),
    Mutant(
        "dial a host again that was logged in to",
        "ssh/engine.py",
        "return failed.ending if logged_in else failed.before_login",
        "return failed.before_login",
        ("tests/ssh/test_again.py::test_a_command_that_began_is_never_begun_again",),
    ),
    Mutant(
        "dial a host again that refused its key or the login",
        "ssh/outcome.py",
        'NOT_REACHED = ("unreachable", "timeout")',
        'NOT_REACHED = ("unreachable", "timeout", "refused")',
        ("tests/ssh/test_again.py::test_a_host_that_refuses_its_key_or_the_login_is_not_asked_again",),
    ),
    Mutant(
        "rest on although no other host is started any more",
        "ssh/schedule.py",
        "            if self._stopped or self._over():",
        "            if self._stopped:",
        ("tests/ssh/test_again.py::test_where_no_host_is_started_any_more_none_is_dialled_again",),
    ),
    Mutant(
        "forget a host that was to be dialled again when the deadline passes",
        "ssh/engine.py",
        "for target in run.schedule.resting() if working == 1 else ():",
        "for target in ():",
        ("tests/ssh/test_again.py::test_no_host_is_dialled_again_once_no_other_is_started",),
    ),
    Mutant(
        "take an input that became shorter for its end",
        "ssh/feed.py",
        "            if not read:",
        "            if False:",
        ("tests/ssh/test_reads.py::test_a_file_that_became_shorter_is_no_end_of_it",),
    ),
    Mutant(
        "give a group of Ansible's the hosts of two things of one name",
        "fanout/inventory.py",
        "if name in _OWN_GROUPS or counts[name] > 1",
        "if name in _OWN_GROUPS",
        ("tests/commands/test_inventory_for_others.py::test_a_name_that_would_hold_two_things_is_no_group_and_said",),
    ),
    Mutant(
        "let Ansible connect without the pinned key",
        "ssh/client_config.py",
        'yield "HostKeyAlias", target.instance_id',
        'yield "HashKnownHosts", "no"',
        ("tests/commands/test_inventory_for_others.py::test_the_documented_script_is_an_inventory_to_ansible",),
    ),
    Mutant(
        "keep what hosts say of a role that keeps none",
        "fanout/outputs.py",
        "[host for host in hosts if keeps[host.role.label]]",
        "list(hosts)",
        ("tests/commands/test_ssh_last.py::test_of_a_role_that_keeps_none_nothing_is_kept_and_nothing_stays",),
    ),
    Mutant(
        "delete what is kept of a run that goes on",
        "fanout/outputs.py",
        "fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)",
        "pass",
        ("tests/commands/test_ssh_last.py::test_a_run_that_goes_on_and_one_that_was_killed_tell_what_they_have",),
    ),
)
