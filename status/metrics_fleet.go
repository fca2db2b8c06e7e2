package status

func (s *Snapshot) fleetMetrics(e *exposition) {
	for _, g := range s.Gateways {
		e.gauge("minirelay_hub_gateway_up", "Whether a gateway is connected to this hub.", truth(g.Online), "gateway", g.Gateway)
	}
	for _, g := range s.Gateways {
		if g.Since > 0 {
			e.gauge("minirelay_hub_gateway_state_age_seconds", "How long the gateway has been connected, or away; absent if it has not connected since the start.",
				max(0, float64(s.Now-g.Since)/1000), "gateway", g.Gateway)
		}
	}
	for _, g := range s.Gateways {
		e.gauge("minirelay_hub_gateway_duplicate", "Whether another gateway with the same id tried to connect in the last ten minutes.", truth(g.Rival != ""), "gateway", g.Gateway)
	}
	for _, g := range s.Gateways {
		if g.Version != "" {
			e.gauge("minirelay_hub_gateway_info", "Version of the gateway; always 1.", 1, "gateway", g.Gateway, "version", g.Version)
		}
	}
}
