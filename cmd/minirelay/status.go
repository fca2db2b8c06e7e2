package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"syscall"
	"time"

	"minirelay/configs"
	"minirelay/gateway"
	"minirelay/locale"
	"minirelay/status"
)

// runStatus is `minirelay status`.
func runStatus(ctx context.Context, env *env, args []string) error {
	flags := flag.NewFlagSet("status", flag.ContinueOnError)
	path := configFlag(flags)
	asJSON := flags.Bool("json", false, "print one JSON object")
	if err := parseFlags(flags, env, args); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, statusTime)
	defer cancel()
	body, err := statusOf(ctx, *path)
	if err != nil {
		return err
	}
	if *asJSON {
		_, err := locale.NewJSON(env.stdout).Write(body)
		return err
	}
	var s status.Snapshot
	if err := json.Unmarshal(body, &s); err != nil {
		return userError{"this minirelay does not understand the answer of the gateway", "use the version of the running gateway: minirelay version"}
	}
	return s.Write(env.stdout, env.lang)
}

// statusOf requests the status of the gateway whose config the user named, "" for none.
func statusOf(ctx context.Context, given string) ([]byte, error) {
	path := configPath(given)
	empty := given == "" && os.Getenv("MINIRELAY_CONFIG") == "" && !exists(path)
	dir := configs.DefaultGateway().DataDir
	if !empty {
		var err error
		if dir, err = dataDir(path); err != nil {
			return nil, err
		}
	}
	body, err := askLocally(ctx, dir, "/api/status")
	var missing noGateway
	if !errors.As(err, &missing) {
		return body, err
	}
	switch {
	case empty:
		return nil, userError{"there is no config here yet, and no gateway is running",
			"minirelay init makes a config and says how to start; minirelay demo shows a gateway without hardware"}
	case path == systemConfig:
		return nil, userError{missing.what, "start it: sudo systemctl start minirelay"}
	}
	return nil, userError{missing.what, fmt.Sprintf("start it: minirelay run -c %s; or name the config of another one: minirelay status -c FILE", path)}
}

// noGateway is the error of [askLocally] for a gateway that is not running.
type noGateway struct{ userError }

// statusTime is the time limit for the gateway's answer.
const statusTime = 10 * time.Second

// dataDir returns the data directory of the gateway with the config at path. A config with faults has one too: the
// gateway may be running with an earlier version of it.
func dataDir(path string) (string, error) {
	config, err := configs.LoadElsewhere(path)
	if err == nil {
		return config.Gateway.DataDir, nil
	}
	if dir, ok := gateway.DataDirOf(path); ok {
		return dir, nil
	}
	var faults *configs.Faults
	if errors.As(err, &faults) {
		if err, ok := wholeFault(faults); ok {
			return "", err
		}
	}
	return "", userError{fmt.Sprintf("the data directory of the gateway cannot be determined from %s", path), "name the config that it runs with: minirelay status -c FILE"}
}

// askLocally requests the status from the local gateway with a data directory.
func askLocally(ctx context.Context, dir, path string) ([]byte, error) {
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return dialGateway(ctx, dir)
	}}}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://gateway"+path, nil)
	if err != nil {
		return nil, err
	}
	response, err := client.Do(request)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return nil, userError{"no permission to ask the gateway", "run it as the gateway's user, or with sudo"}
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return nil, noGateway{userError{"no gateway is running with the data directory " + dir,
			"start it (sudo systemctl start minirelay), or name its config: minirelay status -c FILE"}}
	case err != nil:
		return nil, userError{"the gateway does not answer: " + err.Error(), "journalctl -u minirelay -e shows its log"}
	}
	defer response.Body.Close()
	return io.ReadAll(response.Body)
}

// dialGateway connects to the socket of the gateway with a data directory: in the runtime directory of a service, or in
// the data directory.
func dialGateway(ctx context.Context, dir string) (net.Conn, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", gateway.SocketPath(dir))
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return conn, err
	}
	if service, serr := d.DialContext(ctx, "unix", "/run/minirelay/"+gateway.SocketName); serr == nil || errors.Is(serr, fs.ErrPermission) {
		return service, serr
	}
	return nil, err
}
