"""Which engines are measured, how they build, and at which points they search."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product
from typing import Any

AS_FAST_PLAID = "as fast-plaid"
SAMPLED = "sampled"


@dataclass(frozen=True, slots=True)
class Variant:
    """One engine with one index.

    Attributes:
        name: Names its files and its rows.
        adapter: A module of ``adapters``.
        options: What ``build`` gets. ``AS_FAST_PLAID`` becomes the number that fast-plaid chose,
            ``SAMPLED`` the number of documents that k-means sees.
        of_set: More options of ``build``, by the name of the set they are for.
        points: Search options that are always measured, by name. No options: its defaults.
        grid: Search options that are tried to find the best ones.
        searched: Whether it is searched at all.
    """

    name: str
    adapter: str
    options: dict[str, Any] = field(default_factory=dict)
    of_set: dict[str, dict[str, Any]] = field(default_factory=dict)
    points: dict[str, dict[str, Any]] = field(default_factory=dict)
    grid: tuple[dict[str, Any], ...] = ()
    searched: bool = True

    @property
    def is_peer(self) -> bool:
        """Whether it runs in the peers' environment."""
        return self.adapter != "colmodern"


def _grid(**choices: tuple[Any, ...]) -> tuple[dict[str, Any], ...]:
    return tuple(dict(zip(choices, values, strict=True)) for values in product(*choices.values()))


_EFFORTS: dict[str, dict[str, Any]] = {
    effort: {"effort": effort} for effort in ("low", "medium", "high", "exact")
}

VARIANTS = (
    Variant("colmodern-4", "colmodern", {"bits": 4}, points=_EFFORTS),
    Variant("colmodern-2", "colmodern", {"bits": 2}, points=_EFFORTS),
    Variant(
        "fast-plaid-4",
        "fast_plaid",
        {"n_samples_kmeans": SAMPLED},
        points={"default": {}},
        grid=_grid(n_ivf_probe=(2, 8, 32), n_full_scores=(256, 1024, 4096)),
    ),
    Variant(
        "colmodern-4-same",
        "colmodern",
        {"bits": 4, "n_centroids": AS_FAST_PLAID},
        searched=False,
    ),
    Variant(
        "xtr-warp-4",
        "xtr_warp",
        {"n_samples_kmeans": SAMPLED},
        # A quarter of what it would take, as its build would be the longest of all.
        of_set={"long": {"num_partitions": 8_192}},
        points={"default": {}},
        grid=_grid(nprobe=(8, 32, 128), t_prime=(5_000, 50_000, 500_000)),
    ),
    Variant("maxsim-cpu", "maxsim_cpu", points={"exhaustive": {}}),
)


def named(name: str) -> Variant:
    """Return a variant by its name."""
    return next(variant for variant in VARIANTS if variant.name == name)
