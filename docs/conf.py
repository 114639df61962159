"""The documentation site, built by Sphinx: `make docs` writes it into build/site."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

project = "Remora"
copyright = "the authors of Remora, Apache-2.0"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "docs.pages.extension"]
exclude_patterns = ["pages"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}

myst_heading_anchors = 4
myst_links_external_new_tab = False

html_theme = "furo"
html_title = "Remora"
html_static_path = ["static"]
html_css_files = ["remora.css"]
html_copy_source = False
html_show_sphinx = False

# Components and signatures describe their ports in a section of that name.
napoleon_custom_sections = [("Ports", "params_style")]
# Docstrings write names in single backticks and code in double ones.
default_role = "code"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 100
# Names such as `DataError` stand for one class in the module that a docstring belongs to.
suppress_warnings = ["ref.python"]
