"""The BMRU core, as an instance of the macro pair ``remora_bmru_core``."""

from __future__ import annotations

from amaranth.hdl import ClockSignal, Module, ResetSignal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.lib.hierarchy import add_macro
from remora.spec.bmru.design import CHARGE_BITS, BmruDesign


class CoreMacro(wiring.Component):
    """The core with its scan chain, frame strobes and meter; ``docs/reference/bmru.md`` has the table and the contract.

    The macro does what rules R5, A1 to A3 and A5 to A19 say.

    Ports:
        scan_enable: shifts the chain by a bit.
        scan_in: the bit that enters it.
        scan_out: the bit that leaves it.
        scan_capture: the chain takes the latches.
        scan_latch: the latches take the chain.
        feature: codes of the DACs, feature 0 in the low bits.
        clear: resets all cells.
        settle: the blocks settle.
        evaluate: one bit a block, which takes its turn.
        sample: the outputs are sampled.
        state: of all cells.
        winner: the class of the largest output.
        valid: ``winner`` and ``state`` are those of the last sample.
        charge: the meter.
    """

    def __init__(self, design: BmruDesign) -> None:
        self.design, network = design, design.network
        super().__init__(
            {
                "scan_enable": In(1),
                "scan_in": In(1),
                "scan_out": Out(1),
                "scan_capture": In(1),
                "scan_latch": In(1),
                "feature": In(network.features * design.formats.feature_bits),
                "clear": In(1),
                "settle": In(1),
                "evaluate": In(network.blocks),
                "sample": In(1),
                "state": Out(design.network.cells),
                "winner": Out(design.network.class_bits),
                "valid": Out(1),
                "charge": Out(CHARGE_BITS),
            }
        )

    def elaborate(self, platform) -> Module:
        m, design = Module(), self.design
        network, formats, settling = design.network, design.formats, design.settling
        parameters = {
            "FEATURES": network.features,
            "WIDTH": network.width,
            "BLOCKS": network.blocks,
            "CLASSES": network.classes,
            "CLASS_BITS": design.network.class_bits,
            "FEATURE_BITS": formats.feature_bits,
            "FEATURE_STEP_PA": formats.feature_step_pa,
            "RATIO_BITS": formats.ratio_bits,
            "RATIO_FRACTION": formats.ratio_fraction,
            "BIAS_BITS": formats.bias_bits,
            "BIAS_STEP_PA": formats.bias_step_pa,
            "NODE_BITS": formats.node_bits,
            "LEAKAGE_PA": design.cell.leakage_pa,
            "SETTLE_FACTOR": settling.factor,
            "SETTLE_SHIFT": settling.shift,
            "HOLD_CYCLES": design.cycles.hold,
            "CHARGE_BITS": CHARGE_BITS,
            "MISMATCH": design.nonidealities.mismatch_rms,
            "BIAS_ERROR": design.nonidealities.bias_error_rms,
            "NOISE_PA": design.nonidealities.noise_rms_pa,
            "SEED": design.nonidealities.seed,
        }
        ports = {
            f"{'i' if member.flow == In else 'o'}_{name}": getattr(self, name)
            for name, member in self.signature.members.items()
        }
        add_macro(
            m,
            "macro",
            "remora_bmru_core",
            **{f"p_{name}": value for name, value in parameters.items()},
            i_clk=ClockSignal(),
            i_reset=ResetSignal(),
            **ports,
        )
        return m
