package main

// helpTexts is what `minirelay help COMMAND` says beside the summary, for commands that need more words.
var helpTexts = map[string]string{
	"decode": `DEVICE is the id of a device in the config. FILE is a recording made by minirelay watch -record; or a text
of hexadecimal numbers, also as xxd, hexdump -C and od -t x1 print it; or the bare bytes of a line; - is stdin.

Each row shows when, and then > what was written, = a frame and what each of its fields became, ! a frame that
was dropped, and why. The exit status is 1 if no frame could be decoded.`,
	"watch": `PORT is the path of a port, or its id in the config; DEVICE is the id of a device in the config. A port that
nobody holds is opened. With a config that names it, frames are decoded, and devices that only speak when they
are asked are asked, as the gateway would; no command is given. A port that the config's gateway holds is watched
over its API, without taking it away: as the user who runs the gateway or root without a password, or else as
the first admin of the config, or as -user.

Each row shows when, and then < bytes that were read, > bytes that were written, = a frame and its fields, ! what
was dropped and why, - what became of the port. What cannot be printed is a dot in the middle of the line.`,
	"replay": `FILE is a recording, as minirelay decode reads it. The port is a pseudo-terminal: its path is printed, and can
stand in a config or be given to minirelay watch. What the board has said by itself is said again with the same
timing; requests of the recording are answered as they were answered then, and a number such as #42, by which
an answer names its request, is followed. What is written and is not in the recording is told.`,
	"scan": `It listens first, at the usual speeds and formats, and writes nothing: a board that talks by itself is described
by what it says. If nobody talks it asks, with questions that change nothing: Modbus units with the functions 1
to 4, at the usual settings, and DL/T 645 meters for their addresses. -baud, -parity and -data-bits keep it to one
setting.

Its progress goes to stderr. On stdout stands, at the end, a block of TOML to paste into a config.`,
}
