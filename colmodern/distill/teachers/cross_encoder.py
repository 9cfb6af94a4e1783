"""How does any encoder become a teacher of lists? The stage ``teacher``.

A cross-encoder is fine-tuned by ListNet (Cao et al. 2007): of a query's documents, the one that
answers it should score highest.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np

from colmodern.distill.checkpoints import find_checkpoint, multiplies_bf16
from colmodern.distill.data.lists import texts as read_texts
from colmodern.distill.ledger import write_json
from colmodern.distill.options.teachers import ListTeacher, ScoreRecipe, TeacherRecipe
from colmodern.distill.teachers.score import candidate_lists
from colmodern.distill.teachers.scorers import CrossScorer
from colmodern.distill.training.resume import last_checkpoint
from colmodern.errors import EncoderError
from colmodern.types import Progress

logger = logging.getLogger(__name__)

_DEV_LISTS = 200


def train_teacher(
    recipe: TeacherRecipe,
    *,
    prepared: Path,
    mined: Path,
    folder: Path,
    seed: int,
    progress: Progress | None = None,
) -> None:
    """Write ``model/``, a cross-encoder, and ``report.json``, how often it is right.

    Args:
        recipe: From what, on how many lists.
        prepared: The folder of the stage ``prepare``.
        mined: The folder of the stage ``mine``.
        folder: Where it goes; checkpoints lie in ``work`` meanwhile.
        seed: Decides the lists and their order.
        progress: Told how far it is.

    Raises:
        ConfigError: The base is not there.
        EncoderError: It cannot be read.
        InputError: No query has a negative.
    """
    from datasets import Dataset
    from sentence_transformers.cross_encoder import CrossEncoderTrainer
    from sentence_transformers.cross_encoder.losses import ListNetLoss

    from colmodern.distill.training.callbacks import ReportProgress

    documents = read_texts(prepared / "documents.parquet", "document_id")
    lists = _lists(recipe, prepared, mined, seed, "train", recipe.n_lists)
    model = _base(recipe, seed)
    rows = {
        "query": [entry["text"] for entry in lists],
        "documents": [[documents[name] for name in entry["document_ids"]] for entry in lists],
        "labels": [_labels(len(entry["document_ids"])) for entry in lists],
    }
    trainer = CrossEncoderTrainer(
        model=model,
        args=_arguments(recipe, len(lists), folder / "work", seed),
        train_dataset=Dataset.from_dict(rows),
        loss=ListNetLoss(model, mini_batch_size=16),
        callbacks=[ReportProgress("teacher", progress)],
    )
    trainer.train(resume_from_checkpoint=last_checkpoint(folder / "work"))
    model.save_pretrained(str(folder / "model"), create_model_card=False)
    write_json(folder / "report.json", _report(recipe, prepared, mined, folder, seed, documents))


def _lists(
    recipe: TeacherRecipe, prepared: Path, mined: Path, seed: int, split: str, limit: int
) -> list[dict[str, Any]]:
    shape = ScoreRecipe(
        teachers=(ListTeacher(kind="bm25"),),
        n_candidates=recipe.n_ways,
        n_ways=recipe.n_ways,
        limit=limit,
    )
    return candidate_lists(shape, prepared=prepared, mined=mined, seed=seed, split=split)


def _labels(n: int) -> list[float]:
    """Return targets whose softmax is nearly all on the first."""
    return [5.0, *[0.0] * (n - 1)]


def _base(recipe: TeacherRecipe, seed: int) -> Any:
    import torch
    from sentence_transformers import CrossEncoder

    folder = find_checkpoint(recipe.base)
    torch.manual_seed(seed)
    try:
        return CrossEncoder(
            str(folder), num_labels=1, max_length=recipe.max_length, local_files_only=True
        )
    except Exception as err:  # transformers, safetensors and disk have no common base
        reason = (str(err).strip() or type(err).__name__).splitlines()[0].rstrip(".")
        raise EncoderError(
            f"Cannot make a cross-encoder of {folder}: {reason}. If it was downloaded, the "
            "download may have been interrupted: fetch it again.",
            code="encoder_unreadable",
        ) from err


def _arguments(recipe: TeacherRecipe, n_lists: int, work: Path, seed: int) -> Any:
    import torch
    from sentence_transformers.cross_encoder import CrossEncoderTrainingArguments

    steps = -(-n_lists // recipe.batch_size)
    return CrossEncoderTrainingArguments(
        output_dir=str(work),
        max_steps=steps,
        per_device_train_batch_size=recipe.batch_size,
        learning_rate=recipe.learning_rate,
        warmup_steps=int(steps * recipe.warm_up),
        weight_decay=recipe.weight_decay,
        bf16=multiplies_bf16(),
        use_cpu=not torch.cuda.is_available(),  # else bf16 is refused
        logging_steps=10,
        save_strategy="steps",
        save_steps=recipe.checkpoint_every,
        save_total_limit=2,
        seed=seed,
        data_seed=seed,
        report_to=[],
        disable_tqdm=True,
        dataloader_pin_memory=False,
    )


def _report(
    recipe: TeacherRecipe,
    prepared: Path,
    mined: Path,
    folder: Path,
    seed: int,
    documents: dict[str, str],
) -> dict[str, Any]:
    """Say how often the answer scores highest, on lists that were put aside."""
    lists = _lists(recipe, prepared, mined, seed, "dev", _DEV_LISTS)
    if not lists:
        return {"dev_lists": 0}
    scorer = CrossScorer(folder / "model", recipe.max_length)
    scored = scorer.score(
        [(entry["text"], [documents[n] for n in entry["document_ids"]]) for entry in lists]
    )
    right = float(np.mean([values[0] > max(values[1:]) for values in scored if len(values) > 1]))
    logger.info("the teacher puts the answer first in %.3f of %d lists", right, len(lists))
    return {"dev_lists": len(lists), "answer_first": round(right, 4)}
