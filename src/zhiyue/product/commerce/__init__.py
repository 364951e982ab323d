"""Who owns what, and so what opens. Prices, orders and payments will live here too."""
