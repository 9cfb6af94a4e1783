"""Everything a small pipeline needs: a random teacher of a few hundred words, pairs, a recipe."""

import gzip
import json

WORDS = [f"word{i}" for i in range(300)]


def write_rows(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path, "wt", encoding="utf-8") as lines:
        lines.writelines(json.dumps(row) + "\n" for row in rows)


def make_teacher(folder, *, words=WORDS, seed=0, hidden_size=64):
    """Write a BERT of random weights with a WordPiece vocabulary of some words."""
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, BertTokenizerFast

    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    vocabulary = {word: number for number, word in enumerate([*special, *words])}
    raw = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    raw.normalizer = normalizers.BertNormalizer()
    raw.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    raw.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    BertTokenizerFast(tokenizer_object=raw).save_pretrained(folder)
    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=hidden_size,
        intermediate_size=64,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=128,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    BertModel(config).save_pretrained(folder)
    return folder


def make_second_teacher(folder, *, words=WORDS, hidden_size=96):
    """Write an MPNet of random weights: the same words in another order, with other markers."""
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
    from transformers import MPNetConfig, MPNetModel, PreTrainedTokenizerFast

    special = ["<s>", "<pad>", "</s>", "[UNK]", "<mask>"]
    order = [*special, *reversed(words)]
    vocabulary = {word: number for number, word in enumerate(order)}
    raw = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    raw.normalizer = normalizers.BertNormalizer()
    raw.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    PreTrainedTokenizerFast(
        tokenizer_object=raw,
        cls_token="<s>",
        pad_token="<pad>",
        sep_token="</s>",
        unk_token="[UNK]",
        mask_token="<mask>",
    ).save_pretrained(folder)
    torch.manual_seed(7)
    config = MPNetConfig(
        vocab_size=len(vocabulary),
        hidden_size=hidden_size,
        intermediate_size=64,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=130,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    MPNetModel(config).save_pretrained(folder)
    return folder


def make_data(folder, *, n=60, seed=1):
    """Write texts, pairs of three of a text's words with the text, and a few long ones."""
    import torch

    generator = torch.Generator().manual_seed(seed)

    def text(length):
        picks = torch.randint(len(WORDS), (length,), generator=generator).tolist()
        return [WORDS[i] for i in picks]

    short, long = [text(20) for _ in range(n)], [text(90) for _ in range(12)]
    write_rows(folder / "texts.jsonl.gz", [{"text": " ".join(words)} for words in short])
    for name, texts in (("pairs", short), ("long", long)):
        pairs = [
            {"query": " ".join(words[start : start + 3]), "document": " ".join(words)}
            for words in texts
            for start in (2, 9)
        ]
        write_rows(folder / f"{name}.jsonl.gz", pairs)
    return folder


def recipe_values(teacher, second):
    """Return a recipe with every stage, small enough for a test."""
    model = str(teacher)
    return {
        "name": "small",
        "seed": 5,
        "licence-note": "Invented words.",
        "prepare": {
            "dev": 0.1,
            "dev-queries": 8,
            "dev-documents": 30,
            "lengths": [12],
            "length-weights": [1.0],
            "source": [{"files": "texts.jsonl.gz", "fields": ["text"]}],
            "pairs": [
                {"name": "short", "files": "pairs.jsonl.gz"},
                {"name": "long", "files": "long.jsonl.gz", "long": True},
            ],
        },
        "student": {
            "hidden-size": 64,
            "intermediate-size": 64,
            "n-layers": 2,
            "n-heads": 2,
            "dim": 32,
            "document-length": 64,
            "query-length": 32,
        },
        "warm-start": {
            "teacher": [{"model": model, "weight": 0.4}, {"model": str(second), "weight": 0.6}],
            "tokens": 6000,
            "target-tokens": 1000,
            "tokens-a-step": 256,
            "checkpoint-every": 4,
            "sampled-tokens": 64,
        },
        "mine": {
            "miner": [
                {"system": "bm25", "ranks": [1, 10], "count": 3},
                {"system": "student", "ranks": [1, 10], "count": 3},
            ]
        },
        "teacher": {
            "base": model,
            "n-lists": 40,
            "n-ways": 3,
            "max-length": 48,
            "batch-size": 8,
            "learning-rate": 1e-3,
            "checkpoint-every": 2,
        },
        "score": {
            "n-candidates": 6,
            "n-ways": 4,
            "margin": -1.0,
            "part": 40,
            "teacher": [
                {"kind": "cross-encoder", "model": "teacher", "max-length": 48},
                {"kind": "late", "model": model, "max-length": 48},
                {"kind": "single-vector", "model": model, "max-length": 48},
                {"kind": "bm25"},
            ],
        },
        "train": {
            "phase": [
                {
                    "name": "lists",
                    "steps": 8,
                    "batch-size": 4,
                    "n-ways": 3,
                    "contrastive-weight": 0.1,
                    "regulariser-weight": 0.5,
                    "regulariser-tokens": 64,
                    "bf16": True,
                    "checkpoint-every": 2,
                    "measure-every": 4,
                    "keep": 2,
                },
                {
                    "name": "long",
                    "long": True,
                    "steps": 4,
                    "batch-size": 4,
                    "accumulation": 2,
                    "n-ways": 1,
                    "rows-a-document": 2,
                    "document-length": 80,
                    "window": 32,
                    "cached": True,
                    "gradient-checkpointing": True,
                    "kl-weight": 0.0,
                    "contrastive-weight": 1.0,
                    "checkpoint-every": 1,
                    "keep": 2,
                },
            ]
        },
        "average": {"last": 2},
        "evaluate": {"systems": ["student:exact", "bm25"]},
        "export": {"format": "st"},
    }
