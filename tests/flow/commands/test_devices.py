"""`remora devices`: what is listed, shown and converted."""

from __future__ import annotations

import json

from remora.spec.crossbar.design import DesignPoint
from remora.spec.devices.presets import preset_names, preset_text
from remora.spec.presets import load_design

OM = {
    "dw_min": 0.0949, "dw_min_dtod_log_normal": True, "dw_min_dtod": 0.7829, "w_max": 1.0, "w_min": -1.0,
    "w_max_dtod": 0.3499, "w_min_dtod": 0.5695, "mult_noise": False, "dw_min_std": 0.4158, "reference_std": 0.05,
}  # fmt: skip


def test_list(remora, tmp_path):
    answer = remora("devices", "list", "--json", tmp_path / "list.json")
    listed = json.loads((tmp_path / "list.json").read_text())["devices"]
    assert answer.code == 0 and [entry["name"] for entry in listed] == preset_names() and len(listed) >= 7
    assert all(name in answer.out for name in preset_names())


def test_show(remora, tmp_path):
    answer = remora("devices", "show", "ag-asi", "--config", "tiny", "--json", tmp_path / "show.json")
    assert answer.code == 0 and preset_text("ag-asi") in answer.out
    shown = json.loads((tmp_path / "show.json").read_text())
    assert shown["asks"]["pulse_cycles"] == 18_000 and "pulse_cycles = 18000" in answer.out
    assert shown["fields"]["on_off"] == 12.5 and shown["config"] == "tiny"


def test_what_is_no_preset(remora):
    answer = remora("devices", "show", "om-aray")
    assert answer.code == 2 and "did you mean 'om-array'?" in answer.err and "taox-hfox" in answer.err
    assert remora("devices", "show", "om-array", "--config", "kws").code == 2


def test_a_conversion_is_part_of_a_design_point(remora, tmp_path):
    source, target = tmp_path / "om.json", tmp_path / "om.toml"
    source.write_text(json.dumps(OM))
    answer = remora("devices", "convert", source, "-o", target, "--json", tmp_path / "result.json")
    assert answer.code == 0 and "left out: reference_std = 0.05" in answer.err
    design = load_design(target, DesignPoint)
    found = json.loads((tmp_path / "result.json").read_text())
    assert design.devices.given()["raise_steps"] == tuple(found["fields"]["raise_steps"]) == (3.9969, 0.0)
    assert "# Left out: reference_std = 0.05" in target.read_text() and set(found["origins"]) == set(found["fields"])
    printed = remora("devices", "convert", source)
    assert printed.code == 0 and printed.out == target.read_text()
    assert remora("config", "check", target).code == 0


def test_what_is_not_converted(remora, tmp_path):
    source = tmp_path / "device.json"
    assert "is no file" in remora("devices", "convert", source).err
    source.write_text("{")
    assert "is not valid JSON" in remora("devices", "convert", source).err
    source.write_text('{"w": 1}')
    answer = remora("devices", "convert", source)
    assert answer.code == 2 and "holds no device" in answer.err
    source.write_text(json.dumps(OM))
    (tmp_path / "there.toml").write_text("")
    answer = remora("devices", "convert", source, "-o", tmp_path / "there.toml")
    assert answer.code == 2 and "exists already" in answer.err
