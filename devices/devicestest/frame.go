package devicestest

const Telemetry = `{"t":21.53,"h":41.2,"soil":33.1,"light":812,"fan":0,"p":0,"mode":"manual"}`

// Endless gives the same bytes over and over.
type Endless struct {
	Line []byte
	at   int
}

func (e *Endless) Read(b []byte) (int, error) {
	n := copy(b, e.Line[e.at:])
	e.at = (e.at + n) % len(e.Line)
	return n, nil
}
