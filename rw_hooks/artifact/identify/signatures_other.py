"""What else a file may be: the tables of ControlNets, VAEs, and of what must not be published.

Written as :mod:`rw_hooks.artifact.identify.signatures_base` is, from the same sources.
"""

from __future__ import annotations

from rw_hooks.artifact.identify.signature import Signature

__all__ = ["CONTROLNETS", "CONTROLNET_PREFIXES", "OTHERS", "VAES", "VAE_PREFIXES"]

CONTROLNET_PREFIXES = ("", "controlnet.", "module.", "model.")
VAE_PREFIXES = ("first_stage_model.", "vae.", "vae_", "")

_LDM_ATTENTION = "input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight"
_UNET_ATTENTION = "down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.weight"

_ZERO_CONVS = ("control_model.zero_convs.0.0.weight", "zero_convs.0.0.weight")
CONTROLNETS = (
    # ldm names, with the original prefix or without.
    Signature(
        "sdxl", has=(("control_model.label_emb.0.0.weight [_, 2816]", "label_emb.0.0.weight [_, 2816]"), _ZERO_CONVS)
    ),
    Signature("sd1", has=((f"control_model.{_LDM_ATTENTION} [320, 768]", f"{_LDM_ATTENTION} [320, 768]"), _ZERO_CONVS)),
    Signature(
        "sd2", has=((f"control_model.{_LDM_ATTENTION} [320, 1024]", f"{_LDM_ATTENTION} [320, 1024]"), _ZERO_CONVS)
    ),
    # diffusers names.
    Signature("kolors", has=("controlnet_cond_embedding.conv_in.weight", "encoder_hid_proj.weight")),
    Signature("sdxl", has=("controlnet_cond_embedding.conv_in.weight", "add_embedding.linear_1.weight [_, 2816]")),
    Signature("sd1", has=("controlnet_cond_embedding.conv_in.weight", f"{_UNET_ATTENTION} [320, 768]")),
    Signature("sd2", has=("controlnet_cond_embedding.conv_in.weight", f"{_UNET_ATTENTION} [320, 1024]")),
    # ControlNet-XS adds small layers beside the base's, whose text widths stay in its own attention.
    Signature(
        "sdxl",
        has=(
            "control_to_base_for_conv_in.weight",
            "down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k.weight [_, 2048]",
        ),
    ),
    Signature("qwen_image", has=("controlnet_blocks.0.weight [3072, 3072]", "txt_norm.weight [3584]")),
    Signature(
        "flux1",
        has=(
            "controlnet_blocks.0.weight [3072, 3072]",
            ("double_blocks.0.img_attn.qkv.weight", "transformer_blocks.0.norm1.linear.weight"),
            (
                "vector_in.in_layer.weight [3072, 768]",
                "time_text_embed.text_embedder.linear_1.weight [3072, 768]",
            ),
        ),
    ),
    Signature(
        "sd3",
        has=(
            "controlnet_blocks.0.weight [1536|2432, 1536|2432]",
            (
                "transformer_blocks.0.norm1.linear.weight",
                "transformer_blocks.0.adaLN_modulation.1.weight",
                "pos_embed_input.proj.weight",
            ),
        ),
    ),
    Signature("sana", has=("controlnet_blocks.0.weight", "caption_norm.weight", "patch_embed.proj.weight")),
    Signature("hunyuan_dit", has=("controlnet_blocks.0.weight", "text_embedding_padding", "time_extra_emb.*")),
    Signature("cosmos", has=("control_blocks.0.*", "patch_embed_base.proj.weight")),
    # Z-Image's control layers, alone or in one file with the model that they steer.
    Signature("z_image", has=("control_layers.0.*", ("control_all_x_embedder.*", "control_noise_refiner.0.*"))),
    # AnimateDiff's SparseCtrl conditions by one convolution.
    Signature("animatediff", has=("controlnet_cond_embedding.weight", "down_blocks.0.motion_modules.0.*")),
    # By names alone, where shapes were packed: only SDXL adds a second embedding, only SD 1 and 2 have a first stage.
    Signature("sdxl", has=("controlnet_cond_embedding.conv_in.weight", "add_embedding.linear_1.weight [_]")),
    Signature(
        "sd1|sd2",
        has=(
            (
                f"control_model.{_LDM_ATTENTION} [_]",
                f"{_LDM_ATTENTION} [_]",
                f"{_UNET_ATTENTION} [_]",
            ),
            (
                "control_model.zero_convs.0.0.weight",
                "zero_convs.0.0.weight",
                "controlnet_cond_embedding.conv_in.weight",
            ),
        ),
        lacks=("control_model.label_emb.0.0.weight", "label_emb.0.0.weight", "add_embedding.linear_1.weight"),
    ),
    Signature(
        "",
        has=(
            (
                "control_model.*",
                "zero_convs.0.0.weight",
                "control_to_base_for_conv_in.weight",
                "controlnet_cond_embedding.conv_in.weight",
                "controlnet_blocks.0.weight",
                "controlnet_down_blocks.0.weight",
                "controlnet_x_embedder.weight",
            ),
        ),
    ),
    # Stability's Control-LoRA marks itself by a scalar of this name.
    Signature("sdxl", has=("lora_controlnet", "input_blocks.4.1.transformer_blocks.0.attn2.to_k.down [_, 2048]")),
    Signature("sd1", has=("lora_controlnet", "input_blocks.1.1.transformer_blocks.0.attn2.to_k.down [_, 768]")),
    Signature("", has=("lora_controlnet",)),
    # kohya's ControlNet-LLLite; only SDXL is more than one block deep.
    Signature(
        "sdxl",
        has=(
            (
                "lllite_unet_input_blocks_4_1_transformer_blocks_1_*",
                "lllite_unet_input_blocks_7_1_transformer_blocks_4_*",
                "lllite_unet_middle_block_1_transformer_blocks_4_*",
            ),
        ),
    ),
    Signature("", has=("lllite_*",)),
)

# A VAE's families are those that share it: the channels of its latents are all that shows.
VAES = (
    Signature(
        "wan|qwen_image",
        has=(("decoder.conv_in.weight [384, 16, 3, 3, 3]", "decoder.conv1.weight [384, 16, 3, 3, 3]"),),
    ),
    Signature("wan", has=(("decoder.conv_in.weight [1024, 48, 3, 3, 3]", "decoder.conv1.weight [1024, 48, 3, 3, 3]"),)),
    Signature("flux2", has=("decoder.conv_in.weight [512, 32, 3, 3]", "bn.running_mean")),
    Signature("svd", has=("decoder.conv_in.weight [512, 4, 3, 3]", "decoder.time_conv_out.weight")),
    Signature("sd1|sd2|sdxl|sdxl_refiner", has=("decoder.conv_in.weight [512|768, 4, 3, 3]",)),
    Signature("kandinsky2", has=("quantize.embedding.weight", "decoder.conv_in.weight")),
    Signature("hunyuan_image", has=("decoder.conv_in.weight [1024, 64, 3, 3]",)),
    Signature("sana", has=("decoder.conv_in.weight [1024, 32, 3, 3]", "encoder.down_blocks.0.0.conv_out.*")),
    # HunyuanVideo has attention in the middle; CogVideoX has norms that look at the latents.
    Signature(
        "hunyuan_video", has=("decoder.conv_in.conv.weight [512, 16, 3, 3, 3]", "decoder.mid_block.attentions.0.*")
    ),
    Signature(
        "cogvideox",
        has=("decoder.conv_in.conv.weight [512, 16, 3, 3, 3]", "decoder.mid_block.resnets.0.norm1.norm_layer.weight"),
    ),
    Signature("ltx_video", has=("decoder.conv_in.conv.weight [_, 128, 3, 3, 3]",)),
    Signature("mochi", has=("decoder.conv_in.weight [768, 12, 1, 1, 1]",)),
    Signature("cosmos", has=("decoder.conv_in.conv_s.weight [_, 16, 1, 3, 3]",)),
    # The tiny autoencoder (TAESD): its decoder begins behind a clamp without weights.
    Signature(
        "sd1|sd2|sdxl|sdxl_refiner", has=(("decoder.layers.0.weight [64, 4, 3, 3]", "decoder.1.weight [64, 4, 3, 3]"),)
    ),
    Signature(
        "flux1|sd3|hidream|z_image|chroma|lumina2",
        has=(("decoder.layers.0.weight [64, 16, 3, 3]", "decoder.1.weight [64, 16, 3, 3]"),),
    ),
    Signature(
        "flux1|sd3|hidream|z_image|chroma|lumina2",
        has=("decoder.conv_in.weight [512, 16, 3, 3]",),
        lacks=("quant_conv.weight",),
    ),
    # By names alone: the 4-channel ones have both of the convolutions around the latents.
    Signature(
        "sd1|sd2|sdxl|sdxl_refiner",
        has=(
            "decoder.conv_in.weight [_]",
            "quant_conv.weight",
            ("decoder.mid.attn_1.k.weight", "decoder.mid_block.attentions.0.to_k.weight"),
        ),
        lacks=("bn.running_mean", "decoder.time_conv_out.weight"),
    ),
    Signature(
        "flux1|sd3|hidream|z_image|chroma|lumina2",
        has=(
            "decoder.conv_in.weight [_]",
            ("decoder.mid.attn_1.k.weight", "decoder.mid_block.attentions.0.to_k.weight"),
        ),
        lacks=("quant_conv.weight", "bn.running_mean", "decoder.up.4.*", "encoder.mid_block.attentions.0.norm.gamma"),
    ),
    Signature(
        "",
        has=(
            ("encoder.down.0.*", "encoder.down_blocks.0.*", "encoder.downsamples.0.*"),
            ("decoder.up.0.*", "decoder.up_blocks.0.*", "decoder.upsamples.0.*"),
        ),
    ),
)

# What looks like a model and must not be published; the answer is the finding's code.
OTHERS = (
    Signature(
        "ip_adapter",
        has=(
            (
                "ip_adapter.*",
                "ip_adapter_proj_model.*",
                "image_proj.*",
                # FLUX.1 Redux feeds an image's features in as text does.
                "redux_up.weight",
                "double_blocks.0.processor.ip_adapter_double_stream_k_proj.weight",
            ),
        ),
    ),
    Signature(
        "t2i_adapter",
        has=(("adapter.body.0.*", "adapter.conv_in.weight", "body.0.block1.weight", "body.0.resnets.0.block1.weight"),),
    ),
    Signature(
        "optimizer_state",
        has=(("state.#.exp_avg*", "state.#.momentum_buffer", "optimizer.*", "exp_avg.*", "exp_avg_sq.*"),),
    ),
    # AnimateDiff's motion modules work only inside a UNet of SD 1 or SDXL.
    Signature(
        "motion_module",
        has=("down_blocks.0.motion_modules.0.*", "up_blocks.0.motion_modules.0.*"),
        lacks=("conv_in.weight",),
    ),
    # What text and image encoders gave, by the names of diffusers' pipelines and of ai-toolkit, beside latents.
    Signature(
        "dataset_cache",
        has=(
            (
                "latent",
                "latents",
                "latents_#x#*",
                "varlen_*",
                "prompt_embeds",
                "prompt_embeds_#",
                "pooled_prompt_embeds",
                "negative_prompt_embeds",
                "negative_pooled_prompt_embeds",
                "image_embeds",
                "text_embeds",
                "text_embed",
                "text_embed_#",
                "pooled_embed",
                "last_hidden_state",
                "encoder_hidden_states",
            ),
        ),
    ),
    Signature(
        "image_encoder",
        has=(
            (
                "vision_model.encoder.layers.0.*",
                "vision_model.embeddings.*",
                "visual.transformer.resblocks.0.*",
                "visual_projection.weight",
            ),
        ),
    ),
    Signature(
        "text_encoder",
        has=(
            (
                "text_model.encoder.layers.0.*",
                "text_model.embeddings.*",
                "transformer.text_model.encoder.layers.0.*",
                "embeddings.token_embedding.weight",
                "transformer.resblocks.0.attn.in_proj_weight",
                "encoder.block.0.layer.0.SelfAttention.k.weight",
                "cond_stage_model.*",
                "conditioner.*",
                "text_encoders.*",
            ),
        ),
    ),
    Signature(
        "language_model",
        has=(
            (
                "model.layers.0.self_attn.q_proj.weight",
                "layers.0.self_attn.q_proj.weight",
                "model.language_model.*",
                "model.embed_tokens.weight",
                "lm_head.weight",
                "transformer.h.0.attn.c_attn.weight",
                "h.0.attn.c_attn.weight",
                "wte.weight",
                "bert.embeddings.*",
                "roberta.embeddings.*",
                "distilbert.embeddings.*",
                "embeddings.word_embeddings.weight",
            ),
        ),
    ),
)
