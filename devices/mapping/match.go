package mapping

// MatchConfig tells frames of several kinds apart: match = { type = "gps" }. It stands in a device, which then takes
// only frames that fit, or in a field, which is then read from those only.
type MatchConfig struct {
	Match map[string]string `toml:"match" doc:"only frames in which these keys have these texts, as in { type = \"gps\" }; for binary frames bytes at certain positions, as in { 3 = \"90\" }" codecs:"json,csv,pairs,regex,nmea,binary"`
}
