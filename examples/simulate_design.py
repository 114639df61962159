"""Run generated hardware under Verilator, compare every step with golden, and fail unless they agree."""

import remora

design = remora.load_design("tiny")
simulated = remora.simulate(design, data="synthetic", limit=4, stall=0.2)
simulated.check()
result = simulated.result
print(
    f"{result['values_compared']:,} values in {result['steps_compared']} steps compared, {result['mismatches']} differ"
)
