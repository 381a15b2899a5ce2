# Both targets need only Python 3.11+; bootstrap.py says what it is doing.
PYTHON ?= python3

.PHONY: run test env soak spark

run:
	@$(PYTHON) bootstrap.py run

test:
	@$(PYTHON) bootstrap.py test

env:
	@$(PYTHON) bootstrap.py env

soak: env
	@.venv/bin/python -m pytest -m soak

spark:
	@$(PYTHON) bootstrap.py spark
