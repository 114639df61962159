"""The packet format of a design point as a C header and as a document, both from the module that encodes it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum, IntFlag

from remora.flow.generate.parts import Document
from remora.flow.generate.software.enumerations import member_docstrings
from remora.spec.lib.packets import FLAGS_BIT, TAG_BIT
from remora.spec.lib.section import Design

HEADER, DOCUMENT = "software/remora_packets.h", "docs/packets.md"


@dataclass(frozen=True)
class PacketFormat:
    """The packets of a kind of accelerator.

    Attributes:
        text: what they are, in whole sentences.
        numbers: prefix of names in C → the numbers of this kind, flags or causes, each with a string below it.
    """

    text: str
    numbers: Mapping[str, type[IntFlag] | type[IntEnum]]


def packet_documents(design: Design, form: PacketFormat) -> dict[str, Document]:
    """Header and document, by their keys among the files of the sidecar."""
    return {
        "packet_header": Document(HEADER, packet_header(design, form)),
        "packet_document": Document(DOCUMENT, packet_markdown(design, form)),
    }


def packet_header(design: Design, form: PacketFormat) -> str:
    """Macros for C99 and C++11: headers of packets and answers, and the numbers with their meaning."""
    lines = [f"// Packets of design point {design.name}, hash {design.hash}", "//"]
    for paragraph in form.text.split("\n\n"):
        plain = paragraph.replace("`", "")
        lines += [*(f"// {line}" for line in textwrap.wrap(plain, 116)), "//"]
    lines += [
        "#ifndef REMORA_PACKETS_H",
        "#define REMORA_PACKETS_H",
        "",
        "// Beat 0 of a packet: low is the label, where it has one.",
        f"#define REMORA_HEADER(low, flags, tag) \\\n    ((uint32_t)(low) | (uint32_t)(flags) << {FLAGS_BIT} | "
        f"(uint32_t)(tag) << {TAG_BIT})",
        "// Beat 0 of an answer: low is the class.",
        f"#define REMORA_HEADER_LOW(header) ((uint32_t)(header) & {(1 << FLAGS_BIT) - 1:#x}u)",
        f"#define REMORA_HEADER_FLAGS(header) ((uint32_t)(header) >> {FLAGS_BIT} & "
        f"{(1 << TAG_BIT - FLAGS_BIT) - 1:#x}u)",
        f"#define REMORA_HEADER_TAG(header) ((uint32_t)(header) >> {TAG_BIT})",
        "",
    ]
    for prefix, kind in form.numbers.items():
        lines += [*_macros(prefix, kind), ""]
    return "\n".join([*lines, "#endif", ""])


def _macros(prefix: str, kind: type[IntFlag] | type[IntEnum]) -> Iterator[str]:
    yield f"// {_plain((kind.__doc__ or '').splitlines()[0])}"
    words = member_docstrings(kind)
    for member in kind:
        yield f"#define REMORA_{prefix}_{member.name} {member.value}u // {_plain(words.get(member.name or '', ''))}"


def _plain(text: str) -> str:
    return " ".join(text.replace("`", "").split())


def packet_markdown(design: Design, form: PacketFormat) -> str:
    """The same as a Markdown document."""
    parts = [f"# Packets\n\nPackets of design point {design.name}, hash {design.hash}.", form.text]
    for kind in form.numbers.values():
        words = member_docstrings(kind)
        rows = [
            f"| `{member.name}` | {member.value} | {' '.join(words.get(member.name or '', '').split())} |"
            for member in kind
        ]
        head = [f"## {kind.__name__}", "", " ".join((kind.__doc__ or "").split()), ""]
        parts.append("\n".join([*head, "| name | value | meaning |", "| --- | --- | --- |", *rows]))
    return "\n\n".join(parts) + "\n"
