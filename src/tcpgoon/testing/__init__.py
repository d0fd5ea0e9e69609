"""The fake kernel and clock: what tests of ours, and of plugins, run the engine against."""
