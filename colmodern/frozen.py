"""What is a class of a few fields that do not change, where many of them are made at every start?

``@frozen`` is ``@dataclass(frozen=True, slots=True)`` in what it does, in a third of the time: of
six methods that ``dataclass`` writes and compiles for a class, it needs ``__init__`` only. The
others are here, the same for all classes. A search makes many such objects, so ``__init__`` sets
fields by their slots, past ``__setattr__``, in a quarter of the time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, FrozenInstanceError, dataclass, field, fields
from typing import Any, TypeVar, dataclass_transform, overload

__all__ = ["frozen"]

FrozenClass = TypeVar("FrozenClass", bound=type)


@overload
def frozen(kind: FrozenClass, /) -> FrozenClass: ...
@overload
def frozen(*, eq: bool = True, kw_only: bool = False) -> Callable[[FrozenClass], FrozenClass]: ...
@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(
    kind: FrozenClass | None = None, /, *, eq: bool = True, kw_only: bool = False
) -> FrozenClass | Callable[[FrozenClass], FrozenClass]:
    """Make a class of its annotated fields, each of which is set once.

    Args:
        kind: The class.
        eq: Whether two are equal if their fields are; else each equals itself only.
        kw_only: Whether ``__init__`` takes the fields by their names only.
    """

    def make(kind: FrozenClass) -> FrozenClass:
        made: Any = dataclass(init=False, repr=False, eq=False, slots=True, kw_only=kw_only)(kind)
        made.__setattr__, made.__delattr__ = _set_once, _refuse_to_delete
        made.__init__ = _init_of(made)
        methods: dict[str, Any] = {"__repr__": _represented}
        if eq:
            methods |= {"__eq__": _equals, "__hash__": _hashed}
        for name, method in methods.items():
            if name not in kind.__dict__:
                setattr(made, name, method)
        return made  # type: ignore[no-any-return]

    return make if kind is None else make(kind)


def _init_of(kind: Any) -> Callable[..., None]:
    """Return an ``__init__`` that sets the fields of a class, with the defaults they have."""
    names: dict[str, Any] = {}
    body: list[str] = []
    by_place: list[str] = []
    by_name: list[str] = []
    for one in fields(kind):
        if not one.init:
            raise TypeError(f"{kind.__qualname__}.{one.name}: @frozen takes every field.")
        names[f"_set_{one.name}"] = getattr(kind, one.name).__set__
        value, default = one.name, ""
        if one.default is not MISSING:
            names[f"_default_{one.name}"] = one.default
            default = f"=_default_{one.name}"
        elif one.default_factory is not MISSING:
            names |= {f"_make_{one.name}": one.default_factory, "_MISSING": MISSING}
            default = "=_MISSING"
            value = f"_make_{one.name}() if {one.name} is _MISSING else {one.name}"
        body.append(f"_set_{one.name}(self, {value})")
        (by_name if one.kw_only else by_place).append(one.name + default)
    if hasattr(kind, "__post_init__"):
        body.append("self.__post_init__()")
    taken = ", ".join(["self", *by_place, *(["*", *by_name] if by_name else [])])
    exec(f"def __init__({taken}):\n    " + "\n    ".join(body or ["pass"]), names)
    made: Callable[..., None] = names["__init__"]
    made.__qualname__ = f"{kind.__qualname__}.__init__"
    made.__module__ = kind.__module__
    return made


def _values(one: Any) -> tuple[Any, ...]:
    return tuple(getattr(one, name) for name in one.__slots__)


def _set_once(self: Any, name: str, value: Any) -> None:
    if hasattr(self, name):
        raise FrozenInstanceError(f"cannot assign to field {name!r}")
    object.__setattr__(self, name, value)


def _refuse_to_delete(_: Any, name: str) -> None:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _represented(self: Any) -> str:
    fields = (f"{name}={getattr(self, name)!r}" for name in self.__slots__)
    return f"{type(self).__qualname__}({', '.join(fields)})"


def _equals(self: Any, other: Any) -> Any:
    return _values(self) == _values(other) if type(self) is type(other) else NotImplemented


def _hashed(self: Any) -> int:
    return hash(_values(self))
