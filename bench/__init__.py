"""Side-by-side ratios. Figures of one run are compared with each other, never with a clock."""
