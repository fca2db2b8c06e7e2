package serial

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// sysfs makes files and links below a new root. A value that begins with "->" is a link.
func sysfs(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, content := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		var err error
		if to, link := strings.CutPrefix(content, "->"); link {
			err = os.Symlink(to, path)
		} else {
			err = os.WriteFile(path, []byte(content+"\n"), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// raspberry is a Raspberry Pi with an Arduino, two CH340 adapters, its own UART, an empty UART and a console.
func raspberry(t *testing.T) string {
	ch340 := func(n, socket string) map[string]string {
		dir := "sys/devices/usb1/1-1/" + socket
		return map[string]string{
			dir + "/idVendor": "1a86", dir + "/idProduct": "7523", dir + "/product": "USB Serial",
			dir + "/" + socket + ":1.0/ttyUSB" + n + "/port_number":          "0",
			"sys/class/tty/ttyUSB" + n + "/device":                           "->../../../devices/usb1/1-1/" + socket + "/" + socket + ":1.0/ttyUSB" + n,
			"dev/ttyUSB" + n:                                                 "",
			"dev/serial/by-path/platform-usb-0:" + socket[2:] + ":1.0-port0": "->../../ttyUSB" + n,
			"dev/serial/by-id/usb-1a86_USB_Serial-if00-port0":                "->../../ttyUSB0",
		}
	}
	files := map[string]string{
		"sys/devices/usb1/1-2/idVendor": "2341", "sys/devices/usb1/1-2/idProduct": "0043",
		"sys/devices/usb1/1-2/serial": "7573", "sys/devices/usb1/1-2/manufacturer": "Arduino", "sys/devices/usb1/1-2/product": "Uno",
		"sys/devices/usb1/1-2/1-2:1.0/x":          "",
		"sys/class/tty/ttyACM0/device":            "->../../../devices/usb1/1-2/1-2:1.0",
		"dev/ttyACM0":                             "",
		"dev/serial/by-id/usb-Arduino_Uno-if00":   "->../../ttyACM0",
		"dev/serial/by-path/platform-usb-0:2:1.0": "->../../ttyACM0",
		"sys/devices/uart/x":                      "",
		"sys/class/tty/ttyAMA0/device":            "->../../../devices/uart",
		"sys/class/tty/ttyAMA0/type":              "32",
		"dev/ttyAMA0":                             "",
		"sys/class/tty/ttyS1/device":              "->../../../devices/uart",
		"sys/class/tty/ttyS1/type":                "0",
		"dev/ttyS1":                               "",
		"sys/class/tty/tty1/dev":                  "4:1",
		"dev/tty1":                                "",
		"sys/class/tty/ttyGone/device":            "->../../../devices/uart",
	}
	for _, more := range []map[string]string{ch340("0", "1-1.2"), ch340("1", "1-1.3")} {
		for k, v := range more {
			files[k] = v
		}
	}
	return sysfs(t, files)
}

func TestList(t *testing.T) {
	got, err := list(raspberry(t))
	if err != nil {
		t.Fatal(err)
	}
	want := []Info{
		{Path: "/dev/serial/by-id/usb-Arduino_Uno-if00", Device: "/dev/ttyACM0", ByID: "/dev/serial/by-id/usb-Arduino_Uno-if00",
			ByPath: "/dev/serial/by-path/platform-usb-0:2:1.0", USB: "2341:0043", Serial: "7573", Maker: "Arduino", Product: "Uno"},
		{Path: "/dev/ttyAMA0", Device: "/dev/ttyAMA0"},
		{Path: "/dev/serial/by-path/platform-usb-0:1.2:1.0-port0", Device: "/dev/ttyUSB0", ByID: "/dev/serial/by-id/usb-1a86_USB_Serial-if00-port0",
			ByPath: "/dev/serial/by-path/platform-usb-0:1.2:1.0-port0", USB: "1a86:7523", Product: "USB Serial"},
		{Path: "/dev/serial/by-path/platform-usb-0:1.3:1.0-port0", Device: "/dev/ttyUSB1",
			ByPath: "/dev/serial/by-path/platform-usb-0:1.3:1.0-port0", USB: "1a86:7523", Product: "USB Serial"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestFindByUSB(t *testing.T) {
	root := raspberry(t)
	for _, tt := range []struct {
		usb, serial, path, what, try string
		is                           error
	}{
		{"2341:0043", "", "/dev/ttyACM0", "", "", nil},
		{"2341:0043", "7573", "/dev/ttyACM0", "", "", nil},
		{"2341:0043", "9", "", "no adapter 2341:0043 with serial number 9 is plugged in", "2341:0043 7573", os.ErrNotExist},
		{"0403:6001", "", "", "no adapter 0403:6001 is plugged in", "1a86:7523", os.ErrNotExist},
		{"1A86:7523", "", "", "2 adapters match 1A86:7523", "by-path/platform-usb-0:1.2:1.0-port0, ", errAmbiguous},
	} {
		path, err := find(root, Config{USB: tt.usb, Serial: tt.serial})
		if path != tt.path {
			t.Errorf("%s %s: %q, %v", tt.usb, tt.serial, path, err)
		}
		var e *Error
		if tt.what != "" && (!errors.As(err, &e) || e.What != tt.what || !strings.Contains(e.Try, tt.try) || !errors.Is(err, tt.is)) {
			t.Errorf("%s %s: %+v", tt.usb, tt.serial, err)
		}
	}
	e := explain(root, "/dev/none", os.ErrNotExist).(*Error)
	if !strings.Contains(e.Try, "the ports of this machine are /dev/serial/by-id/usb-Arduino_Uno-if00, /dev/ttyAMA0") {
		t.Error(e.Try)
	}
	empty := sysfs(t, map[string]string{"sys/class/tty/tty1/dev": "4:1"})
	if _, err := find(empty, Config{USB: "1:2"}); !strings.Contains(err.(*Error).Try, "no USB adapter is connected") {
		t.Error(err)
	}
	if _, err := find(t.TempDir(), Config{USB: "1:2"}); err == nil {
		t.Error("without sysfs an adapter is found")
	}
	if _, err := List(); err != nil {
		t.Error(err)
	}
}
