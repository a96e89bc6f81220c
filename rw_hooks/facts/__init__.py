"""What a training run says about its model: values, each with its source. Also tools to read them.

Third parties who write an integration may use the names of ``__all__`` and those of these modules:

- :mod:`rw_hooks.facts.configs`: reading TOML, YAML, JSON and env files, without their secrets.
- :mod:`rw_hooks.facts.values`: reading single values, such as numbers and names without paths.
"""

from __future__ import annotations

from rw_hooks.facts.captions import common_words
from rw_hooks.facts.configs import Config
from rw_hooks.facts.launch import Launch
from rw_hooks.facts.layers import Layer, Layers
from rw_hooks.facts.model import Fact, TrainingFacts
from rw_hooks.facts.schedulers import runware_scheduler

__all__ = [
    "Config",
    "Fact",
    "Launch",
    "Layer",
    "Layers",
    "TrainingFacts",
    "common_words",
    "runware_scheduler",
]
