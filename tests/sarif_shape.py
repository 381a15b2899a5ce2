"""The part of SARIF 2.1.0 that we write, as a JSON schema of our own.

Property names, required properties, enumerations and bounds are those of the OASIS standard
(sections 3.13 to 3.59); a property that is not listed here is an error, so that a misspelt one
cannot pass unnoticed. What the standard requires of an object that we write is required here.
"""

from __future__ import annotations

from typing import Any


def _closed(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


_LEVEL = {"enum": ["none", "note", "warning", "error"]}
_MESSAGE = _closed({"text": {"type": "string", "minLength": 1}}, "text")
_FROM_ONE = {"type": "integer", "minimum": 1}
_FROM_ZERO = {"type": "integer", "minimum": 0}
_URI = {"type": "string", "pattern": r"^[A-Za-z0-9%/._~:@!$&'()*+,;=?#\-]+$"}
_BAG = {"type": "object"}
_REGION = _closed(
    {
        "startLine": _FROM_ONE,
        "startColumn": _FROM_ONE,
        "endLine": _FROM_ONE,
        "endColumn": _FROM_ONE,
        "charOffset": _FROM_ZERO,
        "charLength": _FROM_ZERO,
        "snippet": _closed({"text": {"type": "string"}}),
    },
    "startLine",  # a text region says where it starts (3.30.1)
)
_RULE = _closed(
    {
        "id": {"type": "string"},
        "shortDescription": _MESSAGE,
        "fullDescription": _MESSAGE,
        "help": _MESSAGE,
        "defaultConfiguration": _closed({"level": _LEVEL}),
    },
    "id",
)
_DRIVER = _closed(
    {
        "name": {"type": "string"},
        "semanticVersion": {"type": "string", "pattern": r"^\d+\.\d+\.\d+$"},
        "rules": {"type": "array", "items": _RULE, "uniqueItems": True},
        "properties": _BAG,
    },
    "name",
)
_LOCATION = _closed(
    {
        "physicalLocation": _closed(
            {
                "artifactLocation": _closed({"uri": _URI, "index": {"type": "integer"}}, "uri"),
                "region": _REGION,
            },
            "artifactLocation",  # or an address, which we never write (3.29.2)
        )
    }
)
_RESULT = _closed(
    {
        "ruleId": {"type": "string"},
        "ruleIndex": {"type": "integer", "minimum": -1},
        "level": _LEVEL,
        "message": _MESSAGE,
        "locations": {"type": "array", "items": _LOCATION},
        "properties": _BAG,
    },
    "message",
)
_RUN = _closed(
    {
        "tool": _closed({"driver": _DRIVER}, "driver"),
        "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
        "artifacts": {
            "type": "array",
            "items": _closed({"location": _closed({"uri": _URI}), "encoding": {"type": "string"}}),
        },
        "results": {"type": ["array", "null"], "items": _RESULT},
        "properties": _BAG,
    },
    "tool",
)
SARIF = _closed(
    {
        "$schema": {"type": "string", "format": "uri"},
        "version": {"enum": ["2.1.0"]},
        "runs": {"type": ["array", "null"], "items": _RUN},
    },
    "version",
    "runs",
)
