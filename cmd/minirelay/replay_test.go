package main

import (
	"bytes"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"minirelay/devices/capture"
)

// record writes a recording.
func record(t *testing.T, path string, records ...capture.Record) {
	t.Helper()
	var text bytes.Buffer
	w, err := capture.NewWriter(&text, capture.Header{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		if err := w.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	writeFile(t, path, text.String())
}

func in(at time.Duration, data string) capture.Record {
	return capture.Record{At: at, Data: []byte(data)}
}

// A replayed board works for a gateway like the real one: it sends data, and it acknowledges commands.
func TestReplayToGateway(t *testing.T) {
	dir := t.TempDir()
	link, file := filepath.Join(dir, "tty"), filepath.Join(dir, "wire.txt")
	record(t, file,
		in(0, "{\"t\":1,\"p\":0}\n"), in(100*time.Millisecond, "{\"t\":20,\"p\":1}\n"), in(200*time.Millisecond, "{\"t\":21,\"p\":1}\n"),
		capture.Record{At: 300 * time.Millisecond, Out: true, Data: []byte("PUMP 1 #42\n")}, in(310*time.Millisecond, "OK #42\n"),
		in(900*time.Millisecond, "{\"t\":22,\"p\":1}\n"))
	r := start(t, dir, testConfig(dir, link))
	p := r.phone(t)
	s := begin(t, runReplay, "-loop", "-speed", "2", "-link", link, file)
	s.see(t, "path = "+`"`+link+`"`)
	s.see(t, "66 bytes in 0.9 s, answers 1 different request")
	p.see(t, "minirelay/home/greenhouse/state", `"temperature":21,"pump":true`)
	wait(t, p.Publish(commandTopic, 1, false, `{"id":"c-1","command":"pump","value":true}`))
	p.see(t, resultTopic, `"status":"done"`)
	wait(t, p.Publish(commandTopic, 1, false, `{"id":"c-2","command":"pump","value":false}`))
	s.see(t, "not in the recording: 50 55 4d 50 20 30 20 23")
}

// The replay begins when a program opens the port, and ends with the recording.
func TestReplayEnds(t *testing.T) {
	noLeaks(t)
	dir := t.TempDir()
	t.Chdir(dir)
	record(t, "wire.txt", in(5*time.Second, "first\n"), in(5100*time.Millisecond, "last\n"))
	s := begin(t, runReplay, "wire.txt")
	s.see(t, "begins when the port is opened")
	path := regexp.MustCompile(`path = "(.*)"`).FindStringSubmatch(s.out.String())[1]
	w := begin(t, runWatch, path)
	w.see(t, "first·")
	w.see(t, "last·")
	if err := <-s.ended; err != nil {
		t.Error(err)
	}
	s.ended <- errEnded
	if !strings.Contains(s.out.String(), "the recording has ended") {
		t.Error(s.out)
	}
	if err := <-w.ended; err == nil || !strings.Contains(err.Error(), "the port was lost") {
		t.Errorf("%v", err)
	}
	w.ended <- errEnded
}
