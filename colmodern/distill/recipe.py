"""What exactly is to be trained, on what, for how long?

A recipe is a TOML file that says it all.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from colmodern.errors import ConfigError

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class TextSource:
    """Files of rows (jsonl, gzip allowed) whose fields are texts to train on.

    Attributes:
        files: A glob below the data folder.
        fields: The fields of a row that hold text; those joined by ``+`` make one text.
        only_ids_in: A judgments file (tsv); only rows whose ``_id`` stands in ``ids_column`` count.
        except_ids_in: The same, to leave rows out.
        ids_column: Which column of those files holds the ids.
    """

    files: str
    fields: tuple[str, ...]
    only_ids_in: str = ""
    except_ids_in: str = ""
    ids_column: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class PrepareRecipe:
    """How texts become pieces: see ``pieces.py``."""

    sources: tuple[TextSource, ...]
    lengths: tuple[int, ...] = (64, 128, 256)
    length_weights: tuple[float, ...] = (0.2, 0.5, 0.3)


@dataclass(frozen=True, slots=True, kw_only=True)
class StudentRecipe:
    """The shape of the student, a ModernBERT."""

    hidden_size: int = 384
    intermediate_size: int = 576
    n_layers: int = 4
    n_heads: int = 6
    global_every: int = 3
    local_attention: int = 128
    max_positions: int = 8192
    dim: int = 128
    query_length: int = 256
    document_length: int = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmStartRecipe:
    """Token-level distillation: the student reproduces the teacher's token vectors."""

    teacher: str
    teacher_licence: str = ""
    tokens: int
    tokens_a_step: int = 4096
    learning_rate: float = 1e-3
    embedding_learning_rate: float = 2e-4
    weight_decay: float = 0.01
    warm_up: float = 0.02
    decay: float = 0.3
    similarity_weight: float = 2.0
    maxsim_weight: float = 2.0
    sampled_tokens: int = 512
    checkpoint_every: int = 250


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Everything that decides the student, but the data itself."""

    name: str
    seed: int = 0
    licence_note: str = ""
    prepare: PrepareRecipe
    student: StudentRecipe = field(default_factory=StudentRecipe)
    warm_start: WarmStartRecipe

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
        except OSError as err:
            raise ConfigError(f"Cannot read the recipe {file}: {err.strerror}.") from err
        except tomllib.TOMLDecodeError as err:
            raise ConfigError(f"The recipe {file} is not valid TOML: {err}.") from err
        return cls.from_dict(values)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Recipe:
        """Build a recipe from nested tables; unknown options are refused by name."""
        values = {key.replace("-", "_"): value for key, value in values.items()}
        prepare = dict(values.get("prepare", {}))
        prepare["sources"] = tuple(
            _build(TextSource, source, "prepare.source") for source in prepare.pop("source", [])
        )
        values["prepare"] = _build(PrepareRecipe, prepare, "prepare")
        values["student"] = _build(StudentRecipe, values.get("student", {}), "student")
        values["warm_start"] = _build(WarmStartRecipe, values.get("warm_start", {}), "warm-start")
        return _build(cls, values, "recipe")

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, fit for JSON."""
        return asdict(self)


def _build(kind: type[T], values: Mapping[str, Any], where: str) -> T:
    known = {f.name for f in fields(kind)}  # type: ignore[arg-type]
    values = {key.replace("-", "_"): value for key, value in values.items()}
    unknown = sorted(set(values) - known)
    if unknown:
        raise ConfigError(
            f"Unknown option {unknown[0]!r} in [{where}] of the recipe; known are "
            f"{', '.join(sorted(known))}."
        )
    plain = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
    try:
        return kind(**plain)
    except TypeError as err:
        raise ConfigError(f"An option is missing in [{where}] of the recipe: {err}.") from err
