# Two commands are enough: `make demo` shows the gateway, `make test` proves it.

GO      ?= go
VERSION ?= $(shell deploy/version)
COMMIT  ?= $(shell git rev-parse --short HEAD 2>/dev/null)
DATE    ?= $(shell TZ=UTC git log -1 --date=format-local:%Y-%m-%dT%H:%M:%SZ --format=%cd 2>/dev/null)
LDFLAGS  = -s -w -X main.version=$(VERSION) -X main.commit=$(COMMIT) -X main.date=$(DATE)

# WebSockets need HTTP/1.1, so the gateway speaks nothing else: without HTTP/2 the binary is half a megabyte smaller.
TAGS = nethttpomithttp2

STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOVULNCHECK = golang.org/x/vuln/cmd/govulncheck@v1.9.0

.PHONY: demo build web miniprogram pictures miniprogram-deps go-version test test-quick test-deps lint vuln bench soak-upstream fuzz soak release clean

LISTEN ?= 127.0.0.1:8443
demo: go-version ## the gateway with two software boards: no hardware, no config; LISTEN=:8443 lets phones in
	CGO_ENABLED=0 $(GO) run -tags $(TAGS) -ldflags '$(LDFLAGS)' ./cmd/minirelay demo -listen $(LISTEN)

build: go-version ## the static binary for this machine
	CGO_ENABLED=0 $(GO) build -trimpath -tags $(TAGS) -ldflags '$(LDFLAGS)' -o minirelay ./cmd/minirelay

web: miniprogram-deps ## the page again, into web/dist, and the library, into examples/; both are committed
	miniprogram/scripts/build h5
	miniprogram/scripts/publish-page
	cd miniprogram && npm run --silent build:library

miniprogram: miniprogram-deps ## the mini-program: open miniprogram/dist/build/mp-weixin in WeChat DevTools
	miniprogram/scripts/build mp-weixin
	@echo "open miniprogram/dist/build/mp-weixin in WeChat DevTools"

pictures: miniprogram-deps ## the pictures of the screens, into docs/pictures; wants chromium, pngquant and Noto's fonts
	miniprogram/scripts/build mp-weixin
	cd miniprogram && npx vitest run --config vitest.pictures.config.ts

miniprogram-deps:
	@miniprogram/scripts/install

go-version: # says in words when Go is too old
	@e2e/go-version $(GO)

# Without the sketches, which want a C++ compiler.
test-quick: go-version ## vet and the unit tests: some minutes, without root, installs nothing
	$(GO) vet ./...
	$(GO) test -skip '^TestSketch$$|^TestProfiles$$/^arduino-greenhouse' ./...

test: go-version test-deps ## every test, on a fresh Debian machine with Go, git, make and node; needs root
	$(GO) vet ./...
	$(GO) test -race ./...
	e2e/test32
	CGO_ENABLED=0 GOARCH=arm GOARM=6 $(GO) build -o /dev/null ./...
	CGO_ENABLED=0 GOARCH=arm64 $(GO) build -o /dev/null ./...
	$(GO) test -race -count=1 -tags e2e ./e2e
	$(GO) test -race -count=1 -tags e2e ./redteam
	e2e/debian/run
	$(GO) run ./soak -for 20s
	miniprogram/scripts/check
	$(GO) test -race -count=1 -tags e2e ./relay/upstream
	$(GO) test -race -count=1 -tags e2e -run Upstream ./cmd/minirelay
	cd e2e/nats && $(GO) vet ./... && $(GO) test -count=1 ./...

test-deps: # requirements of the tests other than Go and node: a C compiler for -race, real MQTT clients
	@e2e/rights
	@e2e/install

lint: ## gofmt, vet, staticcheck, known vulnerabilities
	@test -z "$$(gofmt -l .)" || { gofmt -d .; exit 1; }
	$(GO) vet -tags e2e ./...
	$(GO) run $(STATICCHECK) -tags e2e ./...
	@$(MAKE) --no-print-directory vuln

# The vulnerability database is on the internet. If it cannot be reached, lint says so and does not fail; it fails if a
# vulnerability is found.
vuln:
	@out=$$($(GO) run $(GOVULNCHECK) ./... 2>&1); status=$$?; \
	if echo "$$out" | grep -qE 'fetching vulnerabilities|vuln.go.dev|dial tcp|no such host|Forbidden'; then \
		echo "govulncheck: the vulnerability database cannot be reached; nothing was checked"; \
	else echo "$$out"; exit $$status; fi

bench: ## our figures beside a minimal pipe in the same run; takes some minutes
	$(GO) run ./bench

soak-upstream: test-deps ## 220 rounds of cuts, stalls and kill -9 with 105,000 readings; ten minutes
	MINIRELAY_SOAK=1 $(GO) test -count=1 -tags e2e -timeout 30m -v -run TestSoak ./relay/upstream

SOAKTIME ?= 1h
soak: ## boards that are unplugged, clients that come and go, reloads, a flapping upstream, for SOAKTIME
	$(GO) run ./soak -for $(SOAKTIME)

release: ## packages, tarballs, bill of materials and checksums in dist/: the same commit gives the same bytes
	deploy/release

FUZZTIME ?= 20s
fuzz: ## every fuzz target for FUZZTIME each
	@set -e; for pkg in $$($(GO) list ./...); do \
		for f in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
			echo "$$pkg $$f"; $(GO) test -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 20x $$pkg; \
		done; \
	done

clean:
	rm -rf minirelay bin dist
