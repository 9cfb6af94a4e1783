"""What is a class of a few fields that do not change, where many of them are made at every start?

``@frozen`` is ``@dataclass(frozen=True, slots=True)`` in what it does, in a third of the time: of
six methods that ``dataclass`` writes and compiles for a class, it needs ``__init__`` only. The
others are here, the same for all classes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import FrozenInstanceError, dataclass, field
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
        made: Any = dataclass(repr=False, eq=False, slots=True, kw_only=kw_only)(kind)
        made.__setattr__, made.__delattr__ = _set_once, _refuse_to_delete
        methods: dict[str, Any] = {"__repr__": _represented}
        if eq:
            methods |= {"__eq__": _equals, "__hash__": _hashed}
        for name, method in methods.items():
            if name not in kind.__dict__:
                setattr(made, name, method)
        return made  # type: ignore[no-any-return]

    return make if kind is None else make(kind)


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
