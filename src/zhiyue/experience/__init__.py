"""Every page and every address: the shell they share, and one surface each for learners, staff and programs."""
