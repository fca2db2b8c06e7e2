package detect

import (
	"context"
	"encoding/binary"
	"time"

	"minirelay/devices/capture"
	"minirelay/devices/checksum"
)

// Interview sends Modbus requests, with their checksums, to a unit and records the exchange. It stops at the first request
// that the unit refuses or does not answer; whole is false then. A request that is not for this unit, or that does more
// than read, is not sent. The error is [ErrLost] or that of ctx.
func Interview(ctx context.Context, l Line, u Unit, requests [][]byte, patience time.Duration) (recording []capture.Record, whole bool, err error) {
	a := &asker{line: l, setting: u.Setting, patience: patience}
	at := time.Duration(0)
	for _, request := range requests {
		if len(request) < 4 || int(request[0]) != u.Address || request[1] < readCoils || request[1] > readInput {
			return recording, false, nil // it is for another unit, or does more than read
		}
		answer, err := a.ask(ctx, request, func(got []byte) []byte {
			for i := range got {
				if pdu := answerOf(got[i:], question{u.Address, int(request[1])}); pdu != nil {
					return got[i : i+len(pdu)+3]
				}
			}
			return nil
		})
		if answer == nil || err != nil || answer[1]&exception != 0 {
			return recording, false, err
		}
		at += time.Second
		recording = append(recording, capture.Record{At: at, Out: true, Data: request},
			capture.Record{At: at + a.setting.lasts(len(request)+len(answer)), Data: answer})
	}
	return recording, len(recording) > 0, nil
}

// withCRC appends the checksum of a request.
func withCRC(request []byte) []byte {
	return binary.LittleEndian.AppendUint16(request, uint16(checksum.CRC16Modbus(request)))
}
