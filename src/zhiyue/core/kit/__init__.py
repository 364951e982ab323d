"""A handful of small files everything stands on: clock, money, errors. No tables, no Django apps."""
