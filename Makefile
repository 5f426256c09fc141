# Two commands to start with: `make echo-1` and `make test`. They need Deno or npm, nothing else.

DENO_VERSION := 2.9.6
MAELSTROM_VERSION := 0.2.4

MAKEFLAGS += --no-builtin-rules
.DEFAULT_GOAL := help

# Deno: the one on the path if it is 2.9 or a later 2, else our own, installed on first use.
# Older versions lack what we use.
FOUND := $(shell set -- $$(deno --version 2>/dev/null); echo "$$2")
DENO := $(shell case "$(FOUND)" in (2.[0-8]|2.[0-8].*) ;; (2.*) echo deno;; esac)
ifeq ($(DENO),)
DENO_FILE := .deno/node_modules/.bin/deno
DENO := ./$(DENO_FILE)
export PATH := $(CURDIR)/.deno/node_modules/.bin:$(PATH)
endif

# Quiet: a run is over before Deno has what it asks the npm registry for, so it would ask, and say so, every time.
RUN = $(DENO) run --quiet --allow-all

# Every file in challenges/ is a target. A challenge may import another, so all are its sources.
# W=WORKLOAD or W=CHALLENGE says what to test a file as whose name does not say it; BIN=FILE tests another executable
# as the challenge asks, with ARGS="..." as its arguments.
NAMES := $(patsubst challenges/%.ts,%,$(sort $(wildcard challenges/*.ts)))
SOURCES := $(wildcard challenges/*.ts lib/*.ts lib/node/*.ts lib/gossip/*.ts lib/services/*.ts lib/stores/*.ts lib/consensus/*.ts) deno.json lib/workbench/commands/build.ts lib/workbench/commands/denort.ts

# Make would ignore bin=./node, and test ours.
SMALL := $(strip $(foreach name,w bin args seeds shard join runs,$(if $(filter command,$(origin $(name))),$(name)=)))
ifneq ($(SMALL),)
$(error Cannot use $(SMALL): variables have capital letters, as in BIN=./node)
endif

TARGETS := help build workbench test check hunt strangers serve soak bench load results pictures maelstrom clean

CLASHES := $(filter $(TARGETS) challenges/% %.ts,$(NAMES))
ifneq ($(CLASHES),)
$(error Cannot use $(CLASHES) in challenges/: rename what has a blank in its name, or the name of another target)
endif

.PHONY: $(TARGETS) $(NAMES)

help: ## list the targets
	@awk -F ' *:.*## *' '/^[$$a-z].*:.* ## / { sub(/\$$\(NAMES\)/, "NAME", $$1); printf "  make %-10s %s\n", $$1, $$2 }' Makefile
	@echo "NAME is one of:"
	@echo "$(NAMES)" | fold -s -w 76 | sed 's/^/  /'

$(NAMES): %: $(if $(BIN),,bin/%) | $(DENO_FILE) ## build challenges/NAME.ts, test it as the challenge asks, print a result card
	@$(RUN) lib/workbench/cli.ts challenge $@ $(if $(W),--as="$$W") $(if $(BIN),--bin="$$BIN") $(if $(ARGS),-- $(ARGS))

build: $(NAMES:%=bin/%) ## build all programs into bin/

bin/%: challenges/%.ts $(SOURCES) | $(DENO_FILE)
	@$(RUN) lib/workbench/commands/build.ts $*

workbench: bin/workbench ## build bin/workbench, one executable that is used like Maelstrom's own launcher

bin/workbench: $(SOURCES) $(wildcard lib/workbench/*.ts lib/workbench/*/*.ts lib/workbench/*/*/*.ts lib/workbench/report/page.* tests/mutants/*.ts) | $(DENO_FILE)
	@$(RUN) lib/workbench/commands/build.ts workbench

test: | $(DENO_FILE) ## run all tests
	@$(DENO) task --quiet test

# Other versions format some lines in another way.
FORMATTER := $(if $(DENO_FILE),$(DENO_VERSION),$(FOUND))

check: | $(DENO_FILE) ## check format, lint and types of everything
	$(if $(filter $(DENO_VERSION),$(FORMATTER)),$(DENO) fmt --check,@echo "Not checked: the format, which is that of Deno $(DENO_VERSION); this is $(FORMATTER)")
	$(DENO) lint
	$(DENO) check --quiet

hunt: | $(DENO_FILE) ## look for every planted bug of tests/mutants/, twenty seeds each: under which name each is caught, and by which judge
	@$(RUN) tests/mutants/hunt.ts

strangers: | $(DENO_FILE) ## judge correct programs with odd choices, SEEDS=N seeds each, and count false positives
	@$(RUN) tests/strangers/all.ts $(or $(SEEDS),3)

serve: | $(DENO_FILE) ## show the runs in store/ at http://127.0.0.1:8080
	@$(DENO) task --quiet workbench serve

soak: | $(DENO_FILE) ## simulate 1000 seeds of every program, whole runs with shorter main phases (SEEDS=N), or one machine's part of them (SHARD=I/N); resumes where it was
	@$(RUN) lib/workbench/results/soak.ts $(if $(JOIN),--join $(JOIN),$(SEEDS) $(if $(SHARD),--shard $(SHARD)))

BENCHMARKS := $(wildcard tests/bench/*_bench.ts) tests/bench/simulator.ts tests/bench/profile.ts tests/bench/checkers.ts tests/bench/programs.ts

bench: | $(DENO_FILE) ## measure the library, the simulator and the programs
	@uptime; for file in $(BENCHMARKS); do begun=$$(date +%s); printf '\n== %s\n\n' "$$file"; \
	  $(RUN) "$$file" || exit 1; printf '\n%s s\n' $$(($$(date +%s) - begun)); done

load: bin/broadcast-3d bin/broadcast-3e ## run 3d and 3e in real time beside 0 to 4 busy processes (RUNS=N of each)
	@$(RUN) tests/bench/load.ts --runs $(or $(RUNS),3)

results: | $(DENO_FILE) ## simulate all programs for the READMEs' tables
	@$(RUN) lib/workbench/results/results.ts
	@$(RUN) lib/workbench/results/busy.ts
	@$(RUN) lib/workbench/results/anomaly-table.ts | $(RUN) lib/workbench/results/readme.ts anomalies
	@$(RUN) lib/workbench/results/reference.ts
	@$(DENO) run tests/mutants/table.ts | $(RUN) lib/workbench/results/readme.ts mutants

PICTURES := $(wildcard lib/workbench/results/*-picture.ts lib/workbench/results/*-plot.ts)

pictures: | $(DENO_FILE) ## draw the READMEs' pictures
	@for file in $(PICTURES); do $(RUN) "$$file" || exit 1; done

maelstrom: ## download the real Maelstrom, which `make NAME` then uses; needs Java
	@test -x maelstrom/maelstrom || { \
	  rm -rf maelstrom.tmp && mkdir maelstrom.tmp && \
	  curl --fail --silent --show-error --location --connect-timeout 15 --output maelstrom.tmp/release \
	    https://github.com/jepsen-io/maelstrom/releases/download/v$(MAELSTROM_VERSION)/maelstrom.tar.bz2 && \
	  tar xjf maelstrom.tmp/release -C maelstrom.tmp && mv maelstrom.tmp/maelstrom . && rm -r maelstrom.tmp; } || { rm -rf maelstrom.tmp; \
	  echo "Cannot install Maelstrom $(MAELSTROM_VERSION): the download failed. Unpack a release tarball into maelstrom/, or name one by MAELSTROM=path" >&2; exit 1; }
	@command -v java >/dev/null || { echo "Cannot run Maelstrom: there is no java on the path. Install a JDK 11 or later" >&2; exit 1; }

clean: ## remove what was built (the runs in store/ stay)
	rm -rf bin .deno/no-denort.json

$(DENO_FILE):
	@command -v npm >/dev/null || { \
	  echo "Cannot find Deno 2.9 or later, nor npm to install it with: get Deno from https://docs.deno.com/runtime/getting_started/installation/" >&2; exit 1; }
	@echo "$(if $(FOUND),The Deno on the path is $(FOUND) and this needs 2.9 or a later 2,There is no Deno on the path): installing Deno $(DENO_VERSION) into .deno/ with npm"
	@npm install --prefix .deno --no-save --no-audit --no-fund --loglevel=error deno@$(DENO_VERSION) && $@ --version >/dev/null || { \
	  echo "Cannot install Deno with npm: get Deno from https://docs.deno.com/runtime/getting_started/installation/" >&2; exit 1; }

# What is no target, though there may be a file of that name: of that, make would say that it is up to date.
OTHERS := $(filter-out $(TARGETS) $(NAMES) $(NAMES:%=bin/%) bin/workbench $(DENO_FILE),$(MAKECMDGOALS:./%=%))
STEM = $(basename $(notdir $(@:/=)))
# The targets that begin as it does, or that it begins as.
LIKE = $(strip $(foreach name,$(TARGETS) $(NAMES),$(if $(filter $(STEM)%,$(name))$(filter $(name)%,$(STEM)),$(name))))

.PHONY: $(OTHERS)

$(OTHERS):
	@echo "Cannot make $@: $(if $(filter $(STEM),$(TARGETS) $(NAMES)),type make $(STEM),there is no challenges/$(STEM).ts. $(if $(LIKE),Did you mean $(LIKE)?,There are: $(NAMES).) For all targets: make help)" >&2; exit 2
