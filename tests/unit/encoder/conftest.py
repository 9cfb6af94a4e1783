"""Tiny random checkpoints in every layout, made without torch and without a network."""

from __future__ import annotations

import json
import string
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers, processors

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
WORDS = (
    *("the", "quick", "brown", "fox", "jumps", "over", "a", "lazy", "dog"),
    *("who", "may", "revoke", "key", "that", "has", "leaked"),
)
PIECES = ("##s", "##ing", "##ed")
VOCABULARY = (*SPECIAL, *string.punctuation, *WORDS, *PIECES)

IDENTITY = "torch.nn.modules.linear.Identity"
ST = "sentence_transformers"


def write_json(path: Path, value) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value), encoding="utf-8")


def edit_json(path: Path, **changes) -> None:
    """Set fields of a JSON object; a field set to ... is taken out."""
    fields = json.loads(path.read_text(encoding="utf-8")) | changes
    write_json(path, {key: value for key, value in fields.items() if value is not ...})


class CheckpointKit:
    """Writes checkpoints with random weights, loud enough that attention is far from uniform."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._count = 0

    def folder(self) -> Path:
        self._count += 1
        path = self.root / f"model{self._count}"
        path.mkdir()
        return path

    def config(self, **changes):
        n_layers = changes.get("num_hidden_layers", 4)
        fields = {
            "architectures": ["ModernBertModel"],
            "model_type": "modernbert",
            "vocab_size": len(VOCABULARY) + 2,
            "hidden_size": 32,
            "intermediate_size": 48,
            "num_hidden_layers": n_layers,
            "num_attention_heads": 2,
            "local_attention": 16,
            "max_position_embeddings": 512,
            "pad_token_id": 0,
            "bos_token_id": 2,
            "eos_token_id": 3,
            "cls_token_id": 2,
            "sep_token_id": 3,
            "layer_types": [
                "sliding_attention" if i % 3 else "full_attention" for i in range(n_layers)
            ],
            "rope_parameters": {
                "full_attention": {"rope_theta": 160000.0, "rope_type": "default"},
                "sliding_attention": {"rope_theta": 10000.0, "rope_type": "default"},
            },
        } | changes
        return {key: value for key, value in fields.items() if value is not ...}

    def weights(self, config, *, seed: int = 0) -> dict[str, np.ndarray]:
        rng = np.random.default_rng(seed)
        hidden, inner = config["hidden_size"], config["intermediate_size"]
        tensors: dict[str, np.ndarray] = {}

        def linear(name, outputs, inputs, *, bias, scale):
            std = scale / np.sqrt(inputs)
            tensors[f"{name}.weight"] = rng.normal(0, std, (outputs, inputs))
            if bias:
                tensors[f"{name}.bias"] = rng.normal(0, 0.3, outputs)

        def norm(name):
            tensors[f"{name}.weight"] = 1 + rng.normal(0, 0.1, hidden)
            if config.get("norm_bias"):
                tensors[f"{name}.bias"] = rng.normal(0, 0.3, hidden)

        tensors["embeddings.tok_embeddings.weight"] = rng.normal(
            0, 1, (config["vocab_size"], hidden)
        )
        norm("embeddings.norm")
        for index in range(config["num_hidden_layers"]):
            layer = f"layers.{index}"
            attention, mlp = config.get("attention_bias", False), config.get("mlp_bias", False)
            if index:
                norm(f"{layer}.attn_norm")
            linear(f"{layer}.attn.Wqkv", 3 * hidden, hidden, bias=attention, scale=1.4)
            linear(f"{layer}.attn.Wo", hidden, hidden, bias=attention, scale=1)
            norm(f"{layer}.mlp_norm")
            linear(f"{layer}.mlp.Wi", 2 * inner, hidden, bias=mlp, scale=1.4)
            linear(f"{layer}.mlp.Wo", hidden, inner, bias=mlp, scale=1)
        norm("final_norm")
        return {name: values.astype(np.float32) for name, values in tensors.items()}

    def backbone(self, folder: Path, *, seed: int = 0, **changes) -> Path:
        """Write config.json and model.safetensors."""
        config = self.config(**changes)
        write_json(folder / "config.json", config)
        save_file(self.weights(config, seed=seed), folder / "model.safetensors", {"format": "pt"})
        return folder

    def tokenizer(self, folder: Path, *, markers=("[Q] ", "[D] "), **settings) -> Path:
        """Write a WordPiece tokenizer with padding and truncation left on, as saves often have."""
        vocabulary = {word: index for index, word in enumerate(VOCABULARY)}
        tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
        tokenizer.normalizer = normalizers.BertNormalizer()
        tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        tokenizer.post_processor = processors.TemplateProcessing(
            single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
        )
        tokenizer.add_special_tokens([AddedToken(word, special=True) for word in SPECIAL])
        tokenizer.add_tokens([AddedToken(marker, normalized=False) for marker in markers])
        tokenizer.enable_truncation(7)
        tokenizer.enable_padding(length=9)
        tokenizer.save(str(folder / "tokenizer.json"))
        names = zip(("pad", "unk", "cls", "sep", "mask"), SPECIAL, strict=True)
        fields = {f"{name}_token": token for name, token in names}
        fields |= {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": 512}
        fields |= settings
        write_json(
            folder / "tokenizer_config.json",
            {key: value for key, value in fields.items() if value is not ...},
        )
        return folder

    def dense(self, folder: Path, inputs=32, outputs=16, *, seed: int = 1, **fields) -> Path:
        rng = np.random.default_rng(seed)
        config = {
            "in_features": inputs,
            "out_features": outputs,
            "bias": False,
            "activation_function": IDENTITY,
        } | fields
        write_json(folder / "config.json", config)
        tensors = {"linear.weight": rng.normal(0, 0.2, (outputs, inputs))}
        if config["bias"]:
            tensors["linear.bias"] = rng.normal(0, 0.2, outputs)
        if config.get("use_residual") and inputs != outputs:
            tensors["residual.weight"] = rng.normal(0, 0.2, (outputs, inputs))
        tensors = {name: values.astype(np.float32) for name, values in tensors.items()}
        save_file(tensors, folder / "model.safetensors")
        return folder

    def sentence_transformers(
        self, *, transformer=None, mask=None, prompts=None, dense=None, **changes
    ) -> Path:
        """Write a MultiVectorEncoder; ``dense`` lists the options of each Dense layer."""
        folder = self.tokenizer(self.backbone(self.folder(), **changes))
        base = f"{ST}.base.modules"
        kinds = [(f"{base}.transformer.Transformer", "")]
        for index, fields in enumerate([{}] if dense is None else dense, start=1):
            tokens = {"module_input_name": "token_embeddings"}
            self.dense(folder / f"{index}_Dense", seed=index, **tokens, **fields)
            kinds.append((f"{base}.dense.Dense", f"{index}_Dense"))
        mask_type = f"{ST}.multi_vector_encoder.modules.multi_vector_mask.MultiVectorMask"
        kinds.append((mask_type, "8_MultiVectorMask"))
        write_json(
            folder / "8_MultiVectorMask" / "config.json",
            {"skiplist_words": [], "skiplist_tasks": ["document"], "keep_only_token_ids": None}
            | (mask or {}),
        )
        kinds.append((f"{base}.normalize.Normalize", "9_Normalize"))
        tokens = {"module_input_name": "token_embeddings", "module_output_name": "token_embeddings"}
        write_json(folder / "9_Normalize" / "config.json", tokens)
        self._modules(folder, kinds)
        write_json(
            folder / "sentence_bert_config.json",
            {
                "transformer_task": "feature-extraction",
                "modality_config": {
                    "text": {"method": "forward", "method_output_name": "last_hidden_state"}
                },
                "module_output_name": "token_embeddings",
            }
            | (transformer or {}),
        )
        write_json(
            folder / "config_sentence_transformers.json",
            {
                "model_type": "MultiVectorEncoder",
                "prompts": {"query": "[Q] ", "document": "[D] "} if prompts is None else prompts,
                "default_prompt_name": None,
                "similarity_fn_name": "maxsim",
            },
        )
        return folder

    def pylate(self, *, settings=None, transformer=None, dense=None, **changes) -> Path:
        """Write a checkpoint as PyLate 1.x saves it."""
        folder = self.tokenizer(self.backbone(self.folder(), **changes))
        kinds = [(f"{ST}.models.Transformer", "")]
        for index, fields in enumerate([{}] if dense is None else dense, start=1):
            self.dense(folder / f"{index}_Dense", seed=index, **{"use_residual": False, **fields})
            kinds.append(("pylate.models.Dense.Dense", f"{index}_Dense"))
        self._modules(folder, kinds)
        write_json(
            folder / "sentence_bert_config.json",
            {"max_seq_length": 511, "do_lower_case": False} | (transformer or {}),
        )
        fields = {
            "model_type": "ColBERT",
            "prompts": {"query": "", "document": ""},
            "default_prompt_name": None,
            "similarity_fn_name": "MaxSim",
            "query_prefix": "[Q] ",
            "document_prefix": "[D] ",
            "query_length": 32,
            "document_length": 64,
            "attend_to_expansion_tokens": False,
            "do_query_expansion": True,
            "skiplist_words": list(string.punctuation),
        } | (settings or {})
        write_json(
            folder / "config_sentence_transformers.json",
            {key: value for key, value in fields.items() if value is not ...},
        )
        return folder

    def stanford(self, *, metadata=None, **changes) -> Path:
        """Write a ColBERT as Stanford's code saves it, on a ModernBERT backbone."""
        changes = {"architectures": ["HF_ColBERT"]} | changes
        folder = self.tokenizer(self.folder(), markers=("[unused0]", "[unused1]"))
        config = self.config(**changes)
        write_json(folder / "config.json", config)
        tensors = {f"model.{name}": values for name, values in self.weights(config).items()}
        rng = np.random.default_rng(1)
        tensors["linear.weight"] = rng.normal(0, 0.2, (16, 32)).astype(np.float32)
        save_file(tensors, folder / "model.safetensors", {"format": "pt"})
        write_json(
            folder / "artifact.metadata",
            {"query_maxlen": 16, "doc_maxlen": 40, "mask_punctuation": True} | (metadata or {}),
        )
        return folder

    @staticmethod
    def _modules(folder: Path, kinds) -> None:
        entries = [
            {"idx": index, "name": str(index), "path": path, "type": kind}
            for index, (kind, path) in enumerate(kinds)
        ]
        write_json(folder / "modules.json", entries)


@pytest.fixture
def checkpoints(tmp_path: Path) -> CheckpointKit:
    return CheckpointKit(tmp_path)


@pytest.fixture
def set_fields():
    """Set fields of a JSON file: ``set_fields(path, name=value)``; ``...`` takes one out."""
    return edit_json
