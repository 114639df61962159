"""The weight window with both layers' crossbars, and nothing else on their ports: what the window does to devices."""

from __future__ import annotations

from amaranth.hdl import Cat, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.crossbar.bring_up.stretch import Recovery, Stretch
from remora.hdl.crossbar.crossbar_array import CrossbarArray
from remora.hdl.crossbar.weight_window import WeightWindow
from remora.hdl.crossbar.window.host import WindowHost
from remora.hdl.lib.hierarchy import add_submodule
from remora.hdl.lib.interfaces import pass_on
from remora.hdl.lib.reading import POLARITIES
from remora.hdl.macros.program_port import SENSE
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer
from remora.tb.blocks.crossbar.window_host import EARLY_BITS

COUNTED = ("pulses", "counts")
"""Ports of the window that tell what counters grow by; the latter of a window that verifies."""


class WindowedCrossbars(wiring.Component):
    """The window's ``host``, ``stretch``, ``pulses`` and ``counts``, as ``<layer>__<flag>`` the sense flags of its
    column, and as ``<layer>__early`` in how many cycles so far wordlines were driven that were not integrated yet."""

    def __init__(self, design: DesignPoint) -> None:
        self.design, self._window = design, WeightWindow(design)
        rows = design.crossbar.rows
        super().__init__(
            {
                "host": In(WindowHost(design)),
                "stretch": In(Stretch()),
                **{name: member for name, member in self._window.signature.members.items() if name in COUNTED},
                **{f"{layer.name.lower()}__{flag}": Out(rows) for layer in Layer for flag in SENSE},
                **{f"{layer.name.lower()}__early": Out(EARLY_BITS) for layer in Layer},
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        window, probe = add_submodule(m, "window", self._window), self._window.probe
        pass_on(m, self.host, window.host)
        recovery = add_submodule(m, "recovery", Recovery())
        m.d.comb += [
            self.pulses.eq(window.pulses),
            *(
                getattr(self.counts, name).eq(getattr(window.counts, name))
                for name in (window.counts.signature.members if self.design.capabilities.verifies else ())
            ),
            *(
                getattr(window.stretch, name).eq(getattr(self.stretch, name))
                for name in window.stretch.signature.members
            ),
            recovery.cycles.eq(self.stretch.pulse),
        ]
        pulsing = []
        for layer, program in ((Layer.HIDDEN, window.program_hidden), (Layer.READOUT, window.program_readout)):
            name = layer.name.lower()
            strobes, early = getattr(probe, name), getattr(self, f"{name}__early")
            m.d.sync += early.eq(early + (strobes.drive & ~strobes.integrate))
            array = add_submodule(m, name, CrossbarArray(self.design, layer))
            wiring.connect(m, program, array.program)
            pulsing.append(array.waits.pulse)
            m.d.comb += [getattr(self, f"{name}__{flag}").eq(getattr(array.program, flag)) for flag in SENSE]
            m.d.comb += [
                *(
                    getattr(array, f"wl_{polarity}").eq(getattr(window.wordlines, f"{name}_{polarity}"))
                    for polarity in POLARITIES
                ),
                array.plane.eq(probe.plane),
                getattr(probe, f"{name}_code").eq(array.selected_code),
                array.convert_stretch.eq(self.stretch.convert),
                array.recovering.eq(recovery.recovering),
            ]
            wiring.connect(m, strobes, array.strobes)
        m.d.comb += recovery.pulse.eq(Cat(*pulsing).any())
        return m
