"""Sabotages of the configuration."""

from __future__ import annotations

from sabotage.mutant import Mutant

MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "let an included profile win",
        "config/loading.py",
        "{**lower.profiles, **upper.profiles}",
        "{**upper.profiles, **lower.profiles}",
        tests=(
            "tests/config/test_include.py::test_a_profile_of_the_file_itself_counts_where_an_included_one_has_its_name",
        ),
    ),
    Mutant(
        "let a star name the file that says it",
        "config/loading.py",
        "return [other for other in others if os.path.realpath(other) != os.path.realpath(path)]",
        "return others",
        tests=("tests/config/test_include.py::test_stars_leave_out_the_file_that_says_them",),
    ),
    Mutant(
        "overlook others in a group named like the owner",
        "config/opening.py",
        "alone = group.gr_name == owner and not set(group.gr_mem) - {owner}",
        "alone = group.gr_name == owner",
        tests=("tests/config/test_opening.py::test_others_in_the_group_that_is_named_like_the_owner_are_seen",),
    ),
    Mutant(
        "protect from every verb whatever is listed",
        "config/roles.py",
        "return verb in said if isinstance(said, list) else",
        "return bool(said) if isinstance(said, list) else",
        tests=("tests/commands/test_protected.py::test_a_list_of_verbs_protects_from_those_alone",),
    ),
    Mutant(
        "ask at every ssh where a role is protected",
        "config/roles.py",
        "bool(said) and verb in CHANGING",
        "bool(said)",
        tests=("tests/commands/test_protected.py::test_ssh_asks_once_where_the_list_names_it",),
    ),
)
