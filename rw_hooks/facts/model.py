"""What a training run says about the model it made: values, each with its source."""

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
        source: Which file and which key, such as ``dataset.toml: class_tokens``; never a whole path.
        strength: ``stated`` by the user in the trainer's own words; ``derived`` from something near (a folder's
            name); ``suggested`` values are shown by ``explain`` and never sent.
    """

    model_config = ConfigDict(frozen=True)

    value: T
    source: str
    strength: Strength = "stated"


class TrainingFacts(BaseModel):
    """What is known of a run. A field is None where the run says nothing; nothing here is a guess.

    ``base_model`` is the base's repository id or file name, never a local path. ``architecture`` is a Runware wire
    value that the run determines without doubt; ``family`` uses the words of ``Inspection.family``. ``other_variant``
    is set where the base is a variant of its family that the platform has no value for (Qwen-Image-Edit).
    ``unread`` says what of the run could not be read, and is not in here.
    ``summary`` holds short ``key: value`` parts for the comment (rank, alpha, resolution, optimizer, steps).
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
        """Return these facts, and the weaker ones where these say nothing."""
        known = {name: value for name in type(self).model_fields if (value := getattr(self, name)) is not None}
        return weaker.model_copy(update={**known, "summary": {**weaker.summary, **self.summary}})
