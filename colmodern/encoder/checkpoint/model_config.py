"""What shape has a ModernBERT, and which numbers decide its arithmetic?

Reads a Hugging Face ``config.json``: both the fields of today (``layer_types``,
``rope_parameters``) and the older ones (``global_attn_every_n_layers``, ``global_rope_theta``,
``local_rope_theta``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from colmodern.errors import EncoderError
from colmodern.frozen import frozen

# Fields of a config.json that say nothing about arithmetic.
_NO_ARITHMETIC = ("_name_or_path", "architectures", "transformers_version", "torch_dtype", "dtype")
_MOST_LAYERS = 1000
_MOST_THETA = 1e12
_MOST_RADIUS = 1 << 30  # sums with positions stay whole numbers of 64 bits
_LAYER_TYPES = {"full_attention": True, "sliding_attention": False}


@frozen(kw_only=True)
class ModernBertConfig:
    """The shape of a ModernBERT.

    Attributes:
        vocab_size: Rows of the embedding table.
        hidden_size: Width of the residual stream.
        intermediate_size: Width of the gated MLP after its gate.
        n_heads: Attention heads in each layer.
        global_layers: For each layer, whether its tokens see the whole document.
        local_radius: In the other layers a token sees the tokens at most this far away.
        global_theta: Base of the rotary frequencies of global layers.
        local_theta: The same of local layers.
        norm_eps: Added to the variance in layer norms.
        max_positions: The longest input the model was made for.
        norm_bias: Whether layer norms have a bias.
        attention_bias: Whether the attention's linear layers have one.
        mlp_bias: Whether the MLP's linear layers have one.
    """

    vocab_size: int
    hidden_size: int
    intermediate_size: int
    n_heads: int
    global_layers: tuple[bool, ...]
    local_radius: int
    global_theta: float
    local_theta: float
    norm_eps: float
    max_positions: int
    norm_bias: bool
    attention_bias: bool
    mlp_bias: bool

    @property
    def kind(self) -> str:
        """What it is, in a word."""
        return "ModernBERT"

    @property
    def n_layers(self) -> int:
        """How many layers it has."""
        return len(self.global_layers)

    @property
    def head_dim(self) -> int:
        """The width of one attention head."""
        return self.hidden_size // self.n_heads

    @classmethod
    def from_json(cls, fields: Mapping[str, Any], *, where: str) -> ModernBertConfig:
        """Read the fields of a ``config.json``; ``where`` names the file in messages.

        Raises:
            EncoderError: A field is missing, or asks for arithmetic that is not implemented.
        """
        try:
            _refuse_other_arithmetic(fields, where)
            config = cls(
                vocab_size=int(fields["vocab_size"]),
                hidden_size=int(fields["hidden_size"]),
                intermediate_size=int(fields["intermediate_size"]),
                n_heads=int(fields["num_attention_heads"]),
                global_layers=_global_layers(fields, where),
                local_radius=int(fields.get("local_attention", 128)) // 2,
                global_theta=_theta(fields, "full_attention", where),
                local_theta=_theta(fields, "sliding_attention", where),
                norm_eps=float(fields.get("norm_eps", 1e-5)),
                max_positions=int(fields.get("max_position_embeddings", 8192)),
                norm_bias=bool(fields.get("norm_bias", False)),
                attention_bias=bool(fields.get("attention_bias", False)),
                mlp_bias=bool(fields.get("mlp_bias", False)),
            )
        except KeyError as err:
            raise EncoderError(
                f"{where} lacks the field {err}.", code="encoder_unreadable"
            ) from err
        except (AttributeError, OverflowError, TypeError, ValueError) as err:
            raise EncoderError(
                f"{where} has a field of the wrong kind: {err}.", code="encoder_unreadable"
            ) from err
        config._check(where)
        return config

    def _check(self, where: str) -> None:
        if min(self.hidden_size, self.intermediate_size, self.n_heads, self.vocab_size) < 1:
            raise EncoderError(f"{where}: sizes must be at least 1.", code="encoder_unreadable")
        if self.hidden_size % self.n_heads or self.head_dim % 2:
            raise EncoderError(
                f"{where}: hidden_size {self.hidden_size} does not divide into "
                f"{self.n_heads} heads of even width.",
                code="encoder_unreadable",
            )
        if not 1 <= self.local_radius <= _MOST_RADIUS:
            raise EncoderError(
                f"{where}: local_attention must be at least 2, at most {2 * _MOST_RADIUS:,}.",
                code="encoder_unreadable",
            )
        if self.max_positions < 1:
            raise EncoderError(
                f"{where}: max_position_embeddings must be at least 1.", code="encoder_unreadable"
            )
        if not all(0 < theta <= _MOST_THETA for theta in (self.global_theta, self.local_theta)):
            raise EncoderError(
                f"{where}: a rotary base must lie between 0 and {_MOST_THETA:g}.",
                code="encoder_unreadable",
            )
        if not 0 <= self.norm_eps <= 1:
            raise EncoderError(f"{where}: norm_eps must lie in 0..1.", code="encoder_unreadable")


@frozen(kw_only=True)
class OtherConfig:
    """A backbone that is no ModernBERT, which a backend from outside may run.

    Attributes:
        kind: Its ``model_type``.
        hidden_size: Width of the residual stream; 0 where that is not said.
        n_layers: Layers; 0 where that is not said.
        max_positions: The longest input the model was made for; 512 where that is not said.
        fields: All that ``config.json`` says and that may change a vector, as JSON.
    """

    kind: str
    hidden_size: int
    n_layers: int
    max_positions: int
    fields: str

    @classmethod
    def from_json(cls, fields: Mapping[str, Any], *, where: str) -> OtherConfig:
        """Read the fields of a ``config.json``; ``where`` names the file in messages.

        Raises:
            EncoderError: A field is of the wrong kind.
        """
        kept = {name: value for name, value in fields.items() if name not in _NO_ARITHMETIC}
        try:
            return cls(
                kind=str(fields.get("model_type")),
                hidden_size=int(fields.get("hidden_size", 0)),
                n_layers=int(fields.get("num_hidden_layers", 0)),
                max_positions=int(fields.get("max_position_embeddings", 512)),
                fields=json.dumps(kept, sort_keys=True),
            )
        except (OverflowError, TypeError, ValueError) as err:
            raise EncoderError(
                f"{where} has a field of the wrong kind: {err}.", code="encoder_unreadable"
            ) from err


def read_config(fields: Mapping[str, Any], *, where: str) -> ModernBertConfig | OtherConfig:
    """Return what a ``config.json`` says of its backbone; ``where`` names the file in messages.

    Raises:
        EncoderError: A field is missing, or asks for arithmetic that is not implemented.
    """
    if fields.get("model_type") == "modernbert":
        return ModernBertConfig.from_json(fields, where=where)
    return OtherConfig.from_json(fields, where=where)


def _refuse_other_arithmetic(fields: Mapping[str, Any], where: str) -> None:
    activation = fields.get("hidden_activation", "gelu")
    if activation != "gelu":
        raise EncoderError(
            f"{where}: hidden_activation {activation!r} is not supported, only 'gelu'.",
            code="encoder_unsupported",
        )
    if fields.get("rope_scaling"):
        raise EncoderError(f"{where}: rope_scaling is not supported.", code="encoder_unsupported")
    unknown = (fields.get("rope_parameters") or {}).keys() - _LAYER_TYPES.keys()
    if unknown:
        raise EncoderError(
            f"{where}: rope_parameters has unknown fields {sorted(unknown)}.",
            code="encoder_unsupported",
        )


def _global_layers(fields: Mapping[str, Any], where: str) -> tuple[bool, ...]:
    n_layers = int(fields["num_hidden_layers"])
    if not 1 <= n_layers <= _MOST_LAYERS:
        raise EncoderError(
            f"{where}: num_hidden_layers must lie in 1..{_MOST_LAYERS}.", code="encoder_unreadable"
        )
    types = fields.get("layer_types")
    if types is None:
        every = int(fields.get("global_attn_every_n_layers", 3))
        if every < 1:
            raise EncoderError(
                f"{where}: global_attn_every_n_layers must be at least 1.",
                code="encoder_unreadable",
            )
        return tuple(layer % every == 0 for layer in range(n_layers))
    if len(types) != n_layers or not set(types) <= _LAYER_TYPES.keys():
        raise EncoderError(
            f"{where}: layer_types must name {n_layers} layers, each one of "
            f"{sorted(_LAYER_TYPES)}.",
            code="encoder_unreadable",
        )
    return tuple(_LAYER_TYPES[kind] for kind in types)


def _theta(fields: Mapping[str, Any], layer_type: str, where: str) -> float:
    """Return the rotary base of a layer type; a local one that is null is the global one."""
    parameters = (fields.get("rope_parameters") or {}).get(layer_type) or {}
    kind = parameters.get("rope_type", "default")
    if kind != "default":
        raise EncoderError(
            f"{where}: rope_type {kind!r} is not supported, only 'default'.",
            code="encoder_unsupported",
        )
    if "rope_theta" in parameters:
        return float(parameters["rope_theta"])
    global_theta = float(fields.get("global_rope_theta", 160_000.0))
    if layer_type == "full_attention":
        return global_theta
    local_theta = fields.get("local_rope_theta", 10_000.0)
    return global_theta if local_theta is None else float(local_theta)
