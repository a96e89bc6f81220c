"""What a training run says about its model: values, each with its source."""

from __future__ import annotations

from typing import Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict

__all__ = ["Fact", "Strength", "TrainingFacts"]

T = TypeVar("T")

Strength = Literal["stated", "derived", "suggested"]


class Fact(BaseModel, Generic[T]):
    """A value and where it came from.

    Attributes:
        value: The value.
        source: The file and the key, such as ``dataset.toml: class_tokens``; never a complete path.
        strength: ``stated``: the user set it in the trainer's config. ``derived``: it follows from something else (a
            folder's name). ``suggested``: ``explain`` shows it, but it is never sent.
    """

    model_config = ConfigDict(frozen=True)

    value: T
    source: str
    strength: Strength = "stated"


class TrainingFacts(BaseModel):
    """What is known about a run. A field is None if the run says nothing about it; nothing here is guessed.

    ``base_model`` is the base's repository id or file name, never a local path. ``architecture`` is a value of
    Runware's API, and is set only if the run determines it without doubt. ``family`` uses the words of
    ``Inspection.family``. ``other_variant`` is set if the base is a variant of its family for which Runware has no
    value (Qwen-Image-Edit). ``unread`` says which parts of the run could not be read. ``summary`` holds short ``key:
    value`` parts for the comment (rank, alpha, resolution, optimizer, steps).
    """

    model_config = ConfigDict(frozen=True)

    trainer: Fact[str] | None = None
    name: Fact[str] | None = None
    version: Fact[str] | None = None
    category: Fact[str] | None = None
    type: Fact[str] | None = None
    family: Fact[str] | None = None
    architecture: Fact[str] | None = None
    other_variant: Fact[bool] | None = None
    base_model: Fact[str] | None = None
    conditioning: Fact[str] | None = None
    trigger_words: Fact[tuple[str, ...]] | None = None
    negative_trigger_words: Fact[tuple[str, ...]] | None = None
    tags: Fact[tuple[str, ...]] | None = None
    description: Fact[str] | None = None
    comment: Fact[str] | None = None
    weight: Fact[float] | None = None
    steps: Fact[int] | None = None
    cfg: Fact[float] | None = None
    scheduler: Fact[str] | None = None
    hero_image: Fact[str] | None = None
    private: Fact[bool] | None = None
    unread: tuple[str, ...] = ()
    summary: dict[str, str] = {}

    def over(self, weaker: TrainingFacts) -> TrainingFacts:
        """Return these facts, completed by weaker ones where these say nothing."""
        known = {name: value for name in type(self).model_fields if (value := getattr(self, name)) is not None}
        return weaker.model_copy(update={**known, "summary": {**weaker.summary, **self.summary}})
