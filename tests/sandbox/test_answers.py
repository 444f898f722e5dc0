"""The sandbox writes answers faster than moto, and the same ones."""

from __future__ import annotations

from typing import Any

import xmltodict
from hypothesis import given
from hypothesis import strategies as st

from udo.sandbox.answers import xml

_NAMES = st.sampled_from(["item", "member", "a-b", "N1"])
_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
_LEAVES = st.one_of(_TEXTS, st.none(), st.booleans(), st.integers(), st.binary(max_size=4), st.just({}))


def _bodies(children: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    attributes = st.dictionaries(st.sampled_from(["@xmlns", "@id"]), st.one_of(_TEXTS, st.none()), max_size=2)
    texts = st.dictionaries(st.just("#text"), st.one_of(_TEXTS, st.none()), max_size=1)
    elements = st.dictionaries(_NAMES, st.one_of(children, st.lists(children, max_size=3)), max_size=3)
    return st.builds(
        lambda *parts: {key: value for part in parts for key, value in part.items()}, attributes, elements, texts
    )


@given(st.dictionaries(_NAMES, st.recursive(_LEAVES, _bodies, max_leaves=12), min_size=1, max_size=1))
def test_an_answer_in_xml_is_the_one_that_xmltodict_writes(body: dict[str, Any]) -> None:
    assert xml(body) == xmltodict.unparse(body, full_document=False, short_empty_elements=True)
