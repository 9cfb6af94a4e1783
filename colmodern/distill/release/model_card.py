"""What does the README of a student say? Data, licences, recipe, seed, scores."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from colmodern.distill.recipe import Recipe
from colmodern.distill.release.measure import table

_CARD = """---
license: apache-2.0
language: en
library_name: colmodern
tags: [ColBERT, late-interaction, ModernBERT]
---
# {name}

A {kind} ({layers} layers, hidden size {hidden}) that turns text into one {dim}-dimensional vector a
token, for late-interaction search (MaxSim). {markers} Windows of {window} tokens.

## How it was made
{steps}

The whole recipe is in `recipe.json`; its seed is {seed}.

## Data
{sources}

{licence_note}

## Scores
{scores}
{facts}
"""


def model_card(
    recipe: Recipe,
    config: Mapping[str, Any],
    *,
    rows: Mapping[str, Mapping[str, float]],
    facts: Mapping[str, Any],
) -> str:
    """Return the model card.

    Args:
        recipe: What it was trained by.
        config: The backbone's ``config.json``.
        rows: Figures of the stage ``evaluate``, by student and collection.
        facts: Further values worth telling, by their names.
    """
    neither = "[CLS] and [SEP] score on neither side."
    return _CARD.format(
        name=recipe.name,
        kind=str(config.get("model_type", "transformer")).replace("modernbert", "ModernBERT"),
        layers=config.get("num_hidden_layers"),
        hidden=config.get("hidden_size"),
        dim=recipe.student.dim,
        markers=neither if recipe.student.markers == "neither" else "All tokens score.",
        window=recipe.student.document_length,
        steps="\n".join(f"- {line}" for line in _steps(recipe)),
        seed=recipe.seed,
        sources="\n".join(_sources(recipe)),
        licence_note=recipe.licence_note.strip(),
        scores=table(rows) if rows else "Nothing was measured.\n",
        facts="\n".join(f"- {name}: {value}" for name, value in facts.items()),
    )


def read_config(folder: Path) -> dict[str, Any]:
    """Return the backbone's configuration."""
    values: dict[str, Any] = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    return values


def _steps(recipe: Recipe) -> list[str]:
    shape, warm = recipe.student, recipe.warm_start
    steps = [f"Start: {f'`{shape.start}`' if shape.start else 'random weights'}."]
    if warm is not None:
        kept = warm.target_tokens
        again = f" (of {kept:,} at most, again and again)" if kept else ""
        steps.append(
            f"Warm start: the token vectors of {_teachers(recipe)} on {warm.tokens:,} tokens of "
            f"text{again}: cosine of every token, similarities between tokens, best match in "
            f"every other text; peak learning rate {warm.learning_rate}."
        )
    if recipe.mine is not None:
        miners = ", ".join(
            f"`{m.system}` (ranks {m.ranks[0]} to {m.ranks[1]})" for m in recipe.mine.miners
        )
        steps.append(f"Hard negatives: {miners}.")
    if recipe.teacher is not None:
        steps.append(
            f"Teacher: a cross-encoder from `{recipe.teacher.base}`, fine-tuned on "
            f"{recipe.teacher.n_lists:,} lists of {recipe.teacher.n_ways}."
        )
    if recipe.score is not None:
        who = ", ".join(f"{t.key} (weight {t.weight:g})" for t in recipe.score.teachers)
        steps.append(f"Lists of up to {recipe.score.n_ways} documents, scored by {who}.")
    steps.extend(_phase(phase) for phase in (recipe.train.phases if recipe.train else ()))
    if recipe.average.last > 1:
        steps.append(f"The mean of the last {recipe.average.last} checkpoints.")
    return steps


def _teachers(recipe: Recipe) -> str:
    """Return the warm start's teachers with their licences, and their weights if there are many."""
    assert recipe.warm_start is not None
    teachers = recipe.warm_start.all_teachers
    if len(teachers) == 1:
        licence = teachers[0].licence
        return f"`{teachers[0].model}`" + (f" ({licence})" if licence else "")
    named = " and ".join(
        f"`{t.model}` ({', '.join([*filter(None, [t.licence]), f'weight {t.weight:g}'])})"
        for t in teachers
    )
    return f"{named}, side by side, projected to the student's hidden size,"


def _phase(phase: Any) -> str:
    parts = {
        "KL between scaled score lists": phase.kl_weight,
        "contrast within the batch": phase.contrastive_weight,
        "the warm start's loss": phase.regulariser_weight,
    }
    losses = ", ".join(f"{name} (weight {weight:g})" for name, weight in parts.items() if weight)
    return (
        f"Phase {phase.name}: {phase.steps:,} steps of {phase.batch_size * phase.accumulation} "
        f"queries x {phase.n_ways} documents of up to {phase.document_length:,} tokens; {losses}; "
        f"peak learning rate {phase.learning_rate}."
    )


def _sources(recipe: Recipe) -> list[str]:
    prepare = recipe.prepare
    lines = [f"- pairs `{pair.name}`: `{pair.files}`" + _limit(pair) for pair in prepare.pairs]
    if prepare.scored_lists is not None:
        lines.append(f"- scored lists: `{prepare.scored_lists.lists}`")
    lines += [
        f"- text: `{s.files}`: {', '.join(s.fields)}"
        + (f", only ids in `{s.only_ids_in}`" if s.only_ids_in else "")
        + (f", without ids in `{s.except_ids_in}`" if s.except_ids_in else "")
        for s in prepare.sources
    ]
    if prepare.never:
        lines.append(f"- never a text of: {', '.join(f'`{name}`' for name in prepare.never)}")
    return lines


def _limit(pair: Any) -> str:
    judged = f", judged in `{pair.qrels}`" if pair.qrels else ""
    sentences = ", sentences and the rest of their paragraphs" if pair.sentences else ""
    return judged + sentences + (f", at most {pair.limit:,} queries" if pair.limit else "")
