"""Sabotages of commands and logins through Systems Manager, and of one-time keys."""

from __future__ import annotations

from sabotage.mutant import Mutant

_HOW = "tests/commands/test_ssm_how.py::test_"
_ENDS = "tests/commands/test_ssm.py::test_a_host_"

MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "take any command of that time for the lost one",
        "fanout/ssm/send.py",
        "if said == comment]",
        "if said]",
        (f"{_HOW}a_command_whose_answer_was_lost_is_found_again_and_somebody_elses_is_not",),
    ),
    Mutant(
        "give each command all of the fanout",
        "fanout/ssm/options.py",
        "return [share + (number < more) for number in range(slots)]",
        "return [fanout for number in range(slots)]",
        (f"{_HOW}ids_go_in_fifties_which_share_the_fanout",),
    ),
    Mutant(
        "leave a command running at Ctrl-C",
        "fanout/ssm/engine.py",
        "            self._sender.cancel(command.id)",
        "            pass",
        (f"{_HOW}ctrl_c_cancels_the_command_and_says_what_each_host_had_reached",),
    ),
    Mutant(
        "let the agent see a status that it takes for a success",
        "fanout/ssm/script.py",
        '"137 | 168 | 169 | 194"',
        '"137 | 169 | 194"',
        (f"{_ENDS}ends_as_over_ssh_whatever_it_does", "-k", "success"),
    ),
    Mutant(
        "let AWS fill in what stands between braces",
        "fanout/ssm/script.py",
        '"{\'\'", f"',
        '"{", f"',
        ("tests/ssh/test_shells.py::test_a_word_alone_arrives_as_typed", "-k", "ssm"),
    ),
    Mutant(
        "call a host that was not delivered to a success",
        "fanout/ssm/ending.py",
        '"Undeliverable": ("unreachable",',
        '"Undeliverable": ("ok",',
        (f"{_ENDS}in_trouble_is_named_and_the_others_finish", "-k", "undeliverable"),
    ),
    Mutant(
        "say nothing of an output that was cut",
        "fanout/ssm/command.py",
        "        yield from (Cut(one, stream) for stream in cut)\n",
        "",
        ("tests/commands/test_ssm_outputs.py::test_without_a_bucket_a_long_output_is_marked_as_cut",),
    ),
    Mutant(
        "take Systems Manager where the host only refused its key",
        "fanout/auto.py",
        'return os.strerror(code).lower() if code else ""',
        "return os.strerror(code).lower()",
        ("tests/commands/test_ssh_auto.py", "-k", "never_tried_again"),
    ),
    Mutant(
        "hand the token of a session on a command line",
        "fanout/ssm/login.py",
        "if _version() >= _SINCE:",
        "if not _version():",
        ("tests/commands/test_ssm_login.py", "-k", "handed_to_the_plugin"),
    ),
    Mutant(
        "connect to a host that was told of no key",
        "ssh/one_time.py",
        "        if target.instance_connect:\n",
        "        if not target.instance_connect:\n",
        ("tests/commands/test_ssh_instance_connect.py", "-k", "same_key_once"),
    ),
)
