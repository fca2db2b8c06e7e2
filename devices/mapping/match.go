package mapping

// MatchConfig distinguishes frames of several kinds: match = { type = "gps" }. A device with a match takes only frames
// that meet it, and a field with a match is read only from those.
type MatchConfig struct {
	Match map[string]string `toml:"match" doc:"only frames in which these keys have these texts, for example { type = \"gps\" }; for binary frames bytes at certain positions, for example { 3 = \"90\" }" codecs:"json,csv,pairs,regex,nmea,binary"`
}
