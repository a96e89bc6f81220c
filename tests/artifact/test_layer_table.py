"""The comparison with the layers of published models: all that fit stay possible, the whole beats a part."""

from __future__ import annotations

from pathlib import Path

import pytest

from rw_hooks.artifact.identify import layer_table
from rw_hooks.artifact.identify.layer_table import Fit, Place, compare, cover

TABLE = Path(layer_table.__file__).with_name("layers.txt")


def places(*paths: str, inputs: int | None = 3072, outputs: int | None = 3072) -> list[Place]:
    return [Place(path, inputs, outputs) for path in paths]


def flux_attention(doubles: int, singles: int) -> list[Place]:
    """The query of every block of a transformer of FLUX.1's kind, in diffusers' names."""
    return places(
        *(f"transformer_blocks_{number}_attn_to_q" for number in range(doubles)),
        *(f"single_transformer_blocks_{number}_attn_to_q" for number in range(singles)),
    )


def families(found: Fit | None) -> set[str]:
    assert found is not None
    return set(found.families)


@pytest.mark.parametrize(
    ("doubles", "singles", "expected"),
    [
        # diffusers' FluxTransformer2DModel has 19 and 38 blocks, and so has ChromaTransformer2DModel.
        (19, 38, {"flux1", "chroma"}),
        # HunyuanVideoTransformer3DModel: 20 and 40. OvisImageTransformer2DModel: 6 and 27.
        (20, 40, {"hunyuan_video"}),
        (6, 27, {"ovis_image"}),
        # ostris/Flex.1-alpha and Freepik/flux.1-lite-8B are as deep as Bria FIBO.
        (8, 38, {"flux1", "bria_fibo"}),
        # Some of the blocks fit all of those that are as deep; the shadowed ones count only when whole.
        (3, 3, {"flux1", "chroma", "hunyuan_video"}),
        (21, 41, set()),
    ],
)
def test_all_blocks_beat_some(doubles: int, singles: int, expected: set[str]) -> None:
    assert families(compare(flux_attention(doubles, singles))) == expected


def test_sizes_that_the_shapes_do_not_tell_exclude_nothing() -> None:
    assert families(compare(places("blocks_0_self_attn_q", inputs=None, outputs=5120))) == {"wan"}
    assert families(compare(places("blocks_0_self_attn_q", inputs=None, outputs=None))) == {"wan"}
    assert families(compare(places("blocks_0_self_attn_q", inputs=None, outputs=5121))) == set()


def test_a_convolution_may_be_measured_with_its_kernel() -> None:
    name = "down_blocks_3_resnets_0_conv1"
    for inputs in (1280, 9 * 1280, None):
        assert families(compare(places(name, inputs=inputs, outputs=1280))) == {"sd1", "sd2"}
    assert families(compare(places(name, inputs=3 * 1280, outputs=1280))) == set()


def test_names_that_no_model_has_say_nothing() -> None:
    assert compare(places("stage_1_op")) is None
    assert compare([]) is None


def test_a_name_with_the_tables_own_mark_is_no_number() -> None:
    assert families(compare(places("transformer_blocks_#_attn_to_q", "transformer_blocks_0_attn_to_q"))) == set()


def test_mostly_unknown_layers_fit_no_model() -> None:
    known = places("blocks_0_self_attn_q", inputs=5120, outputs=5120)
    assert families(compare([*known, *places("stage_0_op", "stage_1_op")])) == set()


def test_the_reason_names_the_model_and_the_telling_layer() -> None:
    found = compare(places("double_blocks_0_img_mod_lin", outputs=18432))
    assert found is not None
    assert found.families == ("flux1",)
    assert found.reasons == (
        "1 layers are those of FLUX.1, names of Black Forest Labs",
        "among them double_blocks_0_img_mod_lin 3072>18432",
    )


def test_the_table_is_kept_in_order() -> None:
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    assert max(map(len, lines)) <= 120
    titles = [line for line in lines if line.startswith("[")]
    assert len(titles) == len(set(titles))


@pytest.mark.parametrize("norms", [0, 300])
def test_what_no_model_has_at_that_number_does_not_hide_a_whole_model(norms: int) -> None:
    """CompVis numbers a block's norms as its convolutions: in_layers.0 is a norm, in_layers.2 a convolution."""
    attention = [f"{kind}_attn_{name}" for kind in ("self", "cross") for name in "qkvo"]
    names = [f"blocks_{block}_{name}" for block in range(30) for name in (*attention, "ffn_0", "ffn_2")]
    model = [Place(name, None, None) for name in names]
    found = cover([*model, *places(*(f"blocks_{number}_ffn_1" for number in range(norms)))])
    assert found is not None
    assert found.families == ("wan",)
