"""Tables: aligned by what is seen, whole in a pipe, and on a terminal as wide as it is."""

from __future__ import annotations

from typing import Any

import pytest

from udo.output.clean import width
from udo.output.table import cell, cut, lines, table
from udo.result import LOW, Column

COLUMNS = (Column("name", "NAME"), Column("count", "COUNT", "right"))


def table_lines(columns: Any, rows: Any, space: int | None = None) -> list[str]:
    return list(lines(table(columns, rows, space)[0]))


def test_a_table_is_aligned_by_what_is_seen() -> None:
    rows = [{"name": "日本", "count": 7}, {"name": "é", "count": 100}, {"name": None, "count": True}]
    assert table_lines(COLUMNS, rows) == [
        "NAME  COUNT",
        "日本      7",
        "é       100",
        "-       yes",
    ]


def test_a_cell_is_one_line() -> None:
    assert table_lines(COLUMNS, [{"name": "a\nb", "count": 1}])[1] == "a b       1"


def test_none_is_a_dash_unknown_a_question_mark_and_what_does_not_apply_is_blank() -> None:
    assert [cell(value) for value in (None, [], ["a", "b"], False, 0)] == ["-", "-", "a, b", "no", "0"]
    assert [cell(value) for value in ("?", "")] == ["?", ""]
    assert table_lines(COLUMNS, [{"name": "a"}])[1:] == ["a"]


WIDE = (
    Column("id", "INSTANCE"),
    Column("type", "TYPE", rank=2),
    Column("zone", "ZONE", rank=LOW),
    Column("none", "SUSPENDED", rank=1),
    Column("from", "LAUNCHED FROM", rank=1, fold=lambda text: text.replace(" version ", " v"), brief="FROM"),
    Column("why", "WHY", least=8),
)
ROW = {
    "id": "i-0123456789abcdef0",
    "type": "t3.small",
    "zone": "us-west-2a",
    "none": None,
    "from": "web version 1",
    "why": "it was time",
}


@pytest.mark.parametrize(
    ("space", "headings", "row"),
    [
        (
            None,
            "INSTANCE TYPE ZONE SUSPENDED LAUNCHED FROM WHY",
            "i-0123456789abcdef0 t3.small us-west-2a - web version 1 it was time",
        ),
        (
            80,
            "INSTANCE TYPE ZONE SUSPENDED LAUNCHED FROM WHY",
            "i-0123456789abcdef0 t3.small us-west-2a - web version 1 it was time",
        ),
        (
            79,
            "INSTANCE TYPE ZONE LAUNCHED FROM WHY",
            "i-0123456789abcdef0 t3.small us-west-2a web version 1 it was time",
        ),
        (68, "INSTANCE TYPE LAUNCHED FROM WHY", "i-0123456789abcdef0 t3.small web version 1 it was time"),
        (56, "INSTANCE TYPE FROM WHY", "i-0123456789abcdef0 t3.small web v1 it was time"),
        (48, "INSTANCE TYPE FROM WHY", "i-0123456789abcdef0 t3.small web v1 it was t\N{HORIZONTAL ELLIPSIS}"),
        (44, "INSTANCE FROM WHY", "i-0123456789abcdef0 web v1 it was time"),
        (30, "INSTANCE WHY", "i-0123456789abcdef0 it was t\N{HORIZONTAL ELLIPSIS}"),
        (20, "INSTANCE WHY", "i-0123456\N{HORIZONTAL ELLIPSIS} it was \N{HORIZONTAL ELLIPSIS}"),
    ],
)
def test_low_ranks_go_first_then_texts_are_folded_then_others_go_and_prose_is_cut(
    space: int | None, headings: str, row: str
) -> None:
    shown = table_lines(WIDE, [ROW], space)
    assert [" ".join(line.split()) for line in shown] == [headings, row]
    assert space is None or max(map(width, shown)) <= space


def test_columns_that_are_left_out_are_named_but_not_those_that_tell_nothing() -> None:
    assert table(WIDE, [ROW], 60)[1] == ["ZONE"]
    assert table(WIDE, [ROW], None)[1] == []


def test_what_a_cell_would_repeat_of_the_one_above_is_blank_on_a_terminal() -> None:
    columns = (Column("cluster", "C", once=True), Column("role", "R", once=True), Column("n", "N"))
    rows = [{"cluster": c, "role": r, "n": n} for n, (c, r) in enumerate(["aa", "aa", "ab", "bb", "bb"])]
    assert table_lines(columns, rows, 80)[1:] == ["a  a  0", "      1", "   b  2", "b  b  3", "      4"]
    assert table_lines(columns, rows)[1:] == ["a  a  0", "a  a  1", "a  b  2", "b  b  3", "b  b  4"]


def test_a_cut_text_fits_whatever_its_letters_are_wide() -> None:
    texts = ("日本語日本語", "abcdef", "e\u0301" * 6)
    for most in range(1, 7):
        assert [width(cut(text, most)) <= most for text in texts] == [True] * 3
    assert cut("", 0) == cut("abc", 0)[:-1] == ""
