"""用户行为分析: what the acts in the event log are worth, per person and course."""
