"""`python -m zhiyue` is `zhiyue`."""

from zhiyue.config.command import main

main()
