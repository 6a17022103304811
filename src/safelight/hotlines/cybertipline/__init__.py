"""NCMEC's CyberTipline Reporting API: its XML, its rules, its calls."""
