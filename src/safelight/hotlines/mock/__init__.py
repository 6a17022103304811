"""A hotline to rehearse with: the CyberTipline's calls and no other, on this machine only."""
