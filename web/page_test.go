package web

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

func get(t *testing.T, h http.Handler, path string, header ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest("GET", "https://gateway.local:8443"+path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, r *http.Response) string {
	t.Helper()
	data, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func page8080() http.Handler { return Handler(func() string { return "8080" }) }

// The page is there, with all the files that it names, each with its type and the time that it may be cached.
func TestPageIsWhole(t *testing.T) {
	h := page8080()
	index := get(t, h, "/")
	text := body(t, index)
	if index.StatusCode != 200 || index.Header.Get("Content-Type") != "text/html; charset=utf-8" || index.Header.Get("Cache-Control") != "no-cache" {
		t.Fatalf("%d %v", index.StatusCode, index.Header)
	}
	names := regexp.MustCompile(`(?:src|href)="\./([^"]+)"`).FindAllStringSubmatch(text, -1)
	if len(names) < 2 {
		t.Fatalf("the page names %d files: %s", len(names), text)
	}
	for _, n := range names {
		r := get(t, h, "/"+n[1])
		if r.StatusCode != 200 || !strings.Contains(r.Header.Get("Cache-Control"), "immutable") || r.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %d %v", n[1], r.StatusCode, r.Header)
		}
	}
	for path, want := range map[string]int{"/index.html": 404, "/assets/": 404, "/../go.mod": 404, "/nothing": 404} {
		if r := get(t, h, path); r.StatusCode != want && r.StatusCode != 307 && r.StatusCode != 301 {
			t.Errorf("%s: %d", path, r.StatusCode)
		}
	}
}

// A client that takes gzip gets it, and asks again for nothing that it has.
func TestCompressionAndETag(t *testing.T) {
	h := page8080()
	plain := body(t, get(t, h, "/"))
	r := get(t, h, "/", "Accept-Encoding", "br, gzip")
	if r.Header.Get("Content-Encoding") != "gzip" || r.Header.Get("Vary") != "Accept-Encoding" {
		t.Fatal(r.Header)
	}
	z, err := gzip.NewReader(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	unpacked, err := io.ReadAll(z)
	if err != nil || string(unpacked) != plain {
		t.Errorf("%v, %d bytes instead of %d", err, len(unpacked), len(plain))
	}
	again := get(t, h, "/", "Accept-Encoding", "gzip", "If-None-Match", r.Header.Get("ETag"))
	if again.StatusCode != http.StatusNotModified || body(t, again) != "" {
		t.Errorf("%d", again.StatusCode)
	}
	if other := get(t, h, "/"); other.Header.Get("ETag") == r.Header.Get("ETag") {
		t.Error("two encodings with one ETag")
	}
}

// The page may talk to its own gateway alone, whatever a stranger writes into the Host header.
func TestPolicy(t *testing.T) {
	got := get(t, page8080(), "/").Header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "script-src 'self';", "connect-src 'self' wss://gateway.local:8443 ws://gateway.local:8443;", "frame-ancestors 'none'"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in %s", want, got)
		}
	}
	if p := policy("evil.example; script-src *"); strings.Contains(p, "evil") {
		t.Error(p)
	}
	if p := policy("[fe80::1]:8443"); !strings.Contains(p, "wss://[fe80::1]:8443") {
		t.Error(p)
	}
}

// Nothing in the page names a foreign host that it could call.
func TestNoForeignHost(t *testing.T) {
	allowed := regexp.MustCompile(`^(www\.w3\.org|vuejs\.org|192\.168\.1\.10|iot\.example\.cn|example\.com)$`)
	named := regexp.MustCompile(`(?i)(?:https?|wss?)://([a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)+)`)
	err := fs.WalkDir(dist, "dist", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := fs.ReadFile(dist, name)
		for _, m := range named.FindAllStringSubmatch(string(data), -1) {
			if !allowed.MatchString(m[1]) {
				t.Errorf("%s names %s", name, m[1])
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// The whole page crosses a slow Wi-Fi quickly.
func TestPageIsSmall(t *testing.T) {
	const most = 150_000 // bytes, compressed
	total := 0
	h := page8080()
	err := fs.WalkDir(dist, "dist", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		path := strings.TrimSuffix(strings.TrimPrefix(name, "dist"), "index.html")
		total += len(body(t, get(t, h, path, "Accept-Encoding", "gzip")))
		return nil
	})
	if err != nil || total == 0 || total > most {
		t.Errorf("%d bytes, %v", total, err)
	}
	t.Logf("%d bytes compressed", total)
}

func TestPhonePort(t *testing.T) {
	var got struct {
		Port string `json:"ws_port"`
	}
	r := get(t, page8080(), "/phone.json")
	if err := json.NewDecoder(r.Body).Decode(&got); err != nil || got.Port != "8080" || r.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%v %v %v", got, err, r.Header)
	}
}
