package gateway

import (
	"errors"
	"net/http"
	"sync"
	"time"

	"minirelay/api"
	"minirelay/broker"
	"minirelay/configs"
	"minirelay/status"
)

// configState is the state of the config in use and of the last one that was refused. It outlives the cores that a new
// identity replaces.
type configState struct {
	path string

	mu       sync.Mutex // guards everything below
	loaded   time.Time  // when the config in use was read
	refused  error      // why the last config, though valid, could not be used; nil: it is in use
	fallback *Fallback  // why the one on the disk has not been used since the start; nil: it was
}

func newConfigState(options Options) *configState {
	return &configState{path: options.Path, loaded: time.Now(), fallback: options.Fallback}
}

// fallen returns why the config on the disk has not been used since the start; nil if it was.
func (s *configState) fallen() *Fallback {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fallback
}

// stillBroken records what is wrong with the config on the disk now, if it has not been used since the start.
func (s *configState) stillBroken(why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.fallback; f != nil {
		s.fallback = &Fallback{Since: f.Since, Why: why, Lost: f.Lost}
	}
}

// used records that the config on disk is in use.
func (s *configState) used() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loaded, s.refused, s.fallback = time.Now(), nil, nil
}

// unused records why the config on disk is not in use, though it may be valid.
func (s *configState) unused(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refused = err
}

// view returns the files as they may be shown; it is empty if the config came from no file.
func (s *configState) view() configs.View {
	if s.path == "" {
		return configs.View{}
	}
	return configs.ViewOf(s.path)
}

// config answers GET /api/config: the files as they are now, so that the lines of problems match them.
func (s *configState) config() api.Config {
	view := s.view()
	s.mu.Lock()
	defer s.mu.Unlock()
	c := api.Config{Loaded: s.loaded.UnixMilli()}
	for _, f := range view.Files {
		c.Files = append(c.Files, api.File(f))
	}
	problem := func(severity string, f configs.Fault) {
		c.Problems = append(c.Problems, api.Problem{Severity: severity, File: f.File, Line: f.Line, Column: f.Column, What: f.What, Hint: f.Try})
	}
	if s.fallback != nil {
		c.Fallback, c.Why = true, s.fallback.note()
		problem(api.Fault, configs.Fault{File: s.path, What: c.Why, Try: "put it right: it is used at once"})
	}
	for _, f := range view.Faults {
		problem(api.Fault, f)
	}
	if len(view.Faults) == 0 && s.refused != nil {
		what, try := Describe(s.refused)
		problem(api.Fault, configs.Fault{File: s.path, What: what, Try: try})
	}
	for _, w := range view.Warnings {
		problem(api.Warning, w)
	}
	return c
}

// login asks the broker for the user of a request.
func (c *core) login(r *http.Request) (api.Access, time.Duration) {
	role, err := c.broker.Authenticate(r)
	switch {
	case errors.Is(err, broker.ErrTooFast):
		return api.Guessing, broker.RetryAfter(err)
	case errors.Is(err, broker.ErrForeign):
		return api.Foreign, 0
	case err != nil:
		return api.Stranger, 0
	case role != "admin":
		return api.User, 0
	}
	return api.Admin, 0
}

// api is the API of the gateway, for the users whom login accepts.
func (c *core) api(s *configState, login func(*http.Request) (api.Access, time.Duration)) *api.Server {
	a := api.New(api.Source{
		Login:  login,
		Status: func() status.Snapshot { return c.status(s) },
		Config: s.config,
		Ports:  c.ports.Stats,
		Watch:  c.ports.Watch,
	})
	c.apis = append(c.apis, a)
	return a
}
