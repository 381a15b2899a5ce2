"""The sample bank: seeded raw exports of a fictional bank with their mapping file.

Nobody in it exists. Phone numbers and identity numbers are invalid by construction.
"""

from copilot.tables.sample.bank import write_sample_bank
from copilot.tables.sample.calendar import BUSINESS_DATE, WINDOW_START

__all__ = ["BUSINESS_DATE", "WINDOW_START", "write_sample_bank"]
