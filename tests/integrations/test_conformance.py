"""Every integration passes every case."""

from __future__ import annotations

from typing import ClassVar

import pytest

from rw_hooks.testing.integrations import CASES, missing_package
from tests.integrations.conformance import ROOT, AroundSuite, BesideSuite, OurSuite


class TestPlain(OurSuite):
    trainer = "plain"


class TestTransformers(OurSuite):
    trainer = "transformers"


class TestLightning(OurSuite):
    trainer = "lightning"
    exit_codes: ClassVar = {"sigterm": 143}  # it takes the signal and leaves by itself


class TestAccelerate(OurSuite):
    trainer = "accelerate"


class TestDiffusers(OurSuite):
    trainer = "diffusers"


class TestMusubi(OurSuite):
    trainer = "musubi"


class TestAiToolkit(OurSuite):
    trainer = "ai_toolkit"
    sees_the_end_alone = True


class TestDiffsynth(OurSuite):
    trainer = "diffsynth"


class TestRun(AroundSuite):
    """A trainer that a signal ended is shown as in a shell; of one that ended well, how the publication went."""

    exit_codes: ClassVar = {"sigterm": 143, "sigint": 130, "read_only_state": 4, "missing_key": 4}


class TestWatch(BesideSuite):
    """A watch that could publish nothing ends at once: there is no training in it that has to go on."""

    exit_codes: ClassVar = {"read_only_state": 4, "missing_key": 4}
    ends_without_key = True


ROWS = ("plain", "transformers", "lightning", "accelerate", "diffusers", "musubi", "ai_toolkit", "diffsynth")


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("import rw_hooks_integrations.transformers", "imported"),
        ("import rw_hooks_integrations.lightning", "imported"),
        ("import rw_hooks_integrations.diffsynth", "imported"),
        ("from rw_hooks_integrations.transformers import RunwareCallback", "pip install transformers"),
        ("from rw_hooks_integrations.lightning import RunwareCallback", "pip install lightning"),
        ("from rw_hooks_integrations.diffsynth import RunwareLogger", "pip install diffsynth"),
        ("from rw_hooks_integrations.accelerate import publish_on_save", "imported"),
        ("from rw_hooks_integrations.musubi import with_publishing", "imported"),
        ("from rw_hooks_integrations.diffusers import publish_on_save; publish_on_save()", "pip install diffusers"),
        ("import rw_hooks_integrations.ai_toolkit.rw_publish", "pip install rw-hooks"),
        ("from rw_hooks import publishing", "imported"),
        ("import rw_hooks.cli.run, rw_hooks.cli.watch", "imported"),
    ],
)
def test_a_missing_package_is_said_when_it_is_used(statement, expected):
    trainers = ("transformers", "lightning", "diffsynth", "diffusers", "toolkit", "jobs")
    assert expected in missing_package(statement, *trainers, environ=OurSuite().environment())


def test_the_manual_lists_the_whole_matrix():
    manual = (ROOT / "docs" / "hooks.md").read_text()
    assert [name for name in (*ROWS, "run", "watch", *CASES) if f"`{name}`" not in manual] == []
