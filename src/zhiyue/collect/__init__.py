"""用户数据收集: the event log, the spine of the product. What people do goes in here and nowhere else."""
