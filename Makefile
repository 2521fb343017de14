# Two commands are all: make run, make test.
PY = .venv/bin/python

.venv/ready: pyproject.toml
	python3 -m venv .venv
	.venv/bin/pip install --quiet --disable-pip-version-check --editable .
	touch $@

.venv/dev: .venv/ready
	.venv/bin/pip install --quiet --disable-pip-version-check --editable '.[test,browser,lint,types,xcheck]'
	touch $@

.PHONY: run test check bench faults
run: .venv/ready
	exec $(PY) manage.py quickstart $(ARGS)

test: .venv/dev
	$(PY) -m pytest -n auto --dist worksteal --ignore tests/faults $(ARGS)

check: .venv/dev
	sh .ci/check

bench: .venv/dev
	.venv/bin/pip install --quiet --disable-pip-version-check --editable '.[bench]'
	$(PY) -m bench $(ARGS)

faults: .venv/dev
	FAULTS=all $(PY) -m pytest tests/faults $(ARGS)
	FAULTS=all .ci/postgres $(PY) -m pytest tests/faults $(ARGS)
