package main

import (
	"strings"

	"minirelay/configs"
	"minirelay/devices/serial"
	"minirelay/locale"
)

// summary says on stderr what was found, by port and unit.
func (s *scanning) summary() {
	name := shortName(s.name)
	switch f := s.found; {
	case f.Talker != nil && f.Profile != "":
		s.say("found on %s: %s", name, s.profile(f.Profile))
	case f.Talker != nil:
		s.say("found on %s: a board that no profile fits", name)
	case len(f.Units) > 0:
		for _, u := range f.Units {
			switch others := u.Profiles[min(1, len(u.Profiles)):]; {
			case len(u.Profiles) == 0:
				s.say("found on %s, unit %d: a device that no profile fits", name, u.Address)
			case !u.Certain:
				s.say("found on %s, unit %d: it may be %s", name, u.Address, strings.Join(u.Profiles, ", "))
			case len(others) > 0:
				s.say("found on %s, unit %d: %s; or %s", name, u.Address, s.profile(u.Profiles[0]), strings.Join(others, ", "))
			default:
				s.say("found on %s, unit %d: %s", name, u.Address, s.profile(u.Profiles[0]))
			}
		}
	default:
		for _, m := range f.Meters {
			s.say("found on %s: the meter %s", name, m.Address)
		}
	}
}

// profile is a profile's name and title, in the language of the user.
func (s *scanning) profile(name string) string {
	p, err := configs.FindProfile(name)
	title := p.Title.ByLang[s.env.lang.String()]
	if err != nil || title == "" {
		return name
	}
	if s.env.lang == locale.Chinese {
		return name + "（" + title + "）"
	}
	return name + " (" + title + ")"
}

// shortName is the name of a port without the directories, as the kernel knows it: ttyUSB0.
func shortName(path string) string {
	if strings.Contains(path, "://") {
		return path
	}
	if real, err := (serial.Config{Path: path}).Locate(); err == nil {
		path = real
	}
	return strings.TrimPrefix(path, "/dev/")
}
