package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"minirelay/api"
	"minirelay/configs"
	"minirelay/devices"
	"minirelay/devices/capture"
	"minirelay/devices/mapping"
	"minirelay/devices/serial"
	"minirelay/devices/wire"
	"minirelay/gateway"
	"minirelay/relay"
)

// adHoc is the id of a port and a device that are in no config.
const adHoc = "device"

// findSource returns the source for the port that the user named: the API of a gateway, or the port itself if no
// program holds it.
func findSource(ctx context.Context, env *env, name string, o *watchOptions) (*source, map[[2]string]string, error) {
	if o.remote.gateway != "" {
		s, err := o.remote.source(ctx, env, name, nil)
		return s, nil, err
	}
	config, err := maybeConfig(env, o.config)
	if err != nil {
		return nil, nil, err
	}
	if config != nil {
		o.remote.config = configPath(o.config)
	}
	port, all := namedIn(config, name)
	if full := fullPath(name); port == nil && full != name { // an id of the config has priority
		name = full
		port, all = namedIn(config, name)
	}
	if port == nil {
		return openNamed(config, name, o)
	}
	if by := lockedBy(*port); by != "" {
		s, err := o.remote.source(ctx, env, port.ID, config)
		var away unreachable
		if errors.As(err, &away) {
			err = userError{name + " is in use by " + by, "it is not the gateway of this config, which cannot be reached: close that program, or name its gateway with -gateway"}
		}
		return s, unitsOf(all...), err
	}
	if o.codec != "" || o.profile != "" {
		return nil, nil, usageError{fmt.Sprintf("the config already says how %s is decoded", name), "leave -codec and -profile out"}
	}
	if err := o.line.set(port); err != nil {
		return nil, nil, err
	}
	if o.raw {
		return rawSource(*port), nil, nil
	}
	return portsSource(*port, all), unitsOf(all...), nil
}

// namedIn finds the port that the user named by its id, by a device on it, or by its path, and the port's devices. It
// returns a copy, or nil if the config has no such port.
func namedIn(config *configs.Config, name string) (*serial.Config, []mapping.DeviceConfig) {
	if config == nil {
		return nil, nil
	}
	ports := config.Devices.Ports
	i := slices.IndexFunc(ports, func(p serial.Config) bool { return p.ID == name })
	for _, d := range config.Devices.Devices {
		if i < 0 && d.ID == name {
			i = slices.IndexFunc(ports, func(p serial.Config) bool { return p.ID == d.Port })
		}
	}
	if i < 0 && isPath(name) {
		real, err := serial.Config{Path: name}.Locate()
		i = slices.IndexFunc(ports, func(p serial.Config) bool {
			at, aerr := p.Locate()
			return p.Path == name || err == nil && aerr == nil && at == real
		})
	}
	if i < 0 {
		return nil, nil
	}
	port := ports[i]
	var on []mapping.DeviceConfig
	for _, d := range config.Devices.Devices {
		if d.Port == port.ID {
			on = append(on, d)
		}
	}
	return &port, on
}

func isPath(name string) bool { return strings.ContainsRune(name, '/') }

// lockedBy returns the name of the program that has locked a port, as every minirelay does with its ports; "" if there
// is none.
func lockedBy(p serial.Config) string {
	at, err := p.Locate()
	if err != nil {
		return ""
	}
	for _, h := range serial.Users(at) {
		if h.Locked {
			return fmt.Sprintf("%s (process %d)", h.Name, h.PID)
		}
	}
	return ""
}

// openNamed watches a port that is in no config.
func openNamed(config *configs.Config, name string, o *watchOptions) (*source, map[[2]string]string, error) {
	if !isPath(name) {
		return nil, nil, noSuchPort(config, name)
	}
	port := serial.Default()
	port.ID, port.Path = adHoc, name
	if err := o.line.set(&port); err != nil {
		return nil, nil, err
	}
	if by := lockedBy(port); by != "" {
		return nil, nil, userError{name + " is in use by " + by, "if it is a gateway: -c with that gateway's config, or -gateway https://ADDRESS:8443 -user ADMIN, shows it without taking the port away"}
	}
	if o.codec == "" && o.profile == "" || o.raw {
		return rawSource(port), nil, nil
	}
	device, err := adHocDevice(o.codec, o.profile)
	if err != nil {
		return nil, nil, err
	}
	if o.profile != "" {
		return portsSource(port, []mapping.DeviceConfig{device}), unitsOf(device), nil
	}
	return portsSource(port, []mapping.DeviceConfig{device}), nil, nil
}

func noSuchPort(config *configs.Config, name string) error {
	if config == nil {
		return userError{fmt.Sprintf("%q is not the path of a port, and there is no config that could name it", name), "minirelay ports lists the paths; -c names a config"}
	}
	var ids []string
	for _, p := range config.Devices.Ports {
		ids = append(ids, p.ID)
	}
	for _, d := range config.Devices.Devices {
		ids = append(ids, d.ID)
	}
	try := "there are " + strings.Join(ids, ", ")
	if meant, ok := configs.Nearest(name, ids); ok {
		try = "did you mean " + meant + "?"
	}
	return userError{fmt.Sprintf("there is no port and no device %q in %s", name, strings.Join(config.Files, ", ")), try}
}

// adHocDevice returns a device with only a codec, or from a profile.
func adHocDevice(codec, profile string) (mapping.DeviceConfig, error) {
	key, value := "codec", codec
	if profile != "" {
		key, value = "profile", profile
	}
	dir, err := os.MkdirTemp("", "minirelay-watch-")
	if err != nil {
		return mapping.DeviceConfig{}, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "minirelay.toml")
	text := fmt.Sprintf("[gateway]\nid = \"watch\"\n[ports.%[1]s]\npath = \"/dev/null\"\n[devices.%[1]s]\nport = %[1]q\n%[2]s = %[3]q\n", adHoc, key, value)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return mapping.DeviceConfig{}, err
	}
	config, err := configs.Load(path)
	var faults *configs.Faults
	if errors.As(err, &faults) {
		f := faults.List[0]
		if profile == "" && !strings.Contains(f.What, "cannot be") {
			return mapping.DeviceConfig{}, usageError{fmt.Sprintf("-codec %s needs more than its name: %s", codec, f.What), "describe the device in a config, and name the device"}
		}
		return mapping.DeviceConfig{}, usageError{fmt.Sprintf("-%s %s: %s", key, value, f.What), f.Try}
	}
	if err != nil {
		return mapping.DeviceConfig{}, err
	}
	return config.Devices.Devices[0], nil
}

func headerOf(p serial.Config) capture.Header {
	h := capture.Header{Path: p.Path, Line: lineSettings(p)}
	if p.ID != adHoc {
		h.Port = p.ID
	}
	if p.USB != "" {
		h.Path = strings.TrimSpace("usb " + p.USB + " " + p.Serial)
	}
	return h
}

// rawSource opens a port and shows its bytes.
func rawSource(p serial.Config) *source {
	return &source{headerOf(p), func(ctx context.Context, see func(sight) error) error {
		stream, err := serial.Open(p)
		if err != nil {
			return err
		}
		stop := context.AfterFunc(ctx, func() { stream.Close() })
		defer stop()
		defer stream.Close()
		open := true
		err = see(sight{api.Sight{TS: time.Now().UnixMilli(), Open: &open, Trouble: new(string)}, time.Now()})
		for buf := make([]byte, 4096); err == nil; {
			var n int
			n, err = stream.Read(buf)
			if n > 0 {
				r := wire.Record{At: time.Now(), Bytes: &wire.Bytes{Data: buf[:n]}}
				if serr := see(sight{api.SightOf(r), r.At}); serr != nil {
					return serr
				}
			}
		}
		if ctx.Err() != nil {
			return nil
		}
		return userError{"the port was lost: " + err.Error(), "check the cable and the power supply of the board"}
	}}
}

// nobody is a broker without clients.
type nobody struct{}

func (nobody) Publish(string, []byte, byte, bool, []byte) error { return nil }

// portsSource runs a port with its devices like the gateway, but without a broker: it takes no commands, but it does
// poll the devices.
func portsSource(p serial.Config, all []mapping.DeviceConfig) *source {
	return &source{headerOf(p), func(ctx context.Context, see func(sight) error) (err error) {
		dir, err := os.MkdirTemp("", "minirelay-watch-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		log := slog.New(slog.DiscardHandler)
		r, err := relay.Start(relay.Config{Root: "watch", Gateway: "watch", DataDir: dir}, nobody{}, log)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, r.Close()) }()
		ports := devices.New(r, log)
		defer func() {
			stop, cancel := context.WithTimeout(context.Background(), gateway.StopTime)
			defer cancel()
			err = errors.Join(err, ports.Close(stop))
		}()
		if err := ports.Apply(devices.Config{Ports: []serial.Config{p}, Devices: all}); err != nil {
			return err
		}
		w, err := ports.Watch(p.ID)
		if errors.Is(err, devices.ErrNoPort) {
			return userError{fmt.Sprintf("no device is on the port %s, so its data cannot be decoded", p.ID), "-raw shows its bytes"}
		}
		if err != nil {
			return err
		}
		defer w.Close()
		return pump(ctx, w, see)
	}}
}

// pump passes on the records of a Watch.
func pump(ctx context.Context, w *wire.Watch, see func(sight) error) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case r, ok := <-w.Records:
			if !ok {
				return io.EOF
			}
			if err := see(sight{api.SightOf(r), r.At}); err != nil {
				return err
			}
			if n := w.Missed(); n > 0 {
				if err := see(sight{api.Sight{TS: time.Now().UnixMilli(), Missed: n}, time.Now()}); err != nil {
					return err
				}
			}
		}
	}
}
