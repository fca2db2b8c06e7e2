package codec

// Fault is a value that is no good reading.
type Fault struct {
	Field int
	Value Token // valid as long as the frame
	Twice bool  // it stands in the frame more than once
}
