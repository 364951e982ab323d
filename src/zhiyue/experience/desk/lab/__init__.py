"""The recommendation lab as pages show it. What was compared, and what each person is shown, is `recommend`'s."""
