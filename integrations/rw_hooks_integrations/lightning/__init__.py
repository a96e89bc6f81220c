"""Lightning (Apache-2.0); not imported by the reader."""
