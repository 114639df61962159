"""Plans: what a TOML file may say of values and ranges, and one clear line where it is wrong."""

from __future__ import annotations

from collections import Counter

import pytest

from remora.flow.sweep.plan import Plan, PlanError, Range, read_plan

HEAD = 'config = "tiny"\n[metrics.derived]\n'


def read(folder, text: str) -> Plan:
    path = folder / "plan.toml"
    path.write_text(HEAD + text)
    return read_plan(path)


def test_fields_are_paths_or_tables(tmp_path):
    quoted = read(tmp_path, '[grid]\n"formats.adc_bits" = [6, 8]\n"cell.lanes" = {low = 1, high = 3}\n')
    tables = read(tmp_path, "[grid.formats]\nadc_bits = [6, 8]\n[grid.cell]\nlanes = {low = 1, high = 3}\n")
    assert quoted == tables
    assert quoted.grid == {"formats.adc_bits": [6, 8], "cell.lanes": Range(low=1, high=3)}
    listed = read(tmp_path, '[[points]]\n"cell.lanes" = 1\n[[points]]\nformats = {adc_bits = 8}\n')
    assert listed.points == [{"cell.lanes": 1}, {"formats.adc_bits": 8}]
    latin = read(
        tmp_path, "[latin]\ncount = 4\nvary = {cell = {lanes = [1, 3]}, devices = {drift = [[0.1], [0.2, 1.0]]}}\n"
    )
    assert latin.latin.vary == {"cell.lanes": [1, 3], "devices.drift": [[0.1], [0.2, 1.0]]}


@pytest.mark.parametrize(
    ("given", "values"),
    [
        ({"low": 2, "high": 5}, [2, 3, 4, 5]),
        ({"low": 2, "high": 9, "step": 3}, [2, 5, 8]),
        ({"low": 0.0, "high": 0.3, "step": 0.1}, [0.0, 0.1, 0.2, 0.3]),
        ({"low": 0, "high": 1, "step": 0.5}, [0.0, 0.5, 1.0]),
        ({"low": 1e-6, "high": 1e-4, "count": 3, "scale": "log"}, [1e-6, 1e-5, 1e-4]),
        ({"low": 1, "high": 100, "count": 3, "scale": "log"}, [1, 10, 100]),
        # Seven of three whole numbers are three.
        ({"low": 1, "high": 3, "count": 7}, [1, 2, 3]),
        ({"low": -1.0, "high": 1.0, "count": 2}, [-1.0, 1.0]),
    ],
)
def test_a_grid_takes_these_values_of_a_range(given, values):
    found = Range(**given).values()
    assert found == pytest.approx(values) and [type(one) for one in found] == [type(one) for one in values]


def test_shares_of_a_range():
    whole, line = Range(low=3, high=5), Range(low=-1.0, high=1.0)
    assert [whole.at(share) for share in (0.0, 0.33, 0.34, 0.66, 0.67, 0.9999999)] == [3, 3, 4, 4, 5, 5]
    assert [line.at(share) for share in (0.0, 0.5, 0.75)] == [-1.0, 0.0, 0.5]
    assert Range(low=0.01, high=100.0, scale="log").at(0.5) == pytest.approx(1.0)
    # Each has an equal part on either side of 0 too.
    for low, high in ((-3, 3), (-5, -1), (-1, 0)):
        shares = [number / 700 for number in range(700)]
        counts = Counter(Range(low=low, high=high).at(share) for share in shares)
        assert sorted(counts) == list(range(low, high + 1)) and max(counts.values()) - min(counts.values()) <= 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[grid]\nlanes = 3\n", "lanes = 3: give a list of values, or low and high"),
        ("[grid]\nlanes = []\n", "lanes = .*: give a list of values"),
        ("[grid]\nlanes = {low = 3, high = 3}\n", "low = 3 must be below high = 3"),
        ("[grid]\nlanes = {low = 0, high = 3, scale = 'log'}\n", "low = 0 must be above 0 on a logarithmic scale"),
        ("[grid]\nlanes = {low = 0, high = 3, step = 0}\n", "step = 0: input should be greater than 0"),
        ("[grid]\na = [1]\n[[points]]\na = 1\n", "a: varied in two ways; leave one out"),
        ("[latin]\ncount = 0\nvary = {a = [1]}\n", "latin.count = 0: input should be greater than or equal to 1"),
        ("[pareto]\nminimise = ['a']\n", "give two columns or more"),
        ("[pareto]\nminimise = ['a', 'b']\nmaximise = ['a']\n", "each once"),
        ("[grid]\nlanes = {low = 6, hgih = 8}\n", "hgih is not a field; legal here: .*did you mean 'high'"),
        ("[grid]\nlanes = {low = 0.0, high = inf, step = 1}\n", "high = inf: input should be a finite number"),
        ("[grid]\nlanes = {low = 1, high = 9, step = 1, count = 3}\n", "step goes with neither count nor"),
        ("[grid]\nlanes = {low = 1, high = 9, step = 1, scale = 'log'}\n", "step goes with neither count nor"),
        ("[grid]\na = [2026-12-01]\n", "a: 2026-12-01 is neither a number, a text nor a truth"),
        ("[[points]]\na = {b = 12345678901234567890}\n", "a.b: 12345678901234567890 has more than 64 bits"),
        ("[grid]\ndevices = [{model = 'pcm'}]\n'devices.drift' = [1]\n", "devices.drift: varied by itself and within"),
        ("[gird]\na = [1]\n", "gird is not a field; legal here: .*did you mean 'grid'"),
        ("[grid\n", "is not valid TOML"),
    ],
)
def test_a_plan_that_is_wrong_says_where(text, message, tmp_path):
    with pytest.raises(PlanError, match=message):
        read(tmp_path, text)


def test_what_is_missing_is_said(tmp_path):
    (tmp_path / "plan.toml").write_text("")
    with pytest.raises(PlanError, match=r"config = .*field required.*metrics = .*field required"):
        read_plan(tmp_path / "plan.toml")
    with pytest.raises(PlanError, match="cannot be read: No such file"):
        read_plan(tmp_path / "none.toml")
