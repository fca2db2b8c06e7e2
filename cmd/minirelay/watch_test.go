package main

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"minirelay/devices/capture"
	"minirelay/locale"
)

// session is one command of the program that runs until it is ended.
type session struct {
	out    *lockedBuffer
	cancel context.CancelFunc
	ended  chan error
}

// begin starts a command that runs until end is called or the test ends.
func begin(t *testing.T, command func(context.Context, *env, []string) error, args ...string) *session {
	t.Helper()
	s := &session{out: &lockedBuffer{}, ended: make(chan error, 1)}
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	go func() { s.ended <- command(ctx, &env{strings.NewReader(""), s.out, s.out, locale.English}, args) }()
	t.Cleanup(func() {
		if err := s.end(); err != nil && !errors.Is(err, errEnded) {
			t.Error(err)
		}
		if t.Failed() {
			t.Log(s.out)
		}
	})
	return s
}

// noLeaks fails the test if it leaves a goroutine behind. Call it first.
func noLeaks(t *testing.T) {
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, before) })
}

var errEnded = errors.New("ended before")

func (s *session) end() error {
	s.cancel()
	err := <-s.ended
	s.ended <- errEnded
	return err
}

func (s *session) see(t *testing.T, want string) {
	t.Helper()
	eventually(t, "it shows "+want, func() bool {
		select {
		case err := <-s.ended:
			s.ended <- err
			t.Fatalf("the command has ended: %v\n%s", err, s.out)
		default:
		}
		return strings.Contains(s.out.String(), want)
	})
}

// A port that is in no config: its bytes, and a recording of them.
func TestWatchUnknownPort(t *testing.T) {
	noLeaks(t)
	t.Setenv("MINIRELAY_CONFIG", "")
	t.Chdir(t.TempDir())
	board := newTestBoard(t)
	s := begin(t, runWatch, board.path, "-baud", "115200", "-record", "wire.txt")
	s.see(t, "- the port is open")
	board.say(t, `{"t":21}`)
	s.see(t, ` < 7b 22 74 22 3a 32 31 7d 0a                       {"t":21}·`)
	if err := s.end(); err != nil {
		t.Error(err)
	}
	if err := runWatch(t.Context(), &env{stdout: &lockedBuffer{}}, []string{board.path, "-record", "wire.txt"}); err == nil || !strings.Contains(err.Error(), "already exists") {
		t.Errorf("%v", err)
	}
	if out := s.out.String(); !strings.Contains(out, "9 bytes read\n") || !strings.Contains(out, "recorded in wire.txt") {
		t.Error(out)
	}
	f, err := os.Open("wire.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	h, records, err := capture.Read(f)
	if err != nil || string(records[0].Data) != "{\"t\":21}\n" || h.Line != "115200 8N1" || h.Path != board.path || h.Started.IsZero() {
		t.Errorf("%+v %v %v", h, records, err)
	}
}

// Frames of a codec, without a config.
func TestWatchCodec(t *testing.T) {
	noLeaks(t)
	t.Setenv("MINIRELAY_CONFIG", "")
	t.Chdir(t.TempDir())
	board := newTestBoard(t)
	s := begin(t, runWatch, board.path, "-codec", "json")
	s.see(t, "- the port is open")
	board.say(t, "half a line", `{"t":21}`, "noise")
	s.see(t, `= {"t":21}`)
	s.see(t, "! it is not a JSON object")
	for args, want := range map[string]string{
		"-codec morse":           "codec cannot be",
		"-profile no-such-thing": "no-such-thing",
	} {
		err := runWatch(t.Context(), &env{stdout: &lockedBuffer{}}, append(strings.Fields(args), "/dev/ttyNone"))
		var usage usageError
		if !errors.As(err, &usage) || !strings.Contains(usage.what, want) || usage.try == "" {
			t.Errorf("%s: %v", args, err)
		}
	}
}

// A port in a config: readings, by the port's id, the device's id, or the path.
func TestWatchConfigured(t *testing.T) {
	noLeaks(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "minirelay.toml")
	board := newTestBoard(t)
	writeFile(t, path, strings.Replace(testConfig(dir, board.path), "decimals = 1", "decimals = 1\nunit = \"°C\"", 1))
	for _, name := range []string{"uno", "greenhouse", board.path} {
		s := begin(t, runWatch, "-c", path, name)
		s.see(t, "- the port is open")
		board.say(t, "first", `{"t":20.54,"p":7}`)
		s.see(t, "= greenhouse: temperature 20.5 °C, pump null")
		s.see(t, "! pump: 7 is not one of")
		if err := s.end(); err != nil {
			t.Error(err)
		}
	}
}

// The gateway holds the port: it is watched over the gateway's API, and the gateway is not affected.
func TestWatchHeldPort(t *testing.T) {
	dir := t.TempDir()
	board := newTestBoard(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listen := l.Addr().String()
	l.Close()
	config := strings.Replace(apiConfig(dir, board.path), "127.0.0.1:0", listen, 1)
	r := start(t, dir, config)
	p := r.phone(t)
	watches := []*session{
		begin(t, runWatch, "-c", r.path, "greenhouse"),
		begin(t, runWatch, "-c", r.path, board.path, "-user", "boss"),
	}
	t.Setenv(passwordVariable, "boss's")
	watches = append(watches, begin(t, runWatch, "-gateway", "https://"+listen, "-insecure", "-user", "boss", "uno"))
	for _, w := range watches {
		w.see(t, "- the port is open")
	}
	board.say(t, "first", `{"t":20.5,"p":0}`)
	for _, w := range watches {
		w.see(t, "= greenhouse: temperature 20.5")
	}
	wait(t, p.Publish(commandTopic, 1, false, `{"id":"c-1","command":"pump","value":true}`))
	board.acknowledge(t)
	p.see(t, resultTopic, `"done"`)
	watches[0].see(t, " > 50 55 4d 50 20 31 20 23")

	// Errors are reported.
	for _, test := range []struct{ args, password, what, try string }{
		{"-c CONFIG uno -user phone", "secret", `"phone" is not an admin`, `role = "admin"`},
		{"-c CONFIG uno -user boss", "guess", `does not accept this password for "boss"`, "$MINIRELAY_PASSWORD"},
		{"-gateway https://LISTEN -user boss uno", "boss's", "is not trusted", "-ca"},
		{"-gateway https://LISTEN -insecure -user boss greenhose", "boss's", `no device "greenhose"`, "greenhouse"},
		{"-gateway https://LISTEN -insecure uno", "boss's", "to admins only", "-user"},
		{"-gateway LISTEN -user boss uno", "boss's", "is not the address", "https://"},
		{"-gateway https://127.0.0.1:1 -user boss uno", "boss's", "cannot be reached", "is it running"},
		{"-gateway https://LISTEN -ca CONFIG -user boss uno", "boss's", "contains no certificate", "BEGIN CERTIFICATE"},
		{"-c CONFIG greenhose", "boss's", `no device "greenhose"`, "greenhouse"},
	} {
		t.Setenv(passwordVariable, test.password)
		args := strings.Fields(strings.NewReplacer("CONFIG", r.path, "LISTEN", listen).Replace(test.args))
		err := runWatch(t.Context(), &env{stdin: strings.NewReader(""), stdout: &lockedBuffer{}}, args)
		if err == nil {
			t.Errorf("%s: no error", test.args)
			continue
		}
		if what, try, _ := describe(err); !strings.Contains(what, test.what) || !strings.Contains(try, test.try) {
			t.Errorf("%s:\n%s\n%s", test.args, what, try)
		}
	}
	t.Setenv("MINIRELAY_CONFIG", "")
	t.Chdir(t.TempDir())
	err = runWatch(t.Context(), &env{stdout: &lockedBuffer{}}, []string{board.path})
	if err == nil || !strings.Contains(err.Error(), "is in use by ") {
		t.Errorf("%v", err)
	}

	// The gateway restarts under another name: the watch continues by itself.
	r.save(t, strings.Replace(config, `id       = "home"`, `id       = "shed"`, 1))
	watches[0].see(t, "- the port is closed: the gateway has ended the connection")
	eventually(t, "it is open again", func() bool { return strings.Count(watches[0].out.String(), "- the port is open") == 2 })
}
