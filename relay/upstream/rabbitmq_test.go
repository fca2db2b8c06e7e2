//go:build e2e

package upstream

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"minirelay/secret"
)

// TestRabbitMQ carries the same messages through RabbitMQ's MQTT and Web MQTT plugins, with a login.
func TestRabbitMQ(t *testing.T) {
	tcp, web := startRabbitMQ(t)
	for name, url := range map[string]string{"mqtt": fmt.Sprintf("mqtt://127.0.0.1:%d", tcp), "ws": fmt.Sprintf("ws://127.0.0.1:%d/ws", web)} {
		t.Run(name, func(t *testing.T) {
			c := testConfig(t.TempDir(), url)
			c.User, c.Password, c.Prefix = "guest", secret.New("guest"), "farm/"+name
			carry(t, c, fmt.Sprintf("mqtt://guest:guest@127.0.0.1:%d", tcp))
		})
	}
	t.Run("wrong password", func(t *testing.T) {
		c := testConfig(t.TempDir(), fmt.Sprintf("mqtt://127.0.0.1:%d", tcp))
		c.User, c.Password = "guest", secret.New("wrong")
		u, _ := run(t, c, readClock)
		eventually(t, "it says so", func() bool { return u.Status().Code == CodeLogin })
	})
}

// startRabbitMQ runs Debian's rabbitmq-server on free ports, without touching anything outside its own directory.
func startRabbitMQ(t *testing.T) (tcp, web int) {
	t.Helper()
	dir := t.TempDir()
	tcp, web = freePort(t), freePort(t)
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	epmd := fmt.Sprint(freePort(t))
	env := append(os.Environ(), "HOME="+dir, "ERL_EPMD_PORT="+epmd, "ERL_EPMD_ADDRESS=127.0.0.1",
		"RABBITMQ_NODENAME=test@localhost", fmt.Sprintf("RABBITMQ_DIST_PORT=%d", freePort(t)),
		"RABBITMQ_MNESIA_BASE="+filepath.Join(dir, "mnesia"), "RABBITMQ_LOG_BASE="+filepath.Join(dir, "log"),
		"RABBITMQ_ENABLED_PLUGINS_FILE="+write("enabled_plugins", "[rabbitmq_mqtt,rabbitmq_web_mqtt].\n"),
		"RABBITMQ_CONFIG_FILE="+write("rabbitmq.conf", fmt.Sprintf("listeners.tcp.1 = 127.0.0.1:%d\nmqtt.listeners.tcp.1 = 127.0.0.1:%d\n"+
			"mqtt.allow_anonymous = false\nweb_mqtt.tcp.ip = 127.0.0.1\nweb_mqtt.tcp.port = %d\n", freePort(t), tcp, web)))
	cmd := exec.Command("/usr/lib/rabbitmq/bin/rabbitmq-server")
	cmd.Env = env
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL} // it is a script that starts others
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { cmd.Wait(); close(ended) }()
	t.Cleanup(func() {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		<-ended
		eventually(t, "Erlang's port mapper, which the server has started, ends", func() bool {
			kill := exec.Command("epmd", "-kill") // it refuses while it knows a node
			kill.Env = env
			return kill.Run() == nil
		})
	})
	for _, port := range []int{tcp, web} {
		eventually(t, "RabbitMQ listens", func() bool {
			c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
			if err == nil {
				c.Close()
			}
			return err == nil
		})
	}
	return tcp, web
}
