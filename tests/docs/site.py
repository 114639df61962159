"""The built site as data: its pages, their identifiers and links."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).parents[2]


def build_site(target: Path, source: Path = ROOT / "docs", *options: str) -> subprocess.CompletedProcess[str]:
    """Build the site as `make docs` does, every page anew; a warning is an error."""
    command = [sys.executable, "-m", "sphinx", "-b", "html", "-W", "--keep-going", "-q", "-E", "-a"]
    command += ["-c", str(ROOT / "docs"), "-d", str(target / "doctrees"), *options, str(source), str(target / "html")]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)


@dataclass
class Page(HTMLParser):
    """A page's identifiers, and its links and images in the order of the text."""

    identifiers: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    images: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Called by the parser."""
        for name, value in attrs:
            if name == "id" and value:
                self.identifiers.add(value)
            elif (tag, name) == ("a", "href") and value:
                self.links.append(value)
            elif (tag, name) == ("img", "src") and value:
                self.images.append(value)


@cache
def read_page(path: Path) -> Page:
    """Read a page."""
    page = Page()
    page.feed(path.read_text(encoding="utf-8"))
    return page


def broken_links(site: Path) -> tuple[list[str], int]:
    """Links and images of all pages that lead nowhere within the site, and how many were followed."""
    wrong, followed = [], 0
    for path in sorted(site.rglob("*.html")):
        page = read_page(path)
        for target in (*page.links, *page.images):
            parts = urlsplit(target)
            if parts.scheme or parts.netloc:
                continue
            followed += 1
            other = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not other.is_file():
                wrong.append(f"{path.relative_to(site)}: {target}: no such file")
            elif parts.fragment and other.suffix == ".html":
                if unquote(parts.fragment) not in read_page(other).identifiers:
                    wrong.append(f"{path.relative_to(site)}: {target}: no such place")
    return wrong, followed
