// Package wire shows what happens on a serial line, and counts it: bytes, frames, and why a frame was dropped.
//
// Most callers need two things. Code that reads a line is given a [Tap], counts with its [Counters], and explains each frame
// with [Tap.Because] or [Tap.Drop]. People who watch get a [Watch] from [Tap.Watch] and read its Records.
//
//	counters.go  Counters        the numbers of a port, for its whole life
//	tap.go       Tap             owns the counters, and shows records to those who watch
//	watch.go     Watch           one watcher, which may be slow
//	record.go    Record          one thing to see: bytes, a frame, or the state of the port
//
// # Promises
//
// The port never waits for a watcher: one that is too slow misses records, and learns how many. While nobody watches, a step
// costs one atomic load and no memory; BenchmarkUnwatched measures it. The goroutine that decodes owns what is said about a
// frame; everything else may be called by any goroutine.
//
// Deliberately absent: what the frames mean, and any memory of records that nobody watched.
package wire
