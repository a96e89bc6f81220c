"""A trainer's options from several sources, the strongest first; each value has its source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from rw_hooks.facts.configs import Config
from rw_hooks.facts.launch import Launch
from rw_hooks.facts.model import Fact, Strength
from rw_hooks.facts.values import flag, model_name, number, text, whole, words

__all__ = ["Layer", "Layers"]


class Layer(NamedTuple):
    """Options by name, and the name of their source: ``prefix``, followed by the option's name."""

    values: Mapping[str, Any]
    prefix: str

    @classmethod
    def of_launch(cls, launch: Launch) -> Layer:
        """Return a command line's options."""
        return cls(launch.options, f"{launch.source}: --")

    @classmethod
    def of_config(cls, config: Config, values: Mapping[str, Any] | None = None, prefix: str = "") -> Layer:
        """Return a config's settings, or those below a prefix such as ``meta.``."""
        return cls(config.values if values is None else values, f"{config.name}: {prefix}")


class Layers:
    """Options by name; values that trainers write for "nothing" count as not given.

    Args:
        layers: The strongest first.
    """

    def __init__(self, layers: Sequence[Layer]) -> None:
        self._layers = tuple(layers)

    def __bool__(self) -> bool:
        return any(layer.values for layer in self._layers)

    def _found(self, name: str) -> tuple[object, str]:
        for values, prefix in self._layers:
            value = values.get(name)
            if value is not None and not (isinstance(value, str) and text(value) is None):
                return value, prefix + name
        return None, ""

    def raw(self, name: str) -> object:
        """Return the value as it is written, or None."""
        return self._found(name)[0]

    def source(self, name: str) -> str:
        """Return the source of the value; empty if there is none."""
        return self._found(name)[1]

    def text(self, name: str) -> str | None:
        """Return the value as a text, or None."""
        return text(self.raw(name))

    def flag(self, name: str) -> bool:
        """Whether the switch is on."""
        return flag(self.raw(name))

    def fact(self, *names: str, strength: Strength = "stated") -> Fact[str] | None:
        """Return the first option of these that is given."""
        for name in names:
            value, source = self._found(name)
            shown = text(value)
            if shown is not None:
                return Fact(value=shown, source=source, strength=strength)
        return None

    def model(self, *names: str) -> Fact[str] | None:
        """Return a base model: a repository id, or the last part of a path."""
        fact = self.fact(*names)
        name = model_name(fact.value) if fact else None
        return Fact(value=name, source=fact.source) if fact and name else None

    def words(self, name: str) -> Fact[tuple[str, ...]] | None:
        """Return the value as words: a list, or a text that is split at commas."""
        value, source = self._found(name)
        found = words(value)
        return Fact(value=found, source=source) if found else None

    def phrase(self, name: str) -> Fact[tuple[str, ...]] | None:
        """Return the value as one trigger phrase, including commas."""
        fact = self.fact(name)
        return Fact(value=(fact.value,), source=fact.source) if fact else None

    def number(self, name: str) -> Fact[float] | None:
        """Return the value as a number."""
        value, source = self._found(name)
        found = number(value)
        return None if found is None else Fact(value=found, source=source)

    def whole(self, name: str) -> Fact[int] | None:
        """Return the value as a whole number."""
        value, source = self._found(name)
        found = whole(value)
        return None if found is None else Fact(value=found, source=source)

    def summary(self, **names: str) -> dict[str, str]:
        """Return parts of a run's summary; ``names`` gives the option of each label."""
        found = {label.replace("_", " "): self.text(name) for label, name in names.items()}
        return {label: value for label, value in found.items() if value is not None}
