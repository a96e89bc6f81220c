"""The training scripts of huggingface/diffusers (Apache-2.0); the library is imported by none of the readers."""
