"""Simulated members: who they are, when they come, what they do in a day. The model and where its numbers are from
stand in docs/algorithms/simulator.md."""
