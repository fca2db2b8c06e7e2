package api

import "net/http"

// Ports is the answer to GET /api/ports.
type Ports struct {
	Ports []Port `json:"ports"` // those that devices are connected to, in the order of the config
}

// Port is one serial port of the gateway.
type Port struct {
	Port    string   `json:"port"`    // its id in the config
	Path    string   `json:"path"`    // as configured
	Open    bool     `json:"open"`    // whether it is open now
	Trouble string   `json:"trouble"` // why it is not usable; "" if it is, or has not been tried
	Devices []string `json:"devices"`
	Counts  Counts   `json:"counts"`
}

// Counts are those of [wire.Counts], as JSON.
type Counts struct {
	Bytes       uint64 `json:"bytes"`
	Sent        uint64 `json:"sent"`
	Frames      uint64 `json:"frames"`
	Noise       uint64 `json:"noise"`
	Overlong    uint64 `json:"overlong"`
	Damaged     uint64 `json:"damaged"`
	Implausible uint64 `json:"implausible"`
	Late        uint64 `json:"late"`
	Unanswered  uint64 `json:"unanswered"`
	Unknown     uint64 `json:"unknown"`
	Foreign     uint64 `json:"foreign"`
	Reopened    uint64 `json:"reopened"`
}

func (s *Server) ports(w http.ResponseWriter, r *http.Request) {
	all := Ports{Ports: []Port{}}
	for _, p := range s.source.Ports() {
		all.Ports = append(all.Ports, Port{Port: p.Port, Path: p.Path, Open: p.Open, Trouble: reader(r).Text(p.Trouble),
			Devices: p.Devices, Counts: Counts(p.Counts)})
	}
	answer(w, http.StatusOK, all)
}
