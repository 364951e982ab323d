"""The same models past one machine: counted by a database, solved in blocks. Numbers as their fellows in `recommenders`
give them; who runs them, and where, is for others."""
