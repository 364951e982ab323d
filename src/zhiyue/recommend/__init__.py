"""Which courses to show whom, and why: policies, training, serving."""
