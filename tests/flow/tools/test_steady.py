"""One thread of linear algebra while a training runs, as many as before after it."""

from __future__ import annotations

import platform

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from remora.flow.tools.steady import _keep_freed_memory, steady


def threads() -> list[int]:
    return [one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"]


def test_linear_algebra_has_one_thread_meanwhile():
    np.ones((2, 2)) @ np.ones((2, 2))
    with threadpool_limits(2):
        with steady():
            assert threads() and set(threads()) == {1}
        assert set(threads()) == {2}


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is not glibc")
def test_glibc_keeps_what_is_freed():
    assert _keep_freed_memory()
