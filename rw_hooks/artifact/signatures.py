"""What each model looks like: the tables that the identification reads, first match wins.

Facts come from the loaders of ComfyUI (``model_detection.py``), diffusers, InvokeAI, SwarmUI and from the trainers'
own writers; widths and block counts are those of the published configurations. How a fact is written is told in
:mod:`rw_hooks.artifact.matching`. An answer with ``|`` means that the structure fits several families.
"""

from __future__ import annotations

from rw_hooks.artifact.matching import Signature as S

__all__ = [
    "ADAPTER_TARGETS",
    "CHECKPOINT_PREFIXES",
    "CHECKPOINTS",
    "CONTROLNETS",
    "ENCODER_TARGETS",
    "LANGUAGE_MODEL_ADAPTERS",
    "OTHERS",
    "UNET_LAYER",
    "VAES",
    "VAE_PREFIXES",
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
    "",
)
VAE_PREFIXES = ("first_stage_model.", "vae.", "")

# Base weights of a denoiser. "ldm" names are those of CompVis and Stability, "BFL" those of Black Forest Labs.
CHECKPOINTS = (
    # UNets, ldm names. Depth tells SDXL (10 blocks in the third stage), SSD-1B (4, no middle attention), Vega (2).
    S("sdxl", ("label_emb.0.0.weight", "output_blocks.*", "input_blocks.7.1.transformer_blocks.9.*"),
      ("label_emb.0.0.weight [_, 2560]",)),
    S("ssd1b", ("label_emb.0.0.weight", "output_blocks.*", "input_blocks.7.1.transformer_blocks.3.*"),
      ("input_blocks.7.1.transformer_blocks.4.*", "middle_block.1.transformer_blocks.0.*")),
    S("vega", ("label_emb.0.0.weight", "output_blocks.*", "input_blocks.7.1.transformer_blocks.1.*"),
      ("input_blocks.7.1.transformer_blocks.2.*", "middle_block.1.transformer_blocks.0.*")),
    S("sdxl_refiner", ("label_emb.0.0.weight [_, 2560]", "output_blocks.*")),
    S("sd1", ("input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight [320, 768]", "output_blocks.*"),
      ("label_emb.0.0.weight", "input_blocks.1.2.*")),
    S("sd2", ("input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight [320, 1024]", "output_blocks.*"),
      ("input_blocks.1.2.*",)),
    # UNets, diffusers names.
    S("sdxl", ("add_embedding.linear_1.weight", "up_blocks.*", "down_blocks.2.attentions.0.transformer_blocks.9.*"),
      ("add_embedding.linear_1.weight [_, 2560]",)),
    S("ssd1b", ("add_embedding.linear_1.weight", "up_blocks.*", "down_blocks.2.attentions.0.transformer_blocks.3.*"),
      ("down_blocks.2.attentions.0.transformer_blocks.4.*", "mid_block.attentions.0.*")),
    S("vega", ("add_embedding.linear_1.weight", "up_blocks.*", "down_blocks.2.attentions.0.transformer_blocks.1.*"),
      ("down_blocks.2.attentions.0.transformer_blocks.2.*", "mid_block.attentions.0.*")),
    S("sdxl_refiner", ("add_embedding.linear_1.weight [_, 2560]", "up_blocks.*")),
    S("sd1", ("down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.weight [320, 768]", "up_blocks.*"),
      ("add_embedding.linear_1.weight", "down_blocks.0.motion_modules.*")),
    S("sd2", ("down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.weight [320, 1024]", "up_blocks.*"),
      ("down_blocks.0.motion_modules.*", "down_blocks.0.temp_attentions.*")),
    # UNets of other widths.
    S("", ("input_blocks.0.0.weight", "middle_block.0.*", "output_blocks.*")),
    S("", ("conv_in.weight", "down_blocks.0.resnets.0.*", "mid_block.resnets.0.*", "up_blocks.0.resnets.0.*")),
    # Transformers of the FLUX kind. Chroma replaces the modulation by one guidance network.
    S("chroma", ("distilled_guidance_layer.in_proj.weight",),
      ("vector_in.in_layer.weight", "time_text_embed.timestep_embedder.linear_1.weight")),
    S("flux2", ("double_stream_modulation_img.lin.weight [36864|24576|18432, _] or "
                "double_stream_modulation_img.linear.weight [36864|24576|18432, _]",)),
    S("flux1", ("double_blocks.0.img_attn.norm.key_norm.scale", "vector_in.in_layer.weight",
                "double_blocks.0.img_mod.lin.weight"), ("img_in.weight [4096|6144, _]",)),
    S("flux1", ("single_transformer_blocks.0.proj_mlp.weight", "x_embedder.weight [3072, 64|128|384]",
                "time_text_embed.text_embedder.linear_1.weight", "transformer_blocks.0.norm1.linear.weight"),
      ("context_embedder.time_text_embed.*", "token_refiner.*")),
    S("hunyuan_video", ("double_blocks.0.img_attn_qkv.weight", "txt_in.individual_token_refiner.*")),
    # Other transformers.
    S("sd3", ("joint_blocks.0.context_block.attn.qkv.weight", "x_embedder.proj.weight", "context_embedder.weight")),
    S("sd3", ("transformer_blocks.0.norm1_context.linear.weight", "pos_embed.proj.weight [1536|2432, 16, 2, 2]")),
    S("hidream", ("caption_projection.0.linear.weight", "double_stream_blocks.0.block.ff_i.gate.weight")),
    S("qwen_image", ("transformer_blocks.0.attn.add_k_proj.weight", "txt_norm.weight [3584]", "img_in.weight [3072, _]")),
    S("z_image", ("cap_embedder.0.weight [2560] or cap_pad_token", "context_refiner.0.*", "noise_refiner.0.*")),
    S("lumina2", ("cap_embedder.0.weight [2304] or time_caption_embed.caption_embedder.1.weight [2304, _]",
                  "context_refiner.0.*", "noise_refiner.0.*")),
    S("krea2", ("txtfusion.*", "blocks.0.attn.wq.weight [6144, _]")),
    S("anima", ("blocks.0.adaln_modulation_cross_attn.1.weight [_, 2048]", "llm_adapter.*")),
    S("cosmos_predict2", ("blocks.0.adaln_modulation_cross_attn.1.weight",)),
    S("wan", ("patch_embedding.weight", "blocks.0.cross_attn.k.weight", "blocks.0.ffn.0.weight", "head.modulation")),
    S("wan", ("patch_embedding.weight", "blocks.0.attn2.to_k.weight", "condition_embedder.time_proj.weight")),
    S("ltx_video", ("patchify_proj.weight or proj_in.weight", "transformer_blocks.0.attn1.to_k.weight",
                    "scale_shift_table", "caption_projection.linear_1.weight")),
    S("auraflow", ("joint_transformer_blocks.0.attn.to_q.weight or double_layers.0.attn.w1q.weight",)),
    # A denoiser by its blocks and its last layer, of no family above.
    S("", ("transformer_blocks.0.* or double_blocks.0.* or joint_blocks.0.* or blocks.0.* or layers.0.adaLN_modulation.*",
           "proj_out.weight or norm_out.linear.weight or final_layer.linear.weight or head.head.weight",
           "x_embedder.* or img_in.weight or patch_embed.* or pos_embed.proj.weight or patchify_proj.weight or proj_in.weight "
           "or patch_embedding.* or context_embedder.*")),
)  # fmt: skip

# Facts about the whole file that decide a UNet whose widths were not recorded or were changed by quantisation.
WHOLE_CHECKPOINTS = (
    S("sdxl_refiner", ("conditioner.embedders.0.model.ln_final.weight", "model.diffusion_model.label_emb.0.0.weight"),
      ("conditioner.embedders.1.model.ln_final.weight",)),
    S("sd1", ("model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight",
              "cond_stage_model.transformer.text_model.encoder.layers.11.* or "
              "cond_stage_model.transformer.encoder.layers.11.*"),
      ("model.diffusion_model.label_emb.0.0.weight", "cond_stage_model.model.*",
       "model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight [_, 1024]")),
    S("sd2", ("model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight",
              "cond_stage_model.model.transformer.resblocks.22.*"),
      ("model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight [_, 768]",)),
)  # fmt: skip

CONTROLNETS = (
    S("sdxl", ("control_model.label_emb.0.0.weight [_, 2816] or label_emb.0.0.weight [_, 2816]",
               "control_model.zero_convs.0.0.weight or zero_convs.0.0.weight")),
    S("sd1", ("control_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight [320, 768] or "
              "input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight [320, 768]",
              "control_model.zero_convs.0.0.weight or zero_convs.0.0.weight")),
    S("sd2", ("control_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight [320, 1024] or "
              "input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight [320, 1024]",
              "control_model.zero_convs.0.0.weight or zero_convs.0.0.weight")),
    S("sdxl", ("controlnet_cond_embedding.conv_in.weight", "add_embedding.linear_1.weight [_, 2816]")),
    S("sd1", ("controlnet_cond_embedding.conv_in.weight",
              "down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.weight [320, 768]")),
    S("sd2", ("controlnet_cond_embedding.conv_in.weight",
              "down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.weight [320, 1024]")),
    S("qwen_image", ("controlnet_blocks.0.weight [3072, 3072]", "txt_norm.weight [3584]")),
    S("flux1", ("controlnet_blocks.0.weight [3072, 3072]",
                "double_blocks.0.img_attn.qkv.weight or transformer_blocks.0.norm1.linear.weight",
                "vector_in.in_layer.weight [3072, 768] or time_text_embed.text_embedder.linear_1.weight [3072, 768]")),
    S("sd3", ("controlnet_blocks.0.weight [1536|2432, 1536|2432]",
              "transformer_blocks.0.norm1.linear.weight or transformer_blocks.0.norm1_context.linear.weight or "
              "pos_embed_input.proj.weight or transformer_blocks.0.adaLN_modulation.1.weight")),
    S("", ("control_model.* or zero_convs.0.0.weight or controlnet_cond_embedding.conv_in.weight or "
           "controlnet_blocks.0.weight or controlnet_down_blocks.0.weight or controlnet_x_embedder.weight",)),
    # Stability's Control-LoRA marks itself by a scalar of this name.
    S("sdxl", ("lora_controlnet", "input_blocks.4.1.transformer_blocks.0.attn2.to_k.down [_, 2048]")),
    S("sd1", ("lora_controlnet", "input_blocks.1.1.transformer_blocks.0.attn2.to_k.down [_, 768]")),
    S("", ("lora_controlnet",)),
    # kohya's ControlNet-LLLite.
    S("sdxl", ("lllite_unet_input_blocks_4_1_transformer_blocks_1_* or "
               "lllite_unet_input_blocks_7_1_transformer_blocks_4_* or "
               "lllite_unet_middle_block_1_transformer_blocks_4_*",)),
    S("", ("lllite_*",)),
)  # fmt: skip

# A VAE's families are those that share it; the channels of its latents are all that shows.
_FOUR_CHANNELS = "sd1|sd2|sdxl|sdxl_refiner"
_SIXTEEN_CHANNELS = "flux1|sd3|hidream|z_image|chroma|lumina2"
VAES = (
    S("wan|qwen_image", ("decoder.conv_in.weight [384, 16, 3, 3, 3] or decoder.conv1.weight [384, 16, 3, 3, 3]",)),
    S("wan", ("decoder.conv_in.weight [1024, 48, 3, 3, 3] or decoder.conv1.weight [1024, 48, 3, 3, 3]",)),
    S("flux2", ("decoder.conv_in.weight [512, 32, 3, 3]", "bn.running_mean")),
    S(_FOUR_CHANNELS, ("decoder.conv_in.weight [512, 4, 3, 3]",)),
    S(_SIXTEEN_CHANNELS, ("decoder.conv_in.weight [512, 16, 3, 3]",), ("quant_conv.weight",)),
    S("", ("encoder.down.0.* or encoder.down_blocks.0.* or encoder.downsamples.0.*",
           "decoder.up.0.* or decoder.up_blocks.0.* or decoder.upsamples.0.*")),
)  # fmt: skip

# What an adapter's denoiser layers say about its base.
_UNET = "(down|mid|up|input|middle|output)_blocks?_.*"
UNET_LAYER = _UNET
ADAPTER_TARGETS = (
    S("animatediff", (".*motion_modules_.*",)),
    S("sd1", (_UNET + "attn2_to_[kv] <- 768",), (_UNET + "attn2_to_[kv] <- 1024|1280|2048",)),
    S("sd2", (_UNET + "attn2_to_[kv] <- 1024",), (_UNET + "attn2_to_[kv] <- 768|1280|2048",)),
    S("sdxl_refiner", (_UNET + "attn2_to_[kv] <- 1280",), (_UNET + "attn2_to_[kv] <- 768|1024|2048",)),
    # SSD-1B's third stage is 4 deep, and nothing is adapted in the middle; SDXL's is 10 deep.
    S("sdxl|ssd1b|vega", (_UNET + "attn2_to_[kv] <- 2048", "(down_blocks_2_attentions|input_blocks_[78]_1)_.*"),
      (_UNET + "transformer_blocks_[4-9]_.*", "(middle_block|mid_block)_.*", _UNET + "attn2_to_[kv] <- 768|1024|1280")),
    S("sdxl", (_UNET + "attn2_to_[kv] <- 2048",), (_UNET + "attn2_to_[kv] <- 768|1024|1280",)),
    S("sdxl", (_UNET + "transformer_blocks_[4-9]_.*",), (_UNET + "attn2_to_[kv] <- 768|1024|1280",)),
    S("sdxl", (_UNET + "transformer_blocks_1_attn1_to_[qkv] <- 640|1280",),
      (_UNET + "attn2_to_[kv] <- 768|1024|1280",)),
    # Only SD 1 and 2 have attention in the first stage.
    S("sd1|sd2", ("(down_blocks_0_attentions|up_blocks_3_attentions|input_blocks_[12]_1|output_blocks_(9|10|11)_1)_.* <- 320",)),
    # FLUX.1 has modulation in every block; Chroma has none; HunyuanVideo has 20 and 40 blocks and other names.
    S("hunyuan_video", ("(double|single)_blocks_#_(img_mlp_fc1|txt_mlp_fc1|modulation_linear|img_mod_linear) <- 3072",)),
    S("flux2", ("(double|single)_blocks_#_.* <- 6144|4096 or double_blocks_#_img_mlp_0 <- 3072 -> 18432 or "
                "single_blocks_#_linear1 <- 3072 -> 27648",)),
    S("flux2", ("single_transformer_blocks_#_attn_to_qkv_mlp_proj <- 6144|4096|3072",)),
    S("flux2", ("transformer_blocks_7_attn_to_[qkv] <- 6144|4096",), ("transformer_blocks_([89]|\\d\\d+)_.*",)),
    S("flux1", ("double_blocks_#_(img|txt)_mod_lin <- 3072|? or single_blocks_#_modulation_lin <- 3072|? or "
                "guidance_in_.* <- 256|3072 or vector_in_.* <- 768|3072",)),
    S("flux1", ("double_blocks_#_processor_(qkv|proj)[12]? <- 3072",)),
    S("flux1|chroma|hunyuan_video", ("(double_blocks_#_(img|txt)_attn_(qkv|proj)|single_blocks_#_linear[12]) <- 3072|15360",),
      ("double_blocks_#_(img|txt)_mlp_.*",)),
    S("flux1|chroma", ("(double|single)_blocks_#_.* <- 3072",)),
    S("hunyuan_video", ("transformer_blocks_19_attn_to_[qkv] <- 3072", "single_transformer_blocks_3[89]_.*")),
    S("flux1", ("transformer_blocks_#_norm1(_context)?_linear <- 3072 or time_text_embed_.* <- 256|768|3072 or "
                "single_transformer_blocks_#_norm_linear <- 3072 or norm_out_linear <- 3072",
                "single_transformer_blocks_#_.* <- 3072|15360")),
    S("flux1|chroma", ("transformer_blocks_#_attn_.* <- 3072", "single_transformer_blocks_#_.* <- 3072|15360")),
    S("flux1|chroma", ("single_transformer_blocks_#_proj_(mlp|out) <- 3072|15360",)),
    S("qwen_image", ("transformer_blocks_#_(img|txt)_(mlp_net|mod)_.* <- 3072|12288",),
      ("single_transformer_blocks_.*",)),
    S("qwen_image", ("transformer_blocks_(2\\d|[345]\\d)_attn_.* <- 3072",), ("single_transformer_blocks_.*",)),
    S("sd3", ("joint_blocks_#_(context|x)_block_.* <- 1536|2432|6144|9728",)),
    S("flux1|chroma|flux2|qwen_image|hunyuan_video", ("transformer_blocks_#_attn_.* <- 3072",)),
    S("sd3", ("transformer_blocks_#_(attn_.*|norm1_context_linear) <- 1536|2432",), ("single_transformer_blocks_.*",)),
    S("z_image", ("(layers|noise_refiner|context_refiner)_#_(attention|attn|feed_forward)_.* <- 3840",)),
    S("lumina2", ("(layers|noise_refiner|context_refiner)_#_(attention|attn|feed_forward)_.* <- 2304",)),
    S("hidream", ("(double|single)_stream_blocks_#_block_.* <- 2560",)),
    S("krea2", ("blocks_#_attn_(wq|wk|wv|wo|gate) <- 6144",)),
    S("anima", ("blocks_#_(self_attn|cross_attn)_[qkv]_proj <- 2048 or blocks_#_adaln_modulation_.* <- 2048",)),
    S("wan", ("blocks_#_(self|cross)_attn_[qkvo] <- 1536|3072|5120 or blocks_#_ffn_0 <- 1536|3072|5120 or "
              "blocks_#_attn[12]_to_[qkv] <- 1536|3072|5120",)),
)  # fmt: skip

# What adapted text encoders say where the denoiser's layers do not; the paths carry the encoder in front. Only SD 1
# and 2 have a single CLIP encoder, which kohya calls te; te1 is CLIP-L in every other family.
_CLIP = "text_model_encoder_layers_#_.*"
ENCODER_TARGETS = (
    S("sd1", (f"te:{_CLIP} <- 768 or te:{_CLIP}self_attn_._proj -> 768",)),
    S("sd2", (f"te:{_CLIP} <- 1024 or te:{_CLIP}self_attn_._proj -> 1024",)),
    S("sd3|hidream", (f"te1:{_CLIP} <- 768", f"te2:{_CLIP} <- 1280", "te3:encoder_block_#_.*")),
    S("flux1", (f"te1:{_CLIP} <- 768", "te[23]:encoder_block_#_.*")),
    S("sdxl|sd3|hidream", (f"te1:{_CLIP} <- 768", f"te2:{_CLIP} <- 1280")),
    S("sd1|sdxl|sd3|flux1|hidream", (f"te1:{_CLIP} <- 768",)),
    S("sdxl|sd3|hidream", (f"te2:{_CLIP} <- 1280",)),
)  # fmt: skip

# What looks like a model and must not be published; the answer is the finding's code.
OTHERS = (
    S("ip_adapter", ("ip_adapter.* or ip_adapter_proj_model.* or double_blocks.0.processor.ip_adapter_double_stream_k_proj.weight"
                     " or image_proj.*",)),
    S("t2i_adapter", ("adapter.body.0.* or adapter.conv_in.weight or body.0.block1.weight or body.0.resnets.0.block1.weight",)),
    S("optimizer_state", ("state.0.exp_avg or optimizer.* or exp_avg.* or state.0.exp_avg_sq or state.0.momentum_buffer",)),
    S("dataset_cache", ("latents or latents_* or varlen_* or latent_*",)),
    S("image_encoder", ("vision_model.encoder.layers.0.* or visual.transformer.resblocks.0.* or "
                        "visual_projection.weight or vision_model.embeddings.*",)),
    S("text_encoder", (
        "text_model.encoder.layers.0.* or transformer.text_model.encoder.layers.0.* or text_model.embeddings.* or "
        "embeddings.token_embedding.weight or transformer.resblocks.0.attn.in_proj_weight or "
        "encoder.block.0.layer.0.SelfAttention.k.weight or cond_stage_model.* or conditioner.* or text_encoders.*",)),
    S("language_model", (
        "model.layers.0.self_attn.q_proj.weight or layers.0.self_attn.q_proj.weight or lm_head.weight or "
        "model.embed_tokens.weight or model.language_model.* or h.0.attn.c_attn.weight or "
        "transformer.h.0.attn.c_attn.weight or wte.weight or bert.embeddings.* or roberta.embeddings.* or "
        "embeddings.word_embeddings.weight or distilbert.embeddings.*",)),
)  # fmt: skip

# Layers that only language models have, after an adapter's prefix.
LANGUAGE_MODEL_ADAPTERS = (
    S("language_model", (
        "(transformer_)?h_#_(attn_c_attn|attn_c_proj|mlp_c_fc|mlp_c_proj) or (model_)*layers_#_self_attn_(q|k|v|o)_proj or "
        "(model_)*layers_#_mlp_(gate|up|down)_proj or (bert_|roberta_|deberta_)?encoder_layer_#_attention_.* or "
        "(transformer_)?h_#_self_attention_.* or (model_)*(decoder_)?layers_#_(self_attn|fc1|fc2)_?.* or "
        "(model_)*layers_#_mixer_.*",)),
)  # fmt: skip
