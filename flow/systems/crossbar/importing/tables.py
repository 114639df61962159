"""The report of an import for a person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from remora.flow.report.console import table
from remora.golden.offline.layer_report import LayerReport

if TYPE_CHECKING:
    from rich.table import Table


def accuracy_table(result: dict[str, Any]) -> Table:
    """Accuracy and agreement of the float network and of each stage on the way to the codes."""
    shown = table(f"{result['test_sequences']:,} test sequences", ">accuracy", ">decides as float")
    shown.add_row("float", f"{result['float_accuracy']:.1%}", "")
    for name, stage in result["stages"].items():
        shown.add_row(name, f"{stage['accuracy']:.1%}", f"{stage['agreement']:.1%}")
    return shown


def layers_table(layers: Sequence[LayerReport], sequences: int) -> Table:
    """What rounding and conversion do to each layer."""
    shown = table(
        f"codes against float, {sequences:,} sequences", ">conversions", ">saturated", ">error, steps of a code",
        ">within a step", ">correlation",
    )  # fmt: skip
    for layer in layers:
        shown.add_row(
            layer.name,
            f"{layer.compared:,}",
            f"{layer.saturated:.2%}",
            f"{layer.error_steps:.2f}",
            f"{layer.within_a_step:.1%}",
            f"{layer.correlation:.4f}",
        )
    return shown


def histogram_table(layers: Sequence[LayerReport]) -> Table:
    """Shares of codes and of float numbers by bins, the layers beside each other."""
    columns = [f">{layer.name}, {what}" for layer in layers for what in ("codes", "float")]
    shown = table(">from", ">to", *columns)
    edges = layers[0].edges
    for number, (low, high) in enumerate(zip(edges[:-1], edges[1:], strict=True)):
        shares = [share[number] for layer in layers for share in (layer.codes, layer.real)]
        shown.add_row(f"{low:.1f}", f"{high:.1f}", *(f"{share:.1%}" for share in shares))
    return shown
