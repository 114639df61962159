"""The cells between the ADC and the streamer: MiRU and bistable."""
