"""transformers' Trainer and PEFT (Apache-2.0); neither is imported by the reader."""
