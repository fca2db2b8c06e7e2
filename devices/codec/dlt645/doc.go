// Package dlt645 is the protocol of Chinese electricity meters, DL/T 645-2007. Section and table numbers in its comments
// are those of the standard.
//
// Most callers need two functions: [New] makes the requests for a meter, and [Check] reports everything in its mapping
// that cannot work. [Advise] reports settings of a port at which most meters do not answer.
//
// The way of the data: catalogue.go lists the quantities that have a name; poller.go asks for each; frame.go finds the
// answer; field.go reads the value.
//
// # Promises
//
// Fields of one data identifier share one request. An answer in several frames is put together. A poller serves one
// goroutine, the owner of the port.
//
// # Deliberately absent
//
// A meter is only read: switching its relay or setting its clock needs passwords that belong to the operator of the
// grid. Load curves, events and the edition of 1997 are not supported.
package dlt645
