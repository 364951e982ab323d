"""What somebody has in hand of an order: its receipt, and its invoice (发票) with whoever issues it."""
