"""What exactly is to be trained, on what, for how long?

A recipe is a TOML file that says it all.
"""

from __future__ import annotations

import difflib
import tomllib
import types
import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from colmodern.distill.options.data import MineRecipe, PrepareRecipe
from colmodern.distill.options.release import EvaluateRecipe, ExportRecipe
from colmodern.distill.options.student import StudentRecipe, WarmStartRecipe
from colmodern.distill.options.teachers import ScoreRecipe, TeacherRecipe
from colmodern.distill.options.training import AverageRecipe, TrainRecipe
from colmodern.errors import ConfigError

T = TypeVar("T")

# Options that had another name in version 0.1, by their table.
_FORMER_NAMES = {("prepare", "given"): "scored_lists"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Everything that decides the student, but the data itself.

    A stage whose table is missing does not run.
    """

    name: str
    seed: int = 0
    licence_note: str = ""
    prepare: PrepareRecipe
    student: StudentRecipe = field(default_factory=StudentRecipe)
    warm_start: WarmStartRecipe | None = None
    mine: MineRecipe | None = None
    teacher: TeacherRecipe | None = None
    score: ScoreRecipe | None = None
    train: TrainRecipe | None = None
    average: AverageRecipe = field(default_factory=AverageRecipe)
    evaluate: EvaluateRecipe = field(default_factory=EvaluateRecipe)
    export: ExportRecipe = field(default_factory=ExportRecipe)

    def __post_init__(self) -> None:
        """Check what one table needs of another."""
        if self.train is None:
            return
        if self.score is None and self.prepare.scored_lists is None:
            raise ConfigError(
                "[train] needs lists: a [score] table, or scored lists in [prepare].",
                code="option_conflict",
            )
        if self.score is not None and self.mine is None:
            raise ConfigError("[score] needs negatives: a [mine] table.", code="option_conflict")
        last = self.train.phases[-1]
        if self.average.last > last.keep:
            raise ConfigError(
                f"[average] wants the last {self.average.last} checkpoints, the phase "
                f"{last.name!r} keeps {last.keep}; set keep.",
                code="option_conflict",
            )
        for phase in self.train.phases:
            if phase.regulariser_weight and self.warm_start is None:
                raise ConfigError(
                    f"The phase {phase.name!r} has a regulariser_weight, but there is no "
                    "[warm-start] whose loss it could be.",
                    code="option_conflict",
                )
            if self.score is not None and phase.n_ways > self.score.n_ways:
                raise ConfigError(
                    f"The phase {phase.name!r} wants {phase.n_ways} documents a query, the lists "
                    f"of [score] have {self.score.n_ways}.",
                    code="option_conflict",
                )

    @property
    def turns_teachers(self) -> bool:
        """Whether the vectors of the warm start's teachers are turned onto axes of their own.

        Those of several are longer than the student's, and a student that starts from a checkpoint
        keeps the directions that it has.
        """
        several = self.warm_start is not None and len(self.warm_start.all_teachers) > 1
        return several or bool(self.student.start)

    @classmethod
    def load(cls, path: str | Path) -> Recipe:
        """Read a recipe from a TOML file, or one of the package's by its bare name.

        Raises:
            ConfigError: The file is missing, is no TOML, or has an unknown or missing option.
        """
        file = Path(path)
        shipped = Path(__file__).parent / "recipes" / f"{path}.toml"
        if not file.exists() and shipped.exists():
            file = shipped
        try:
            text = file.read_text(encoding="utf-8")
            values = tomllib.loads(text)
        except (OSError, UnicodeDecodeError) as err:
            names = ", ".join(sorted(recipe.stem for recipe in shipped.parent.glob("*.toml")))
            raise ConfigError(
                f"Cannot read the recipe {file}: {getattr(err, 'strerror', None) or err}. In the "
                f"package are: {names}.",
                code="recipe_unreadable",
            ) from err
        except tomllib.TOMLDecodeError as err:
            raise ConfigError(
                f"The recipe {file} is not valid TOML: {err}.", code="recipe_unreadable"
            ) from err
        return cls.from_dict(values)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Recipe:
        """Build a recipe from nested tables; unknown options are refused by name."""
        return _build(cls, values, "recipe")

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, fit for JSON."""
        return asdict(self)


def _build(kind: type[T], values: Any, where: str) -> T:
    """Return a dataclass from a table; tables and lists of tables within are built likewise."""
    if not isinstance(values, Mapping):
        raise ConfigError(
            f"[{where}] of the recipe must be a table, not {values!r}.", code="option_wrong_kind"
        )
    hints = get_type_hints(kind)
    known = [f.name for f in fields(kind)]  # type: ignore[arg-type]
    plain: dict[str, Any] = {}
    for key, value in values.items():
        name = _known_name(key, value, known, where)
        plain[name] = _value(hints[name], value, f"{where}.{key}".removeprefix("recipe."))
    try:
        return kind(**plain)
    except TypeError as err:
        raise ConfigError(
            f"An option is missing in [{where}] of the recipe: {err}.", code="option_missing"
        ) from err


def _known_name(key: str, value: Any, known: list[str], where: str) -> str:
    """Return the field that a key means: dashes are underscores, a table of a list is singular."""
    name = key.replace("-", "_")
    if (where, name) in _FORMER_NAMES:
        former, name = name, _FORMER_NAMES[where, name]
        warnings.warn(
            f"{former!r} in [{where}] of a recipe is called {name!r} now; the former name goes "
            "with the next version.",
            DeprecationWarning,
            stacklevel=2,
        )
    is_list = isinstance(value, (list, tuple))
    for form in (f"{name}s", name) if is_list else (name,):
        if form in known:
            return form
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(sorted(known))}."
    raise ConfigError(
        f"Unknown option {key!r} in [{where}] of the recipe; {hint}", code="option_unknown"
    )


def _value(hint: Any, value: Any, where: str) -> Any:
    """Return a value as its field wants it.

    Raises:
        ConfigError: The value is of another type.
    """
    if get_origin(hint) is types.UnionType:  # optional
        return None if value is None else _value(get_args(hint)[0], value, where)
    if is_dataclass(hint):
        return _build(hint, value, where)  # type: ignore[arg-type]
    if get_origin(hint) is tuple:
        return _tuple(get_args(hint), value, where)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, hint) or (hint is int and isinstance(value, bool)):
        raise ConfigError(
            f"{where} of the recipe must be {hint.__name__}, not {value!r}.",
            code="option_wrong_kind",
        )
    return value


def _tuple(inner: tuple[Any, ...], value: Any, where: str) -> tuple[Any, ...]:
    if not isinstance(value, (list, tuple)):
        raise ConfigError(
            f"{where} of the recipe must be a list, not {value!r}.", code="option_wrong_kind"
        )
    return tuple(_value(inner[0], entry, where) for entry in value)
