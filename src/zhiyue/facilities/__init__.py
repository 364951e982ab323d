"""公共设施: what several rooms need and none of them is about. They know no product."""
