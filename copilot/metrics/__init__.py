"""Metrics: every computed figure of plans and summaries."""
