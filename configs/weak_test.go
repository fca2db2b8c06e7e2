package configs

import "testing"

// A word that everybody knows stays one with a year or a mark, and digits alone are a birthday or a phone number.
func TestWeakPassword(t *testing.T) {
	for _, password := range []string{"short", "Raspberry", "Password2024!", "admin@2024", "19881208", "13812345678", "qwerty123456", "abc123456",
		"aaaaaaaaaa", "woaini1314", "RaspberryPi4", "somebody", "1-2-3-4-5-6"} {
		if !WeakPassword(password, "Somebody") {
			t.Errorf("%q passes", password)
		}
	}
	for _, password := range []string{"three-green-kettles", "correct horse", "homestead-71", "4711 rabbits", "红色的水壶和三只猫", "kx8r2mvq71tz", "73914806253917460582"} {
		if WeakPassword(password, "Somebody") {
			t.Errorf("%q does not pass", password)
		}
	}
}
