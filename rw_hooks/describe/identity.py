"""What the model is: category, type, architecture, conditioning. A given option wins, then the file's structure."""

from __future__ import annotations

from rw_hooks.architectures import ARCHITECTURES, architecture_warning, architectures, plain
from rw_hooks.artifact.identify.base_models import base_hash, base_name
from rw_hooks.artifact.model import Finding, Inspection
from rw_hooks.config.options import CATEGORIES, option
from rw_hooks.describe.model import Draft
from rw_hooks.errors import UsageError
from rw_hooks.facts.model import Fact, TrainingFacts

__all__ = ["put_architecture", "put_category", "put_conditioning", "put_type"]

_STRUCTURE = "structure"
_STRUCTURE_WINS = "the file's structure is used"
_TYPES = {"checkpoint": ("base", "inpainting", "refiner"), "embeddings": ("positive", "negative")}
_PROMPTED_ALIKE = ("lcm", "hyper", "turbo", "lightning", "distilled")


def put_category(draft: Draft) -> None:
    """Put the category, or record that it is missing."""
    inspection = draft.inspection
    given = draft.settings.given.get("category")
    if given is not None:
        category = str(given.value)
        draft.put("category", category, given.source)
        if inspection.category not in (None, category) and not _lora_or_lycoris(inspection, category):
            draft.warn(
                "category_contradicted",
                f"{given.source} says {category}, but the file is {inspection.category}; {given.source} is used",
            )
        return
    if inspection.category == "other":
        draft.findings.append(
            Finding(code="not_uploadable", severity="error", message="the file is not a model that Runware accepts")
        )
        return
    told, source = _told_category(draft, inspection, draft.facts)
    if told is None:
        draft.lack("category_unknown", "neither the file nor its run says what kind of model it is", "--category",
                   "give --category with one of: " + ", ".join(CATEGORIES), CATEGORIES)  # fmt: skip
        return
    draft.put("category", told, source)
    if told == "controlnet":
        draft.lack("category_outside_schema", "the file is a controlnet, a category that Runware's published "
                                              "schema no longer lists",
                   "--category", "give --category controlnet to send it anyway")  # fmt: skip


def _told_category(draft: Draft, inspection: Inspection, facts: TrainingFacts) -> tuple[str | None, str]:
    fact = facts.category
    if fact is None or fact.value not in CATEGORIES:
        return inspection.category, _STRUCTURE
    if inspection.category is None or (inspection.category != fact.value and _lora_or_lycoris(inspection, fact.value)):
        return fact.value, fact.source
    if inspection.category != fact.value:
        draft.warn("category_contradicted",
                   f"{fact.source} says {fact.value}, but the file is {inspection.category}; "
                   f"{_STRUCTURE_WINS}")  # fmt: skip
    return inspection.category, _STRUCTURE


def _lora_or_lycoris(inspection: Inspection, category: str) -> bool:
    """Whether this category also fits the structure: LoCon counts as LoRA and as LyCORIS."""
    return inspection.algorithm == "locon" and category in ("lora", "lycoris")


def put_type(draft: Draft) -> None:
    """Put the type of a checkpoint or an embedding.

    Raises:
        UsageError: The given type is not one of the category.
    """
    given, category = draft.settings.given.get("type"), draft.category
    if given is not None:
        if category is not None and given.value not in _TYPES.get(category, ()):
            raise UsageError("not_applicable", f"{given.source}: a {category} cannot have the type {given.value}",
                             hint="leave it out, or give another --category", stage="describe")  # fmt: skip
        draft.put("type", str(given.value), given.source)
        return
    if category is None or category not in _TYPES:
        return
    told, source = _told_type(draft, draft.inspection, draft.facts, category)
    draft.put("type", told, source)
    if told == "refiner":
        draft.lack("type_outside_schema", "the file is a refiner, a type that Runware's published schema no "
                                          "longer lists",
                   "--type", "give --type refiner to send it anyway")  # fmt: skip


def _told_type(draft: Draft, inspection: Inspection, facts: TrainingFacts, category: str) -> tuple[str, str]:
    claims, fact = inspection.claims, facts.type
    if category == "checkpoint":
        if inspection.type is None and fact is not None and fact.value in _TYPES[category]:
            return fact.value, fact.source
        if fact is not None and inspection.type not in (None, fact.value):
            draft.warn("type_contradicted",
                       f"{fact.source} says {fact.value}, but the file is {inspection.type}; "
                       f"{_STRUCTURE_WINS}")  # fmt: skip
        return (inspection.type, _STRUCTURE) if inspection.type else ("base", "platform default")
    if fact is not None and fact.value in _TYPES[category]:
        return fact.value, fact.source
    if claims.is_negative is not None:
        source = claims.sources.get("is_negative", "the file's metadata")
        return ("negative" if claims.is_negative else "positive"), source
    return "positive", "default: nothing says negative"


def put_architecture(draft: Draft) -> None:
    """Put the architecture, or record that it is missing and which values are possible."""
    inspection, facts = draft.inspection, draft.facts
    given = draft.settings.given.get("architecture")
    if given is not None:
        _put_given_architecture(draft, inspection, str(given.value), given.source)
        return
    if inspection.category == "other" and "category" not in draft.settings.given:
        return
    _warn_of_other_family(draft, inspection, facts.family)
    family = _family(inspection, facts)
    if _is_other_variant(inspection, facts):
        _lack_architecture(draft, f"a variant of {family}", ())
        return
    candidates = _candidates(inspection, facts, family)
    architecture, source = _told_architecture(draft, inspection, facts, candidates)
    if architecture is None:
        _lack_architecture(draft, family, candidates)
        return
    draft.put("architecture", architecture, source)


def _candidates(inspection: Inspection, facts: TrainingFacts, family: str) -> tuple[str, ...]:
    """Return the possible values: if several families fit the structure, those of the run's family."""
    known = architectures((family,))
    if inspection.family is None and facts.family is not None:
        fitting = tuple(value for value in inspection.candidates if value in known)
        if fitting or not known:
            return fitting
    return inspection.candidates or known


def _put_given_architecture(draft: Draft, inspection: Inspection, value: str, source: str) -> None:
    draft.put("architecture", value, source)
    unknown = architecture_warning(value)
    if unknown is not None:
        draft.warn("architecture_not_listed", f"{source}: {unknown}; it is sent as it is")
    elif inspection.candidates and value not in inspection.candidates:
        draft.warn("architecture_contradicted",
                   f"{source} says {value}, but the file fits {', '.join(inspection.candidates)}; {source} is "
                   "used")  # fmt: skip


def _family(inspection: Inspection, facts: TrainingFacts) -> str:
    if inspection.family:
        return inspection.family
    return facts.family.value if facts.family else ""


def _is_other_variant(inspection: Inspection, facts: TrainingFacts) -> bool:
    """Whether the base is a variant for which Runware has no value, so that the family's plain value is wrong."""
    if facts.other_variant is None or facts.family is None:
        return inspection.claims.other_variant and inspection.architecture is None
    return inspection.family in (None, facts.family.value)


def _warn_of_other_family(draft: Draft, inspection: Inspection, fact: Fact[str] | None) -> None:
    if fact is None:
        return
    known = set(architectures((fact.value,)))
    if inspection.family not in (None, fact.value):
        seen = inspection.family
    elif inspection.family is None and inspection.candidates and known and known.isdisjoint(inspection.candidates):
        seen = "made for one of " + ", ".join(inspection.candidates)
    else:
        return
    draft.warn("family_contradicted", f"{fact.source} says {fact.value}, but the file is {seen}; {_STRUCTURE_WINS}")


def _told_architecture(
    draft: Draft, inspection: Inspection, facts: TrainingFacts, candidates: tuple[str, ...]
) -> tuple[str | None, str]:
    fact, told = facts.architecture, inspection.architecture
    if fact is not None:
        if fact.value in candidates or not (candidates or inspection.family):
            _warn_of_other_claim(draft, inspection, fact)
            return fact.value, fact.source
        draft.warn("architecture_contradicted",
                   f"{fact.source} says {fact.value}, but the file fits "
                   f"{', '.join(candidates) or inspection.family}; {_STRUCTURE_WINS}")  # fmt: skip
    if told is None:
        usual = plain(facts.family.value) if facts.family and not inspection.family else None
        return (usual, facts.family.source) if usual in candidates and facts.family else (None, "")
    claims = inspection.claims
    if told != plain(inspection.family or ""):
        return told, claims.sources.get("architecture", _STRUCTURE) if claims.architecture == told else _STRUCTURE
    _tell_of_siblings(draft, inspection, told, candidates)
    return told, _STRUCTURE


def _warn_of_other_claim(draft: Draft, inspection: Inspection, fact: Fact[str]) -> None:
    claimed = inspection.claims.architecture
    if claimed not in (None, fact.value, plain(inspection.family or "")):
        draft.warn("architecture_contradicted",
                   f"{fact.source} says {fact.value}, but the file's metadata says {claimed}; the former is "
                   "used")  # fmt: skip


def _tell_of_siblings(draft: Draft, inspection: Inspection, told: str, candidates: tuple[str, ...]) -> None:
    """Warn that the family's plain value is assumed, if others are possible and no base model excludes them."""
    claims = inspection.claims
    base = base_hash(claims.base_model_hash or "") or base_name(claims.base_model or "")
    others = [value for value in candidates if value != told]
    if not others or (base is not None and base.architecture == told):
        return
    message = (
        f"the architecture is assumed to be {told}: the file cannot show whether it was made for {', '.join(others)}; "
        "if it was, give that with --architecture"
    )
    if all(word.endswith(_PROMPTED_ALIKE) for word in others):
        draft.tell("architecture_assumed", message)
    else:
        draft.warn("architecture_assumed", message)


def _lack_architecture(draft: Draft, family: str, candidates: tuple[str, ...]) -> None:
    if candidates:
        fitting = ", ".join(candidates)
        message = f"neither the file nor its run says which of these architectures it was made for: {fitting}"
        hint = f"give --architecture {'|'.join(candidates)}"
    elif family:
        message = f"the model is {family}, for which Runware has no known architecture value"
        hint = "give --architecture with the value that Runware uses for it"
    else:
        message = "neither the file nor its run says which architecture the model was made for"
        hint = "give --architecture with one of: " + ", ".join(ARCHITECTURES)
    draft.lack("architecture_unknown", message, "--architecture", hint, candidates)


def put_conditioning(draft: Draft) -> None:
    """Put what a ControlNet is conditioned on; a derived value is only suggested, because it is outside the schema."""
    given = draft.settings.given.get("conditioning")
    if given is not None:
        draft.put("conditioning", str(given.value), given.source)
        return
    if draft.category != "controlnet":
        return
    choices = option("conditioning").choices
    told = draft.facts.conditioning.value if draft.facts.conditioning else draft.inspection.claims.conditioning
    if told in choices:
        draft.suggestions["conditioning"] = told
        hint = f"give --conditioning {told}"
    else:
        hint = "give --conditioning with one of: " + ", ".join(choices)
    draft.lack("conditioning_unknown", "nothing says what the controlnet is conditioned on", "--conditioning", hint,
               (told,) if told in choices else choices)  # fmt: skip
