"""What all tests share: arithmetic on one thread, repeatable properties, and a header that says what is tested on."""

from __future__ import annotations

import os
from collections.abc import Iterator

# Before numpy is imported: several workers on few cores lose more to each other's BLAS threads than they gain.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
from hypothesis import settings

from remora.flow.tools.icarus import find_icarus
from remora.flow.tools.simulator import default_seed
from remora.flow.tools.verilator import SimulatorError, compiler_version, find_verilator
from remora.spec.lib.collector import search_seldom
from tests.junit import pytest_configure, pytest_runtest_logreport, pytest_runtest_makereport  # noqa: F401

search_seldom()
pytest_plugins = ["tests.coverage.session"]
COVERED = (("tests", "spec"), ("tests", "golden"))
"""Folders of tests."""

# The same examples every time, so that a regression fails for the change that broke it; no deadline, since a machine
# may be busy.
settings.register_profile("regression", derandomize=True, deadline=None)
settings.register_profile("search", deadline=None, max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "regression"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests marked ``nightly`` unless ``REMORA_NIGHTLY`` is 1.

    Tests of `COVERED`, which are short, come last, so that no worker waits long for another's last simulation.

    Coverage, where ``--cov`` asks for it, is that of the tests of `COVERED` alone: elsewhere it costs minutes.
    """
    if os.environ.get("REMORA_NIGHTLY") != "1":
        at_night = [item for item in items if item.get_closest_marker("nightly")]
        config.hook.pytest_deselected(items=at_night)
        items[:] = [item for item in items if item not in at_night]
    items.sort(key=lambda item: _covered(config, item))
    for item in items if config.pluginmanager.hasplugin("_cov") else []:
        if not _covered(config, item):
            item.add_marker("no_cover")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    """The plugin for coverage heeds ``no_cover`` in the test alone, not in its fixtures."""
    controller = getattr(item.config.pluginmanager.getplugin("_cov"), "cov_controller", None)
    paused = controller is not None and item.get_closest_marker("no_cover") is not None
    if paused:
        controller.pause()
    yield
    if paused:
        controller.resume()


def _covered(config: pytest.Config, item: pytest.Item) -> bool:
    return item.path.relative_to(config.rootpath).parts[:2] in COVERED


def pytest_report_header() -> list[str]:
    """Versions of what the simulations run on, and their seed."""
    try:
        verilator = find_verilator()
        data = os.environ.get("REMORA_DATA", "unset")
        tools = f"Verilator {verilator.version} ({verilator.origin}), {compiler_version()}"
        lines = [f"{tools}, REMORA_DATA {data}, seed {default_seed()}"]
    except SimulatorError as error:
        lines = [f"simulations cannot run: {error}"]
    try:
        return [*lines, f"Icarus Verilog {find_icarus().version}"]
    except SimulatorError as error:
        return [*lines, f"tests on Icarus Verilog cannot run: {error}"]
