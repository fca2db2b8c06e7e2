package gateway

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"
)

// board makes the files by which a machine is known: a serial number, and the address of a network adapter.
func board(t *testing.T, serial, address string) (root string) {
	t.Helper()
	root = t.TempDir()
	write := func(name, text string) {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if serial != "" {
		write("sys/firmware/devicetree/base/serial-number", serial+"\x00")
	}
	if address != "" {
		write("sys/class/net/eth0/device/uevent", "")
		write("sys/class/net/eth0/addr_assign_type", "0\n")
		write("sys/class/net/eth0/address", address+"\n")
		write("sys/class/net/veth0/addr_assign_type", "3\n") // of a container: there is no device behind it
		write("sys/class/net/veth0/address", "02:42:ac:11:00:02\n")
	}
	return root
}

// An installation keeps its id over restarts; a copy of its data directory on another machine gets one of its own.
func TestInstance(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	dir := t.TempDir()
	one, two := board(t, "10000000aaaaaaaa", "dc:a6:32:00:00:01"), board(t, "10000000bbbbbbbb", "dc:a6:32:00:00:02")
	first := loadInstance(one, dir, log)
	if len(first.id) != idLength || len(first.run) != idLength {
		t.Fatalf("%+v", first)
	}
	again := loadInstance(one, dir, log)
	if again.id != first.id || again.run == first.run {
		t.Errorf("after a restart: %+v, before %+v", again, first)
	}
	if other := loadInstance(board(t, "10000000aaaaaaaa", "dc:a6:32:00:00:03"), dir, log); other.id != first.id {
		t.Error("another network adapter makes another installation")
	}
	if unknown := loadInstance(board(t, "", ""), dir, log); unknown.id != first.id {
		t.Error("a machine that nothing is known of makes another installation")
	}
	card := t.TempDir()
	if err := os.CopyFS(card, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	copied := loadInstance(two, card, log)
	if copied.id == first.id {
		t.Error("a copied card has the id of the original")
	}
	if loadInstance(two, card, log).id != copied.id || loadInstance(one, dir, log).id != first.id {
		t.Error("they do not keep their ids")
	}
	if err := os.WriteFile(filepath.Join(card, "instance.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if loadInstance(two, card, log).id == "" {
		t.Error("a damaged file leaves no id")
	}
}
