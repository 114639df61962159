"""All proofs, as the rooms of the hardware list them."""

from __future__ import annotations

from collections.abc import Sequence

from remora.flow.signoff.prove.harness import ProofError
from remora.hdl.bmru.properties import proofs as bmru
from remora.hdl.crossbar.properties import proofs as crossbar
from remora.hdl.learning.properties import proofs as learning
from remora.hdl.lib.properties.proof import Proof


def find_proofs(names: Sequence[str] = (), quick: bool = False) -> list[Proof]:
    """Proofs by name, all where none is given; with ``quick`` those that every run of continuous integration makes.

    A proof that relies on others brings them along.

    Raises:
        ProofError: there is no such proof, or none is left.
    """
    proofs = {proof.name: proof for room in (crossbar, learning, bmru) for proof in room.proofs()}
    for name in names:
        if name not in proofs:
            raise ProofError(f"there is no proof '{name}'; there are {', '.join(proofs)}")
    found = [name for name, proof in proofs.items() if (not names or name in names) and (proof.quick or not quick)]
    if not found:
        raise ProofError(f"none of {', '.join(names)} is a quick proof")
    for name in found:
        found += [other for other in proofs[name].relies.values() if other not in found]
    return [proof for name, proof in proofs.items() if name in found]
