"""Money that goes back: by which rule and how much, asking for it, deciding, sending it, and telling the member."""
