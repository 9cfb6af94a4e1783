"""A frozen class does what a frozen dataclass with slots does, which costs more to define."""

import copy
import dataclasses
import pickle
from dataclasses import FrozenInstanceError, dataclass, field

import pytest

from colmodern.frozen import frozen


@frozen
class Ours:
    a: int
    b: str = "b"
    c: list[int] = field(default_factory=list)

    @property
    def twice(self):
        return 2 * self.a


@dataclass(frozen=True, slots=True)
class Theirs:
    a: int
    b: str = "b"
    c: list[int] = field(default_factory=list)


@frozen(eq=False, kw_only=True)
class Alone:
    a: int = 1


@frozen
class Named:
    a: int

    def __repr__(self):
        return "named"


def test_it_is_made_as_a_dataclass_is():
    assert (Ours(1).a, Ours(1).b, Ours(1).c) == (1, "b", [])
    assert Ours(1, c=[2]) == Ours(1, "b", [2]) != Ours(1, "b", [3])
    assert Ours(1) != Theirs(1)
    assert Ours(1).__eq__(1) is NotImplemented
    assert [f.name for f in dataclasses.fields(Ours)] == ["a", "b", "c"]
    assert Ours.__slots__ == Theirs.__slots__
    with pytest.raises(TypeError):
        Ours()
    with pytest.raises(TypeError):
        Alone(1)


def test_what_init_does_not_take_is_refused():
    with pytest.raises(TypeError, match=r"Odd\.a"):

        @frozen
        class Odd:
            a: int = field(init=False)


def test_it_cannot_be_changed():
    one = Ours(1)
    for name in ("a", "b", "twice", "another"):
        with pytest.raises((FrozenInstanceError, AttributeError)):
            setattr(one, name, 2)
    with pytest.raises(FrozenInstanceError):
        del one.a
    assert one == Ours(1)


def test_it_is_shown_and_hashed_as_a_dataclass_is():
    assert repr(Ours(1)) == repr(Theirs(1)).replace("Theirs", "Ours")
    assert repr(Named(1)) == "named"
    assert hash(Named(1)) == hash(Named(1))
    with pytest.raises(TypeError):
        hash(Ours(1))


def test_without_equality_each_is_itself():
    one = Alone()
    assert one == copy.copy([one])[0]
    assert one != Alone()
    assert len({one, Alone()}) == 2


def test_it_is_replaced_copied_and_sent_to_other_processes():
    one = Ours(1, c=[1])
    assert dataclasses.replace(one, a=2) == Ours(2, c=[1])
    assert dataclasses.asdict(one) == {"a": 1, "b": "b", "c": [1]}
    for other in (copy.copy(one), copy.deepcopy(one), pickle.loads(pickle.dumps(one))):
        assert other == one
        with pytest.raises(FrozenInstanceError):
            other.a = 2


def test_its_fields_are_matched():
    match Ours(1, "x"):
        case Ours(a, b):
            assert (a, b) == (1, "x")
