package configs

import (
	"log/slog"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"minirelay/devices/mapping"

	"minirelay/devices/serial"

	"minirelay/relay"
)

func TestDefaults(t *testing.T) {
	c, err := loadText(t, sound)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Warnings) > 0 {
		t.Errorf("warnings: %v", c.Warnings)
	}
	g := c.Gateway
	if g.ID != "home" || g.DataDir != "/var/lib/minirelay" || g.Root != "minirelay" || g.Remember != 24*time.Hour {
		t.Errorf("gateway %+v", g)
	}
	if c.Log != DefaultLog() {
		t.Errorf("log %+v", c.Log)
	}
	b := c.Broker
	if b.Listen != ":8443" || b.MQTT != "" || b.TLS.Mode != "self-signed" || b.Root != g.Root || b.Gateway != g.ID || b.DataDir != g.DataDir {
		t.Errorf("broker %+v", b)
	}
	if want := (serial.Config{ID: "uno", Path: "/dev/ttyACM0", Baud: 9600, DataBits: 8, Parity: "none", StopBits: 1, LowLatency: true,
		RS485Config: serial.RS485Config{RS485: "off"}}); c.Devices.Ports[0] != want {
		t.Errorf("port %+v", c.Devices.Ports[0])
	}
	d := c.Devices.Devices[0]
	if d.OfflineAfter != 30*time.Second || d.MaxFrame != 4096 || d.Publish != "all" {
		t.Errorf("device %+v", d)
	}
	if f := d.Fields[0]; f.ID != "temperature" || f.Key != "t" || f.Type != relay.TypeNumber || f.Scale != 1 || f.Decimals != -1 || !math.IsInf(f.Max, 1) {
		t.Errorf("field %+v", f)
	}
	if c := d.Commands[0]; c.Timeout != 2*time.Second || c.MaxAge != 5*time.Second || c.Tolerance != -1 || c.MaxLength != 64 {
		t.Errorf("command %+v", c)
	}
}

func TestLogLevels(t *testing.T) {
	for word, want := range map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError} {
		c, err := loadText(t, sound+"[log]\nformat = \"json\"\nlevel = \""+word+"\"\n")
		if err != nil {
			t.Fatal(err)
		}
		if c.Log.SlogLevel() != want || c.Log.Format != "json" {
			t.Errorf("%s: %v", word, c.Log)
		}
	}
}

// Values in every form arrive in the struct.
func TestValues(t *testing.T) {
	c, err := loadText(t, strings.ReplaceAll(valuesText, "FILE", filepath.Join(write(t, map[string]string{"pw": "secret\r\n"}), "pw")))
	if err != nil {
		t.Fatal(err)
	}
	d := c.Devices.Devices[1]
	if d.Name.ByLang["zh"] != "秤" || d.OfflineAfter != 90*time.Second {
		t.Errorf("device %+v", d)
	}
	if f := d.Fields[0]; f.Scale != 10 || f.Offset != -0.5 || f.Decimals != 2 || f.Min != 16 {
		t.Errorf("field %+v", f)
	}
	if f := d.Fields[1]; len(f.Options) != 2 || f.Options[0].Name.Text != "甲" || f.Values["b"] != "2" {
		t.Errorf("field %+v", f)
	}
	if p := c.Devices.Ports[1]; p.ID != "two" || p.USB != "1A86:7523" || p.StopBits != 2 || p.Baud != 9600 {
		t.Errorf("port %+v", p)
	}
	if u := c.Broker.Users[1]; u.Password.Value() != "secret" || u.Role != "viewer" || u.Devices[0] != "other" || u.Read[0] != "home/#" {
		t.Errorf("user %+v", u)
	}
}

const valuesText = sound + `
[devices.other]
name = { zh = "秤", en = "Scale" }
port = "two"
codec = "json"
offline_after = "1m30s"

[devices.other.fields.w]
type = "number"
scale = 1_0
offset = -0.5
decimals = 2
min = 0x10

[[devices.other.fields.mode.options]]
value = "a"
name = "甲"

[[devices.other.fields.mode.options]]
value = "b"

[devices.other.fields.mode]
type = "enum"
values = { a = "1", b = "2" }

[ports]
two = { usb = "1A86:7523", stop_bits = 2 }

[users.eye]
password = { file = "FILE" }
devices = ["other"]
read = ["home/#"]
`

// Things keep the order of the file, which users see and maps do not preserve.
func TestOrder(t *testing.T) {
	var text strings.Builder
	text.WriteString(sound)
	ids := []string{"zulu", "alpha", "mike", "bravo", "yankee", "charlie"}
	for _, id := range ids {
		text.WriteString("[devices.greenhouse.fields." + id + "]\ntype = \"text\"\n")
	}
	for range 20 {
		c, err := loadText(t, text.String())
		if err != nil {
			t.Fatal(err)
		}
		for i, f := range c.Devices.Devices[0].Fields[2:] {
			if f.ID != ids[i] {
				t.Fatalf("field %d is %s, not %s", i, f.ID, ids[i])
			}
		}
	}
}

// The choices of an enum that has only values keep it too.
func TestOrderOfChoices(t *testing.T) {
	c, err := loadText(t, sound+"[devices.greenhouse.fields.fan]\ntype = \"enum\"\nvalues = { off = \"0\", low = \"1\", high = \"2\" }\n"+
		"[devices.greenhouse.commands.fan]\ntype = \"enum\"\nsend = \"FAN {value}\\n\"\nvalues = { off = \"0\", low = \"1\", high = \"2\" }\n")
	if err != nil {
		t.Fatal(err)
	}
	d := c.Devices.Devices[0]
	for _, options := range [][]mapping.OptionConfig{d.Fields[2].Options, d.Commands[1].Options} {
		if len(options) != 3 || options[0].Value != "off" || options[1].Value != "low" || options[2].Value != "high" {
			t.Errorf("the choices are %+v", options)
		}
	}
}

func TestDirectory(t *testing.T) {
	dir := write(t, map[string]string{
		"10-gateway.toml": "[gateway]\nid = \"home\"\n[ports.a]\npath = \"/dev/a\"\n",
		"30-later.toml":   "[devices.late]\nport = \"b\"\ncodec = \"json\"\n[devices.early.fields.more]\ntype = \"text\"\n",
		"20-devices.toml": "# first\n[ports.b]\npath = \"/dev/b\"\n[devices.early]\nport = \"a\"\ncodec = \"json\"\n[devices.early.fields.x]\ntype = \"text\"\n",
		".#30-later.toml": "an editor's lock",
		"notes.txt":       "no TOML",
	})
	c, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, d := range c.Devices.Devices {
		ids = append(ids, d.ID)
		for _, f := range d.Fields {
			ids = append(ids, f.ID)
		}
	}
	if got := strings.Join(ids, " "); got != "early x more late" {
		t.Errorf("devices and fields: %s", got)
	}
	for i, name := range []string{"10-gateway.toml", "20-devices.toml", "30-later.toml"} {
		if c.Files[i] != filepath.Join(dir, name) {
			t.Errorf("file %d is %s", i, c.Files[i])
		}
	}
}

func TestDirectoryFaults(t *testing.T) {
	dir := write(t, map[string]string{
		"a.toml": "[gateway]\nid = \"home\"\n[ports.a]\npath = \"/dev/a\"\nbuad = 1\n",
		"b.toml": "[broker]\nlisten = \n[ports.b]\nbaud = \"9600\"\n",
		"c.toml": "[ports.a]\npath = \"/dev/b\"\n[gateway]\nname = \"x\"\n",
		"d.toml": "",
		"e.toml": "[devices.x]\nport = \"nowhere\"\ncodec = \"jsn\"\n",
	})
	_, err := Load(dir)
	got := ""
	for _, f := range faultsOf(t, err) {
		got += filepath.Base(f.File) + " " + told([]Fault{f}) + "\n"
	}
	want := `a.toml 5:1: unknown key "buad" in [ports.a] | did you mean "baud"?
b.toml 2:10: the value is missing | write it after the =, a text in quotes
b.toml 3:8: [ports.b] has neither path nor usb | minirelay ports lists the adapters and the paths to write
b.toml 4:8: baud must be a whole number, not a text | leave the quotes out: 9600
c.toml 1:8: "a" is here and in a.toml:3:8 | keep one of the two
c.toml 2:1: "path" is here and in a.toml:4:1 | keep one of the two
c.toml 3:2: "gateway" is here and in a.toml:1:2 | keep one of the two
d.toml : the file is empty | begin with: minirelay sample > minirelay.toml; if you have just saved it, is the disk full?
e.toml 3:9: codec cannot be "jsn" | did you mean "json"? it can be ` + codecWords() + "\n"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if want := "9 faults in " + dir; err.Error() != want {
		t.Errorf("the error is %q, not %q", err, want)
	}
}

// A duplicate name hides no other fault: references to unknown things are reported in the same run.
func TestTwiceHidesNothing(t *testing.T) {
	_, err := loadText(t, sound+`
[gateway]
[devices.porch]
port = "unno"
codec = "json"
`)
	const want = `27:2: "gateway" is here and in x.toml:1:2 | keep one of the two
29:8: there is no port "unno" | did you mean "uno"?`
	if got := strings.TrimSpace(told(faultsOf(t, err))); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
