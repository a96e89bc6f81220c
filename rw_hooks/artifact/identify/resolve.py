"""Which family and architecture a file has: its metadata only chooses among what fits its structure."""

from __future__ import annotations

from dataclasses import dataclass

from rw_hooks.architectures import FAMILY_OF, architectures, plain
from rw_hooks.artifact.identify.kind import Identity
from rw_hooks.artifact.model import Claims, Finding

__all__ = ["Decision", "decide"]


@dataclass(frozen=True)
class Decision:
    """What structure and claims say together.

    Attributes:
        family: None where several fit.
        architecture: None where neither structure nor claims say which.
        candidates: What both leave possible.
        findings: Where they contradict each other.
        reasons: Which claim chose.
    """

    family: str | None = None
    architecture: str | None = None
    candidates: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    reasons: tuple[str, ...] = ()


def decide(identity: Identity, claims: Claims) -> Decision:
    """Join what the structure shows with what the file claims."""
    if identity.category in {"other", None}:
        return Decision()
    if claims.family is None:
        return _of_structure(identity)
    if identity.families and claims.family not in identity.families:
        structure = _of_structure(identity)
        message = f"the metadata says {claims.family}, but the tensors say {' or '.join(identity.families)}"
        return Decision(structure.family, structure.architecture, structure.candidates, (_contradiction(message),))
    if not identity.families:
        # The structure shows no base (an unknown or a toy model), and a claim alone decides nothing.
        return Decision(candidates=_possible(identity, (claims.family,)))
    return _chosen(identity, claims, claims.family)


def _of_structure(identity: Identity) -> Decision:
    possible = _possible(identity, identity.families)
    if len(identity.families) != 1:
        return Decision(candidates=possible)
    family = identity.families[0]
    default = plain(family)
    if default in possible:
        return Decision(family, default, possible)
    return Decision(family, possible[0] if len(possible) == 1 and identity.architectures else None, possible)


def _chosen(identity: Identity, claims: Claims, family: str) -> Decision:
    """Let the claims choose within the family they name, which the structure allows."""
    reason = (f"claimed family {family} ({claims.sources.get('family', 'metadata')})",)
    structure = _of_structure(Identity(identity.category, families=(family,), architectures=identity.architectures))
    if claims.architecture is None:
        if claims.other_variant:
            return Decision(family, None, (), reasons=(*reason, "a variant that the platform has no name for"))
        return Decision(family, structure.architecture, structure.candidates, reasons=reason)
    if claims.architecture in structure.candidates:
        source = claims.sources.get("architecture", "metadata")
        chosen = (f"claimed architecture {claims.architecture} ({source})",)
        exact = claims.architecture != plain(family) or source in {"ss_sd_model_name", "ss_new_sd_model_hash"}
        candidates = (claims.architecture,) if exact else structure.candidates
        return Decision(family, claims.architecture, candidates, reasons=chosen)
    message = (
        f"the metadata says {claims.architecture}, but the tensors fit {', '.join(structure.candidates) or 'none'}"
    )
    return Decision(family, structure.architecture, structure.candidates, (_contradiction(message),))


def _possible(identity: Identity, families: tuple[str, ...]) -> tuple[str, ...]:
    possible = architectures(families)
    if not identity.architectures:
        return possible
    return tuple(item for item in possible if item in identity.architectures or FAMILY_OF[item] not in families)


def _contradiction(message: str) -> Finding:
    return Finding(code="contradicting_claim", severity="warning", message=message + "; the tensors are used")
