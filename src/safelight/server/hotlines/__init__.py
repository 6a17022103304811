"""Reports to hotlines: drafted from a case, checked, sent or filed by hand, and never twice."""
