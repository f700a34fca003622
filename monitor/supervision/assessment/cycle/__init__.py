"""The cycle of assessment (考评周期): day, week, month, quarter and year (A.8); one module for each thing that is done.

Each command takes a `Look` (store, clock, registry, calendars) and who acts; the caller owns the transaction.
"""
