package main

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

// While clients and strangers hold as many connections as they get, a board that is plugged in is opened and its
// commands are stored: the file descriptors for that are kept.
func TestFloodLeavesFiles(t *testing.T) {
	dir := t.TempDir()
	board, port := newTestBoard(t), filepath.Join(dir, "tty")
	p := run(t, dir, testConfig(dir, port)+"\n[users.guest]\npassword = \"guest\"\nrole = \"viewer\"\n", "ulimit -n 256;")
	c := p.phone(t)
	if !strings.Contains(p.log.String(), "fewer clients than max_clients can connect") {
		t.Error("the start does not say how many clients can connect")
	}
	refused := 0
	for i := range 200 {
		guest := mqtt.NewClient(mqtt.NewClientOptions().AddBroker(p.url).SetUsername("guest").SetPassword("guest").
			SetClientID(fmt.Sprint("guest", i)).SetAutoReconnect(false).SetConnectTimeout(patience).SetTLSConfig(&tls.Config{InsecureSkipVerify: true}))
		if token := guest.Connect(); !token.WaitTimeout(patience) {
			t.Fatal("no answer")
		} else if token.Error() != nil {
			refused++
			continue
		}
		defer guest.Disconnect(0)
	}
	if refused == 0 || refused > 150 {
		t.Errorf("%d of 200 clients were refused", refused)
	}
	at, err := url.Parse(p.url)
	if err != nil {
		t.Fatal(err)
	}
	for range 300 {
		stranger, err := net.Dial("tcp", at.Host)
		if err != nil {
			t.Fatal(err)
		}
		defer stranger.Close()
	}

	if err := os.Symlink(board.path, port); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the port is open", func() bool { return strings.Contains(p.log.String(), `msg="port is open" port=uno`) })
	board.online(t, c)
	wait(t, c.Publish(commandTopic, 1, false, `{"id":"one","command":"pump","value":true}`))
	board.acknowledge(t)
	c.see(t, resultTopic, `"id":"one","command":"pump","value":true,"status":"done"`)
	if text := p.log.String(); strings.Contains(text, "too many open files") {
		t.Error("the descriptors were used up")
	}
}
