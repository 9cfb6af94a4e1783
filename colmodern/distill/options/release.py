"""What is measured in the end, and how is the student written?"""

from __future__ import annotations

from dataclasses import dataclass

from colmodern.distill.options.require import require


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedCollection:
    """A judged collection below the data folder, to measure on."""

    path: str
    split: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluateRecipe:
    """What is measured in the end.

    Attributes:
        collections: Judged collections; none that was trained on.
        systems: How to search, as ``colmodern eval --against`` writes it; ``student`` stands for
            our search with the student.
        every_stage: Measure the start, the warm start and every phase as well.
    """

    collections: tuple[JudgedCollection, ...] = ()
    systems: tuple[str, ...] = ("student",)
    every_stage: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRecipe:
    """How the student is written: ``pylate`` or ``st`` (sentence-transformers 6).

    Attributes:
        format: The layout.
        half: Weights as 16-bit floats.
        scoring: How colmodern scores with it: ``maxsim`` or ``corrected``.
    """

    format: str = "pylate"
    half: bool = True
    scoring: str = "maxsim"

    def __post_init__(self) -> None:
        """Check the format."""
        require(
            self.format in ("pylate", "st"),
            f"[export] format is 'pylate' or 'st', not {self.format!r}.",
            code="option_not_allowed",
        )
        require(
            self.scoring in ("maxsim", "corrected"),
            f"[export] scoring is 'maxsim' or 'corrected', not {self.scoring!r}.",
            code="option_not_allowed",
        )
