package text

import "github.com/adrianmo/go-nmea"

// nmeaTypes are the types of sentences that the library knows. Only their names are used: its parsed sentences do not
// distinguish 0 from an empty field, and v1.10.0 panics on some that are too short, such as $Q*51.
var nmeaTypes = []string{
	nmea.TypeAAM, nmea.TypeABM, nmea.TypeACK, nmea.TypeACN, nmea.TypeALA, nmea.TypeALC, nmea.TypeALF, nmea.TypeALR, nmea.TypeAPB,
	nmea.TypeARC, nmea.TypeBBM, nmea.TypeBEC, nmea.TypeBOD, nmea.TypeBWC, nmea.TypeBWR, nmea.TypeBWW, nmea.TypeDBK, nmea.TypeDBS,
	nmea.TypeDBT, nmea.TypeDOR, nmea.TypeDPT, nmea.TypeDSC, nmea.TypeDSE, nmea.TypeDTM, nmea.TypeEVE, nmea.TypeFIR, nmea.TypeGGA,
	nmea.TypeGLL, nmea.TypeGNS, nmea.TypeGSA, nmea.TypeGSV, nmea.TypeHBT, nmea.TypeHDG, nmea.TypeHDM, nmea.TypeHDT, nmea.TypeHSC,
	nmea.TypeMDA, nmea.TypeMTA, nmea.TypeMTW, nmea.TypeMWD, nmea.TypeMWV, nmea.TypeOSD, nmea.TypePCDIN, nmea.TypePGN, nmea.TypePGRME,
	nmea.TypePHTRO, nmea.TypePMTK001, nmea.TypePRDID, nmea.TypePSKPDPT, nmea.TypePSONCMS, nmea.TypeRMB, nmea.TypeRMC, nmea.TypeROT,
	nmea.TypeRPM, nmea.TypeRSA, nmea.TypeRSD, nmea.TypeRTE, nmea.TypeTHS, nmea.TypeTLB, nmea.TypeTLL, nmea.TypeTTD, nmea.TypeTTM,
	nmea.TypeTXT, nmea.TypeVBW, nmea.TypeVDM, nmea.TypeVDO, nmea.TypeVDR, nmea.TypeVHW, nmea.TypeVLW, nmea.TypeVPW, nmea.TypeVSD,
	nmea.TypeVTG, nmea.TypeVWR, nmea.TypeVWT, nmea.TypeWPL, nmea.TypeXDR, nmea.TypeXTE, nmea.TypeZDA, nmea.TypeMTK, nmea.TypeQuery,
}
