// Package schedule decides which query of which device a line sends next.
//
// Most callers need two functions: [New] makes the schedule of one device from its queries, and [Next] chooses among the
// devices of a line. [Schedule.Asked] notes what became of a query.
//
//	schedule.go  Schedule.Asked    when each query of a device is due, by how well it is answered
//	choose.go    Next              which query of a line goes first
//	parts.go     Schedule.Part     a query in parts, for a while
//
// # Promises
//
// A device that does not answer is asked less and less often, and takes next to nothing from the others. Its queries take
// turns, so that one which is never answered hides no other. Nothing here waits or reads a clock.
//
// A schedule serves one goroutine, the owner of the port.
//
// Deliberately absent: requests and answers; package devices sends the one and judges the other.
package schedule
