package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"regexp"
	"strings"
	"sync"
	"time"
)

//go:embed dist
var dist embed.FS

// Handler serves the page at "/" and its files below, and nothing else: the page keeps its state after the # of its address.
// plainPort returns the port of the plain WebSocket, "" for none: the page draws it for phones, which do not trust the gateway's
// self-signed certificate.
func Handler(plainPort func() string) http.Handler {
	root, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // the name is a constant
	}
	return handler(root, plainPort)
}

func handler(root fs.FS, plainPort func() string) http.Handler {
	mux := http.NewServeMux()
	// A gateway whose page nobody opens does not hold it in memory.
	files := sync.OnceValue(func() *page { return newPage(root) })
	mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) { files().ServeHTTP(w, r) })
	mux.HandleFunc("GET /qr.svg", serveQR)
	mux.HandleFunc("GET /phone.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		fmt.Fprintf(w, "{\"ws_port\":%q}\n", plainPort())
	})
	return mux
}

func newPage(root fs.FS) *page {
	p := &page{files: map[string]*file{}}
	err := fs.WalkDir(root, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := fs.ReadFile(root, name)
		p.files["/"+name] = newFile(name, data)
		return err
	})
	if err != nil {
		panic(err) // an embedded file system cannot fail to be read
	}
	p.files["/"] = p.files["/index.html"]
	delete(p.files, "/index.html") // one address for one thing
	return p
}

type page struct{ files map[string]*file }

func (p *page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f := p.files[r.URL.Path]
	if f == nil {
		http.Error(w, "file not found; the page is at /", http.StatusNotFound)
		return
	}
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("Cache-Control", f.cache)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Vary", "Accept-Encoding")
	if r.URL.Path == "/" {
		h.Set("Content-Security-Policy", policy(r.Host))
		h.Set("Referrer-Policy", "no-referrer")
	}
	data, etag := f.data, f.etag
	if f.packable && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		data, etag = f.packed(), strings.TrimSuffix(f.etag, `"`)+`-gzip"`
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("ETag", etag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
}

// plainHost is a host that is safe in a policy: a ; or a space in it would add to the policy.
var plainHost = regexp.MustCompile(`^[A-Za-z0-9._:\[\]-]+$`)

// policy lets the page load files from its own gateway and connect to it, and nothing else. Some browsers do not count
// WebSockets of the page's own host as 'self': so they are named.
func policy(host string) string {
	connect := "'self'"
	if plainHost.MatchString(host) {
		connect += " wss://" + host + " ws://" + host
	}
	return "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
		"connect-src " + connect + "; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
}

// file is one embedded file.
type file struct {
	data        []byte
	kind, cache string // Content-Type, Cache-Control
	etag        string
	packable    bool
	packed      func() []byte // gzip of data, made when first asked for
}

// hashed is a name that holds a hash of the content, as Vite makes them under assets.
var hashed = regexp.MustCompile(`^assets/.*[-.][A-Za-z0-9_-]{8}\.[a-z0-9]+$`)

func newFile(name string, data []byte) *file {
	f := &file{data: data, kind: mime.TypeByExtension(path.Ext(name)), cache: "no-cache",
		etag: fmt.Sprintf(`"%x"`, sha256.Sum256(data))[:18] + `"`}
	if hashed.MatchString(name) {
		f.cache = "public, max-age=31536000, immutable"
	}
	f.packable = !strings.HasPrefix(f.kind, "image/png") && len(data) > 512
	f.packed = sync.OnceValue(func() []byte {
		var b bytes.Buffer
		z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
		if err != nil {
			panic(err) // the level is a constant
		}
		_, _ = z.Write(data) // into memory
		_ = z.Close()
		return b.Bytes()
	})
	return f
}
