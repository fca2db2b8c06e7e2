// Package modbus is the protocol of Modbus units, RTU and ASCII.
//
// Most callers need two functions: [NewRTU], or [NewASCII], makes the requests for a unit, and [Check] reports
// everything in its mapping that cannot work. The others expect a mapping in which Check has found nothing.
//
// The way of the data: batch.go plans few requests for many fields; pdu.go makes requests and explains exceptions;
// frame.go puts them on the wire and finds the answers; field.go reads the values; write.go makes the request of a
// command. "Section" means MODBUS Application Protocol V1.1b3 in pdu.go, and MODBUS over Serial Line V1.02 in frame.go.
//
// # Promises
//
// A field that the unit does not have does not cost its neighbours: a refused batch is split until only the missing
// fields remain. An answer is found behind noise and behind the answers of other units. A command is done when the
// unit has repeated it exactly. A poller serves one goroutine, the owner of the port.
//
// # Deliberately absent
//
// There is no server, no Modbus TCP, no file or queue access, and no read-modify-write of single bits: it would undo
// what the unit or another master changes in between.
package modbus
