# make lab   sets everything up and opens the course in JupyterLab
# make test  sets everything up and runs every test

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
  $$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && echo $$p && break; done)
# Passed on to pip, for example PIP_OPTIONS="--extra-index-url https://download.pytorch.org/whl/cpu"
PIP_OPTIONS ?=
# Passed on to JupyterLab, for example LAB_OPTIONS="--no-browser"
LAB_OPTIONS ?=
# Passed on to what builds the site, for example SITE_OPTIONS="--without final"
SITE_OPTIONS ?=
BIN := .venv/bin
# Threads of PyTorch that wait for each other sleep instead of keeping a core busy
export OMP_WAIT_POLICY ?= passive
QUIZZES := $(patsubst source/%/quiz.yaml,%,$(wildcard source/*/quiz.yaml))

.PHONY: lab test check quizzes notebooks screenshots site clean

lab: .venv/.course .venv/.models
	$(BIN)/jupyter lab notebooks/00_start_here.ipynb --ServerApp.root_dir=. $(LAB_OPTIONS)

test: .venv/.test .venv/.models check
	$(BIN)/python -m pytest -m "not browser" -n 2 --dist loadfile --durations=20
	$(BIN)/python -m pytest -m browser -n 2 --dist loadfile --durations=20

check: .venv/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

quizzes: .venv/.course
	$(BIN)/autograder build
	for quiz in $(QUIZZES); do $(BIN)/nbgrader generate_assignment --force --no-db $$quiz || exit 1; done
	$(BIN)/autograder schema
	$(BIN)/autograder catalogue
	$(BIN)/autograder check

notebooks: .venv/.course .venv/.models
	$(BIN)/python -m downstream.notebooks

screenshots: .venv/.test .venv/.models
	$(BIN)/python docs/screenshots.py

site: .venv/.site
	$(BIN)/python docs/site/build_site.py _site $(SITE_OPTIONS)

clean:
	rm -rf .venv

define install
@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 was not found. Install one, or say where it is: make lab PYTHON=/path/to/python3"; exit 1; }
$(PYTHON) -m venv .venv
$(BIN)/pip install $(PIP_OPTIONS) -q -c constraints.txt -e '$(1)'
touch .venv/.course
endef

.venv/.course: pyproject.toml constraints.txt
	$(call install,.)

# Not after .course: one installation instead of two
.venv/.test: pyproject.toml constraints.txt tests/install_system_packages.sh
	$(call install,.[test])
	bash tests/install_system_packages.sh $(BIN)/python
	touch $@

.venv/.site: .venv/.course
	$(BIN)/pip install $(PIP_OPTIONS) -q -c constraints.txt -e '.[site]'
	touch $@

.venv/.models: .venv/.course downstream/models.py
	$(BIN)/python -m downstream.models
	touch $@
