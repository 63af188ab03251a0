"""What kind of model a configuration describes: only those that say the next token are hosts."""

from typing import Any

from oneshot.errors import HostError


def model_class(config: Any, name: str) -> Any:
    """The library's class that loads the model; HostError for one that cannot be a host."""
    from transformers import AutoModelForCausalLM, AutoModelForImageTextToText
    from transformers.models.auto import modeling_auto as names

    kind = str(config.model_type)
    why = _why_not(config, kind in names.MODEL_FOR_MASKED_LM_MAPPING_NAMES)
    if why:
        raise HostError(
            f"{name!r} ({kind}) {why}; give a causal language model with plain weights, such as "
            "GPT-2, Llama, Qwen or Gemma"
        )
    causal = kind in names.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES
    if not causal and kind in names.MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES:
        return AutoModelForImageTextToText  # its language half is a causal model
    return AutoModelForCausalLM


def _why_not(config: Any, fills_blanks: bool) -> str | None:
    packed = getattr(config, "quantization_config", None)
    if getattr(config, "is_encoder_decoder", False):
        return "is an encoder-decoder, whose states are not those of one text"
    if fills_blanks and not getattr(config, "is_decoder", False):
        return "is an encoder, which looks at what comes later"
    if packed is not None:
        method = packed.get("quant_method") if isinstance(packed, dict) else packed.quant_method
        return f"holds weights packed by {getattr(method, 'value', method)}"
    return None
