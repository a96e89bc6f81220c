"""Reading one training run: every fact with its source. Also the tools that integrations read with."""

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
