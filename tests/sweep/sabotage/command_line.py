"""Sabotages of session and command line."""

from __future__ import annotations

from sabotage.mutant import Mutant

MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "take a format behind the dashes for ours",
        "options.py",
        'ours = list(words[: words.index("--")] if "--" in words else words)',
        "ours = list(words)",
        tests=("tests/test_output.py::test_a_format_behind_the_dashes_is_of_the_remote_command",),
    ),
    Mutant(
        "do not see swapped words",
        "words.py",
        "if [one.name, one.cluster] == [cluster, *role]]",
        "if False]",
        tests=("tests/test_words.py::test_what_was_probably_meant_is_told_with_the_roles_there_are",),
    ),
    Mutant(
        "do not know a group by its name",
        "words.py",
        'in (f"{one.cluster}-{one.name}", _group_name(one))',
        'in (f"{one.cluster}-{one.name}",)',
        tests=("tests/test_words.py::test_what_was_probably_meant_is_told_with_the_roles_there_are",),
    ),
    Mutant(
        "ask before account and region are shown",
        "finish/__init__.py",
        "        self._identify()\n        self._session.output.plan(self._plan)",
        "        self._session.output.plan(self._plan)",
        tests=(
            "tests/commands/test_protected.py::test_file_account_region_difference_and_steps_come_before_the_question",
        ),
    ),
    Mutant(
        "ask without the difference",
        "finish/__init__.py",
        "        self._identify()\n        self._session.output.plan(self._plan)",
        "        self._identify()",
        tests=(
            "tests/commands/test_protected.py::test_file_account_region_difference_and_steps_come_before_the_question",
        ),
    ),
    Mutant(
        "ask for the first part alone",
        "commands/_ssh_run.py",
        "hosts = (host for part in self._parts for host in part.hosts if not host.ending)",
        "hosts = (host for host in self._parts[0].hosts if not host.ending)",
        tests=("tests/commands/test_protected.py::test_ssh_asks_once_where_the_list_names_it",),
    ),
    Mutant(
        "compare the account of the first role alone",
        "commands/_ssh_run.py",
        "key = (id(session.aws(host.role)), host.role.account, *",
        "key = (id(session.aws(host.role)), *",
        tests=(
            "tests/commands/test_accounts.py::test_ssh_compares_the_account_of_every_role_and_not_of_the_first_alone",
        ),
    ),
)
