"""How much of a file is read, unpacked and kept: a hostile file costs no more than these."""

from __future__ import annotations

LARGEST_TEXT = 20 * 2**20
"""Bytes of a text file. The longest bank manual we know of is a tenth of it."""

LARGEST_DOCUMENT = 64 * 2**20
"""Bytes of an office, PDF or web file, pictures included."""

LARGEST_PACKED_FILE = 64 * 2**20
"""Bytes of one XML file inside an office document, unpacked."""

LARGEST_UNPACKED = 256 * 2**20
"""Bytes of everything inside an office document, unpacked."""

MOST_PACKED_FILES = 5_000
STEEPEST_PACKING = 150
"""Unpacked by packed size above which a file is taken for a bomb; real sheets reach about 40."""

UNPACKED_WITHOUT_QUESTION = 8 * 2**20
"""Bytes below which the packing may be as steep as it likes: it can do no harm."""

MOST_CHARACTERS = 10_000_000
MOST_PASSAGES = 20_000
MOST_PAGES = 1_500
MOST_ROWS = 100_000
MOST_COLUMNS = 256
MOST_MERGED = 10_000
SECONDS = 240
"""One file's parsing, enough for a thousand pages; then its process is ended, the file refused."""

MEMORY = 2 * 2**30
"""Bytes of address space of the parsing process."""
