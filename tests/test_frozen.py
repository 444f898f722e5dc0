"""Values whose methods are written when the first one is made are what dataclasses are."""

from __future__ import annotations

import threading
from collections.abc import Callable
from copy import deepcopy
from dataclasses import FrozenInstanceError, dataclass, field, fields, is_dataclass, replace
from functools import cached_property
from typing import Any

import pytest

from udo.frozen import frozen


def _house(decorate: Callable[[Any], Any]) -> Any:
    @decorate
    class House:
        street: str
        number: int = 1
        rooms: tuple[str, ...] = field(default_factory=tuple)
        secret: str = field(default="", repr=False, compare=False)

        @cached_property
        def address(self) -> str:
            return f"{self.street} {self.number}"

    return House


@pytest.fixture(params=[frozen, dataclass(frozen=True)], ids=["frozen", "dataclass"])
def house(request: pytest.FixtureRequest) -> Any:
    return _house(request.param)


def test_it_is_made_compared_and_shown(house: Any) -> None:
    one, same, other = house("a", rooms=("hall",)), house("a", 1, ("hall",), "x"), house("a", number=2)
    assert one == same != other
    assert hash(one) == hash(same)
    assert one != ("a", 1, ("hall",))
    assert one != _house(frozen)("a", rooms=("hall",))
    assert (one.rooms, other.rooms, one.address) == (("hall",), (), "a 1")
    assert repr(same).endswith("House(street='a', number=1, rooms=('hall',))")
    assert (deepcopy(one), replace(one, number=2, rooms=())) == (one, other)
    with pytest.raises(TypeError, match="street"):
        house()


def test_it_stays_as_it_was_made(house: Any) -> None:
    one = house("a")
    with pytest.raises(FrozenInstanceError):
        one.street = "b"
    with pytest.raises(FrozenInstanceError):
        del one.number
    assert one == house("a")


def test_the_class_is_one_before_any_is_made(house: Any) -> None:
    assert is_dataclass(house)
    assert [(one.name, one.type) for one in fields(house)][:2] == [("street", "str"), ("number", "int")]
    assert (house.number, hasattr(house, "street"), hasattr(house, "rooms")) == (1, False, False)
    match house("a", 3):
        case house(street, number):
            assert (street, number) == ("a", 3)


@pytest.mark.parametrize("decorate", [frozen, dataclass(frozen=True)], ids=["frozen", "dataclass"])
def test_one_value_or_none_is_compared_too(decorate: Callable[[Any], Any]) -> None:
    @decorate
    class One:
        value: Any

    @decorate
    class Nothing:
        pass

    same = float("nan")
    assert One(same) == One(same) != One(1)
    assert hash(One((1, 2))) == hash(((1, 2),)) != hash((1, 2))
    assert (Nothing(), hash(Nothing())) == (Nothing(), hash(()))
    with pytest.raises(TypeError, match="unhashable"):
        hash(One([]))


def test_what_a_class_says_of_itself_stands() -> None:
    @frozen
    class Secret:
        word: str

        def __repr__(self) -> str:
            return "Secret(...)"

        def __eq__(self, other: object) -> bool:
            return isinstance(other, Secret)

        def __hash__(self) -> int:
            return 1

    assert (repr(Secret("a")), hash(Secret("a"))) == ("Secret(...)", 1)
    assert Secret("a") == Secret("b")


def test_nothing_is_written_until_one_is_made() -> None:
    house = _house(frozen)
    assert "__eq__" not in vars(house)
    house("a")
    assert "__eq__" in vars(house)


def test_threads_that_make_the_first_at_once_all_have_theirs() -> None:
    for _ in range(50):
        house, made, ready = _house(frozen), [], threading.Barrier(4)

        def make(house: Any = house, made: list[Any] = made, ready: threading.Barrier = ready) -> None:
            ready.wait(10)
            made.append(house("a", 2))

        threads = [threading.Thread(target=make) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        assert made == [house("a", 2)] * 4
