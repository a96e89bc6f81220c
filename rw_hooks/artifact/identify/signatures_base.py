"""What base weights look like: the table of checkpoints.

The first row that is true wins. Facts come from the loaders of ComfyUI (``model_detection.py``), diffusers, InvokeAI
and SwarmUI; widths and block counts are those of the published configurations. How a fact is written is told in
:mod:`rw_hooks.artifact.identify.signature`. An answer with ``|`` means that the structure fits several families, an
empty one that it is of the table's kind and of no family below.
"""

from __future__ import annotations

from rw_hooks.artifact.identify.signature import Signature

__all__ = [
    "CHECKPOINTS",
    "CHECKPOINT_PREFIXES",
    "DIFFUSERS_NAMES",
    "WHOLE_CHECKPOINTS",
]

CHECKPOINT_PREFIXES = (
    "model.diffusion_model.",
    "diffusion_model.",
    "model.model.",
    "transformer.",
    "model.",
    "module.",
    "net.",
    "unet.",
    # ai-toolkit's own names for the parts of a pipeline.
    "unet_",
    "",
)
# Names that only diffusers gives (Qwen-Image and LTX-Video were first published in diffusers' own names).
DIFFUSERS_NAMES = (
    "down_blocks.*",
    "single_transformer_blocks.*",
    "transformer_blocks.0.norm1_context.*",
    "distilled_guidance_layer.layers.0.linear_1.weight",
    "layers.0.attention.to_q.weight",
    "time_caption_embed.*",
    "condition_embedder.*",
    "text_fusion.*",
)
_LDM_ATTENTION = "input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight"
_UNET_ATTENTION = "down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.weight"

# "ldm" names are those of CompVis and Stability, "BFL" those of Black Forest Labs.
CHECKPOINTS = (
    # UNets, ldm names. Depth tells SDXL (10 blocks in the third stage), SSD-1B (4, no middle attention), Vega (2).
    Signature(
        "sdxl",
        has=("label_emb.0.0.weight", "output_blocks.*", "input_blocks.7.1.transformer_blocks.9.*"),
        lacks=("label_emb.0.0.weight [_, 2560]",),
    ),
    Signature(
        "ssd1b",
        has=("label_emb.0.0.weight", "output_blocks.*", "input_blocks.7.1.transformer_blocks.3.*"),
        lacks=("input_blocks.7.1.transformer_blocks.4.*", "middle_block.1.transformer_blocks.0.*"),
    ),
    Signature(
        "vega",
        has=("label_emb.0.0.weight", "output_blocks.*", "input_blocks.7.1.transformer_blocks.1.*"),
        lacks=("input_blocks.7.1.transformer_blocks.2.*", "middle_block.1.transformer_blocks.0.*"),
    ),
    Signature("sdxl_refiner", has=("label_emb.0.0.weight [_, 2560]", "output_blocks.*")),
    Signature(
        "sd1",
        has=(f"{_LDM_ATTENTION} [320, 768]", "output_blocks.*"),
        lacks=("label_emb.0.0.weight", "input_blocks.1.2.*"),
    ),
    Signature("sd2", has=(f"{_LDM_ATTENTION} [320, 1024]", "output_blocks.*"), lacks=("input_blocks.1.2.*",)),
    # UNets, diffusers names. Kolors is SDXL's UNet with ChatGLM's text and a pooled width of its own.
    Signature("kolors", has=("add_embedding.linear_1.*", "encoder_hid_proj.*", "up_blocks.*", "down_blocks.2.*")),
    Signature(
        "sdxl",
        has=("add_embedding.linear_1.weight", "up_blocks.*", "down_blocks.2.attentions.0.transformer_blocks.9.*"),
        lacks=("add_embedding.linear_1.weight [_, 2560]",),
    ),
    Signature(
        "ssd1b",
        has=("add_embedding.linear_1.weight", "up_blocks.*", "down_blocks.2.attentions.0.transformer_blocks.3.*"),
        lacks=("down_blocks.2.attentions.0.transformer_blocks.4.*", "mid_block.attentions.0.*"),
    ),
    Signature(
        "vega",
        has=("add_embedding.linear_1.weight", "up_blocks.*", "down_blocks.2.attentions.0.transformer_blocks.1.*"),
        lacks=("down_blocks.2.attentions.0.transformer_blocks.2.*", "mid_block.attentions.0.*"),
    ),
    Signature("sdxl_refiner", has=("add_embedding.linear_1.weight [_, 2560]", "up_blocks.*")),
    Signature(
        "sd1",
        has=(f"{_UNET_ATTENTION} [320, 768]", "up_blocks.*"),
        lacks=("add_embedding.linear_1.weight", "down_blocks.0.motion_modules.*"),
    ),
    Signature(
        "sd2",
        has=(f"{_UNET_ATTENTION} [320, 1024]", "up_blocks.*"),
        lacks=(
            "down_blocks.0.motion_modules.*",
            "down_blocks.0.temp_attentions.*",
            "down_blocks.0.attentions.0.temporal_transformer_blocks.*",
        ),
    ),
    # UNets of other kinds, by what only they have.
    Signature("animatediff", has=("down_blocks.0.motion_modules.0.*", "conv_in.weight")),
    Signature("sd_x4_upscaler", has=("conv_in.weight [_, 7, 3, 3]", "class_embedding.weight", "up_blocks.*")),
    Signature("deepfloyd_if", has=("add_embedding.pool.*", "up_blocks.*")),
    Signature("kandinsky2", has=("add_embedding.image_norm.weight", "up_blocks.*")),
    Signature("cascade", has=("clip_txt_pooled_mapper.weight", "down_blocks.0.*")),
    # UNets of other widths.
    Signature("", has=("input_blocks.0.0.weight", "middle_block.0.*", "output_blocks.*")),
    Signature(
        "", has=("conv_in.weight", "down_blocks.0.resnets.0.*", "mid_block.resnets.0.*", "up_blocks.0.resnets.0.*")
    ),
    # Transformers of the FLUX kind. Chroma replaces the modulation by one guidance network, FLUX.2 shares it.
    Signature(
        "chroma",
        has=("distilled_guidance_layer.in_proj.weight",),
        lacks=("vector_in.in_layer.weight", "time_text_embed.timestep_embedder.linear_1.weight"),
    ),
    Signature(
        "flux2",
        has=(
            (
                "double_stream_modulation_img.lin.weight [36864|24576|18432, _]",
                "double_stream_modulation_img.linear.weight [36864|24576|18432, _]",
            ),
        ),
    ),
    Signature(
        "flux1",
        has=(
            "double_blocks.0.img_attn.norm.key_norm.scale",
            "double_blocks.0.img_mod.lin.weight",
            "vector_in.in_layer.weight",
        ),
        lacks=("img_in.weight [4096|6144, _]",),
    ),
    Signature(
        "flux1",
        has=(
            "single_transformer_blocks.0.proj_mlp.weight",
            "transformer_blocks.0.norm1.linear.weight",
            "time_text_embed.text_embedder.linear_1.weight",
            "x_embedder.weight [3072, 64|128|384]",
        ),
    ),
    # HunyuanImage has a second text encoder (ByT5) and twice HunyuanVideo's latent channels.
    Signature(
        "hunyuan_video",
        has=("double_blocks.0.img_attn_qkv.weight", "txt_in.individual_token_refiner.*"),
        lacks=("byt5_in.*",),
    ),
    # Other transformers.
    Signature(
        "sd3",
        has=("joint_blocks.0.context_block.attn.qkv.weight", "x_embedder.proj.weight", "context_embedder.weight"),
    ),
    Signature(
        "sd3",
        has=("transformer_blocks.0.norm1_context.linear.weight", "pos_embed.proj.weight [1536|2432, 16, 2, 2]"),
    ),
    Signature("hidream", has=("caption_projection.0.linear.weight", "double_stream_blocks.0.block.ff_i.gate.weight")),
    Signature(
        "qwen_image",
        has=("transformer_blocks.0.attn.add_k_proj.weight", "txt_norm.weight [3584]", "img_in.weight [3072, _]"),
    ),
    Signature(
        "z_image", has=(("cap_embedder.0.weight [2560]", "cap_pad_token"), "context_refiner.0.*", "noise_refiner.0.*")
    ),
    Signature(
        "lumina2",
        has=(
            ("cap_embedder.0.weight [2304]", "time_caption_embed.caption_embedder.1.weight [2304, _]"),
            "context_refiner.0.*",
            "noise_refiner.0.*",
        ),
    ),
    Signature("krea2", has=("txtfusion.*", "blocks.0.attn.wq.weight [6144, _]")),
    Signature("krea2", has=("text_fusion.layerwise_blocks.0.*", "transformer_blocks.0.attn.to_gate.weight [6144, _]")),
    Signature("anima", has=("blocks.0.adaln_modulation_cross_attn.1.weight", "llm_adapter.*")),
    Signature("cosmos_predict2", has=("blocks.0.adaln_modulation_cross_attn.1.weight",)),
    Signature(
        "wan",
        has=("patch_embedding.weight", "blocks.0.cross_attn.k.weight", "blocks.0.ffn.0.weight", "head.modulation"),
    ),
    Signature(
        "wan", has=("patch_embedding.weight", "blocks.0.attn2.to_k.weight", "condition_embedder.time_proj.weight")
    ),
    # A denoiser by its blocks, its first and its last layer, of no family above.
    Signature(
        "",
        has=(
            (
                "transformer_blocks.0.*",
                "double_blocks.0.*",
                "joint_blocks.0.*",
                "blocks.0.*",
                "joint_transformer_blocks.0.*",
                "noise_refiner.0.*",
            ),
            (
                "proj_out.weight",
                "norm_out.linear*.weight",
                "final_layer.linear.weight",
                "head.head.weight",
            ),
            (
                "x_embedder.*",
                "img_in.weight",
                "patch_embed.*",
                "pos_embed.proj.weight",
                "patchify_proj.weight",
                "proj_in.weight",
                "patch_embedding.*",
                "context_embedder.*",
            ),
        ),
    ),
)

# Facts about a whole file, for UNets whose widths quantisation changed or a list of keys does not have.
_LDM = "model.diffusion_model."
WHOLE_CHECKPOINTS = (
    Signature(
        "sdxl_refiner",
        has=("conditioner.embedders.0.model.ln_final.weight", f"{_LDM}label_emb.0.0.weight"),
        lacks=("conditioner.embedders.1.model.ln_final.weight",),
    ),
    Signature(
        "sd1",
        has=(
            f"{_LDM}{_LDM_ATTENTION}",
            (
                "cond_stage_model.transformer.text_model.encoder.layers.11.*",
                "cond_stage_model.transformer.encoder.layers.11.*",
            ),
        ),
        lacks=(f"{_LDM}label_emb.0.0.weight", "cond_stage_model.model.*", f"{_LDM}{_LDM_ATTENTION} [_, 1024]"),
    ),
    Signature(
        "sd2",
        has=(f"{_LDM}{_LDM_ATTENTION}", "cond_stage_model.model.transformer.resblocks.22.*"),
        lacks=(f"{_LDM}{_LDM_ATTENTION} [_, 768]",),
    ),
)
