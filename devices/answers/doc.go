// Package answers knows what received bytes may be an answer to, beside the request that waits for one: an earlier request,
// because it is late, or none, because it is the echo of an adapter.
//
// Most callers need two types: [Late] for the first and [Echo] for the second. Both are told what was written and what has
// come, and say what to wait for and what to believe.
//
//	late.go  Late   answers that may still come after their timeout
//	echo.go  Echo   an adapter that receives what it sends
//
// # Promises
//
// Where answers come in the order of the requests, however late, none is taken for the answer to another request. An echo is
// never taken for an acknowledgement.
//
// Deliberately absent: reading and writing; package devices does both.
package answers
