"""Mirrors src/zhiyue; besides: flow/ walks the loop, house/ checks the house, browser/ uses the pages."""
