package gateway

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// instance is what tells this gateway apart from another one with the same id: the id of its installation, which is made
// once in its data directory, and that of this run of the program.
type instance struct{ id, run string }

// instanceFile is the content of the file in the data directory.
type instanceFile struct {
	ID string `json:"id"`
	// Digests of what the machine is known by. On a machine with none of them the data directory is a copy, for example
	// of an SD card, and gets an id of its own.
	Machine []string `json:"machine"`
}

// loadInstance reads the instance of a data directory, or makes one. root is "/", except in tests. On a disk that cannot
// be written to, the id is another one after each start.
func loadInstance(root, dataDir string, log *slog.Logger) instance {
	path := filepath.Join(dataDir, "instance.json")
	var file instanceFile
	text, err := os.ReadFile(path)
	known := err == nil && json.Unmarshal(text, &file) == nil && len(file.ID) == idLength
	machine := machineOf(root, file.ID)
	copied := known && len(machine) > 0 && len(file.Machine) > 0 &&
		!slices.ContainsFunc(machine, func(m string) bool { return slices.Contains(file.Machine, m) })
	if copied {
		log.Warn("the data directory was made on another machine; this gateway is another installation from now on", "dir", dataDir,
			"hint", "if that machine still runs, set another [gateway] id on one of the two")
	}
	if known && !copied && (len(machine) == 0 || slices.Equal(machine, file.Machine)) {
		return instance{file.ID, newID()}
	}
	if !known || copied {
		file.ID = newID()
	}
	file.Machine = machineOf(root, file.ID)
	if err := file.write(path); err != nil {
		log.Warn("the id of this installation cannot be kept", "error", err)
	}
	return instance{file.ID, newID()}
}

const idLength = 26 // of rand.Text, at least 128 bits

func newID() string { return strings.ToLower(rand.Text()) }

// write replaces the file at path.
func (f instanceFile) write(path string) error {
	text, err := json.Marshal(f)
	if err != nil {
		return err
	}
	if err := os.WriteFile(path+"~", text, 0o600); err != nil {
		return err
	}
	return os.Rename(path+"~", path)
}

// machineOf returns digests of the serial number of a Raspberry Pi and of the addresses of the network adapters that
// came with them, in order. They differ for each id.
func machineOf(root, id string) []string {
	marks := []string{readMark(root, "sys/firmware/devicetree/base/serial-number")} // /proc/device-tree is a link to it
	adapters, _ := filepath.Glob(filepath.Join(root, "sys/class/net/*/device"))
	for _, device := range adapters {
		adapter := filepath.Dir(device)
		if readMark(adapter, "addr_assign_type") == "0" { // NET_ADDR_PERM: the adapter's own
			marks = append(marks, readMark(adapter, "address"))
		}
	}
	var all []string
	for _, mark := range marks {
		if strings.Trim(mark, "0:") != "" {
			sum := sha256.Sum256([]byte(id + "\x00" + mark))
			all = append(all, hex.EncodeToString(sum[:8]))
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func readMark(dir, name string) string {
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(strings.TrimRight(string(text), "\x00"))
}

// String is the form in which a hub gets it.
func (i instance) String() string { return fmt.Sprintf("%s/%s", i.id, i.run) }
