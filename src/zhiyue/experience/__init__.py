"""Every page and address: the shell they share, and one surface each for learners, staff and programs."""
