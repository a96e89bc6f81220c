"""From the trainers' names of samplers to Runware's names (those of its typed schemas of 2026-10)."""

from __future__ import annotations

__all__ = ["runware_scheduler"]

# sd-scripts --sample_sampler and ai-toolkit sample.sampler; OneTrainer noise_scheduler; diffusers class names
_NAMES = {
    "ddim": "DDIM",
    "ddpm": "DDPMScheduler",
    "pndm": "PNDMScheduler",
    "lms": "LMS",
    "k_lms": "LMS",
    "euler": "Euler",
    "k_euler": "Euler",
    "euler_a": "Euler a",
    "k_euler_a": "Euler a",
    "heun": "Heun",
    "dpm_2": "KDPM2DiscreteScheduler",
    "k_dpm_2": "KDPM2DiscreteScheduler",
    "dpm_2_a": "KDPM2AncestralDiscreteScheduler",
    "k_dpm_2_a": "KDPM2AncestralDiscreteScheduler",
    "dpmsolver": "DPMSolverMultistepScheduler",
    "dpmsolver++": "DPM++ 2M",
    "dpmsingle": "DPMSolverSinglestepScheduler",
    "lcm": "LCM",
    "flowmatch": "FlowMatchEulerDiscreteScheduler",
    "euler_karras": "Euler Karras",
    "dpmpp": "DPM++ 2M",
    "dpmpp_karras": "DPM++ 2M Karras",
    "dpmpp_sde": "DPM++ 2M SDE",
    "dpmpp_sde_karras": "DPM++ 2M SDE Karras",
    "unipc": "UniPC",
    "unipc_karras": "UniPC Karras",
    "tcd": "TCDScheduler",
}
_CLASSES = (
    "DDIMScheduler", "DDPMScheduler", "DEISMultistepScheduler", "DPMSolverMultistepScheduler",
    "DPMSolverSinglestepScheduler", "EDMDPMSolverMultistepScheduler", "EDMEulerScheduler",
    "EulerAncestralDiscreteScheduler", "EulerDiscreteScheduler", "FlowMatchEulerDiscreteScheduler",
    "HeunDiscreteScheduler", "IPNDMScheduler", "KDPM2AncestralDiscreteScheduler", "KDPM2DiscreteScheduler",
    "LCMScheduler", "LMSDiscreteScheduler", "PNDMScheduler", "TCDScheduler",
)  # fmt: skip
_KNOWN = {**{name.lower(): name for name in _CLASSES}, **_NAMES}


def runware_scheduler(name: str) -> str | None:
    """Return Runware's name of a trainer's sampler, or None if no equal one is known."""
    return _KNOWN.get(name.strip().lower())
