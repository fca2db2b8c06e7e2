// Package checksum is the checksums of lines of text and of frames of bytes.
//
// Most callers need two functions: [Of] returns the checksum at the end of a line, [SumOf] that in a frame of bytes,
// each by its name in a config. ok is false if the name is unknown; nothing else can fail.
//
// The values that they return do not change and may be used by several goroutines.
//
// Deliberately absent: checksums of fewer than 8 or more than 32 bits, and parameters in a config. A checksum has a name.
package checksum
