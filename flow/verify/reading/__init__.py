"""The third reading: what the reference says, in plain slow Python, apart from golden and hardware.

It was written from ``docs/reference`` alone. It imports nothing of Remora but itself, so an error that golden and
hardware share shows here. A design point comes in as plain values, those of its fields.
"""
