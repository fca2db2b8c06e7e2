package configs

import (
	"strings"
	"testing"
)

// withProfile is a config with one device of the profile arduino-greenhouse.
func withProfile(more string) string {
	return "[gateway]\nid = \"home\"\n[ports.uno]\npath = \"/dev/ttyACM0\"\nbaud = 115200\n" +
		"[devices.house]\nport = \"uno\"\nprofile = \"arduino-greenhouse\"\n" + more
}

// Keys in the file override the profile; the order is the profile's, and additions come last.
func TestProfileOverride(t *testing.T) {
	c, err := loadText(t, withProfile(`offline_after = "1m"
without = ["humidity", "fan"]
[devices.house.fields.soil]
type = "number"
[devices.house.fields.pump]
name = "泵"
[devices.house.commands.pump]
timeout = "5s"
`))
	if err != nil {
		t.Fatal(faultsOf(t, err))
	}
	d := c.Devices.Devices[0]
	var fields, commands []string
	for _, f := range d.Fields {
		fields = append(fields, f.ID)
	}
	for _, cmd := range d.Commands {
		commands = append(commands, cmd.ID)
	}
	if got := strings.Join(fields, " "); got != "temperature pump soil" {
		t.Error(got)
	}
	if got := strings.Join(commands, " "); got != "pump" {
		t.Error(got)
	}
	if d.OfflineAfter.String() != "1m0s" || d.Fields[1].Name.Text != "泵" || d.Fields[1].Values["true"] != "1" ||
		d.Commands[0].Timeout.String() != "5s" || d.Commands[0].Confirm != "pump" {
		t.Errorf("%+v", d)
	}
	if d.Name.ByLang["en"] != "Arduino greenhouse (example sketch)" {
		t.Errorf("a device without a name is called %v", d.Name)
	}
}

func TestProfileFaults(t *testing.T) {
	for name, tt := range map[string]struct{ text, want string }{
		"unknown":         {strings.Replace(withProfile(""), "greenhouse\"", "greenhose\"", 1), `8:11: there is no profile "arduino-greenhose" | did you mean "arduino-greenhouse"?`},
		"unlike any":      {strings.Replace(withProfile(""), "arduino-greenhouse", "x", 1), `8:11: there is no profile "x" | minirelay profiles lists them`},
		"no text":         {strings.Replace(withProfile(""), `"arduino-greenhouse"`, "5", 1), `8:11: profile must be a text, not a whole number | put it in quotes: "5"` + "\n" + `6:10: codec is missing in [devices.house] | add codec = …, one of ` + codecWords()},
		"nothing without": {withProfile("without = [\"pmup\"]\n"), `9:12: the profile has neither field nor command "pmup" | did you mean "pump"?`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := loadText(t, tt.text)
			if err == nil {
				t.Fatal("no fault")
			}
			got := told(faultsOf(t, err))
			for _, want := range strings.Split(tt.want, "\n") {
				if !strings.Contains(got, strings.SplitN(want, ", one of", 2)[0]) {
					t.Errorf("got  %s\nwant %s", got, want)
				}
			}
		})
	}
	c, err := loadText(t, strings.Replace(withProfile(""), "baud = 115200\n", "", 1))
	if err != nil {
		t.Fatal(faultsOf(t, err))
	}
	if got := told(c.Warnings); !strings.Contains(got, `7:11: the port "uno" is set to 9600 8N1, and a arduino-greenhouse is delivered with 115200 8N1 | set baud = 115200, parity = "none" and stop_bits = 1 in [ports.uno], unless you have changed the device`) {
		t.Error(got)
	}
}
