"""The rendered pictures and the sample library."""
