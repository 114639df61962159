"""The documentation site: it builds without a warning, its links lead somewhere, and a browser shows it whole."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

import pytest
from filelock import FileLock

from docs.pages.extension import expand
from remora.flow.tools.doctor import BROWSER_FIX, find_browser
from tests.docs.browser import LAST_WORD, look
from tests.docs.site import Page, broken_links, build_site, read_page
from tests.support import missing_tool

WIDTHS = (400, 1280)
QUIET = (LAST_WORD,)
"""What the browser's console may get: the last word of our own page, which proves that the console is read."""


@pytest.fixture(scope="session")
def site(tmp_path_factory) -> Path:
    """The site, built once for all workers."""
    if find_spec("sphinx") is None:
        missing_tool("there is no Sphinx; run 'make setup', or pip install 'remora[docs]'")
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "documentation-site"
    with FileLock(f"{shared}.lock"):
        if not (shared / "built").exists():
            built = build_site(shared)
            assert built.returncode == 0, built.stderr
            (shared / "built").touch()
    return shared / "html"


def chromium() -> str:
    """A Chromium; without it the running test is skipped, or fails in continuous integration."""
    found = find_browser()
    if found is None:
        missing_tool(f"there is no Chromium on PATH; {BROWSER_FIX}")
    return found


def test_every_link_of_the_site_leads_somewhere(site):
    wrong, followed = broken_links(site)
    assert followed > 2000 and wrong == []


def test_generated_parts_stand_in_their_pages(site):
    for page, identifier in (
        ("reference/commands.html", "remora-simulate"),
        ("reference/design-point.html", "network"),
        ("reference/registers-learning.html", "learn-rates"),
        ("reference/registers-bistable.html", "cell-low"),
        ("reference/registers-bmru.html", "scan-control"),
        ("reference/packets.html", "why-a-frame-is-dropped"),
    ):
        assert identifier in read_page(site / page).identifiers, f"{page} has no section {identifier}"


def test_a_browser_shows_every_page_whole(site, tmp_path):
    browser = chromium()
    pages = [str(path.relative_to(site)) for path in sorted(site.rglob("*.html"))]
    # One page of the modules stands for all: they are made alike.
    modules = [page for page in pages if page.startswith("reference/modules/")]
    pages = [page for page in pages if page not in (*modules[1:], "genindex.html", "py-modindex.html", "search.html")]
    found, said = look(browser, site, pages, WIDTHS, tmp_path)
    assert len(found) == len(pages) * len(WIDTHS) > 60
    unheard = [line for line in said if not any(word in line for word in QUIET)]
    assert len(said) == len(unheard) + 1 and unheard == []
    figures = 0
    for each in found:
        where = f"{each['page']} at {each['width']} pixels"
        assert each["shown"] == each["width"] and each["title"] and each["headings"] >= 1, where
        assert each["needed"] <= each["shown"], f"{where} is {each['needed']} wide: {each['wide']}"
        assert each["navigation"] >= 6, f"{where} has no navigation"
        assert each["sidebar"] if each["width"] > 1000 else each["menu"], f"{where} hides its navigation"
        for figure in each["figures"]:
            figures += 1
            assert figure["natural"] > 0 and figure["width"] > 100 and figure["height"] > 30, f"{where}: {figure}"
            assert figure["text"], f"{where}: {figure['source']} has no text for those who do not see it"
    assert figures >= 6 * len(WIDTHS)


def test_the_browser_sees_what_is_too_wide_missing_or_said(tmp_path):
    browser = chromium()
    site, scratch = tmp_path / "site", tmp_path / "scratch"
    site.mkdir()
    scratch.mkdir()
    head = "<!doctype html><title>t</title><body style='margin: 0'>"
    (site / "good.html").write_text(f"{head}<h1>good</h1>", encoding="utf-8")
    (site / "wide.html").write_text(f"{head}<div class=w style='width: 700px; height: 9px'></div>", encoding="utf-8")
    (site / "empty.html").write_text(f"{head}<article><img src='none.svg'></article>", encoding="utf-8")
    (site / "loud.html").write_text(f"{head}<script>missing()</script>", encoding="utf-8")
    found, said = look(browser, site, ["good.html", "wide.html", "empty.html", "loud.html"], WIDTHS, scratch)
    good, wide, empty, _ = found[:4]
    assert good["headings"] == 1 and good["needed"] == good["shown"] == 400 and not good["navigation"]
    assert wide["needed"] == 700 and wide["wide"] == ["DIV.w"] and found[5]["needed"] == 1280
    assert empty["figures"][0]["natural"] == 0
    assert any("missing is not defined" in line for line in said) and "404 /none.svg" in said


def test_a_page_that_leads_nowhere_does_not_build(tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    faults = ("[nowhere](missing.md)", "[nowhere](#no-such-place)", "![nothing](missing.svg)", "{nothing}`x`")
    (source / "index.md").write_text("# Page\n\n" + "\n\n".join(faults) + "\n", encoding="utf-8")
    (source / "alone.md").write_text("# Page that nobody lists\n", encoding="utf-8")
    built = build_site(tmp_path / "target", source, "-D", "remora_prepare=0", "-D", "html_static_path=")
    assert built.returncode != 0
    for word in ("missing.md", "no-such-place", "missing.svg", "alone.md", 'role "nothing"'):
        assert word in built.stderr


def test_a_generated_part_that_does_not_exist_is_found():
    assert expand("a\n\n```{generated} enumeration remora.spec.lib.packets.Flag\n```\n").count("| `INFER` |") == 1
    with pytest.raises(KeyError, match="nothing"):
        expand("```{generated} nothing\n```\n")


def test_a_link_to_a_missing_place_is_found(tmp_path):
    (tmp_path / "one.html").write_text('<a href="two.html#there">x</a><a href="two.html#here">y</a>', encoding="utf-8")
    (tmp_path / "two.html").write_text('<p id="here"><img src="no.svg"><a href="mailto:x">', encoding="utf-8")
    wrong, followed = broken_links(tmp_path)
    assert followed == 3
    assert wrong == ["one.html: two.html#there: no such place", "two.html: no.svg: no such file"]
    assert isinstance(read_page(tmp_path / "one.html"), Page)
