package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"minirelay/configs"
	"minirelay/devices/serial"
)

// portFlags are -port PATH=PROFILE or PATH=PROFILE@UNIT, any number of them.
type portFlags []string

func (p *portFlags) String() string { return strings.Join(*p, " ") }

// Set adds one.
func (p *portFlags) Set(s string) error {
	*p = append(*p, s)
	return nil
}

// things finds out which devices are connected to which port.
func (a *initAsk) things(ctx context.Context) error {
	for _, p := range a.ports {
		path, profile, _ := strings.Cut(p, "=")
		profile, unit, given := strings.Cut(profile, "@")
		number := 0
		if given {
			var err error
			if number, err = unitNumber(unit); err != nil {
				return err
			}
		}
		if err := a.thing(path, profile, number); err != nil {
			return err
		}
	}
	if len(a.ports) > 0 {
		return nil
	}
	found, err := a.listed()
	if err != nil {
		a.env.printf("The serial ports cannot be listed (%v); add them to the file.\n", err)
		return nil
	}
	for _, p := range found {
		if p.USB == "" && a.lines == nil {
			continue // a UART of the board: nothing shows whether a device is connected to it
		}
		a.env.printf("\n%s\n", strings.TrimSpace(p.Path+"  "+p.Maker+" "+p.Product))
		if err := a.askPort(ctx, p.Path); err != nil {
			return err
		}
	}
	if len(found) == 0 {
		a.env.printf("No serial port is plugged in; add it to the file later: minirelay ports shows the path.\n")
	}
	return nil
}

// askPort asks which device is connected to a port until the answer is valid, and, if it is a bus, for the others.
func (a *initAsk) askPort(ctx context.Context, path string) error {
	if a.lines == nil {
		return a.thing(path, "", 0)
	}
	bus, err := a.askThing(ctx, path, "Which device is on it? A name, or a word to search for such as relay; none for another device, - to leave the port out", "none")
	for bus && err == nil {
		bus, err = a.askThing(ctx, path, "Another device on the same port? A name, or a word to search for; - for no other", "-")
	}
	return err
}

// askThing asks for one device on a port. It reports whether others can be connected to the same port.
func (a *initAsk) askThing(ctx context.Context, path, text, usual string) (bus bool, err error) {
	offer := usual
	for {
		answer, err := a.question(ctx, text, offer)
		if err != nil {
			return false, err
		}
		switch answer {
		case "-":
			return false, nil
		case "none":
			if err := a.thing(path, "", 0); err == nil || !a.again(err) {
				return false, err
			}
			continue
		}
		profile, found := a.search(answer)
		if len(found) > 0 {
			offer = usual
			if len(found) == 1 {
				offer = found[0].Name // Enter takes it
			}
			if err := listProfiles(a.env, found); err != nil {
				return false, err
			}
			continue
		}
		unit, bus, err := a.askUnit(ctx, profile)
		if err != nil {
			return false, err
		}
		if err = a.thing(path, answer, unit); err == nil || !a.again(err) {
			return bus, err
		}
		offer = usual
	}
}

// search looks for the profile with that name, and otherwise for those with these words.
func (a *initAsk) search(answer string) (configs.Profile, []configs.Profile) {
	if p, err := configs.FindProfile(answer); err == nil {
		return p, nil
	}
	return configs.Profile{}, configs.SearchProfiles(answer)
}

// askUnit asks for the address of a device, if it has one. ok reports whether it has.
func (a *initAsk) askUnit(ctx context.Context, p configs.Profile) (unit int, ok bool, err error) {
	usual, ok := p.Unit()
	for ok {
		text, err := a.question(ctx, "Its address on the line (unit); on a bus each device needs its own", strconv.Itoa(usual))
		if err != nil {
			return 0, false, err
		}
		unit, err := unitNumber(text)
		if err == nil || !a.again(err) {
			return unit, true, err
		}
	}
	return 0, false, nil
}

// unitNumber reads the address of a Modbus unit.
func unitNumber(text string) (int, error) {
	unit, err := strconv.Atoi(text)
	if err != nil || unit < 1 || unit > 255 {
		return 0, usageError{fmt.Sprintf("%q is not the address of a Modbus unit", text), "it is a number from 1 to 247, which the device's manual or its switches show"}
	}
	return unit, nil
}

// thing adds a device and its port. unit 0 is that of the profile.
func (a *initAsk) thing(path, profile string, unit int) error {
	path = fullPath(path)
	if !filepath.IsAbs(path) && (serial.Config{Path: path}).ServerAddress() == "" {
		return usageError{fmt.Sprintf("%q is not the path of a port", path), "write it in full, for example -port /dev/ttyUSB0=pzem-004t-v3; minirelay ports lists them"}
	}
	t := configs.StartThing{Device: fmt.Sprintf("device%d", len(a.start.Things)+1), Path: path,
		Profile: profile, Baud: serial.Default().Baud, Parity: "none", StopBits: 1}
	var bus bool
	if profile != "" {
		p, err := configs.FindProfile(profile)
		if err != nil {
			return usageError{err.Error(), configs.NearestProfile(profile)}
		}
		if t.Unit, bus = p.Unit(); !bus && unit != 0 {
			return usageError{profile + " has no address", "leave @ and the number out"}
		}
		if unit != 0 {
			t.Unit = unit
		}
		t.Device = a.freeDevice(profile)
		if p.Baud > 0 {
			t.Baud, t.Parity, t.StopBits = p.Baud, p.Parity, p.StopBits
		}
	}
	if err := a.join(&t, bus); err != nil {
		return err
	}
	a.start.Things = append(a.start.Things, t)
	if err := a.check(); err != nil {
		a.start.Things = a.start.Things[:len(a.start.Things)-1]
		return err
	}
	return nil
}

// join sets the id of the port of t, which other devices may be connected to. bus reports whether t can share it.
func (a *initAsk) join(t *configs.StartThing, bus bool) error {
	ports := map[string]bool{}
	for _, other := range a.start.Things {
		ports[other.Port] = true
		if other.Path != t.Path {
			continue
		}
		switch {
		case !bus || other.Unit == 0:
			return usageError{t.Path + " has a device already, and the two cannot share it", "only devices that speak Modbus can be connected to one port together"}
		case other.Unit == t.Unit:
			return usageError{fmt.Sprintf("the address %d on %s is that of %s", t.Unit, t.Path, other.Device),
				"give one of the two devices another address, and write it here: PATH=PROFILE@UNIT as a flag"}
		}
		t.Port, t.Baud, t.Parity, t.StopBits = other.Port, other.Baud, other.Parity, other.StopBits
	}
	if t.Port == "" {
		t.Port = fmt.Sprintf("port%d", len(ports)+1)
	}
	return nil
}

// freeDevice makes an id of a profile's name that no other device has.
func (a *initAsk) freeDevice(profile string) string {
	first := strings.Trim(profile[:min(len(profile), 28)], "-")
	id := first
	for n := 2; slices.ContainsFunc(a.start.Things, func(t configs.StartThing) bool { return t.Device == id }); n++ {
		id = fmt.Sprintf("%s-%d", first, n)
	}
	return id
}
