package api

import (
	"net/http"
	"slices"
)

// Config is the answer to GET /api/config.
type Config struct {
	Files    []File    `json:"files"`    // as on disk now, in the order in which they are merged
	Loaded   int64     `json:"loaded"`   // Unix milliseconds when the config in use was read
	Problems []Problem `json:"problems"` // of the files on disk now

	Fallback bool   `json:"fallback"`      // the gateway was started with the last good config, because the files could not be used
	Why      string `json:"why,omitempty"` // the reason, in one sentence
}

// File is one file of the config, without its secrets.
type File struct {
	Name string `json:"name"`
	Text string `json:"text"`
}

// Problem is a warning, or a fault because of which the gateway uses the last valid config.
type Problem struct {
	Severity string `json:"severity"` // Fault or Warning
	File     string `json:"file"`
	Line     int    `json:"line"`   // from 1; 0: the file as a whole
	Column   int    `json:"column"` // in characters, from 1
	What     string `json:"what"`
	Hint     string `json:"hint"`
}

// The severities of a Problem.
const (
	Fault   = "fault"
	Warning = "warning"
)

func (s *Server) config(w http.ResponseWriter, r *http.Request) {
	c := s.source.Config()
	if c.Files == nil {
		c.Files = []File{}
	}
	if c.Problems == nil {
		c.Problems = []Problem{}
	}
	c.Why = reader(r).Text(c.Why)
	c.Problems = slices.Clone(c.Problems) // the source keeps its own
	for i := range c.Problems {
		p := &c.Problems[i]
		p.What, p.Hint = reader(r).Text(p.What), reader(r).Text(p.Hint)
	}
	answer(w, http.StatusOK, c)
}
