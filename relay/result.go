package relay

// Status is the one final outcome of a command.
type Status string

// The statuses of the contract.
const (
	StatusDone     Status = "done"     // acknowledged by the hardware and, where configured, read back
	StatusSent     Status = "sent"     // written; the mapping has neither acknowledgement nor confirmation
	StatusRejected Status = "rejected" // nothing was written
	StatusFailed   Status = "failed"   // the hardware refused, the value read back differs, or the line broke
	StatusUnknown  Status = "unknown"  // written, but the effect is unknown
)

// Code is the reason why the outcome of a command is neither done nor sent.
type Code string

// The codes of the contract, by status.
const (
	CodeBadRequest     Code = "bad_request" // rejected
	CodeUnknownDevice  Code = "unknown_device"
	CodeUnknownCommand Code = "unknown_command"
	CodeBadValue       Code = "bad_value"
	CodeOutOfRange     Code = "out_of_range"
	CodeForbidden      Code = "forbidden"
	CodeExpired        Code = "expired"
	CodeRetained       Code = "retained"
	CodeSuperseded     Code = "superseded"
	CodeBusy           Code = "busy"
	CodeOffline        Code = "offline"
	CodeStopping       Code = "stopping"

	CodeRefused  Code = "refused" // failed
	CodeMismatch Code = "mismatch"
	CodeIOError  Code = "io_error"

	CodeNoAnswer Code = "no_answer" // unknown
)

// Outcome is how a command ended. Message is one sentence that is safe and useful to show to a person.
type Outcome struct {
	Status  Status
	Code    Code
	Message string
}

// Done is the outcome of a command that the hardware acknowledged.
func Done() Outcome { return Outcome{Status: StatusDone} }

// Sent is the outcome of a command that was written without any acknowledgement to wait for.
func Sent() Outcome { return Outcome{Status: StatusSent} }

// Rejected is the outcome of a command of which nothing was written.
func Rejected(code Code, message string) Outcome {
	return Outcome{StatusRejected, code, message}
}

// Failed is the outcome of a command that the hardware refused, or that the line could not carry.
func Failed(code Code, message string) Outcome { return Outcome{StatusFailed, code, message} }

// Expired is the outcome of a command that became too old before anything of it was written.
func Expired() Outcome {
	return Rejected(CodeExpired, "it was not written in time and will not be")
}

// Unknown is the outcome of a command that was written without an answer in time.
func Unknown(message string) Outcome { return Outcome{StatusUnknown, CodeNoAnswer, message} }
