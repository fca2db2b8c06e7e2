package main

// helpTexts are the texts of `minirelay help COMMAND` after the summary, for commands that need more explanation.
var helpTexts = map[string]string{
	"decode": `DEVICE is the id of a device in the config. FILE is a recording made by minirelay watch -record; or a text
of hexadecimal numbers, also as xxd, hexdump -C and od -t x1 print it; or the bare bytes of a line; - is stdin.

Each row shows the time, and then > bytes that were written, = a frame and the values of its fields, or ! a frame
that was dropped, with the reason. The exit status is 1 if no frame could be decoded.`,
	"watch": `PORT is the path of a port, or its id in the config; DEVICE is the id of a device in the config. A port that is
not in use is opened. If the port is in the config, frames are decoded and polled devices are polled, as the
gateway would do it; no command is sent. A port that the config's gateway holds is watched over its API, and the
gateway keeps it. The user who runs the gateway and root need no password; others log in as the first admin of
the config, or as -user.

Each row shows the time, and then < bytes that were read, > bytes that were written, = a frame and its fields, ! a
frame that was dropped, with the reason, or - the state of the port. A byte that cannot be printed is shown as a
dot in the middle of the line.`,
	"replay": `FILE is a recording, as minirelay decode reads it. The port is a pseudo-terminal: its path is printed, for a config
or for minirelay watch. Data that the board sent by itself is sent again with the same timing. Requests of the
recording get the recorded answers, with the number of the request, such as #42, where an answer repeats it. A
request that is not in the recording is reported.`,
	"profiles": `NAME is the whole name of a profile, which is printed in full. Any other words are searched for in the names, titles
and kinds, in English and Chinese: minirelay profiles relay, minirelay profiles 微雪.`,
	"scan": `It listens first, at the usual speeds and formats, and writes nothing: a board that sends by itself is described
from its data. If nothing is received it polls, with requests that change nothing: Modbus units with the functions
1 to 4, at the usual settings, and DL/T 645 meters for their addresses. -baud, -parity and -data-bits restrict it
to one setting.

Progress is printed to stderr. At the end, a block of TOML to paste into a config is printed to stdout.`,
}
