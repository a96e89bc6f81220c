"""The training and the platform of the tests of hooks."""

from tests.hook.conftest import platform, published, training

__all__ = ["platform", "published", "training"]
