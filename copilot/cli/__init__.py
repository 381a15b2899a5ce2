"""The command line: parse, call the pipeline, present. Nothing is decided here."""
