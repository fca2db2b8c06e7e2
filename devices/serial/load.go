package serial

import "strings"

// knowsSpeed says whether Baud is the speed of the line. Behind tcp:// nobody has been told of it.
func (c Config) KnowsSpeed() bool {
	return !strings.HasPrefix(c.Path, TcpScheme)
}
