"""What adapters look like: whose layers they adapt. The first row that is true wins.

Facts come from the trainers' own writers and from the loaders of InvokeAI, SwarmUI and ComfyUI; widths are those of
the published configurations. How a fact is written is told in :mod:`rw_hooks.artifact.identify.signature`. An answer
with ``|`` means that the layers fit several families.
"""

from __future__ import annotations

from rw_hooks.artifact.identify.signature import Signature

__all__ = ["ADAPTER_TARGETS", "ENCODER_TARGETS", "LANGUAGE_MODEL_ADAPTERS", "UNET_LAYER"]

_UNET = "(down|mid|up|input|middle|output)_blocks?_.*"
_CROSS = _UNET + "attn2_to_[kv]"
_FIRST_STAGE = "(down_blocks_0_attentions|up_blocks_3_attentions|input_blocks_[12]_1|output_blocks_(9|10|11)_1)"
UNET_LAYER = _UNET

ADAPTER_TARGETS = (
    # UNets: the width of the text, which comes in by cross-attention. Layers over time belong to video models.
    Signature("", has=((".*motion_modules_.*", ".*temporal_transformer_blocks_.*", ".*temp_attentions_.*"),)),
    Signature("sd1", has=(f"{_CROSS} <- 768",), lacks=(f"{_CROSS} <- 1024|1280|2048",)),
    Signature("sd2", has=(f"{_CROSS} <- 1024",), lacks=(f"{_CROSS} <- 768|1280|2048",)),
    Signature("sdxl_refiner", has=(f"{_CROSS} <- 1280 -> 768|1536",), lacks=(f"{_CROSS} <- 768|1024|2048",)),
    # SSD-1B's third stage is 4 deep, Vega's 2, and neither has attention in the middle; SDXL's is 10 deep.
    Signature(
        "sdxl|ssd1b|vega",
        has=(f"{_CROSS} <- 2048", "(down_blocks_2_attentions|input_blocks_[78]_1)_.*"),
        lacks=(f"{_UNET}transformer_blocks_[4-9]_.*", "(mid|middle)_block_.*", f"{_CROSS} <- 768|1024|1280"),
    ),
    Signature("sdxl", has=(f"{_CROSS} <- 2048",), lacks=(f"{_CROSS} <- 768|1024|1280",)),
    # Without cross-attention: only SDXL is so deep, only SD 1 and 2 have attention in the first stage.
    Signature("sdxl", has=(f"{_UNET}transformer_blocks_[4-9]_.*",), lacks=(f"{_CROSS} <- 768|1024|1280",)),
    Signature(
        "sdxl",
        has=(f"{_UNET}transformer_blocks_1_attn1_to_[qkv] <- 640|1280",),
        lacks=(f"{_CROSS} <- 768|1024|1280",),
    ),
    Signature(
        "sd1|sd2",
        has=(f"{_FIRST_STAGE}_.* <- 320|?",),
    ),
    # BFL names. FLUX.1 has modulation in every block, Chroma none; FLUX.2 is wider or gated; HunyuanVideo's names
    # differ in its feed-forward layers and its modulation.
    Signature(
        "hunyuan_video",
        has=("(double|single)_blocks_#_(img_mlp_fc1|txt_mlp_fc1|modulation_linear|img_mod_linear) <- 3072",),
    ),
    Signature(
        "flux2",
        has=(
            (
                "(double|single)_blocks_#_.* <- 6144|4096",
                "double_blocks_#_img_mlp_0 <- 3072 -> 18432",
                "single_blocks_#_linear1 <- 3072 -> 27648",
            ),
        ),
    ),
    Signature(
        "flux1",
        has=(
            (
                "double_blocks_#_(img|txt)_mod_lin <- 3072|?",
                "single_blocks_#_modulation_lin <- 3072|?",
                "guidance_in_.* <- 256|3072",
                "vector_in_.* <- 768|3072",
                "double_blocks_#_processor_(qkv|proj)[12]? <- 3072",
            ),
        ),
    ),
    Signature(
        "flux1|chroma|hunyuan_video",
        has=("(double_blocks_#_(img|txt)_attn_(qkv|proj)|single_blocks_#_linear[12]) <- 3072|15360",),
        lacks=("double_blocks_#_(img|txt)_mlp_.*",),
    ),
    Signature("flux1|chroma", has=("(double|single)_blocks_#_.* <- 3072",)),
    # The same in diffusers' names, which several models share: FLUX.1 has 19 and 38 blocks, HunyuanVideo 20 and 40.
    Signature("flux2", has=("single_transformer_blocks_#_attn_to_qkv_mlp_proj <- 6144|4096|3072|?",)),
    Signature(
        "flux2",
        has=("transformer_blocks_7_attn_to_[qkv] <- 6144|4096",),
        lacks=(r"transformer_blocks_([89]|\d\d+)_.*",),
    ),
    Signature(
        "hunyuan_video",
        has=("transformer_blocks_19_attn_to_[qkv] <- 3072", "single_transformer_blocks_39_.*"),
        lacks=("transformer_blocks_20_.*", "single_transformer_blocks_40_.*"),
    ),
    Signature(
        "flux1",
        has=(
            (
                "transformer_blocks_#_norm1(_context)?_linear <- 3072 -> 18432",
                "single_transformer_blocks_#_norm_linear <- 3072 -> 9216",
                "time_text_embed_.* <- 256|768|3072",
                "norm_out_linear <- 3072",
            ),
            ("transformer_blocks_18_.*", "single_transformer_blocks_37_.*"),
        ),
        lacks=(
            "transformer_blocks_19_.*",
            "single_transformer_blocks_38_.*",
            "context_embedder <- 2048|3584",
            "context_embedder_.+",
        ),
    ),
    Signature(
        "flux1|chroma",
        has=("transformer_blocks_#_attn_.* <- 3072", "single_transformer_blocks_#_.* <- 3072|15360"),
    ),
    Signature("flux1|chroma", has=("single_transformer_blocks_#_proj_(mlp|out) <- 3072|15360",)),
    # Transformers whose blocks have names of their own, or widths. Qwen-Image is 60 blocks deep.
    Signature(
        "qwen_image",
        has=(
            (
                "transformer_blocks_#_(img|txt)_(mlp_net|mod)_.* <- 3072|12288|?",
                r"transformer_blocks_(2\d|[345]\d)_attn_.* <- 3072",
            ),
        ),
        lacks=("single_transformer_blocks_.*",),
    ),
    Signature("flux1|chroma|flux2|qwen_image|hunyuan_video", has=("transformer_blocks_#_attn_.* <- 3072",)),
    Signature("sd3", has=("joint_blocks_#_(context|x)_block_.* <- 1536|2432|6144|9728|?",)),
    Signature(
        "sd3",
        has=("transformer_blocks_#_(attn_.*|norm1_context_linear) <- 1536|2432",),
        lacks=("single_transformer_blocks_.*",),
    ),
    Signature("z_image", has=("(layers|noise_refiner|context_refiner)_#_(attention|attn|feed_forward)_.* <- 3840",)),
    Signature("lumina2", has=("(layers|noise_refiner|context_refiner)_#_(attention|attn|feed_forward)_.* <- 2304",)),
    Signature("hidream", has=("(double|single)_stream_blocks_#_block_.* <- 2560|?",)),
    Signature(
        "krea2",
        has=(("blocks_#_attn_(wq|wk|wv|wo|gate) <- 6144|?", "transformer_blocks_#_attn_to_[kv] <- 6144 -> 1536"),),
    ),
    Signature(
        "anima|cosmos_predict2",
        has=(("blocks_#_(self|cross)_attn_[qkv]_proj <- 2048", "blocks_#_adaln_modulation_.* <- 2048"),),
    ),
    Signature(
        "wan",
        has=(
            (
                "blocks_#_(self|cross)_attn_[qkvo] <- 1536|3072|5120|?",
                "blocks_#_ffn_0 <- 1536|3072|5120|?",
                "blocks_#_attn[12]_to_[qkv] <- 1536|3072|5120",
            ),
        ),
    ),
)

# What adapted text encoders say where the denoiser's layers leave something open. Only SD 1 and 2 have a single CLIP
# encoder, which kohya calls te; te1 is CLIP-L in every other family. Chroma and most newer models have none.
_CLIP = "text_model_encoder_layers_#_.*"
ENCODER_TARGETS = (
    Signature("sd1", has=((f"te:{_CLIP} <- 768", f"te:{_CLIP}self_attn_._proj -> 768"),)),
    Signature("sd2", has=((f"te1?:{_CLIP} <- 1024", f"te:{_CLIP}self_attn_._proj -> 1024"),)),
    Signature("sd3|hidream", has=(f"te1:{_CLIP} <- 768", f"te2:{_CLIP} <- 1280", "te3:encoder_block_#_.*")),
    Signature("flux1", has=(f"te1:{_CLIP} <- 768", "te[23]:encoder_block_#_.*")),
    Signature("sdxl|sd3|hidream", has=(f"te1:{_CLIP} <- 768", f"te2:{_CLIP} <- 1280")),
    Signature("sd1|sdxl|sd3|flux1|hidream", has=(f"te1:{_CLIP} <- 768",)),
    Signature("sdxl|sd3|hidream", has=(f"te2:{_CLIP} <- 1280",)),
)

# Layers that only language models and classifiers have; the answer is the kind of model. Any module may hold them, but
# for the text encoders of image models, and OmniGen, which makes images in a language model that it calls llm.
_WITHIN = "(?!text_|llm_)(.+_)?"
LANGUAGE_MODEL_ADAPTERS = (
    Signature(
        "language_model",
        has=(
            (
                f"{_WITHIN}h_#_(attn_c_attn|attn_c_proj|mlp_c_fc|mlp_c_proj|self_attention_.*)",
                f"{_WITHIN}layers_#_(self_attn_(q|k|v|o|out|qkv)_proj|fc[12])",
                f"{_WITHIN}layers_#_mlp_((shared_expert|experts_#)_)?(gate|up|down|gate_up)_proj",
                f"{_WITHIN}layers_#_(mixer|block_sparse_moe)_.*",
                # GPT-NeoX and ChatGLM.
                f"{_WITHIN}layers_#_(self_)?attention_(query_key_value|dense)",
                f"{_WITHIN}layers_#_mlp_dense_(h_to_4h|4h_to_h)",
                # BERT, ViT, DistilBERT, T5, and what looks at images in Qwen-VL.
                f"{_WITHIN}encoder_layer_#_attention_.*",
                f"{_WITHIN}layer_#_(attention_(q|k|v|out)_lin|ffn_lin[12])",
                f"{_WITHIN}block_#_layer_#_(SelfAttention|EncDecAttention|DenseReluDense)_.*",
                f"{_WITHIN}visual_blocks_#_.*",
            ),
        ),
    ),
)
