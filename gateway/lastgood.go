package gateway

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"time"

	"minirelay/configs"
)

const (
	keptName = "last-good-config"
	keptSize = 16 << 20 // bytes; more than any config has
)

// Fallback is why a gateway runs with the configuration that was in use last, and not with the one on the disk.
type Fallback struct {
	Since time.Time // when that configuration was used for the first time
	Why   error     // what is wrong with the one on the disk
	Lost  []string  // keys whose secrets are not known: they were plain in the file, and are not in it any more
}

// LastGood returns the configuration that was in use last, for a start with one that cannot be used because of why. It
// lies in the data directory, without the secrets: see [configs.Kept]. ok is false if there is none.
func LastGood(text *configs.Text, why error) (config *configs.Config, f *Fallback, ok bool) {
	kept, _ := findKept(text.Path())
	if kept == nil {
		return nil, nil, false
	}
	last, lost := kept.Text(text)
	config, err := last.Load()
	if err != nil {
		return nil, nil, false
	}
	return config, &Fallback{Since: kept.Since, Why: why, Lost: lost}, true
}

// DataDirOf returns the data directory of the gateway with the config at path, also if the config is broken. ok is false
// if it is not known.
func DataDirOf(path string) (dir string, ok bool) {
	if _, dir := findKept(path); dir != "" {
		return dir, true
	}
	return configs.DataDirOf(path)
}

// findKept looks for the config that was kept for path, in the directory that the broken file names, and in those of a
// service, since the file may be empty.
func findKept(path string) (kept *configs.Kept, dir string) {
	var dirs []string
	if dir, ok := configs.DataDirOf(path); ok {
		dirs = append(dirs, dir)
	}
	if states := os.Getenv("STATE_DIRECTORY"); states != "" {
		dirs = append(dirs, strings.Split(states, ":")...)
	}
	full, err := filepath.Abs(path)
	if err != nil {
		return nil, ""
	}
	for _, dir := range append(dirs, configs.DefaultGateway().DataDir) {
		if kept, err := readKept(dir); err == nil && kept.Path == full {
			return kept, dir
		}
	}
	return nil, ""
}

func readKept(dir string) (*configs.Kept, error) {
	f, err := os.Open(filepath.Join(dir, keptName))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, keptSize))
	if err != nil {
		return nil, err
	}
	return configs.DecodeKept(data)
}

// keep keeps the text of the config in use for a later start, unless a newer one comes first. It does not wait: hashing the
// plain passwords of many users takes seconds.
func (g *Gateway) keep(text *configs.Text) {
	if g.options.Path == "" {
		return
	}
	g.newest.Store(text)
	g.keeping.Go(func() {
		g.keepOne.Lock()
		defer g.keepOne.Unlock()
		if g.newest.Load() != text {
			return
		}
		if err := writeKept(g.Config().Gateway.DataDir, text); err != nil {
			g.options.Log.Warn("the configuration in use cannot be kept for a start with a broken file", "error", err)
		}
	})
}

// writeKept writes text if it is not there yet.
func writeKept(dir string, text *configs.Text) error {
	before, _ := readKept(dir)
	kept, err := text.Keep(before)
	if err != nil || kept.Same(before) {
		return err
	}
	data, err := kept.Encode()
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, "."+keptName+"-*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), filepath.Join(dir, keptName))
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// startAny starts the gateway with config or, if that fails, with the configuration that was in use last. config is the one
// in use after that.
func startAny(config *configs.Config, options Options) (*Gateway, *configs.Config, error) {
	g, err := Start(config, options)
	if err == nil || options.Strict || options.Fallback != nil || options.Path == "" {
		return g, config, err
	}
	last, f, ok := LastGood(configs.Read(options.Path), err)
	if !ok || reflect.DeepEqual(last, config) {
		return nil, nil, err
	}
	options.Fallback = f
	g, lastErr := Start(last, options)
	if lastErr != nil {
		return nil, nil, err // the first one is about the file that people see
	}
	return g, last, nil
}

// logFallback logs that the configuration on the disk is not in use.
func (g *Gateway) logFallback() {
	f := g.state.fallen()
	if f == nil {
		return
	}
	log := g.options.Log
	var faults *configs.Faults
	if errors.As(f.Why, &faults) {
		for _, fault := range faults.List {
			log.Error(fault.What, "at", fault.Position(), "hint", fault.Try)
		}
	}
	what, _ := Describe(f.Why)
	log.Error("the configuration cannot be used; the gateway runs with the last good one", "error", what, "of", f.Since.Format(time.DateTime),
		"hint", "put it right: it is used at once; minirelay check shows its faults, and minirelay run -strict does not start with it")
	if len(f.Lost) > 0 {
		log.Error("secrets that were plain in the configuration are not in it any more, and were not kept", "keys", strings.Join(f.Lost, " "))
	}
}

// note describes the fallback in one sentence; "" if the configuration on the disk is in use.
func (f *Fallback) note() string {
	if f == nil {
		return ""
	}
	what, _ := Describe(f.Why)
	return fmt.Sprintf("the configuration on the disk cannot be used (%s); the gateway runs with the last good one, of %s", what, f.Since.Format(time.DateOnly))
}
