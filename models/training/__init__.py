"""Make the demo's CLIP model from rendered pictures; run by hand, see README.md."""
